/* What was said and sold, whatever the order and number of times we are told.

Pure state: mensajes by id in the server's order, ventas by id, and the outbox after them. */

export class Conversacion {
  #mensajes = new Map();
  #ventas = new Map();

  /** True when the mensaje was not known. */
  addMensaje(mensaje) {
    const nuevo = !this.#mensajes.has(mensaje.id);
    this.#mensajes.set(mensaje.id, { ...this.#mensajes.get(mensaje.id), ...mensaje });
    return nuevo;
  }

  /** True when the venta was not known; a known one takes its new state. */
  addVenta(venta) {
    const nueva = !this.#ventas.has(venta.id);
    this.#ventas.set(venta.id, venta);
    return nueva;
  }

  /** Everything to show, in order: {clave, clase: "mensaje"|"venta"|"pendiente", autor, fecha, …}.
   * An own mensaje keeps its clave from outbox to history, so its bubble stays the same. */
  list(pendientes) {
    const vistos = [...this.#mensajes.values()].sort((a, b) => place(a) - place(b)).map(asItem);
    const filas = this.#insertVentas(vistos);
    return [...filas, ...this.#unseen(pendientes).map(asPendiente)];
  }

  /** The answers to choose from: those of the last words, unless something was said since. */
  listOpciones(pendientes) {
    const ultimo = this.#last;
    if (ultimo?.remitente !== "bot" || this.#unseen(pendientes).length) return [];
    return ultimo.botones ?? [];
  }

  /** The place of the last mensaje; 0 in an empty chat. */
  get ultimo() {
    return this.#last ? place(this.#last) : 0;
  }

  /** How many mensajes of the shop come after place `visto`. */
  countDesde(visto) {
    const deOtros = ({ remitente }) => remitente !== "usuario";
    return [...this.#mensajes.values()].filter((m) => deOtros(m) && place(m) > visto).length;
  }

  get #last() {
    const todos = [...this.#mensajes.values()];
    return todos.reduce((a, b) => (a && place(a) > place(b) ? a : b), undefined);
  }

  #unseen(pendientes) {
    const vistos = new Set([...this.#mensajes.values()].map(({ id_externo }) => id_externo));
    return pendientes.filter(
      ({ id_externo, mensaje_id }) => !vistos.has(id_externo) && !this.#mensajes.has(mensaje_id),
    );
  }

  /** Each venta after the reply that told of it: both carry the time of one transaction. */
  #insertVentas(filas) {
    const todas = [...filas];
    const ventas = [...this.#ventas.values()].sort((a, b) => a.id - b.id).map(asVenta);
    for (const venta of ventas) {
      const contada = todas.findLastIndex(({ venta_id }) => venta_id && venta_id === venta.venta.id);
      const antes = todas.findLastIndex(({ fecha }) => fecha <= venta.fecha);
      todas.splice((contada >= 0 ? contada : antes) + 1, 0, venta);
    }
    return todas;
  }
}

// `orden` counts inside the chat; ids rise too, for a server that does not send it.
const place = ({ orden, id }) => orden ?? id;

function asItem(mensaje) {
  return {
    clave: mensaje.id_externo ? `x${mensaje.id_externo}` : `m${mensaje.id}`,
    clase: "mensaje",
    autor: ["usuario", "agente"].includes(mensaje.remitente) ? mensaje.remitente : "bot",
    fecha: new Date(mensaje.timestamp),
    texto: mensaje.mensaje,
    tipo: mensaje.tipo,
    archivo: mensaje.archivo ?? undefined,
    id_externo: mensaje.id_externo ?? undefined,
    venta_id: mensaje.venta_id,
    estado: "enviado",
  };
}

function asPendiente(item) {
  const { id_externo, mensaje, creado, mensaje_id, error, tropiezo, archivo, avance } = item;
  let estado = "enviando";
  if (mensaje_id) estado = "enviado";
  else if (error) estado = "rechazado";
  else if (tropiezo) estado = "sin_enviar";
  return {
    clave: `x${id_externo}`,
    clase: "pendiente",
    autor: "usuario",
    fecha: new Date(creado),
    texto: mensaje,
    archivo,
    avance,
    estado,
    error,
    id_externo,
  };
}

function asVenta(venta) {
  const fecha = new Date(venta.creada_en);
  return { clave: `v${venta.id}`, clase: "venta", autor: "venta", fecha, venta };
}
