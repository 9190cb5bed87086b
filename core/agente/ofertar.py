"""From a carrito to an offer, and from a yes to a sale. Every figure comes from a fresh row."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from core.agente.estado import Linea, Memoria, Oferta
from core.agente.hechos import Decision, Hecho, Situacion
from core.agente.requisitos import faltan
from core.cuentas.ajustes import ajustes_de
from core.models import EstadoVenta
from core.ports import Catalogo, LineaPedida, ProductoVisto
from core.unidades import allows_fraction

# Facts that say an offer again, with the figures that it had.
_REPITEN = frozenset({"pendiente", "pendiente_cambio", "detalle", "mismo_precio_oferta"})
# What they cannot write in three tries, a person asks for.
_FALLOS_MAX = 3


def linea_de(producto: ProductoVisto, cantidad: Decimal) -> Linea:
    return Linea(
        producto_id=producto.id,
        sku=producto.sku,
        nombre=producto.nombre,
        cantidad=cantidad,
        precio_unitario=producto.precio,
        unidad=producto.unidad,
    )


def poner(carrito: Sequence[Linea], nueva: Linea, *, sumar: bool = False) -> tuple[Linea, ...]:
    """`carrito` with `nueva`, which replaces the line of its producto or adds to it."""
    before = next((line for line in carrito if line.producto_id == nueva.producto_id), None)
    if before is None:
        return (*carrito, nueva)
    if sumar:
        nueva = replace(nueva, cantidad=before.cantidad + nueva.cantidad)
    return tuple(nueva if line is before else line for line in carrito)


def ofertar(
    s: Situacion,
    carrito: Sequence[Linea],
    *,
    antes: Sequence[Hecho] = (),
    regla: str,
    memoria: Memoria | None = None,
) -> Decision:
    """Propose the carrito as far as there is stock, at the price of now. `antes`: what to say
    first. With nothing left to offer there is no offer."""
    memoria = memoria or s.memoria
    rows = s.catalogo.por_id([line.producto_id for line in carrito])
    lineas, hechos = _servible(carrito, rows)
    if not lineas:
        memoria = replace(memoria, carrito=(), oferta=None)
        return Decision((*antes, *hechos), memoria, regla)
    oferta, ofertas = _numbered(memoria, lineas, s.chat.ahora)
    memoria = replace(memoria, carrito=lineas, oferta=oferta, ofertas=ofertas, no_entendidos=0)
    clave = _worded(oferta, short=any(h.clave == "quedan" for h in hechos))
    if clave == "oferta_menor":
        hechos = [h for h in hechos if h.clave != "quedan"]
    return Decision((*antes, *hechos, Hecho(clave, lineas=lineas)), memoria, regla)


def _worded(oferta: Oferta, *, short: bool) -> str:
    if oferta.reemplaza is not None:
        return "oferta_cambio"
    if len(oferta.lineas) > 1:
        return "oferta_varias"
    return "oferta_menor" if short else "oferta"


def _servible(
    carrito: Sequence[Linea], rows: dict[int, ProductoVisto]
) -> tuple[tuple[Linea, ...], list[Hecho]]:
    """The lines that can be sold now, and what to say of those that cannot, or not whole."""
    lineas, hechos = [], []
    for line in carrito:
        row = rows.get(line.producto_id)
        if row is None or row.stock <= 0:
            hechos.append(Hecho("agotado", cita="" if row else line.nombre, productos=_maybe(row)))
        elif row.stock < line.cantidad:
            lineas.append(linea_de(row, row.stock))
            hechos.append(Hecho("quedan", productos=(row,)))
        else:
            lineas.append(linea_de(row, _whole(line.cantidad, row.unidad)))
    return tuple(lineas), hechos


def _whole(cantidad: Decimal, unidad: str) -> Decimal:
    """2.5 of what was sold by the metre, and is by the unit now, can only be some whole number."""
    return cantidad if allows_fraction(unidad) else max(Decimal(1), cantidad // 1)


def _maybe(row: ProductoVisto | None) -> tuple[ProductoVisto, ...]:
    return (row,) if row else ()


def _numbered(memoria: Memoria, lineas: tuple[Linea, ...], ahora: datetime) -> tuple[Oferta, int]:
    """The same proposal keeps its number, so that two yeses to it can only be one sale."""
    before, reemplaza = memoria.oferta, memoria.reemplaza
    if before and (before.lineas, before.reemplaza) == (lineas, reemplaza):
        return replace(before, aceptada=False, falta=None, hecha_en=ahora), memoria.ofertas
    n = memoria.ofertas + 1
    return Oferta(n, lineas, reemplaza=reemplaza, hecha_en=ahora), n


def recordar(memoria: Memoria) -> tuple[Hecho, ...]:
    """The pending offer said again, so that the next yes is to it and to nothing else."""
    if memoria.oferta is None:
        return ()
    if memoria.oferta.falta is not None:
        return (Hecho("pendiente_dato", cita=memoria.oferta.falta),)
    clave = "pendiente" if memoria.oferta.reemplaza is None else "pendiente_cambio"
    return (Hecho(clave, lineas=memoria.oferta.lineas),)


def vender(s: Situacion) -> Decision:
    """The customer said yes to the pending offer: sell it, unless it moved meanwhile or the shop
    still needs to know who buys."""
    oferta = s.memoria.oferta
    assert oferta is not None
    moved = _moved(s.catalogo, oferta.lineas)
    if moved:
        return ofertar(s, oferta.lineas, antes=moved, regla="oferta_movida")
    if _expired(s, oferta):
        return ofertar(s, oferta.lineas, antes=[Hecho("oferta_vencida")], regla="oferta_vencida")
    if not s.chat.leida:  # what completes the sale was not said to us
        memoria = replace(s.memoria, oferta=replace(oferta, aceptada=False, falta=None))
        return Decision(recordar(memoria), memoria, "sin_leer")
    missing = faltan(s.chat.tienda, {**s.chat.cliente, **s.turno.datos_cliente})
    if missing:
        return pedir_dato(s, missing[0])
    memoria = replace(
        s.memoria.sin_pedido(),
        vendida_n=oferta.n,
        no_entendidos=0,
        tema=tuple(line.producto_id for line in oferta.lineas),
    )
    return Decision(
        (Hecho("venta" if oferta.reemplaza is None else "venta_cambiada", lineas=oferta.lineas),),
        memoria,
        "vender",
        EstadoVenta.CONFIRMADA,
        vender=tuple(
            LineaPedida(line.producto_id, line.cantidad, line.precio_unitario)
            for line in oferta.lineas
        ),
        oferta_n=oferta.n,
        cancelar_venta_id=oferta.reemplaza,
    )


def _expired(s: Situacion, oferta: Oferta) -> bool:
    hours = ajustes_de(s.chat.tienda).oferta_horas
    return oferta.hecha_en is not None and s.chat.ahora - oferta.hecha_en > timedelta(hours=hours)


def pedir_dato(s: Situacion, campo: str, *antes: Hecho, fallo: bool = False) -> Decision:
    """Ask for one datum, without which the accepted offer is no sale yet. The third answer that is
    none calls a person; the offer stays."""
    oferta = s.memoria.oferta
    assert oferta is not None
    fallos = oferta.fallos + fallo
    memoria = replace(s.memoria, oferta=replace(oferta, aceptada=True, falta=campo, fallos=fallos))
    if fallo and fallos == _FALLOS_MAX:
        return Decision((Hecho("derivado_datos"),), memoria, "datos_derivado", humano=True)
    return Decision((*antes, Hecho("pide_dato", cita=campo)), memoria, "pide_datos")


def al_dia(catalogo: Catalogo, carrito: Sequence[Linea]) -> tuple[Linea, ...]:
    """The lines at the prices of now, without what is sold no more."""
    rows = catalogo.por_id([line.producto_id for line in carrito])
    return tuple(
        linea_de(rows[x.producto_id], x.cantidad) for x in carrito if x.producto_id in rows
    )


def repetir(s: Situacion, decision: Decision) -> Decision:
    """Where the pending offer is said again: whether it is still true; if not, offer it anew."""
    oferta = decision.memoria.oferta
    if oferta is None or all(h.clave not in _REPITEN for h in decision.hechos):
        return decision
    moved = _moved(s.catalogo, oferta.lineas)
    if not moved:
        return decision
    said = [h for h in decision.hechos if h.clave not in _REPITEN]
    again = ofertar(s, oferta.lineas, antes=[*said, *moved], regla="", memoria=decision.memoria)
    return replace(decision, hechos=again.hechos, memoria=again.memoria)


def _moved(catalogo: Catalogo, lineas: Sequence[Linea]) -> tuple[Hecho, ...]:
    """What changed since the offer was made: the thing itself, its price, stock that no longer
    suffices."""
    rows = catalogo.por_id([line.producto_id for line in lineas])
    moved = []
    for line in lineas:
        row = rows.get(line.producto_id)
        if row is None:
            moved.append(Hecho("cambio_stock"))
        elif (row.nombre, row.unidad) != (line.nombre, line.unidad):
            moved.append(Hecho("cambio_producto"))
        elif row.precio != line.precio_unitario:
            moved.append(Hecho("cambio_precio", productos=(row,), antes=line.precio_unitario))
        elif row.stock < line.cantidad:
            moved.append(Hecho("cambio_stock"))
    return tuple(dict.fromkeys(moved))
