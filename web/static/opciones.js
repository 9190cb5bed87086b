/* The answers that can be pressed instead of written: those of the shop's last words, while nobody
 * has said anything since. */

import { t } from "./formato.js";
import { make } from "./nodos.js";

export class Opciones {
  #caja;
  #alElegir;
  #de = ""; // what is shown

  /** alElegir(texto, id) */
  constructor(caja, alElegir) {
    this.#caja = caja;
    this.#alElegir = alElegir;
  }

  show(botones) {
    const firma = JSON.stringify(botones);
    if (firma === this.#de) return;
    this.#de = firma;
    this.#caja.hidden = botones.length === 0;
    // Spoken after the reply itself, which the log has announced.
    const opciones = botones.map(({ texto }) => texto).join(" · ");
    const voz = make("p.oculto", { role: "status" }, opciones && t("opciones_voz", { opciones }));
    this.#caja.replaceChildren(
      ...botones.map(({ id, texto }) =>
        make("button.opcion", { type: "button", onclick: () => this.#choose(texto, id) }, texto),
      ),
      voz,
    );
  }

  #choose(texto, id) {
    this.show([]); // pressed twice is said once
    this.#alElegir(texto, id);
  }
}
