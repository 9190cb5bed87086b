/* The outbox: what the customer wrote stays in localStorage until the server shows it back.

One key per message, so that two tabs never overwrite each other. A message is sent again with the
same id_externo for as long as it takes; the server takes it once. What a photo or a recording is
made of lies in archivos.js under that id. */

import { Rechazo, sendArchivo, sendTexto } from "./api.js";
import { forgetArchivo, keepArchivo, readArchivo, sweepArchivos } from "./archivos.js";
import { keys, makeUuid, read, remove, withLock, write } from "./almacen.js";
import { delayAfter, Pausa } from "./pausa.js";

const SALIDA = ".salida.";

export class Salida {
  #tropiezos = new Set(); // id_externo of those whose last try failed, in this tab
  #avances = new Map(); // id_externo → per cent of its upload, in this tab

  constructor(canal) {
    this.prefijo = `agente.${canal}${SALIDA}`;
  }

  /** In the order of writing: {id_externo, mensaje, creado, boton?, archivo?, mensaje_id?, chat_id?,
   * error?}. */
  get items() {
    return keys(this.prefijo)
      .map(read)
      .filter((item) => item !== null)
      .sort((a, b) => a.creado - b.creado)
      .map((item) => ({
        ...item,
        tropiezo: this.#tropiezos.has(item.id_externo),
        avance: this.#avances.get(item.id_externo),
      }));
  }

  get unsent() {
    return this.items.filter((item) => !item.mensaje_id);
  }

  get next() {
    return this.unsent.find((item) => !item.error);
  }

  /** mas: {boton} for an answer that was pressed, {archivo} for one whose content is kept. */
  add(mensaje, { id_externo = makeUuid(), ...mas } = {}) {
    const ultimo = this.items.at(-1)?.creado ?? 0;
    const item = { id_externo, mensaje, creado: Math.max(Date.now(), ultimo + 1), ...mas };
    write(this.prefijo + item.id_externo, item);
  }

  /** adjunto: {tipo, blob, ancho?, alto?}. Its content is safe before the message is. */
  async addArchivo(mensaje, { blob, ...adjunto }) {
    const id_externo = makeUuid();
    await keepArchivo(id_externo, blob);
    this.add(mensaje, { id_externo, archivo: { ...adjunto, mime: blob.type, bytes: blob.size } });
  }

  /** Forget contents that no message waits for, of whichever shop's chat: they lie together. */
  sweep() {
    const todas = keys("agente.").filter((clave) => clave.includes(SALIDA));
    return sweepArchivos(new Set(todas.map((clave) => clave.slice(clave.indexOf(SALIDA) + SALIDA.length))));
  }

  /** Change what is kept of an item; one that is gone by now stays gone. */
  update(id_externo, cambios) {
    const item = read(this.prefijo + id_externo);
    if (item !== null) write(this.prefijo + id_externo, { ...item, ...cambios });
  }

  markTropiezo(id_externo, tropezo) {
    if (tropezo) this.#tropiezos.add(id_externo);
    else this.#tropiezos.delete(id_externo);
  }

  /** True when there is news to show: every tenth per cent. */
  markAvance(id_externo, parte) {
    const avance = Math.floor(parte * 10) * 10;
    const nuevo = this.#avances.get(id_externo) !== avance;
    this.#avances.set(id_externo, avance);
    return nuevo;
  }

  remove(id_externo) {
    const item = read(this.prefijo + id_externo);
    this.#tropiezos.delete(id_externo);
    this.#avances.delete(id_externo);
    remove(this.prefijo + id_externo);
    if (item?.archivo) forgetArchivo(id_externo);
  }

  /** Forget what the server shows already. */
  settle(mensajes) {
    const vistos = new Set(mensajes.flatMap(({ id, id_externo }) => [id, id_externo]));
    for (const { id_externo, mensaje_id } of this.items) {
      if (vistos.has(id_externo) || vistos.has(mensaje_id)) this.remove(id_externo);
    }
  }

  /** Forget what another chat took; what nobody took yet goes to the present one. */
  keepFor(chat_id) {
    for (const item of this.items) {
      if (item.mensaje_id && item.chat_id !== chat_id) this.remove(item.id_externo);
    }
  }

  clear() {
    for (const item of this.items) this.remove(item.id_externo);
  }
}

export class Cartero {
  #salida;
  #sesion;
  #hooks;
  #pausa = new Pausa();
  #busy = false;

  /** hooks: alCambiar(), alTener(sesion), alPerder(sesion) → Promise, alFallar(error). */
  constructor(salida, sesion, hooks) {
    this.#salida = salida;
    this.#sesion = sesion;
    this.#hooks = hooks;
  }

  /** Send what waits, now. Safe to call at any moment and any number of times. */
  async wake() {
    this.#pausa.wake();
    if (this.#busy) return;
    this.#busy = true;
    try {
      let fallos = 0;
      while (this.#salida.next) {
        const segundos = await this.#sendNext();
        if (segundos === null) fallos = 0;
        else await this.#pausa.wait(delayAfter(fallos++, segundos));
      }
    } finally {
      this.#busy = false;
    }
  }

  retry(id_externo) {
    this.#salida.update(id_externo, { error: undefined });
    this.#salida.markTropiezo(id_externo, false);
    this.#hooks.alCambiar();
    this.wake();
  }

  /** null when the head of the queue moved on, else how long the server wants us to wait. */
  #sendNext() {
    // Held for one try only: a tab asleep between tries must not keep the others waiting.
    return withLock(this.#salida.prefijo, async () => {
      const item = this.#salida.next;
      if (!item) return null;
      let sesion = null;
      try {
        sesion = await this.#sesion.ensure();
        this.#hooks.alTener(sesion);
        const { mensaje_id } = await this.#send(sesion, item);
        this.#salida.markTropiezo(item.id_externo, false);
        this.#salida.update(item.id_externo, { mensaje_id, chat_id: sesion.chat_id });
        return null;
      } catch (error) {
        return await this.#forgive(error, item, sesion);
      } finally {
        this.#hooks.alCambiar();
      }
    });
  }

  async #send(sesion, item) {
    if (!item.archivo) return sendTexto(sesion, item);
    const blob = await readArchivo(item.id_externo);
    if (!blob) throw new Rechazo(410, "perdido"); // the browser made room, or kept nothing
    return sendArchivo(sesion, item, blob, (parte) => {
      if (this.#salida.markAvance(item.id_externo, parte)) this.#hooks.alCambiar();
    });
  }

  async #forgive(error, item, sesion) {
    if (sesion && error instanceof Rechazo) {
      // Words must not wait an hour behind a photo that is one too many.
      if (error.isFinal || (item.archivo && error.status === 429)) {
        this.#salida.update(item.id_externo, { error: error.codigo || "error" });
        return null;
      }
      if (error.losesSesion) await this.#hooks.alPerder(sesion).catch(this.#hooks.alFallar);
    }
    this.#salida.markTropiezo(item.id_externo, true);
    this.#hooks.alFallar(error);
    return error.segundos ?? 0;
  }
}
