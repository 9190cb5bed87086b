"""After a sale: cancel it or change it, while the shop allows it.

A change is an offer like any other, which would take the sale's place: until the yes to it the sale
stands as it was, and what it took may be counted on, since it comes back with the change.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from core.agente.comprension import Acto, Cambio
from core.agente.elegir import coincide
from core.agente.estado import Linea, Memoria
from core.agente.hechos import Decision, Hecho, Situacion
from core.agente.modificar import modificar, named
from core.agente.ofertar import linea_de, recordar
from core.agente.opciones import elegir_opcion
from core.agente.pedir import pedir
from core.catalogo.texto import terms
from core.cuentas.ajustes import ajustes_de
from core.models import EstadoVenta
from core.ports import Catalogo, ChatVisto, Hallazgo, ProductoVisto, VentaVista

# While a change is pending, "cancela" drops the change; this speaks of the sale itself.
_LA_COMPRA = re.compile(r"\b(?:compra|venta|orden)\b", re.I)


@dataclass(frozen=True)
class ConDevolucion:
    """core.ports.Catalogo with what a sale took back on the shelf."""

    catalogo: Catalogo
    devueltos: Mapping[int, Decimal]

    def buscar(self, texto: str, n: int = 10) -> list[Hallazgo]:
        found = self.catalogo.buscar(texto, n)
        return [replace(h, producto=self._back(h.producto)) for h in found]

    def por_id(self, ids: Sequence[int]) -> dict[int, ProductoVisto]:
        return {i: self._back(row) for i, row in self.catalogo.por_id(ids).items()}

    def _back(self, row: ProductoVisto) -> ProductoVisto:
        more = self.devueltos.get(row.id)
        return row if more is None else replace(row, stock=row.stock + more)


def devueltos(venta: VentaVista) -> dict[int, Decimal]:
    """What cancelling the sale would give back, by producto."""
    return {line["producto_id"]: Decimal(line["cantidad"]) for line in venta.lineas}


def vendible(catalogo: Catalogo, memoria: Memoria, chat: ChatVisto) -> Catalogo:
    """What this turn may offer from: with a change pending, also what its sale would give back."""
    venta = chat.ultima_venta
    if memoria.reemplaza is None or venta is None or venta.id != memoria.reemplaza:
        return catalogo
    return ConDevolucion(catalogo, devueltos(venta))


def en_plazo(s: Situacion) -> bool:
    """Whether the last sale may still be cancelled or changed here."""
    venta = s.chat.ultima_venta
    if venta is None or not s.venta_vigente:
        return False
    minutes = ajustes_de(s.chat.tienda).minutos_para_cambiar
    return s.chat.ahora - venta.creada_en < timedelta(minutes=minutes)


def cambio_perdido(s: Situacion) -> Hecho | None:
    """Why the change that was being agreed cannot be made any more, if so."""
    venta, wanted = s.chat.ultima_venta, s.memoria.reemplaza
    if wanted is None:
        return None
    if venta is None or venta.id != wanted or not s.venta_vigente:
        return Hecho("cambio_perdido")
    return None if en_plazo(s) else Hecho("plazo_vencido")


# --- the rules ---------------------------------------------------------------------------------


def quiere_cancelar(s: Situacion) -> bool:
    oferta = s.memoria.oferta
    alone = (
        oferta is None or oferta.reemplaza is not None and bool(_LA_COMPRA.search(s.turno.texto))
    )
    return alone and s.venta_viva and s.turno.cancela and not s.turno.condicional


def cancelar(s: Situacion) -> Decision:
    """The last sale is undone, or it is too late and a person sees to it."""
    venta = s.chat.ultima_venta
    assert venta is not None
    if not en_plazo(s):
        return _too_late(s)
    return Decision(
        (Hecho("cancelada"),),
        s.memoria.sin_pedido(),
        estado=EstadoVenta.CANCELADA,
        cancelar_venta_id=venta.id,
    )


def se_puede_cancelar(s: Situacion) -> Decision:
    if not en_plazo(s):
        return _too_late(s)
    return Decision((Hecho("puedes_cancelar"), *recordar(s.memoria)), s.memoria)


def quiere_cambiar(s: Situacion) -> bool:
    """A change of what was sold, while nothing else is wanted."""
    t = s.turno
    if s.memoria.carrito or s.memoria.oferta or not s.venta_viva:
        return False
    if t.acto is Acto.MODIFICAR:
        return True
    if t.acto is Acto.CONSULTA_PRODUCTO and any(i.cantidad is None for i in t.items):
        return False
    orders = t.acto in (Acto.PEDIDO, Acto.CONSULTA_PRODUCTO)
    return orders and t.retoma and en_plazo(s) and (_adds(s) or _names_sold(s))


def cambiar(s: Situacion) -> Decision | None:
    """Offer the sale with the change in it. The sale itself stands until the yes."""
    if not en_plazo(s):
        return _too_late(s)
    opened = _reopen(s)
    if opened is None:  # part of it is sold no more: no offer could repeat the rest of it
        return _hand_over(s, "venta_cerrada")
    decision = _changed(opened)
    return None if decision is None else _judge(s, opened, decision)


def _adds(s: Situacion) -> bool:
    return bool(s.turno.items) and all(i.cambio is Cambio.AGREGAR for i in s.turno.items)


def _names_sold(s: Situacion) -> bool:
    """ "que sean 5 brochas", where brochas were sold."""
    venta = s.chat.ultima_venta
    assert venta is not None
    sold = [named(_linea(line)) for line in venta.lineas]
    asked = [terms(i.producto or "") for i in s.turno.items]
    return bool(asked) and all(any(coincide(p, a) == 1 for p in sold) for a in asked if a)


def _changed(opened: Situacion) -> Decision | None:
    t = opened.turno
    if t.acto is Acto.MODIFICAR or not _adds(opened):
        return modificar(opened)
    if opened.memoria.pregunta is not None and all(i.producto is None for i in t.items):
        return elegir_opcion(opened)
    return pedir(opened)


def _reopen(s: Situacion) -> Situacion | None:
    """As if what was sold were only wanted so far; None when some of it is sold no more."""
    venta = s.chat.ultima_venta
    assert venta is not None
    memoria = replace(s.memoria, reemplaza=venta.id)
    catalogo = vendible(s.catalogo, memoria, s.chat)
    rows = catalogo.por_id([line["producto_id"] for line in venta.lineas])
    if len(rows) != len(venta.lineas):
        return None
    carrito = tuple(
        linea_de(rows[line["producto_id"]], Decimal(line["cantidad"])) for line in venta.lineas
    )
    return replace(s, memoria=replace(memoria, carrito=carrito), catalogo=catalogo)


def _judge(s: Situacion, opened: Situacion, decision: Decision) -> Decision:
    """A change that is none, or none that we understood, leaves the memory as it was."""
    after, reemplaza = decision.memoria, opened.memoria.reemplaza
    if after.pregunta is not None and after.oferta is None:
        return replace(decision, regla="cambiar_venta", devuelve=reemplaza)
    if not after.carrito:
        return Decision((Hecho("cambio_vacio"),), s.memoria, "sin_cambio")
    if after.oferta is None or _content(after.carrito) == _content(opened.memoria.carrito):
        return replace(_as_before(decision), memoria=s.memoria, devuelve=reemplaza)
    hechos = (*_repriced(s, after.carrito), *decision.hechos)
    return replace(decision, hechos=hechos, regla="cambiar_venta", devuelve=reemplaza)


def _as_before(decision: Decision) -> Decision:
    """Why nothing would change, and that nothing did."""
    said = tuple(h for h in decision.hechos if h.clave != "oferta_cambio")
    if any(h.clave == "cual_linea" for h in said):
        return decision
    if any(h.clave == "quedan" for h in said):
        said = (Hecho("sin_mas_stock"),)
    else:
        said = (*said, Hecho("sigue_igual")) if said else (Hecho("que_cambias"),)
    return Decision(said, decision.memoria, "sin_cambio")


def _content(carrito: Sequence[Linea]) -> dict[int, Decimal]:
    return {line.producto_id: line.cantidad for line in carrito}


def _repriced(s: Situacion, carrito: Sequence[Linea]) -> list[Hecho]:
    """What stays and costs another price than when it was sold."""
    assert s.chat.ultima_venta is not None
    sold = {x.producto_id: x for x in map(_linea, s.chat.ultima_venta.lineas)}
    moved = [
        line
        for line in carrito
        if line.producto_id in sold
        and sold[line.producto_id].precio_unitario != line.precio_unitario
    ]
    rows = s.catalogo.por_id([line.producto_id for line in moved])
    return [
        Hecho("cambio_precio", productos=(rows[i],), antes=sold[i].precio_unitario)
        for i in (line.producto_id for line in moved)
        if i in rows
    ]


def _linea(line: Mapping[str, object]) -> Linea:
    """A line of a sale, as it was sold."""
    return Linea(
        producto_id=int(str(line["producto_id"])),
        sku=None,
        nombre=str(line["nombre"]),
        cantidad=Decimal(str(line["cantidad"])),
        precio_unitario=Decimal(str(line["precio_unitario"])),
    )


def _too_late(s: Situacion) -> Decision:
    return _hand_over(s, "plazo_vencido" if s.venta_vigente else "venta_cerrada")


def _hand_over(s: Situacion, clave: str) -> Decision:
    return Decision((Hecho(clave),), s.memoria, clave, humano=True)
