/* Photos and recordings in the thread: fetched with the token once they are near the screen. */

import { readArchivo } from "./archivos.js";
import { fetchArchivo, Rechazo } from "./api.js";
import { t } from "./formato.js";
import { byId, make } from "./nodos.js";
import { delayAfter } from "./pausa.js";

const CERCA = "400px";
const VECES_MAX = 60; // ten minutes: who still looks then may reload
// What is said beside a file by its data-carga.
const DICHO = { preparando: "archivo_preparando", fallo: "archivo_fallo", rechazado: "archivo_rechazado" };

export class Medios {
  #sesion;
  #urls = new Map(); // clave → Promise of an object URL
  // Within the thread: for the window a frame of another site gets no margin.
  #vigia = new IntersectionObserver((vistas) => this.#near(vistas), {
    root: byId("hilo"),
    rootMargin: CERCA,
  });
  #deudas = new WeakMap(); // node that waits to be near → what then
  #archivos = new Map(); // clave → the archivo as it was told last: one's own has no id at first

  /** sesion(): the one whose chat is on the screen. */
  constructor(sesion) {
    this.#sesion = sesion;
  }

  /** The node that shows `archivo` of the item `clave`; null for a kind we do not know. */
  make({ archivo, clave, id_externo }) {
    if (archivo.tipo === "imagen") return this.#makeFoto(archivo, clave, id_externo);
    if (archivo.tipo === "audio") return this.#makeAudio(clave, id_externo);
    return null;
  }

  /** Another chat is on the screen. */
  clear() {
    for (const url of this.#urls.values()) url.then(URL.revokeObjectURL, () => {});
    this.#urls.clear();
    this.#archivos.clear();
  }

  /** What is known by now of the file of an item that is on the screen. */
  note({ clave, archivo }) {
    this.#archivos.set(clave, archivo);
  }

  #makeFoto(archivo, clave, id_externo) {
    const { ancho, alto } = archivo;
    const imagen = make("img", { alt: t("imagen"), width: ancho || undefined, height: alto || undefined });
    const boton = make(
      "button.foto",
      { type: "button", "aria-label": t("foto_ver"), onclick: () => showGrande(imagen.src) },
      imagen,
    );
    return this.#await(boton, clave, id_externo, (url) => {
      imagen.src = url;
    });
  }

  #makeAudio(clave, id_externo) {
    const audio = make("audio.nota", { controls: "", preload: "metadata", "aria-label": t("audio") });
    return this.#await(audio, clave, id_externo, (url) => {
      audio.src = url;
    });
  }

  /** `nodo` with what there is to say of it, until its content is there. */
  #await(nodo, clave, id_externo, show) {
    const nota = make("p.carga", { hidden: "" });
    const say = (carga) => {
      nodo.dataset.carga = carga;
      nota.textContent = carga in DICHO ? t(DICHO[carga]) : "";
      nota.hidden = !nota.textContent;
    };
    let fallos = 0;
    const load = async () => {
      try {
        show(await this.#url(clave, id_externo));
        say("lista");
      } catch (error) {
        this.#urls.delete(clave);
        say(fateOf(error));
        if (!isFinal(error) && fallos < VECES_MAX) retryLater(nodo, load, delayAfter(fallos++));
      }
    };
    say("espera");
    this.#deudas.set(nodo, load);
    this.#vigia.observe(nodo);
    return make("div.medio", {}, nodo, nota);
  }

  #near(vistas) {
    for (const { isIntersecting, target } of vistas) {
      if (!isIntersecting) continue;
      this.#vigia.unobserve(target);
      this.#deudas.get(target)?.();
      this.#deudas.delete(target);
    }
  }

  #url(clave, id_externo) {
    if (!this.#urls.has(clave)) {
      this.#urls.set(clave, this.#fetch(clave, id_externo).then((b) => URL.createObjectURL(b)));
    }
    return this.#urls.get(clave);
  }

  async #fetch(clave, id_externo) {
    const propio = id_externo && (await readArchivo(id_externo));
    if (propio) return propio;
    const id = this.#archivos.get(clave)?.id;
    if (id === undefined) throw new TypeError("neither here nor there yet");
    return fetchArchivo(this.#sesion(), id);
  }
}

/** The shop looks a file through before it shows it to anybody, and some are never shown. */
const isUnready = (error) => error instanceof Rechazo && error.codigo === "archivo_no_listo";

function fateOf(error) {
  if (!isUnready(error)) return "fallo";
  return error.estado === "rechazado" ? "rechazado" : "preparando";
}

function isFinal(error) {
  if (isUnready(error)) return error.estado === "rechazado";
  return error instanceof Rechazo && (error.isFinal || error.losesSesion);
}

/** After a while, or as soon as the network is back; not for what is gone from the screen. */
function retryLater(nodo, load, ms) {
  const again = () => {
    clearTimeout(reloj);
    window.removeEventListener("online", again);
    if (nodo.isConnected) load();
  };
  const reloj = setTimeout(again, ms);
  window.addEventListener("online", again);
}

function showGrande(url) {
  if (!url) return;
  const visor = byId("visor");
  visor.querySelector("img").src = url;
  visor.showModal();
}
