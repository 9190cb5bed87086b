/* Photos and recordings in the thread: fetched with the token once they are near the screen. */

import { readArchivo } from "./archivos.js";
import { fetchArchivo } from "./api.js";
import { t } from "./formato.js";
import { byId, make } from "./nodos.js";

const CERCA = "400px";

export class Medios {
  #sesion;
  #urls = new Map(); // clave → Promise of an object URL
  #vigia = new IntersectionObserver((vistas) => this.#near(vistas), { rootMargin: CERCA });
  #deudas = new WeakMap(); // node that waits to be near → what then

  /** sesion(): the one whose chat is on the screen. */
  constructor(sesion) {
    this.#sesion = sesion;
  }

  /** The node that shows `archivo` of the item `clave`; null for a kind we do not know. */
  make({ archivo, clave, id_externo, autor }) {
    if (archivo.tipo === "imagen") return this.#makeFoto(archivo, clave, id_externo, autor);
    if (archivo.tipo === "audio") return this.#makeAudio(archivo, clave, id_externo);
    return null;
  }

  /** Another chat is on the screen. */
  clear() {
    for (const url of this.#urls.values()) url.then(URL.revokeObjectURL, () => {});
    this.#urls.clear();
  }

  #makeFoto(archivo, clave, id_externo) {
    const { ancho, alto } = archivo;
    const imagen = make("img", { alt: t("imagen"), width: ancho || undefined, height: alto || undefined });
    const boton = make(
      "button.foto",
      { type: "button", "aria-label": t("foto_ver"), onclick: () => showGrande(imagen.src) },
      imagen,
    );
    this.#await(boton, clave, id_externo, archivo, (url) => {
      imagen.src = url;
    });
    return boton;
  }

  #makeAudio(archivo, clave, id_externo) {
    const audio = make("audio.nota", { controls: "", preload: "metadata", "aria-label": t("audio") });
    this.#await(audio, clave, id_externo, archivo, (url) => {
      audio.src = url;
    });
    return audio;
  }

  #await(nodo, clave, id_externo, archivo, show) {
    nodo.dataset.carga = "espera";
    const load = async () => {
      try {
        show(await this.#url(clave, id_externo, archivo));
        nodo.dataset.carga = "lista";
      } catch {
        this.#urls.delete(clave);
        nodo.dataset.carga = "fallo";
        this.#retry(nodo, load);
      }
    };
    this.#deudas.set(nodo, load);
    this.#vigia.observe(nodo);
  }

  /** Once more when the network is back. */
  #retry(nodo, load) {
    window.addEventListener("online", () => nodo.isConnected && load(), { once: true });
  }

  #near(vistas) {
    for (const { isIntersecting, target } of vistas) {
      if (!isIntersecting) continue;
      this.#vigia.unobserve(target);
      this.#deudas.get(target)?.();
      this.#deudas.delete(target);
    }
  }

  #url(clave, id_externo, archivo) {
    if (!this.#urls.has(clave)) {
      this.#urls.set(clave, this.#fetch(id_externo, archivo).then((b) => URL.createObjectURL(b)));
    }
    return this.#urls.get(clave);
  }

  async #fetch(id_externo, { id }) {
    const propio = id_externo && (await readArchivo(id_externo));
    return propio || fetchArchivo(this.#sesion(), id);
  }
}

function showGrande(url) {
  if (!url) return;
  const visor = byId("visor");
  visor.querySelector("img").src = url;
  visor.showModal();
}
