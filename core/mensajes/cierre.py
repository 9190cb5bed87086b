"""A turn's end: everything it did becomes rows in one transaction, or nothing does."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from core.bitacora import CANAL_EVENTOS, audit
from core.db import Database
from core.errors import LeaseLost
from core.mensajes.equipo.avisos import Timbres, tell_called, tell_silent
from core.mensajes.turnos import INTERRUMPIDA, TurnoSuperado, TurnoTomado
from core.models import Chat
from core.ports import Resultado

# One statement ends a turn: ours still? then the chat moves on, the reply takes its place, the
# messages are done and live pages hear of it. No row back means that nothing was recorded.
_FINISH = text(
    """
    WITH c AS (
        UPDATE chat SET
            pendientes = pendientes - :n,
            ultimo_orden = ultimo_orden + :replies,
            ultimo_evento = ultimo_evento + :replies,
            conversacion = :memoria,
            estado_venta = :estado_venta,
            espera_humano = espera_humano OR :humano,
            resumen = coalesce(:resumen, resumen),
            baja = coalesce(:baja, baja),
            cliente_id = coalesce(:cliente_id, cliente_id),
            solo = solo AND pendientes > :n,
            lease_de = NULL, lease_hasta = NULL, timbre_en = NULL,
            reinicios = 0, actualizado_en = now()
        WHERE empresa_id = :empresa_id AND id = :chat_id AND token = :token
          AND (pendientes = :vistos OR NOT :puede_reiniciar)
        RETURNING id, canal_id, ultimo_orden, ultimo_evento, pendientes,
            extract(epoch FROM turno_desde - now()) AS espera
    ), r AS (
        INSERT INTO mensaje (empresa_id, canal_id, chat_id, orden, remitente, texto, estado,
            estado_venta, venta_id, botones, entrega, entrega_desde)
        SELECT :empresa_id, canal_id, id, ultimo_orden, 'bot', :respuesta, 'procesado',
            :estado_venta, :venta_id, :botones, cast(:entrega AS text),
            CASE WHEN cast(:entrega AS text) = 'pendiente' THEN now() END
        FROM c WHERE :replies > 0
        RETURNING id
    ), u AS (
        UPDATE mensaje SET estado = :estado, respuesta_id = (SELECT id FROM r), crudo = NULL,
            error = :error
        FROM c WHERE mensaje.empresa_id = :empresa_id AND mensaje.id = ANY(:ids)
    ), e AS (
        INSERT INTO evento (empresa_id, chat_id, n, tipo, ref_id)
        SELECT :empresa_id, c.id, ultimo_evento, 'mensaje', r.id FROM c, r
    ), t AS (
        INSERT INTO turno (empresa_id, chat_id, respuesta_id, motor, acto, regla, corregido,
            registro, tokens_entrada, tokens_salida, costo)
        SELECT :empresa_id, c.id, r.id, :motor, :acto, :regla, :corregido, :registro,
            :tokens_entrada, :tokens_salida, :costo
        FROM c, r WHERE cast(:motor AS text) IS NOT NULL
    )
    SELECT (SELECT id FROM r) AS respuesta_id, c.pendientes, c.espera,
        pg_notify(:canal_eventos, :empresa_id || ':' || c.id) FROM c
    """
).bindparams(
    bindparam("memoria", type_=JSONB),
    bindparam("registro", type_=JSONB),
    bindparam("botones", type_=JSONB(none_as_null=True)),
)


@dataclass(frozen=True)
class Registrado:
    """What a recorded turn left: the reply's row, whether it must be sent, what still waits."""

    respuesta_id: int | None
    por_enviar: bool
    pendientes: int
    espera: float
    venta_id: int | None = None
    # Of people who are told what happened, and of what else was set going.
    timbres: Timbres = ()


def record_silence(db: Database, turno: TurnoTomado, *, baja: bool | None = None) -> Registrado:
    """The messages are read and nobody answers: a person has the chat, who is told, or the shop
    switched its bot off. `baja`: whether they said that they want no messages (True) or take it
    back (False)."""
    with db.empresa(turno.empresa_id) as session:
        told = tell_silent(session, turno)
        return finish_turno(
            session, turno, respuesta=None, baja=baja, humano=turno.apagado, timbres=told
        )


def quarantine(db: Database, turno: TurnoTomado, respuesta: str) -> Registrado:
    """Set the turn's message aside with an honest reply, silently while a person has the chat, and
    go on with the chat. Raises LeaseLost."""
    with db.empresa(turno.empresa_id) as session:
        audit(
            session,
            empresa_id=turno.empresa_id,
            accion="mensaje.cuarentena",
            actor="sistema",
            objeto=f"mensaje:{turno.mensajes[0].id}",
        )
        told = tell_called(session, turno, "ilegible") if turno.ia_activa else ()
        return finish_turno(
            session,
            turno,
            respuesta=respuesta if turno.ia_activa else None,
            memoria=turno.visto.memoria | INTERRUMPIDA,
            humano=turno.ia_activa,
            estado="cuarentena",
            force=True,
            timbres=told,
        )


def finish_turno(
    session: Session,
    turno: TurnoTomado,
    *,
    respuesta: str | None,
    memoria: dict[str, Any] | None = None,
    estado_venta: str | None = None,
    humano: bool = False,
    resumen: str | None = None,
    baja: bool | None = None,
    venta_id: int | None = None,
    cliente_id: int | None = None,
    estado: str = "procesado",
    force: bool = False,
    pensado: Resultado | None = None,
    timbres: Timbres = (),
) -> Registrado:
    """The last statement of a turn's transaction: everything moves on, or nothing does. `pensado`
    is kept beside the reply, so that people can see why. `resumen`, `baja` None: as they were.
    `timbres`: what this transaction set going besides.

    Raises LeaseLost when another worker or a person has the chat by now, TurnoSuperado when
    messages arrived meanwhile; then the transaction must be rolled back, and the lease stands.
    """
    push = turno.cuenta.tipo != "web"
    row = session.execute(
        _FINISH,
        {
            "empresa_id": turno.empresa_id,
            "chat_id": turno.chat_id,
            "token": turno.token,
            "n": len(turno.mensajes),
            "vistos": turno.vistos,
            # Alone or for the last time: what arrived meanwhile is the next turn's.
            "puede_reiniciar": turno.puede_reiniciar and not turno.solo and not force,
            "ids": [m.id for m in turno.mensajes],
            "replies": 0 if respuesta is None else 1,
            "respuesta": respuesta,
            "memoria": turno.visto.memoria if memoria is None else memoria,
            "estado_venta": estado_venta or turno.visto.estado_venta,
            "humano": humano,
            "botones": [asdict(b) for b in pensado.botones] or None if pensado else None,
            "resumen": resumen,
            "baja": baja,
            "venta_id": venta_id,
            "cliente_id": cliente_id,
            # The page reads its reply from the row itself: written is delivered.
            "entrega": "pendiente" if push else "enviada",
            "estado": estado,
            "error": None if estado == "procesado" else estado,
            "canal_eventos": CANAL_EVENTOS,
            **_why_it_was_said(pensado),
        },
    ).one_or_none()
    if row is None:
        raise _why_not(session, turno)
    _keep_parsed(session, turno)  # after the chat is locked, as everybody locks
    return Registrado(
        row.respuesta_id,
        push and respuesta is not None,
        row.pendientes,
        float(row.espera),
        venta_id,
        timbres,
    )


def _why_it_was_said(pensado: Resultado | None) -> dict[str, Any]:
    """The turno's row; no motor, no row."""
    kept = pensado if pensado is not None and pensado.registro else None
    return {
        "motor": kept and kept.motor,
        "acto": kept and kept.acto,
        "regla": kept and kept.regla,
        "corregido": kept and kept.corregido,
        "registro": kept and kept.registro,
        "tokens_entrada": kept and kept.tokens_entrada,
        "tokens_salida": kept and kept.tokens_salida,
        "costo": kept and kept.costo,
    }


def _why_not(session: Session, turno: TurnoTomado) -> LeaseLost:
    token = session.scalar(
        select(Chat.token).where(Chat.empresa_id == turno.empresa_id, Chat.id == turno.chat_id)
    )
    if token == turno.token:
        return TurnoSuperado("Llegaron mensajes nuevos.")
    return LeaseLost("Otro tiene este chat.")


def _keep_parsed(session: Session, turno: TurnoTomado) -> None:
    """Write the texts that a worker read out of the provider's updates."""
    parsed = [m for m in turno.mensajes if m.crudo is not None]
    if parsed:
        session.execute(
            text(
                "UPDATE mensaje SET texto = :texto, tipo = :tipo "
                "WHERE empresa_id = :empresa_id AND id = :id"
            ),
            [
                {"empresa_id": turno.empresa_id, "id": m.id, "texto": m.texto, "tipo": m.tipo}
                for m in parsed
            ],
        )
