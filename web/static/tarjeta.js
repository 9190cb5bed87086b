/* A sale as the receipt it is: what, how many, how much, which number, and whether it still holds. */

import { formatCantidad, formatCompleta, formatMoneda, t } from "./formato.js";
import { make, makeIcono } from "./nodos.js";

export function makeTarjeta({ venta, fecha }) {
  const cancelada = venta.estado === "cancelada";
  return make(
    "article.tarjeta",
    { "data-estado": venta.estado, "aria-label": `${title(venta)} ${number(venta)}` },
    make(
      "header",
      {},
      make("span.sello", { "aria-hidden": "true" }, makeIcono(cancelada ? "cerrar" : "visto")),
      make("h3", {}, title(venta)),
      make("span.numero", {}, number(venta)),
    ),
    make("ul.lineas", {}, ...venta.lineas.map((linea) => makeLinea(linea, venta.moneda))),
    make(
      "footer",
      {},
      make("span", {}, t("venta_total"), make("small", {}, t("venta_impuestos"))),
      make(cancelada ? "del.total" : "strong.total", {}, formatMoneda(venta.total, venta.moneda)),
    ),
    make("time", { datetime: fecha.toISOString() }, formatCompleta(fecha)),
  );
}

const title = ({ estado }) => t(estado === "cancelada" ? "venta_cancelada" : "venta_confirmada");
const number = ({ id }) => t("venta_numero", { n: id });

function makeLinea({ sku, nombre, cantidad, precio_unitario, subtotal }, moneda) {
  const precio = formatMoneda(precio_unitario, moneda);
  const detalle = t("venta_cantidad", { cantidad: formatCantidad(cantidad), precio });
  return make(
    "li",
    {},
    make("span.nombre", {}, nombre),
    make("span.subtotal", {}, formatMoneda(subtotal, moneda)),
    make("span.detalle", {}, detalle, sku ? ` · ${t("venta_sku", { sku })}` : ""),
  );
}
