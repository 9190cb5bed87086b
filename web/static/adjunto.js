/* The tray above the text box: the photo that is about to leave, or the recording being made. */

import { formatDuracion, t } from "./formato.js";
import { shrinkFoto } from "./foto.js";
import { byId, make, makeIcono } from "./nodos.js";
import { canRecord, Grabadora, VOZ_MAX_S } from "./voz.js";

const FOTO_MAX = 40 * 1024 * 1024; // beyond this a phone's memory is at stake

export class Adjunto {
  #bandeja = byId("bandeja");
  #queja = byId("queja");
  #alCambiar;
  #listo = null; // {tipo, blob, ancho?, alto?, segundos?}: what send takes
  #grabadora = null;
  #reloj = 0;
  #url = null;
  #turno = 0; // what was begun before is not shown after

  /** alCambiar(): there is, or is no longer, something to send. */
  constructor(alCambiar) {
    this.#alCambiar = alCambiar;
    const entrada = byId("archivo");
    byId("foto").addEventListener("click", () => entrada.click());
    entrada.addEventListener("change", () => {
      const [archivo] = entrada.files;
      if (archivo) this.#takeFoto(archivo);
      entrada.value = "";
    });
    byId("mensaje").addEventListener("input", () => this.#complain(null));
    byId("mensaje").addEventListener("paste", (evento) => {
      const foto = [...evento.clipboardData.files].find(({ type }) => type.startsWith("image/"));
      if (!foto) return;
      evento.preventDefault();
      this.#takeFoto(foto);
    });
    byId("voz").addEventListener("click", () => this.#record());
    window.addEventListener("pagehide", () => this.#grabadora?.cancel());
  }

  get hay() {
    return this.#listo !== null || this.#grabadora !== null;
  }

  /** What is to be sent, ending the recording that is being made; the tray is empty afterwards. */
  async take() {
    if (this.#grabadora) await this.#finish();
    const listo = this.#listo;
    if (listo) this.#empty(); // else what was wrong stays said
    return listo;
  }

  /** Nobody sees that we are listening any more: what was said so far waits in the tray. */
  rest() {
    if (this.#grabadora) this.#finish();
  }

  async #takeFoto(archivo) {
    this.#empty();
    const turno = this.#turno;
    if (archivo.size > FOTO_MAX) return this.#complain("foto_grande");
    const foto = await shrinkFoto(archivo);
    if (turno !== this.#turno) return undefined;
    if (!foto) return this.#complain("foto_ilegible");
    this.#listo = { tipo: "imagen", ...foto };
    this.#url = URL.createObjectURL(foto.blob);
    this.#show(
      make("img", { src: this.#url, alt: "" }),
      make("span.estado", { role: "status" }, t("foto_lista")),
      this.#makeBoton("foto_quitar", "cerrar", () => this.#drop()),
    );
    byId("mensaje").focus();
    return undefined;
  }

  async #record() {
    if (!canRecord()) return this.#complain("voz_sin_microfono");
    this.#empty();
    const grabadora = new Grabadora();
    this.#grabadora = grabadora;
    this.#alCambiar();
    try {
      await grabadora.start();
    } catch (error) {
      if (this.#grabadora !== grabadora) return undefined;
      this.#empty();
      byId("mensaje").focus();
      return this.#complain(blame(error));
    }
    if (this.#grabadora !== grabadora) return undefined;
    const tiempo = make("span.tiempo", { role: "timer" });
    const tick = () => {
      const hay = formatDuracion(Math.min(grabadora.segundos, VOZ_MAX_S));
      tiempo.textContent = t("voz_tiempo", { hay, max: formatDuracion(VOZ_MAX_S) });
      if (grabadora.segundos >= VOZ_MAX_S) this.#finish();
    };
    tick();
    this.#reloj = setInterval(tick, 250);
    this.#show(
      make("span.grabando", { "aria-hidden": "true" }),
      make("span.estado", { role: "status" }, t("voz_grabando")),
      tiempo,
      this.#makeBoton("voz_parar", "parar", () => this.#finish()),
      this.#makeBoton("voz_cancelar", "cerrar", () => this.#drop()),
    );
    byId("enviar").focus();
    return undefined;
  }

  /** The recording is over and waits in the tray, to be heard before it is sent. */
  async #finish() {
    const grabadora = this.#grabadora;
    clearInterval(this.#reloj);
    const nota = await grabadora.stop();
    if (this.#grabadora !== grabadora) return;
    this.#grabadora = null;
    if (!nota) {
      this.#empty();
      this.#complain("voz_vacia");
      return;
    }
    this.#listo = { tipo: "audio", ...nota };
    this.#url = URL.createObjectURL(nota.blob);
    this.#show(
      make("audio", { src: this.#url, controls: "", "aria-label": t("voz_lista") }),
      make("span.oculto", { role: "status" }, t("voz_lista")),
      this.#makeBoton("voz_cancelar", "cerrar", () => this.#drop()),
    );
    byId("enviar").focus();
  }

  #drop() {
    this.#empty();
    byId("mensaje").focus();
  }

  #show(...nodos) {
    this.#bandeja.replaceChildren(...nodos);
    this.#bandeja.hidden = false;
    this.#alCambiar();
  }

  #empty() {
    this.#turno += 1;
    clearInterval(this.#reloj);
    this.#grabadora?.cancel();
    this.#grabadora = this.#listo = null;
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = null;
    this.#queja.textContent = "";
    this.#bandeja.hidden = true;
    this.#bandeja.replaceChildren();
    this.#alCambiar();
  }

  #complain(clave) {
    this.#queja.textContent = clave ? t(clave) : "";
  }

  #makeBoton(clave, icono, onclick) {
    const nombre = t(clave);
    const boton = { type: "button", "aria-label": nombre, title: nombre, onclick };
    return make("button.adjuntar", boton, makeIcono(icono));
  }
}

const blame = ({ name }) =>
  ["NotAllowedError", "SecurityError"].includes(name) ? "voz_sin_permiso" : "voz_sin_microfono";
