/* The thread on the screen: a list of items in, the smallest change of the page out. */

import { AUTORES, faceOf, makeBurbuja, renewPie } from "./burbuja.js";
import { formatDia, startOfDay, t } from "./formato.js";
import { make } from "./nodos.js";
import { makeTarjeta } from "./tarjeta.js";

const GRUPO_MS = 3 * 60_000; // what one author writes within this time reads as one

export class Vista {
  #registro;
  #acciones;
  #lista;
  #nodos = new Map(); // clave → {nodo, firma, cara}

  constructor(registro, acciones) {
    this.#registro = registro;
    this.#acciones = acciones;
    this.#lista = this.#addLista();
  }

  /** Show exactly `items`, touching only what changed. */
  render(items) {
    const filas = withDias(markGrupos(items));
    const vivas = new Set(filas.map(({ clave }) => clave));
    for (const [clave, { nodo }] of this.#nodos) {
      if (!vivas.has(clave)) {
        nodo.remove();
        this.#nodos.delete(clave);
      }
    }
    let anterior = null;
    for (const fila of filas) {
      const nodo = this.#update(fila);
      const lugar = anterior ? anterior.nextSibling : this.#lista.firstChild;
      if (lugar !== nodo) this.#lista.insertBefore(nodo, lugar);
      anterior = nodo;
    }
  }

  /** Keep what is shown as a past conversation; what comes next is another one. */
  archive() {
    if (this.#nodos.size) {
      this.#lista.classList.add("anterior");
      this.#lista.setAttribute("aria-label", t("anterior"));
      this.#lista.append(makeCorte(t("anterior_fin")));
      this.#nodos.clear();
      this.#lista = this.#addLista();
    }
  }

  clear() {
    this.#nodos.clear();
    this.#registro.replaceChildren();
    this.#lista = this.#addLista();
  }

  /** Screen readers hear what comes from now on, not the history being loaded. */
  speak(enVoz) {
    this.#registro.setAttribute("aria-live", enVoz ? "polite" : "off");
  }

  #addLista() {
    const lista = make("div.lista");
    this.#registro.append(lista);
    return lista;
  }

  /** The node of `fila`: the same one for as long as it lives, its inside renewed when it changed. */
  #update(fila) {
    const firma = JSON.stringify(fila);
    if (fila.archivo) this.#acciones.noteMedio(fila);
    const conocido = this.#nodos.get(fila.clave);
    if (conocido?.firma === firma) return conocido.nodo;
    const nodo = conocido?.nodo ?? make("div.item", { "data-clave": fila.clave });
    nodo.className = `item${fila.primero ? " primero" : ""}${fila.ultimo ? " ultimo" : ""}`;
    const enfocado = nodo.contains(document.activeElement);
    const cara = fila.autor in AUTORES ? faceOf(fila) : firma;
    if (conocido?.cara === cara) renewPie(nodo.firstElementChild, fila, this.#acciones);
    else nodo.replaceChildren(this.#make(fila));
    // A button pressed by keyboard goes with the state it belonged to; the focus must not.
    if (enfocado) (nodo.querySelector("button") ?? document.getElementById("mensaje")).focus();
    this.#nodos.set(fila.clave, { nodo, firma, cara });
    return nodo;
  }

  #make(fila) {
    if (fila.clase === "dia") return makeCorte(fila.texto);
    if (fila.clase === "venta") return makeTarjeta(fila);
    return makeBurbuja(fila, this.#acciones);
  }
}

const makeCorte = (texto) => make("p.corte", {}, make("span", {}, texto));

/** Which bubbles begin and end a run of one author. */
function markGrupos(items) {
  const follows = (a, b) =>
    a !== undefined &&
    b !== undefined &&
    a.autor === b.autor &&
    b.fecha - a.fecha < GRUPO_MS &&
    startOfDay(a.fecha) === startOfDay(b.fecha);
  return items.map((item, i) => ({
    ...item,
    primero: !follows(items[i - 1], item),
    ultimo: !follows(item, items[i + 1]),
  }));
}

function withDias(items) {
  const filas = [];
  let dia = null;
  for (const item of items) {
    const suyo = startOfDay(item.fecha);
    if (dia !== null && suyo <= dia) {
      filas.push(item);
      continue;
    }
    dia = suyo;
    filas.push({ clave: `d${suyo}`, clase: "dia", texto: formatDia(item.fecha) }, item);
  }
  return filas;
}
