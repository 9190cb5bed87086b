/* Photos and recordings that wait to be sent: IndexedDB, which holds them over a reload; this tab's
 * memory where the browser keeps nothing or its disk is full. */

const BASE = "agente";
const CAJON = "archivos";
const memoria = new Map();
let abierta = null;

export async function keepArchivo(id, blob) {
  memoria.set(id, blob);
  await ask("readwrite", (cajon) => cajon.put(blob, id));
}

/** The blob, or null when it is nowhere any more. */
export async function readArchivo(id) {
  return memoria.get(id) ?? (await ask("readonly", (cajon) => cajon.get(id))) ?? null;
}

export async function forgetArchivo(id) {
  memoria.delete(id);
  await ask("readwrite", (cajon) => cajon.delete(id));
}

/** Forget those that nobody waits for; `vivos` are ids. */
export async function sweepArchivos(vivos) {
  const todos = (await ask("readonly", (cajon) => cajon.getAllKeys())) ?? [];
  await Promise.all(todos.filter((id) => !vivos.has(id)).map(forgetArchivo));
}

/** The result of one request, undefined when it could not be done. */
async function ask(modo, pedir) {
  try {
    const base = await open();
    return await new Promise((resolve, reject) => {
      const viaje = base.transaction(CAJON, modo);
      const pedido = pedir(viaje.objectStore(CAJON));
      viaje.oncomplete = () => resolve(pedido.result);
      viaje.onerror = viaje.onabort = () => reject(viaje.error ?? new DOMException("aborted"));
    });
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return undefined; // denied, full or closed: memory serves
  }
}

function open() {
  if (!window.indexedDB) throw new DOMException("none"); // as some browsers have it in a frame
  abierta ??= new Promise((resolve, reject) => {
    const pedido = indexedDB.open(BASE, 1);
    pedido.onupgradeneeded = () => pedido.result.createObjectStore(CAJON);
    pedido.onerror = pedido.onblocked = () => reject(pedido.error ?? new DOMException("blocked"));
    pedido.onsuccess = () => {
      pedido.result.onversionchange = () => pedido.result.close();
      pedido.result.onclose = () => {
        abierta = null;
      };
      resolve(pedido.result);
    };
  });
  return abierta;
}
