/* The strip under the header: what is wrong with the connection, and when it is right again. */

import { t } from "./formato.js";
import { byId } from "./nodos.js";

const PACIENCIA_MS = 1_500; // a hiccup shorter than this is nobody's business
const BREVE_MS = 2_500;
const LARGO_MS = 10_000;

export class Aviso {
  #caja = byId("aviso");
  #linea = byId("linea");
  #queja = 0; // timer until we complain
  #fin = 0; // timer until what is said goes away
  #quejado = false;
  #estado = "";
  #escribe = false;

  /** Follow the connection: "conectando", "vivo", "reconectando". */
  setConexion(estado) {
    this.#estado = estado;
    clearTimeout(this.#queja);
    if (estado === "vivo") {
      // A complaint is taken back; a note that came after it stays.
      if (this.#quejado && this.#caja.dataset.tono === "mal") {
        this.#say("conectado", "bien", BREVE_MS);
      }
      this.#quejado = false;
    } else if (estado === "reconectando" && !this.#quejado) {
      this.#queja = setTimeout(() => this.complain(), navigator.onLine ? PACIENCIA_MS : 0);
    }
    this.#showLinea();
  }

  setEscribiendo(escribe) {
    this.#escribe = escribe;
    this.#showLinea();
  }

  /** Something the customer should know once. */
  tell(clave) {
    this.#say(clave, "nota", LARGO_MS);
  }

  complain(clave = navigator.onLine ? "reconectando" : "sin_red") {
    this.#quejado = true;
    this.#say(clave, "mal");
  }

  #say(clave, tono, ms) {
    clearTimeout(this.#fin);
    this.#caja.dataset.tono = tono;
    this.#caja.textContent = t(clave);
    if (ms) this.#fin = setTimeout(() => this.#hush(), ms);
  }

  #hush() {
    delete this.#caja.dataset.tono;
    this.#caja.textContent = "";
  }

  #showLinea() {
    const { dataset } = this.#linea;
    dataset.estado = this.#estado;
    if (this.#escribe) this.#linea.textContent = t("linea_escribiendo");
    else if (["conectando", "reconectando"].includes(this.#estado)) {
      this.#linea.textContent = t("linea_conectando");
    } else this.#linea.textContent = dataset.reposo;
  }
}
