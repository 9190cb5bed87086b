"""What a turn did, for the shop's own people: a sale, its change, its end, somebody who waits."""

from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.agente.redactar import dinero, numero
from core.mensajes.equipo.avisos import Suceso, Timbres, tell, tell_called
from core.mensajes.equipo.palabras import asunto, di
from core.mensajes.turnos import TurnoTomado
from core.models import VentaLinea
from core.ports import Resultado

# Whom the shop sold to, as they said it.
_DATOS = ("nombre", "telefono", "documento", "direccion", "email")


def avisar(
    session: Session, turno: TurnoTomado, resultado: Resultado, venta_id: int | None
) -> Timbres:
    """Tell them, in the transaction that records the turn; the bells to ring after it."""
    told: Timbres = ()
    if venta_id is not None:
        told = _of_venta(session, turno, resultado, venta_id)
    if resultado.humano:
        told += tell_called(session, turno, "humano", resumen=resultado.resumen)
    return tuple({ids["destinatario_id"]: (tarea, ids) for tarea, ids in told}.values())


def _of_venta(session: Session, turno: TurnoTomado, resultado: Resultado, venta_id: int) -> Timbres:
    clave = "venta"
    if resultado.cancelar_venta_id is not None:
        clave = "cambio" if resultado.vender else "cancelacion"
    lineas = session.scalars(
        select(VentaLinea)
        .where(VentaLinea.empresa_id == turno.empresa_id, VentaLinea.venta_id == venta_id)
        .order_by(VentaLinea.id)
    ).all()
    tienda = turno.visto.tienda
    total = dinero(sum((x.subtotal for x in lineas), Decimal("0.00")), tienda)
    facts: dict[str, Any] = {
        "venta": venta_id,
        "antes": resultado.cancelar_venta_id,
        "total": total,
    }
    said = [di(clave, **facts)]
    said += [
        di(
            "venta_linea",
            cantidad=numero(x.cantidad, tienda),
            nombre=x.nombre,
            subtotal=dinero(x.subtotal, tienda),
        )
        for x in lineas
    ]
    known = {**turno.visto.cliente, **resultado.cliente}
    datos = ", ".join(str(known[c]) for c in _DATOS if known.get(c))
    said.append(di("cliente", datos=datos or di("anonimo")))
    suceso = Suceso(
        clave=f"{clave}:{venta_id}",
        asunto=asunto(clave, **facts),
        texto="\n".join(said),
        chat_id=turno.chat_id,
        publico=turno.publico,
    )
    return tell(session, suceso, empresa_id=turno.empresa_id, de="ventas")
