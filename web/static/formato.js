/* Words, money and time as the customer reads them. The words themselves live in web/textos.py. */

const TEXTOS = JSON.parse(document.body.dataset.textos);

/** The text `clave` with `{name}` replaced from `valores`. */
export function t(clave, valores = {}) {
  return TEXTOS[clave].replace(/\{(\w+)\}/g, (_, nombre) => valores[nombre]);
}

/** `clave_uno` or `clave_varios`, by `n`. */
export const plural = (clave, n) => t(n === 1 ? `${clave}_uno` : `${clave}_varios`, { n });

export const hasTexto = (clave) => Object.hasOwn(TEXTOS, clave);

// Thousands and decimals are written as in the currency's own country.
const PAISES = {
  ARS: "es-AR", BOB: "es-BO", CLP: "es-CL", COP: "es-CO", CRC: "es-CR", CUP: "es-CU",
  DOP: "es-DO", EUR: "es-ES", GTQ: "es-GT", HNL: "es-HN", MXN: "es-MX", NIO: "es-NI",
  PAB: "es-PA", PEN: "es-PE", PYG: "es-PY", USD: "es-US", UYU: "es-UY", VES: "es-VE",
};

/** A decimal string such as "28900.00" as money; cents only where there are any. */
export function formatMoneda(decimal, moneda) {
  const valor = Number(decimal);
  try {
    const entero = Number.isInteger(valor);
    const escrito = new Intl.NumberFormat(PAISES[moneda] ?? "es", {
      style: "currency",
      currency: moneda,
      minimumFractionDigits: entero ? 0 : 2,
      maximumFractionDigits: 2,
    }).format(valor);
    return escrito.replace(/^\$\s/, "$"); // as the seller writes it
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // not an ISO code
    return `${decimal} ${moneda}`;
  }
}

const CANTIDAD = new Intl.NumberFormat("es", { maximumFractionDigits: 3 });
const HORA = new Intl.DateTimeFormat("es", { hour: "2-digit", minute: "2-digit" });
const DIA = new Intl.DateTimeFormat("es", { weekday: "long", day: "numeric", month: "long" });
const FECHA = new Intl.DateTimeFormat("es", { dateStyle: "long" });

export const formatCantidad = (cantidad) => CANTIDAD.format(cantidad);
export const formatHora = (fecha) => HORA.format(fecha);
export const formatCompleta = (fecha) => `${FECHA.format(fecha)}, ${HORA.format(fecha)}`;

export const formatDuracion = (segundos) =>
  `${Math.floor(segundos / 60)}:${String(Math.floor(segundos % 60)).padStart(2, "0")}`;

export function formatDia(fecha, hoy = new Date()) {
  const atras = Math.round((startOfDay(hoy) - startOfDay(fecha)) / 86_400_000);
  if (atras === 0) return t("hoy");
  if (atras === 1) return t("ayer");
  return DIA.format(fecha);
}

export const startOfDay = (fecha) =>
  new Date(fecha.getFullYear(), fecha.getMonth(), fecha.getDate()).getTime();
