/* Scrolling. Whoever is at the end stays at the end; whoever reads above is not moved, only told. */

import { plural, t } from "./formato.js";

const CERCA_PX = 60;

export class Hilo {
  #caja;
  #pildora;
  #pegado = true;
  #altura = 0;
  #nuevos = 0;

  constructor(caja, pildora) {
    this.#caja = caja;
    this.#pildora = pildora;
    caja.addEventListener("scroll", () => this.#noteScroll(), { passive: true });
    pildora.addEventListener("click", () => this.goToEnd({ suave: true }));
    // The keyboard of a phone, a growing text box, a late font: all of them change sizes.
    const medida = new ResizeObserver(() => this.#keep());
    medida.observe(caja);
    medida.observe(caja.firstElementChild);
  }

  /** `n` messages come that the reader may not see. Call before they are shown. */
  noteNuevos(n) {
    this.#noteScroll(); // a scroll of this very moment has not been told yet
    if (!this.#pegado) this.#nuevos += n;
    this.#showPildora();
  }

  goToEnd({ suave = false } = {}) {
    const quieto = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#pegado = true;
    this.#caja.scrollTo({
      top: this.#caja.scrollHeight,
      behavior: suave && !quieto ? "smooth" : "instant",
    });
    this.#nuevos = 0;
    this.#showPildora();
  }

  #keep() {
    if (this.#pegado) this.goToEnd();
    else this.#noteScroll();
  }

  #noteScroll() {
    const { scrollTop, scrollHeight, clientHeight } = this.#caja;
    const alFinal = scrollHeight - scrollTop - clientHeight < CERCA_PX;
    // Only a move upwards lets go of the end: on the way down the page may still be catching up.
    if (alFinal) this.#pegado = true;
    else if (scrollTop < this.#altura) this.#pegado = false;
    this.#altura = scrollTop;
    if (this.#pegado) this.#nuevos = 0;
    this.#showPildora();
  }

  #showPildora() {
    this.#pildora.hidden = this.#pegado;
    this.#pildora.classList.toggle("con-nuevos", this.#nuevos > 0);
    const texto = this.#nuevos ? plural("nuevos", this.#nuevos) : t("ir_al_final");
    this.#pildora.firstElementChild.textContent = texto;
  }
}

/** Where the keyboard covers the page instead of shrinking it (iOS), shrink the page ourselves. */
export function followTeclado() {
  const vista = window.visualViewport;
  if (!vista) return;
  vista.addEventListener("resize", () => {
    if (vista.scale !== 1) return; // zoomed in by the reader
    document.documentElement.style.setProperty("--alto", `${vista.height}px`);
    window.scrollTo(0, 0);
  });
}
