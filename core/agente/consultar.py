"""Questions: about productos, prices, the pending offer, the shop. They change no order."""

from collections.abc import Sequence
from dataclasses import replace

from core.agente.comprension import Acto, Item
from core.agente.documentar import citas, del_documento
from core.agente.elegir import OPCIONES_MAX, alternativas, coincide, elegir, por_sentido
from core.agente.estado import Memoria, Pendiente, Pregunta
from core.agente.hechos import Decision, Hecho, Situacion
from core.agente.horas import horario_dicho
from core.agente.ofertar import al_dia, recordar
from core.agente.pedir import otra_vez, pedir
from core.agente.redactar import cita
from core.catalogo.texto import terms
from core.models import EstadoVenta
from core.ports import ProductoVisto

_VISTOS_MAX = 6  # what a conversation can mean by "those" without naming them
# From this time on in a row, the answer to begging is one short sentence.
_RUEGOS = 3


def mostrar(s: Situacion) -> Decision | None:
    """What there is of what they ask for. With a quantity it is as good as an order: offer it.
    What the shop wrote about itself answers instead, where it names more of it than a producto."""
    items = [i for i in s.turno.items if i.producto]
    if items and all(i.cantidad is not None for i in items) and not s.turno.descuento:
        return pedir(replace(s, turno=replace(s.turno, items=tuple(items))))
    memoria = replace(s.memoria, no_entendidos=0)
    hechos: list[Hecho] = []
    for item in items[:OPCIONES_MAX]:
        memoria = _show(s, item, memoria, hechos)
    named = _named(items, hechos)
    told = del_documento(s, sobre=named) if named < 1 else None
    if told is not None and (s.turno.acto is Acto.CONSULTA_PRODUCTO or not named):
        return told
    if not s.turno.busca and all(h.clave == "no_encontrado" for h in hechos):
        return None  # words that are no question and no producto either
    return Decision((*hechos, *recordar(memoria)), memoria, "mostrar")


def _named(items: Sequence[Item], hechos: Sequence[Hecho]) -> float:
    """Which share of their words the names of what was found have, at best."""
    shown = [p for h in hechos for p in h.productos]
    asked = [terms(i.producto or "") for i in items]
    return max((coincide(p, words) for p in shown for words in asked), default=0.0)


def _show(s: Situacion, item: Item, memoria: Memoria, hechos: list[Hecho]) -> Memoria:
    """Add what is to be said of one thing; the memory keeps what was listed."""
    pedido = Pendiente(item.producto or "", item.cantidad, item.unidad)
    found = elegir(s.catalogo, pedido)
    shown = found.candidatos[:OPCIONES_MAX]
    if not shown:
        hechos.append(Hecho("no_encontrado", cita=pedido.texto))
        near = por_sentido(s.catalogo, pedido, s.turno.texto) if s.turno.busca else ()
        if near:
            hechos.append(Hecho("por_sentido", productos=near, numerados=True))
        return _listed(memoria, near, pedido)
    one = found.unico
    if one is not None and found.exacta and one.stock <= 0:
        hechos.append(Hecho("agotado", productos=(one,)))
        shown = alternativas(s.catalogo, one)
        if shown:
            hechos.append(Hecho("alternativas", productos=shown, numerados=True))
    elif one is not None and found.exacta:
        hechos.append(Hecho("info", productos=(one,)))
    else:
        clave = "tengo" if found.exacta else "parecidos"
        hechos.append(Hecho(clave, productos=shown, numerados=True, cita=pedido.texto))
    return _listed(memoria, shown, pedido)


def _listed(memoria: Memoria, shown: tuple[ProductoVisto, ...], pedido: Pendiente) -> Memoria:
    ids = tuple(p.id for p in shown)
    if not ids:
        return memoria
    if len(ids) == 1:
        memoria = replace(memoria, vistos=(*memoria.vistos, *ids)[-_VISTOS_MAX:])
    pregunta = Pregunta(ids, tuple(p.nombre for p in shown), pedido, abierta=True)
    return replace(memoria, pregunta=pregunta, cola=(), tema=ids)


def precio_ofrecido(s: Situacion) -> Decision:
    """A question about what was just offered, shown or sold: its rows once more."""
    if s.memoria.oferta is not None:
        return Decision(
            (Hecho("detalle", lineas=s.memoria.oferta.lineas), *recordar(s.memoria)),
            s.memoria,
            "precio_ofrecido",
        )
    ids = s.memoria.pregunta.opciones if s.memoria.pregunta else s.memoria.tema
    rows = s.catalogo.por_id(ids)
    shown = tuple(rows[i] for i in ids if i in rows)
    if not shown:
        return Decision((Hecho("de_que_precio"),), s.memoria, "de_que_precio")
    clave = "info" if len(shown) == 1 else "tengo"
    return Decision(
        (Hecho(clave, productos=shown, numerados=len(shown) > 1),), s.memoria, "precio_ofrecido"
    )


def describir(s: Situacion) -> Decision:
    """ "¿son de madera?": what the row says of it, and no more."""
    ids = [line.producto_id for line in s.memoria.carrito]
    if s.memoria.oferta is None and s.memoria.pregunta is not None:
        ids = list(s.memoria.pregunta.opciones)
    ids = ids or list(s.memoria.tema)
    rows = s.catalogo.por_id(ids)
    shown = tuple(rows[i] for i in ids if i in rows)
    hechos = (Hecho("ficha", productos=shown),) if shown else (Hecho("que_buscas"),)
    return Decision((*hechos, *recordar(s.memoria)), s.memoria, "describir")


def sin_descuento(s: Situacion) -> Decision:
    """The price is the catalogue's, whoever asks and however often; what else the shop says of it
    stands in ajustes["politica_descuento"], and nowhere else: a documento quotes no price here.
    Who goes on begging hears less each time."""
    items = [i for i in s.turno.items if i.producto]
    memoria = replace(s.memoria, descuentos=s.memoria.descuentos + 1)
    if memoria.descuentos >= _RUEGOS and not items:
        return Decision((_briefly(memoria),), memoria, "sin_descuento")
    politica = cita(s.chat.tienda.ajustes.get("politica_descuento"))
    hechos = [Hecho("politica_descuento", cita=politica) if politica else Hecho("sin_descuento")]
    for item in items[:OPCIONES_MAX]:
        memoria = _show(s, item, memoria, hechos)
    hechos = [h for h in hechos if h.clave not in ("no_encontrado", "por_sentido")]
    return Decision((*hechos, *recordar(memoria)), memoria, "sin_descuento")


def _briefly(memoria: Memoria) -> Hecho:
    oferta = memoria.oferta
    if oferta is None or oferta.falta is not None:
        return Hecho("mismo_precio")
    return Hecho("mismo_precio_oferta", lineas=oferta.lineas)


def sobre_la_tienda(s: Situacion) -> Decision:
    """What the shopkeeper set down for this subject (ajustes["informacion"]), else the hours that
    people answer in, else what the shop's documentos say; else a person is asked, and the customer
    is told so."""
    known = (s.chat.tienda.ajustes.get("informacion") or {}).get(s.turno.tema or "")
    if not known and s.turno.tema == "horario":
        known = horario_dicho(s.chat.tienda)
    told = (Hecho("dato", cita=str(known)),) if known else citas(s)
    hechos = (*(told or (Hecho("sin_dato"),)), *recordar(s.memoria))
    return Decision(hechos, s.memoria, "tienda", humano=not told)


def seguimiento(s: Situacion) -> Decision:
    """How their order stands: what is wanted so far, else the last sale as its rows say."""
    memoria, venta = s.memoria, s.chat.ultima_venta
    if memoria.oferta is not None and memoria.oferta.falta is None:
        return Decision(recordar(memoria), memoria)
    if memoria.carrito:
        memoria = replace(memoria, carrito=al_dia(s.catalogo, memoria.carrito))
        hechos = (Hecho("llevas", lineas=memoria.carrito), *recordar(memoria))
        asked = memoria.pregunta is not None and bool(memoria.pregunta.opciones)
        again = otra_vez(s, "cual_otra_vez", "seguimiento").hechos if asked else ()
        return Decision((*hechos, *again), memoria)
    if venta is None:
        return Decision((Hecho("sin_compras"),), memoria)
    cancelled = venta.estado == EstadoVenta.CANCELADA
    return Decision((Hecho("compra_cancelada" if cancelled else "compra_registrada"),), memoria)


def que_venden(s: Situacion) -> Decision:
    return Decision((Hecho("que_buscas"), *recordar(s.memoria)), s.memoria, "que_venden")


def es_consulta(s: Situacion) -> bool:
    return s.turno.acto in (Acto.CONSULTA_PRODUCTO, Acto.CONSULTA_PRECIO)
