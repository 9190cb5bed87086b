/* The text box: grows with its text, keeps a draft over a reload, sends on Enter. */

import { t } from "./formato.js";
import { byId } from "./nodos.js";
import { canRecord } from "./voz.js";

const AVISAR_DESDE = 300; // characters left

export class Redactor {
  #texto = byId("mensaje");
  #enviar = byId("enviar");
  #quedan = byId("quedan");
  #max = Number(document.body.dataset.max);
  #voz = byId("voz");
  #adjunto = false;
  #clave;

  constructor(clave, alEnviar) {
    this.#clave = clave;
    this.#texto.value = this.#draft;
    this.#texto.addEventListener("input", () => this.#noteInput());
    this.#texto.addEventListener("keydown", (evento) => {
      // An Enter that ends a composition (accents, IME) belongs to the composition.
      if (evento.key !== "Enter" || evento.shiftKey || evento.isComposing) return;
      evento.preventDefault();
      this.#send(alEnviar);
    });
    byId("redactor").addEventListener("submit", (evento) => {
      evento.preventDefault();
      this.#send(alEnviar);
    });
    // A tap on the button must not take the focus: the phone's keyboard would jump.
    this.#enviar.addEventListener("pointerdown", (evento) => evento.preventDefault());
    window.addEventListener("resize", () => this.#grow());
    this.#noteInput();
  }

  /** Not on touch screens, where it would throw the keyboard over the page. */
  focus() {
    if (matchMedia("(pointer: fine)").matches) this.#texto.focus({ preventScroll: true });
  }

  /** There is something else to send than words. */
  set adjunto(hay) {
    this.#adjunto = hay;
    this.#noteInput();
  }

  #send(alEnviar) {
    const mensaje = this.#texto.value.replaceAll("\0", "").trim();
    if (!mensaje && !this.#adjunto) return;
    if (document.activeElement === this.#enviar) this.#texto.focus(); // it may go
    this.#texto.value = "";
    this.#noteInput();
    alEnviar(mensaje);
  }

  #noteInput() {
    const { value } = this.#texto;
    const hay = this.#adjunto || Boolean(value.trim());
    this.#enviar.disabled = !hay;
    this.#voz.hidden = hay || !canRecord();
    this.#enviar.hidden = !this.#voz.hidden;
    const quedan = this.#max - value.length;
    this.#quedan.textContent = quedan <= AVISAR_DESDE ? t("quedan", { n: quedan }) : "";
    this.#draft = value;
    this.#grow();
  }

  #grow() {
    this.#texto.style.height = "auto";
    this.#texto.style.height = `${this.#texto.scrollHeight}px`;
  }

  get #draft() {
    try {
      return sessionStorage.getItem(this.#clave) ?? "";
    } catch {
      return "";
    }
  }

  set #draft(texto) {
    try {
      sessionStorage.setItem(this.#clave, texto);
    } catch {
      return; // no storage: the draft lives as long as the page
    }
  }
}
