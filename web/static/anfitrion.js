/* The page around our frame: what we tell it, and what we hear, only if the shop named its origin.

It says hello first, so that we learn who it is; we answer to that origin and to no other. */

import { byId } from "./nodos.js";

export class Anfitrion {
  #canal;
  #marcos = JSON.parse(document.body.dataset.marcos);
  #origen = null;
  #dicho = new Map(); // tipo → valor that was told last, or waits for the hello
  #abierto = false;

  /** alCambiar(): opened or closed. Outside a frame nothing ever happens and it counts as open. */
  constructor(canal, alCambiar) {
    this.#canal = canal;
    if (!this.incrustada) return;
    window.addEventListener("message", (evento) => this.#hear(evento, alCambiar));
    byId("cerrar").hidden = false;
    byId("cerrar").addEventListener("click", () => this.#post("cerrar"));
    document.addEventListener("keydown", (evento) => {
      // An Escape that closes a dialog, or ends a composition, has done its work.
      if (evento.key !== "Escape" || evento.defaultPrevented || evento.isComposing) return;
      if (!document.querySelector("dialog[open]")) this.#post("cerrar");
    });
  }

  get incrustada() {
    return window.parent !== window;
  }

  /** Nobody sees the chat: its frame is closed, or its tab is not in front. */
  get oculta() {
    return document.hidden || (this.incrustada && !this.#abierto);
  }

  /** Tell `valor` of `tipo` once per change. */
  tell(tipo, valor) {
    if (!this.incrustada || this.#dicho.get(tipo) === valor) return;
    this.#dicho.set(tipo, valor);
    this.#post(tipo, valor);
  }

  #hear({ source, origin, data }, alCambiar) {
    if (source !== window.parent || data?.agente !== this.#canal) return;
    if (!this.#marcos.some((marco) => matches(marco, origin))) return;
    if (data.tipo === "hola") {
      this.#origen = origin;
      this.#post("lista");
      for (const [tipo, valor] of this.#dicho) this.#post(tipo, valor);
    }
    if (data.tipo === "hola" || data.tipo === "abierto") {
      this.#abierto = data.valor === true;
      alCambiar();
    }
  }

  #post(tipo, valor) {
    if (this.#origen === null) return;
    window.parent.postMessage({ agente: this.#canal, tipo, valor }, this.#origen);
  }
}

/** As core/cuentas/origenes.py: "https://*.shop.com" is every subdomain. */
function matches(marco, origin) {
  const [inicio, resto] = marco.split("://*");
  if (resto === undefined) return marco === origin;
  return origin.startsWith(`${inicio}://`) && origin.endsWith(resto);
}
