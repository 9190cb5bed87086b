/* Waiting between tries: longer each time, never in step with other pages, ended by good news. */

const BASE_MS = 500;
const TECHO_MS = 10_000;

/** Milliseconds before try number `fallos` + 1; the server's own wish (`segundos`) comes first. */
export function delayAfter(fallos, segundos = 0) {
  const techo = Math.min(TECHO_MS, BASE_MS * 2 ** fallos);
  return Math.max(segundos * 1000, techo / 2) + Math.random() * (techo / 2);
}

export class Pausa {
  #wake = null;

  wait(ms) {
    return new Promise((resolve) => {
      const reloj = setTimeout(() => this.#wake?.(), ms);
      this.#wake = () => {
        clearTimeout(reloj);
        this.#wake = null;
        resolve();
      };
    });
  }

  wake() {
    this.#wake?.();
  }
}
