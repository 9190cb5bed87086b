"""Orders that come from a provider's own catalogue: our productos by their sku, at our prices.

They name things exactly, so nothing is searched for; else they are orders like any other. What the
provider says they cost there is never read, and they are only offered: a yes is needed as always.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select

from core.agente.comprension import Acto, Cambio, Encargo, Turno
from core.agente.estado import Pendiente
from core.agente.hechos import Decision, Hecho, Situacion
from core.agente.numeros import UNIDADES
from core.agente.pedir import LINEAS_MAX, Compra
from core.catalogo.texto import fold
from core.db import Database
from core.mensajes.turnos import MensajePendiente, TurnoTomado
from core.models import Producto
from core.ports import Entrante


def keep_pedido(mensaje: MensajePendiente, said: Entrante) -> MensajePendiente:
    """The message as people read it in the history; the seller reads only the note in it."""
    lines = ", ".join(f"{p.cantidad.normalize():f} × {p.sku}" for p in said.pedido)
    return replace(
        mensaje,
        texto=f"Pedido del catálogo: {lines}. {said.texto}".strip(),
        tipo=said.tipo,
        nombre=said.nombre,
        leido=said.texto,
        pedido=said.pedido,
    )


def find_encargos(db: Database, turno: TurnoTomado) -> tuple[Encargo, ...]:
    """What the turn's messages order by sku, each with its active producto if there is one."""
    asked = [p for m in turno.mensajes for p in m.pedido]
    if not asked:
        return ()
    with db.empresa(turno.empresa_id) as session:
        rows = session.execute(
            select(Producto.sku, Producto.id).where(
                Producto.empresa_id == turno.empresa_id,
                Producto.sku.in_({p.sku for p in asked}),
                Producto.activo,
            )
        )
        ids = {row.sku: row.id for row in rows}
    return tuple(Encargo(p.sku, p.cantidad, ids.get(p.sku)) for p in asked)


def con_encargos(turno: Turno | None, encargos: Sequence[Encargo]) -> Turno:
    """The turn with what was ordered beside its words; None: there were no words."""
    turno = turno or Turno(Acto.PEDIDO)
    if not encargos:
        return turno
    # They said these, if not in words.
    texto = " ".join([turno.texto, *(e.sku for e in encargos)]).strip()
    return replace(turno, encargos=tuple(encargos), texto=texto)


def encargar(s: Situacion) -> Decision:
    """Put it all in the carrito, with what the same turn orders in words, and offer it."""
    compra = Compra(s)
    encargos = s.turno.encargos[:LINEAS_MAX]
    if len(s.turno.encargos) > LINEAS_MAX:
        compra.hechos.append(Hecho("muchas_lineas"))
    rows = s.catalogo.por_id([e.producto_id for e in encargos if e.producto_id is not None])
    for encargo in encargos:
        row = rows.get(encargo.producto_id or 0)
        if row is None:
            compra.hechos.append(Hecho("no_encontrado", cita=encargo.sku))
        else:
            # Counted as we sell it: that is what their catalogue was made of.
            sold = UNIDADES.get(fold(row.unidad), fold(row.unidad))
            compra.agregar(row, Pendiente(row.nombre, encargo.cantidad, sold))
    for item in s.turno.items[:LINEAS_MAX]:
        if item.producto and item.cambio is not Cambio.QUITAR:
            compra.pedir(Pendiente(item.producto, item.cantidad, item.unidad))
    return compra.decision("encargo")
