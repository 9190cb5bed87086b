/* The live connection: catch up, listen, and when the line breaks, do it again.

States: "conectando" (a session not heard from yet), "vivo", "reconectando". */

import { openEventos, Rechazo } from "./api.js";
import { delayAfter, Pausa } from "./pausa.js";

const SILENCIO_MS = 45_000; // the server breathes every 15 s; three missing breaths is a dead line
const ESTABLE_MS = 5_000; // a line that lived this long owes nothing to earlier failures

/** Events of a text/event-stream as {id, event, data}. Calls `alLatir` at every byte received. */
export async function* readEventos(cuerpo, alLatir) {
  const lector = cuerpo.pipeThrough(new TextDecoderStream()).getReader();
  let resto = "";
  let evento = { data: [] };
  for (;;) {
    const { value, done } = await lector.read();
    if (done) return;
    alLatir();
    const lineas = (resto + value).split("\n");
    resto = lineas.pop();
    for (const linea of lineas) {
      const [campo, texto] = splitLinea(linea.replace(/\r$/, ""));
      if (campo === "data") evento.data.push(texto);
      else if (campo === "event" || campo === "id") evento[campo] = texto;
      else if (campo === null) {
        if (evento.data.length) yield { ...evento, data: evento.data.join("\n") };
        evento = { data: [] };
      }
    }
  }
}

/** ["data", "…"]; [null, ""] for the empty line that ends an event; comments have no name. */
function splitLinea(linea) {
  if (linea === "") return [null, ""];
  const donde = linea.indexOf(":");
  if (donde < 0) return [linea, ""];
  return [linea.slice(0, donde), linea.slice(donde + 1).replace(/^ /, "")];
}

export class Conexion {
  #hooks;
  #pausa = new Pausa();
  #fin = null;
  #intento = null;
  #sesion = null;
  #ultimo = null; // counter of the last event seen; null: unknown, so the history must be read
  estado = "";

  /** hooks: alSincronizar(sesion) → Promise of the history's last event or undefined,
   * alRecibir(tipo, datos), alCambiar(estado), alPerder(sesion) → Promise, alFallar(error). */
  constructor(hooks) {
    this.#hooks = hooks;
  }

  /** Follow `sesion`'s chat; following it already changes nothing. */
  start(sesion) {
    if (this.#fin && this.#sesion?.token === sesion.token) return;
    this.stop();
    if (this.#sesion?.token !== sesion.token) {
      this.#ultimo = null;
      this.#change("conectando");
    }
    this.#sesion = sesion;
    this.#fin = new AbortController();
    this.#run(sesion, this.#fin.signal);
  }

  /** Hang up. A later start of the same session goes on where this one stopped. */
  stop() {
    this.#fin?.abort();
    this.#fin = null;
    this.#pausa.wake();
  }

  /** Try now instead of after the pause. */
  wake() {
    this.#pausa.wake();
  }

  /** Doubt the line (the network changed): open another one now. */
  redial() {
    this.#intento?.abort();
    this.#pausa.wake();
  }

  async #run(sesion, fin) {
    let fallos = 0;
    while (!fin.aborted) {
      const desde = Date.now();
      let segundos = 0;
      try {
        await this.#follow(sesion, fin);
      } catch (error) {
        if (fin.aborted) return;
        segundos = await this.#forgive(error, sesion);
      }
      if (fin.aborted) return;
      if (this.estado === "vivo" && Date.now() - desde > ESTABLE_MS) fallos = 0;
      this.#change("reconectando");
      await this.#pausa.wait(delayAfter(fallos++, segundos));
    }
  }

  /** One line, from catching up to its end. */
  async #follow(sesion, fin) {
    if (this.#ultimo === null) this.#ultimo = await this.#sync(sesion);
    if (fin.aborted) return;
    const intento = new AbortController();
    this.#intento = intento;
    const colgar = () => intento.abort();
    fin.addEventListener("abort", colgar);
    let vigia = setTimeout(colgar, SILENCIO_MS);
    const alLatir = () => {
      clearTimeout(vigia);
      vigia = setTimeout(colgar, SILENCIO_MS);
    };
    try {
      const cuerpo = await openEventos(sesion, this.#ultimo, intento.signal);
      // Without a counter to resume from, what came between history and stream is read again.
      if (this.#ultimo === null) await this.#sync(sesion);
      this.#change("vivo");
      for await (const evento of readEventos(cuerpo, alLatir)) {
        if (fin.aborted) return;
        this.#take(evento);
      }
    } finally {
      clearTimeout(vigia);
      fin.removeEventListener("abort", colgar);
      intento.abort();
    }
  }

  async #sync(sesion) {
    return (await this.#hooks.alSincronizar(sesion)) ?? null;
  }

  #take({ id, event, data }) {
    const n = Number(id);
    if (id && n <= (this.#ultimo ?? -1)) return; // told twice
    this.#hooks.alRecibir(event, JSON.parse(data));
    if (id && Number.isSafeInteger(n)) this.#ultimo = n;
  }

  /** Seconds that the server asked us to stay away. */
  async #forgive(error, sesion) {
    this.#hooks.alFallar(error);
    if (!(error instanceof Rechazo)) return 0;
    // A server that answers but has no live line left (503) still shows its history.
    this.#ultimo = null;
    if (error.losesSesion) await this.#hooks.alPerder(sesion).catch(this.#hooks.alFallar);
    return error.segundos ?? 0;
  }

  #change(estado) {
    if (this.estado === estado) return;
    this.estado = estado;
    this.#hooks.alCambiar(estado);
  }
}
