/* The chat's HTTP. Texts travel in bodies and tokens in headers, never in an address. */

const PLAZO_MS = 15_000;
const SUBIDA_MS = 180_000; // a photo over a bad line

/** The server answered, and not with a 2xx. */
export class Rechazo extends Error {
  /** `estado`: of a file that may not be shown. */
  constructor(status, codigo, segundos, estado) {
    super(`${status} ${codigo}`);
    Object.assign(this, { status, codigo, segundos, estado });
  }

  /** The token or its chat is gone: only another session helps. */
  get losesSesion() {
    return this.status === 401 || this.status === 404;
  }

  /** The same request will fail again in the same way. */
  get isFinal() {
    if (this.status === 501) return true;
    return this.status < 500 && ![401, 404, 408, 425, 429].includes(this.status);
  }
}

async function call(ruta, { metodo = "GET", token, cuerpo, cabeceras = {}, signal }) {
  const respuesta = await fetch(ruta, {
    method: metodo,
    cache: "no-store",
    credentials: "omit",
    keepalive: metodo === "POST", // a message on its way survives the page
    signal,
    headers: {
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(cuerpo && { "Content-Type": "application/json" }),
      ...cabeceras,
    },
    body: cuerpo && JSON.stringify(cuerpo),
  });
  if (respuesta.ok) return respuesta;
  const problema = await respuesta.json().catch(() => ({}));
  const segundos = Number(respuesta.headers.get("Retry-After")) || undefined;
  throw new Rechazo(respuesta.status, problema.codigo ?? "", segundos, problema.estado);
}

async function callJson(ruta, opciones) {
  const plazo = AbortSignal.timeout(PLAZO_MS);
  return (await call(ruta, { signal: plazo, ...opciones })).json();
}

export const createSesion = (canal) =>
  callJson("/chat/sesion", { metodo: "POST", cuerpo: { canal } });

/** The token is good for nothing from now on. */
export const closeSesion = ({ token }) => call("/auth/logout", { metodo: "POST", token });

/** `boton`: the id of the answer that was pressed, `mensaje` then what it showed. */
export const sendTexto = ({ chat_id, token }, { mensaje, id_externo, boton }) =>
  callJson("/chat/texto", { metodo: "POST", token, cuerpo: { chat_id, mensaje, id_externo, boton } });

/** A photo or a recording. fetch tells nothing of an upload's progress: alAvanzar(0 to 1) does. */
export function sendArchivo({ chat_id, token }, { mensaje, id_externo, archivo }, blob, alAvanzar) {
  const cuerpo = new FormData();
  cuerpo.append("chat_id", chat_id);
  cuerpo.append("id_externo", id_externo);
  if (mensaje) cuerpo.append("mensaje", mensaje);
  cuerpo.append("archivo", blob, `${archivo.tipo}.${EXTENSIONES[blob.type] ?? "bin"}`);
  return new Promise((resolve, reject) => {
    const viaje = new XMLHttpRequest();
    viaje.open("POST", `/chat/${archivo.tipo}`);
    viaje.responseType = "json";
    viaje.timeout = SUBIDA_MS;
    viaje.setRequestHeader("Authorization", `Bearer ${token}`);
    viaje.upload.onprogress = ({ loaded, total }) => total && alAvanzar(loaded / total);
    viaje.onload = () => {
      if (viaje.status >= 200 && viaje.status < 300) return resolve(viaje.response);
      const segundos = Number(viaje.getResponseHeader("Retry-After")) || undefined;
      return reject(new Rechazo(viaje.status, viaje.response?.codigo ?? "", segundos));
    };
    viaje.onerror = viaje.ontimeout = viaje.onabort = () => reject(new TypeError("sin red"));
    viaje.send(cuerpo);
  });
}

const EXTENSIONES = {
  "image/jpeg": "jpg",
  "audio/webm": "webm",
  "audio/mp4": "m4a",
  "audio/ogg": "ogg",
};

/** The content of a photo or recording of one's own chat. */
export async function fetchArchivo({ token }, id) {
  const signal = AbortSignal.timeout(SUBIDA_MS);
  return (await call(`/archivos/${encodeURIComponent(id)}`, { token, signal })).blob();
}

export const readHistorial = ({ chat_id, token }) =>
  callJson(`/chat/historial/${encodeURIComponent(chat_id)}`, { token });

/** Every sale of the chat, over as many pages as it takes. */
export async function readVentas({ chat_id, token }) {
  const ventas = [];
  let cursor = null;
  do {
    const query = new URLSearchParams({ limite: 100, ...(cursor && { cursor }) });
    const ruta = `/ventas/historial/${encodeURIComponent(chat_id)}?${query}`;
    const pagina = await callJson(ruta, { token });
    ventas.push(...pagina.elementos);
    cursor = pagina.siguiente;
  } while (cursor);
  return ventas;
}

/** The live stream after event `desde` (null: from now on). EventSource cannot send a token. */
export async function openEventos({ chat_id, token }, desde, signal) {
  const cabeceras = { Accept: "text/event-stream" };
  if (desde !== null) cabeceras["Last-Event-ID"] = String(desde);
  const ruta = `/chat/eventos/${encodeURIComponent(chat_id)}`;
  return (await call(ruta, { token, cabeceras, signal })).body;
}
