"""What a turn decided becomes rows: sale, cliente, reply and memory in one transaction."""

from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from core.agente.avisar import avisar
from core.catalogo.busqueda.demanda import keep_demanda
from core.db import Database
from core.errors import TransicionInvalida
from core.mensajes.cierre import Registrado, finish_turno
from core.mensajes.turnos import TurnoSuperado, TurnoTomado, hold_chat
from core.ports import Resultado
from core.ventas import cancel_venta, record_venta


def record_turno(db: Database, turno: TurnoTomado, resultado: Resultado) -> Registrado:
    """Record the turn's sale, reply, memory and messages in one transaction, and release.

    Raises LeaseLost when another worker or a person has the chat by now, TurnoSuperado when
    messages arrived meanwhile or the sale to be changed was cancelled, StockInsuficiente or
    PrecioMovido when what was agreed cannot be sold any more; then nothing was recorded and the
    lease still stands.
    """
    with db.empresa(turno.empresa_id) as session:
        if resultado.vender or resultado.cancelar_venta_id is not None or resultado.cliente:
            hold_chat(session, turno)
        venta_id = _effects(session, turno, resultado)
        cliente_id = _keep_cliente(session, turno, resultado.cliente)
        keep_demanda(session, resultado.no_encontrado, empresa_id=turno.empresa_id)
        told = avisar(session, turno, resultado, venta_id)
        return finish_turno(
            session,
            turno,
            respuesta=resultado.respuesta,
            memoria=resultado.memoria,
            estado_venta=resultado.estado_venta,
            humano=resultado.humano,
            resumen=resultado.resumen,
            baja=resultado.baja,
            venta_id=venta_id,
            cliente_id=cliente_id,
            pensado=resultado,
            timbres=told,
        )


def _effects(session: Session, turno: TurnoTomado, resultado: Resultado) -> int | None:
    """The sale, the cancellation or both that this turn decided; the sale's id."""
    if resultado.vender:
        return _sell(session, turno, resultado)
    if resultado.cancelar_venta_id is not None:
        cancel_venta(
            session,
            empresa_id=turno.empresa_id,
            venta_id=resultado.cancelar_venta_id,
            actor="cliente",
        )
    return resultado.cancelar_venta_id


def _sell(session: Session, turno: TurnoTomado, resultado: Resultado) -> int:
    try:
        venta, _ = record_venta(
            session,
            empresa_id=turno.empresa_id,
            lineas=resultado.vender,
            # The second key of P3: one proposal is one sale, however often it is confirmed.
            clave=f"oferta:{turno.chat_id}:{resultado.oferta_n}",
            actor="agente",
            chat_id=turno.chat_id,
            cliente={**turno.visto.cliente, **resultado.cliente},
            reemplaza=resultado.cancelar_venta_id,
        )
    except TransicionInvalida as e:
        # Somebody cancelled the sale that was to be changed: read the chat again, and think again.
        raise TurnoSuperado("La venta que se iba a cambiar ya no está vigente.") from e
    return venta.id


_MERGE_CLIENTE = text(
    """
    UPDATE cliente SET datos = cliente.datos || :datos,
        nombre = coalesce(:nombre, cliente.nombre)
    FROM chat WHERE chat.empresa_id = :empresa_id AND chat.id = :chat_id
      AND cliente.empresa_id = chat.empresa_id AND cliente.id = chat.cliente_id
    RETURNING cliente.id
    """
).bindparams(bindparam("datos", type_=JSONB))
_NEW_CLIENTE = text(
    "INSERT INTO cliente (empresa_id, nombre, datos) VALUES (:empresa_id, :nombre, :datos) "
    "RETURNING id"
).bindparams(bindparam("datos", type_=JSONB))


def _keep_cliente(session: Session, turno: TurnoTomado, datos: dict[str, Any]) -> int | None:
    """Remember what the customer told of themselves; the cliente's id when there was something."""
    if not datos:
        return None
    values = {
        "empresa_id": turno.empresa_id,
        "chat_id": turno.chat_id,
        "datos": datos,
        "nombre": datos.get("nombre"),
    }
    known = session.scalar(_MERGE_CLIENTE, values)
    found: int = known if known is not None else session.scalar(_NEW_CLIENTE, values)
    return found
