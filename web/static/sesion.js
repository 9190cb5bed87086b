/* The anonymous customer's one chat in this browser, shared by its tabs. */

import { createSesion, Rechazo } from "./api.js";
import { read, remove, withLock, write } from "./almacen.js";

/** This page's canal key is no longer good; only a fresh page can help. */
export class CanalPerdido extends Error {}

export class Sesion {
  #canal;

  constructor(canal) {
    this.#canal = canal;
    this.clave = `agente.${canal}.sesion`;
  }

  /** {chat_id, token}, or null before the first message: a visitor who only looks costs no row. */
  get actual() {
    return read(this.clave);
  }

  ensure() {
    return this.#replace((actual) => actual === null);
  }

  /** Another session in place of `vieja`, the same one for every tab and caller that lost it. */
  renew(vieja) {
    return this.#replace((actual) => actual === null || actual.token === vieja.token);
  }

  clear() {
    remove(this.clave);
  }

  #replace(isNeeded) {
    return withLock(this.clave, async () => {
      const actual = this.actual;
      if (!isNeeded(actual)) return actual;
      const { chat_id, token } = await this.#create();
      write(this.clave, { chat_id, token });
      return { chat_id, token };
    });
  }

  async #create() {
    try {
      return await createSesion(this.#canal);
    } catch (error) {
      if (error instanceof Rechazo && error.status === 404) throw new CanalPerdido();
      throw error;
    }
  }
}
