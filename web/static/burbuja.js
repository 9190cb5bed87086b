/* One message as a bubble with its time and, for the customer's own, what became of it. */

import { formatCompleta, formatHora, hasTexto, t } from "./formato.js";
import { make, makeIcono } from "./nodos.js";

export const AUTORES = { usuario: "tu", bot: "tienda", agente: "persona" };
const ICONOS = { enviando: "reloj", enviado: "visto", sin_enviar: "alerta", rechazado: "alerta" };

/** acciones: alReintentar(id_externo), alDescartar(id_externo), makeMedio(item). */
export function makeBurbuja(item, acciones) {
  const visible = hasQuien(item);
  const quien = make(visible ? "p.quien" : "p.oculto", {}, t(AUTORES[item.autor]));
  return make(
    `div.fila.fila-${item.autor}`,
    { "data-estado": item.estado },
    visible ? makeCara() : null,
    quien,
    makeCuerpo(item, acciones),
    makePie(item, acciones),
  );
}

/** What of `item` the bubble itself shows; the rest (time, state) is its foot. */
export const faceOf = (item) =>
  JSON.stringify([item.autor, readTexto(item), hasQuien(item), item.archivo?.tipo]);

/** Show the present state of `item` without touching its words: they would be read out again. */
export function renewPie(fila, item, acciones) {
  fila.dataset.estado = item.estado;
  fila.querySelector(".pie").replaceWith(makePie(item, acciones));
}

const hasQuien = ({ autor, primero }) => autor === "agente" && primero;

const makeCara = () => make("span.cara", { "aria-hidden": "true" }, makeIcono("persona"));

function makeCuerpo(item, { makeMedio }) {
  const medio = item.archivo ? makeMedio(item) : null;
  const texto = readTexto(item);
  if (!medio) return make("div.burbuja", { dir: "auto" }, texto);
  const leyenda = texto ? make("p.leyenda", { dir: "auto" }, texto) : null;
  return make("div.burbuja.con-medio", {}, medio, leyenda);
}

function readTexto({ texto, tipo, archivo }) {
  if (!texto) return !archivo && tipo && hasTexto(tipo) ? t(tipo) : "";
  return texto.replace(/\$ (?=\d)/g, "$\u00a0"); // a sign does not part from its sum
}

function makePie(item, { alReintentar, alDescartar }) {
  const pie = make("div.pie", { "aria-live": "off" });
  if (item.estado === "enviado") {
    const hora = { datetime: item.fecha.toISOString(), title: formatCompleta(item.fecha) };
    pie.append(make("time", hora, formatHora(item.fecha)));
  }
  if (item.autor === "usuario") {
    pie.append(make("span.suerte", {}, makeIcono(ICONOS[item.estado]), make("span", {}, fate(item))));
  }
  if (item.estado === "sin_enviar" || item.estado === "rechazado") {
    pie.append(makeBoton("reintentar", () => alReintentar(item.id_externo)));
  }
  // One that never arrives holds up what was written after it.
  if (item.estado === "rechazado" || (item.estado === "sin_enviar" && item.archivo)) {
    pie.append(makeBoton("descartar", () => alDescartar(item.id_externo)));
  }
  return pie;
}

function fate({ estado, error, avance }) {
  if (estado === "enviando" && avance) return t("subiendo", { n: avance });
  const exacto = `rechazado_${error}`;
  return t(estado === "rechazado" && hasTexto(exacto) ? exacto : estado);
}

const makeBoton = (clave, onclick) =>
  make("button.enlace", { type: "button", onclick }, t(clave));
