/* localStorage that cannot fail: without it (private mode, full disk) this tab's memory serves. */

const memoria = new Map();

export function read(clave) {
  try {
    const texto = memoria.get(clave) ?? localStorage.getItem(clave);
    return texto === null ? null : JSON.parse(texto);
  } catch {
    return null; // no storage, or somebody else's text under our key
  }
}

export function write(clave, valor) {
  const texto = JSON.stringify(valor);
  try {
    localStorage.setItem(clave, texto);
    memoria.delete(clave);
  } catch {
    memoria.set(clave, texto);
  }
}

export function remove(clave) {
  memoria.delete(clave);
  try {
    localStorage.removeItem(clave);
  } catch {
    return; // nothing was kept there
  }
}

export function keys(prefijo) {
  const todas = new Set(memoria.keys());
  try {
    for (let i = 0; i < localStorage.length; i += 1) todas.add(localStorage.key(i));
  } catch {
    // only what memory holds
  }
  return [...todas].filter((clave) => clave.startsWith(prefijo));
}

/** Run `tarea` while no other tab does the same; where locks are missing (plain http) or denied (a
 * frame without storage) just run it: the server takes every repetition for the same message anyway.
 */
export async function withLock(nombre, tarea) {
  if (!navigator.locks) return tarea();
  let empezada = false;
  const una = () => {
    empezada = true;
    return tarea();
  };
  try {
    return await navigator.locks.request(nombre, una);
  } catch (error) {
    if (empezada || !(error instanceof DOMException)) throw error;
    return tarea();
  }
}

/** A v4 UUID also on plain http, where crypto.randomUUID does not exist. */
export function makeUuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  const hex = [...b].map((n) => n.toString(16).padStart(2, "0")).join("");
  return [[0, 8], [8, 12], [12, 16], [16, 20], [20, 32]].map(([a, z]) => hex.slice(a, z)).join("-");
}
