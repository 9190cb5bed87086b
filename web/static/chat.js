/* The shop's web chat. This file joins the parts; each part is a small module beside it.

What it asks of the HTTP API, beyond the letter of the contract:
- a mensaje (in GET /chat/historial and in the SSE event `mensaje`) is {id, remitente, mensaje, tipo,
  timestamp, estado_venta, entrega, id_externo} and, where the server sends them, `orden` (its place
  in the chat, else ids must rise) and `venta_id` (the sale that it tells of, else by time);
- the customer's own mensajes come as events too, with the id_externo that the client gave;
- GET /chat/historial answers with `ultimo_evento`, the counter to resume the stream from; without
  it the history is read again once the stream is open;
- the SSE event `venta` holds the venta object, also when the sale is cancelled later; a `cliente`
  may read GET /ventas/historial/{chat_id} of its own chat;
- the SSE event `escribiendo` is {activo: true|false}, without an `id:`;
- the stream says something (a comment will do) at least every 15 seconds;
- a mensaje may have `botones` ([{id, texto}]): pressing one sends its texto with `boton`: id;
- a mensaje may have `archivo` ({id, tipo, estado, mime, bytes, ancho, alto}), read at
  GET /archivos/{id}: 409 archivo_no_listo until its `estado` is `listo`, for ever if `rechazado`;
  POST /chat/imagen and /chat/audio take multipart `archivo`, `chat_id`, `id_externo`, `mensaje`. */

import { Adjunto } from "./adjunto.js";
import { read, remove, write } from "./almacen.js";
import { Anfitrion } from "./anfitrion.js";
import { closeSesion, readHistorial, readVentas } from "./api.js";
import { Aviso } from "./aviso.js";
import { Conversacion } from "./conversacion.js";
import { Conexion } from "./eventos.js";
import { plural, t } from "./formato.js";
import { followTeclado, Hilo } from "./hilo.js";
import { Medios } from "./medios.js";
import { byId } from "./nodos.js";
import { Opciones } from "./opciones.js";
import { Redactor } from "./redactor.js";
import { Cartero, Salida } from "./salida.js";
import { CanalPerdido, Sesion } from "./sesion.js";
import { Vista } from "./vista.js";

const ESCRIBIENDO_MS = 30_000; // the end of a typing notice may get lost
const OCULTA_MS = 5 * 60_000; // a forgotten tab gives its live line to somebody who looks

const { canal } = document.body.dataset;
const claveVisto = `agente.${canal}.visto`; // {chat_id, orden}: how far the customer has read
const titulo = document.title;

const sesion = new Sesion(canal);
const salida = new Salida(canal);
const aviso = new Aviso();
const hilo = new Hilo(byId("hilo"), byId("pildora"));
const conexion = new Conexion({
  alSincronizar: sync,
  alRecibir: receive,
  alCambiar: changeConexion,
  alPerder: replaceSesion,
  alFallar: noteFallo,
});
const cartero = new Cartero(salida, sesion, {
  alCambiar: render,
  alTener: open,
  alPerder: replaceSesion,
  alFallar: noteFallo,
});
const vista = new Vista(byId("registro"), {
  alReintentar: (id_externo) => cartero.retry(id_externo),
  alDescartar: discard,
  makeMedio: (item) => medios.make(item),
  noteMedio: (item) => medios.note(item),
});
const medios = new Medios(() => abierta);
const opciones = new Opciones(byId("opciones"), choose);
const redactor = new Redactor(`agente.${canal}.borrador`, send);
const adjunto = new Adjunto(() => {
  redactor.adjunto = adjunto.hay;
});
const anfitrion = new Anfitrion(canal, () => {
  changeVisible();
  if (anfitrion.oculta) adjunto.rest();
  else redactor.focus();
});

let conversacion = new Conversacion();
let abierta = null; // the session whose chat is on the screen
let cargada = false; // its history is there
let relojRender = 0;
let relojEscribiendo = 0;
let relojOculta = 0;

// --- the screen --------------------------------------------------------------------------------

function render() {
  const items = conversacion.list(salida.items);
  vista.render(items);
  opciones.show(conversacion.listOpciones(salida.items));
  const vacia = items.length === 0 && (abierta === null || cargada);
  byId("bienvenida").hidden = !vacia;
  byId("nueva").hidden = items.length === 0;
  const sinVer = countSinVer();
  document.title = sinVer ? `(${sinVer}) ${titulo}` : titulo;
  anfitrion.tell("sin_leer", sinVer);
  anfitrion.tell("charla", sesion.actual !== null);
}

/** What came while nobody looked, in this page's life or before it; looking makes it nothing. */
function countSinVer() {
  if (abierta === null || !cargada) return 0;
  const { chat_id } = abierta;
  const visto = read(claveVisto);
  const { ultimo } = conversacion;
  if (anfitrion.oculta && visto?.chat_id === chat_id) return conversacion.countDesde(visto.orden);
  if (visto?.chat_id !== chat_id || visto.orden !== ultimo) {
    write(claveVisto, { chat_id, orden: ultimo });
  }
  return 0;
}

/** For events, which come by the hundred when a line resumes: one rendering for all of them. */
function renderSoon() {
  relojRender ||= setTimeout(() => {
    relojRender = 0;
    render();
  });
}

function setEscribiendo(escribe) {
  clearTimeout(relojEscribiendo);
  if (escribe) relojEscribiendo = setTimeout(() => setEscribiendo(false), ESCRIBIENDO_MS);
  const caja = byId("escribiendo");
  caja.hidden = !escribe;
  caja.firstElementChild.textContent = escribe ? t("escribiendo") : "";
  aviso.setEscribiendo(escribe);
}

function noteNuevo() {
  hilo.noteNuevos(1);
}

// --- what the customer does --------------------------------------------------------------------

async function send(mensaje) {
  if (adjunto.hay) {
    const listo = await adjunto.take();
    if (listo) await salida.addArchivo(mensaje, listo);
    else if (mensaje) salida.add(mensaje);
  } else salida.add(mensaje);
  noteEnvio();
}

function choose(texto, boton) {
  salida.add(texto, { boton });
  redactor.focus();
  noteEnvio();
}

function noteEnvio() {
  render();
  hilo.goToEnd();
  cartero.wake();
}

function discard(id_externo) {
  salida.remove(id_externo);
  render();
  redactor.focus();
}

function askNueva() {
  const n = salida.unsent.length;
  byId("dialogo-pendientes").textContent = n ? plural("nueva_pendientes", n) : "";
  byId("dialogo").returnValue = "no"; // what Escape answers
  byId("dialogo").showModal();
}

function startNueva() {
  if (abierta) closeSesion(abierta).catch(() => {}); // forgotten here in any case
  salida.clear();
  sesion.clear();
  remove(claveVisto);
  close();
  redactor.focus();
}

// --- the session on the screen -----------------------------------------------------------------

/** Show and follow the chat of `otra`; the one already open stays as it is. */
function open(otra) {
  if (abierta?.token !== otra.token) {
    abierta = otra;
    cargada = false;
    salida.keepFor(otra.chat_id);
  }
  conexion.start(otra);
}

/** Back to the empty page. */
function close() {
  conexion.stop();
  abierta = null;
  cargada = false;
  conversacion = new Conversacion();
  vista.clear();
  medios.clear();
  vista.speak(false);
  setEscribiendo(false);
  aviso.setConexion("");
  render();
}

/** The token of `vieja` opens nothing any more (expired, revoked, chat deleted). */
async function replaceSesion(vieja) {
  if (abierta?.token !== vieja.token) return; // already replaced, or left by the customer
  const otra = await sesion.renew(vieja);
  if (abierta?.token !== vieja.token) return;
  vista.render(conversacion.list([])); // what waits in the outbox moves on to the new chat
  vista.archive();
  conversacion = new Conversacion();
  open(otra);
  render();
  aviso.tell("sesion_renovada");
}

// --- what the server says ----------------------------------------------------------------------

/** Read what there is; the counter of the last event it covers, where the server says so. */
async function sync(suya) {
  const [historial, ventas] = await Promise.all([readHistorial(suya), readVentas(suya)]);
  if (suya.token !== abierta?.token) return undefined;
  let nuevos = 0;
  for (const mensaje of historial.mensajes) {
    const nuevo = conversacion.addMensaje(mensaje);
    if (nuevo && mensaje.remitente !== "usuario") nuevos += 1;
  }
  salida.settle(historial.mensajes);
  for (const venta of ventas) conversacion.addVenta(venta);
  if (cargada) hilo.noteNuevos(nuevos);
  cargada = true;
  render();
  // In the next frame, so that what was just loaded is not read out.
  requestAnimationFrame(() => vista.speak(true));
  return historial.ultimo_evento;
}

function receive(tipo, datos) {
  if (tipo === "escribiendo") {
    setEscribiendo(datos.activo);
  } else if (tipo === "mensaje") {
    const nuevo = conversacion.addMensaje(datos);
    salida.settle([datos]);
    if (nuevo && datos.remitente !== "usuario") {
      setEscribiendo(false);
      noteNuevo();
    }
  } else if (tipo === "venta" && conversacion.addVenta(datos)) {
    noteNuevo();
  }
  renderSoon();
}

function changeConexion(estado) {
  aviso.setConexion(estado);
  if (estado === "vivo") cartero.wake();
  else setEscribiendo(false);
}

function noteFallo(error) {
  if (error instanceof CanalPerdido) aviso.complain("no_disponible");
  else if (abierta === null) aviso.setConexion("reconectando");
}

// --- the world around --------------------------------------------------------------------------

function wakeAll() {
  conexion.wake();
  cartero.wake();
}

function changeRed() {
  conexion.redial();
  cartero.wake();
}

function changeVisible() {
  clearTimeout(relojOculta);
  relojOculta = anfitrion.oculta ? setTimeout(() => conexion.stop(), OCULTA_MS) : 0;
  if (anfitrion.oculta) return;
  if (abierta) conexion.start(abierta);
  wakeAll();
  render();
}

/** Another tab wrote, sent, or began another conversation. */
function followOtherTab({ key }) {
  if (key === null || key === sesion.clave) {
    const { actual } = sesion;
    if (abierta && actual?.token !== abierta.token) {
      close();
      aviso.tell("otra_pestana");
    }
    if (actual) open(actual);
  }
  render();
}

byId("nueva").addEventListener("click", askNueva);
byId("dialogo").addEventListener("close", () => {
  if (byId("dialogo").returnValue === "si") startNueva();
});
byId("ejemplos").addEventListener("click", ({ target }) => {
  const ejemplo = target.closest("button");
  if (ejemplo) send(ejemplo.textContent);
  redactor.focus();
});
window.addEventListener("online", changeRed);
window.addEventListener("offline", changeRed);
window.addEventListener("storage", followOtherTab);
window.addEventListener("pagehide", () => conexion.stop());
window.addEventListener("pageshow", ({ persisted }) => {
  if (!persisted) return;
  if (abierta) conexion.start(abierta); // a closed frame goes on counting, too
  changeVisible();
});
document.addEventListener("visibilitychange", changeVisible);

followTeclado();
const { actual } = sesion;
if (actual) open(actual);
render();
if (!anfitrion.incrustada) redactor.focus(); // never out of the page around us
salida.sweep();
cartero.wake();
