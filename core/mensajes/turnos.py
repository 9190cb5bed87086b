"""A turn's hold on its chat: take it, record everything it did or nothing, or let it go.

The unit is the chat, never the message. A lease with a fencing token gives it to one worker;
only the holder of the latest token may record. A lease that nobody gave back means that its
process died or froze: the chat then reruns alone (`solo`), one message at a time, and only
there do deaths count against a message.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from core.bitacora import CANAL_EVENTOS, audit
from core.db import Database
from core.errors import LeaseLost
from core.models import Chat, Mensaje
from core.ports import ChatVisto, CuentaCanal, Tienda, VentaVista
from core.settings import Settings

# In chat.conversacion: somebody else spoke since the bot last said what is on offer. The bot's next
# reply writes the memory anew, without it.
INTERRUMPIDA = {"interrumpida": True}


@dataclass(frozen=True)
class MensajePendiente:
    id: int
    texto: str
    tipo: str
    crudo: dict[str, Any] | None
    # As the provider knows the person; read with the words.
    nombre: str | None = None


@dataclass(frozen=True)
class TurnoTomado:
    """A chat in our hands until `lease` ends. `vistos`: its pending messages when taken."""

    empresa_id: int
    chat_id: int
    token: int
    solo: bool
    vistos: int
    cuenta: CuentaCanal
    ia_activa: bool
    puede_reiniciar: bool
    mensajes: tuple[MensajePendiente, ...]
    visto: ChatVisto
    agotado: bool


class TurnoSuperado(LeaseLost):
    """Messages arrived meanwhile: think again with all of them."""

    codigo = "turno_superado"


_TAKE = text(
    """
    WITH t AS (
        UPDATE chat SET token = token + 1, lease_de = :worker,
            lease_hasta = clock_timestamp() + make_interval(secs => :lease)
        WHERE empresa_id = :empresa_id AND id = :chat_id AND pendientes > 0
          AND turno_desde <= clock_timestamp() AND lease_hasta IS NULL AND solo = :solo
        RETURNING *
    )
    SELECT t.id, t.token, t.pendientes, t.canal_id, t.ia_activa, t.reinicios, t.conversacion,
        t.estado_venta, canal.tipo, canal.clave, canal.credenciales,
        e.nombre, e.moneda, e.ajustes, cliente.datos,
        dicho.texto AS ultima_respuesta, coalesce(dicho.orden, 0) AS ultimo_dicho,
        dicho.entrega AS ultima_entrega,
        pg_notify(:canal_eventos, t.empresa_id || ':' || t.id || '\\:escribiendo')
    FROM t
    JOIN empresa e ON e.id = t.empresa_id
    JOIN canal ON canal.empresa_id = t.empresa_id AND canal.id = t.canal_id
    LEFT JOIN cliente ON cliente.empresa_id = t.empresa_id AND cliente.id = t.cliente_id
    LEFT JOIN LATERAL (
        SELECT texto, orden, entrega FROM mensaje m
        WHERE m.empresa_id = t.empresa_id AND m.chat_id = t.id AND m.remitente <> 'usuario'
        ORDER BY orden DESC LIMIT 1
    ) dicho ON true
    """
)

_LAST_VENTA = text(
    """
    SELECT v.id, v.estado, v.total, v.moneda, v.creada_en,
        (SELECT jsonb_agg(jsonb_build_object('producto_id', l.producto_id, 'sku', l.sku,
            'nombre', l.nombre, 'cantidad', l.cantidad::text,
            'precio_unitario', l.precio_unitario::text, 'subtotal', l.subtotal::text)
            ORDER BY l.id)
         FROM venta_linea l WHERE l.empresa_id = v.empresa_id AND l.venta_id = v.id) AS lineas
    FROM venta v WHERE v.empresa_id = :empresa_id AND v.chat_id = :chat_id
    ORDER BY v.id DESC LIMIT 1
    """
)


def take_chat(
    db: Database, settings: Settings, *, empresa_id: int, chat_id: int, worker: str, solo: bool
) -> TurnoTomado | None:
    """Lease the chat with everything that waits in it; None when it is not ours to take.

    Safe to repeat: a second taker finds the lease. In `solo` it takes one message and counts the
    attempt before any work; `agotado` says that this message has had all of its attempts.
    """
    values = {
        "empresa_id": empresa_id,
        "chat_id": chat_id,
        "worker": worker,
        "lease": settings.lease_segundos,
        "solo": solo,
        "canal_eventos": CANAL_EVENTOS,
    }
    with db.empresa(empresa_id) as session:
        row = session.execute(_TAKE, values).one_or_none()
        if row is None:
            return None
        pending = _pending(session, empresa_id, chat_id, only_first=solo)
        agotado = solo and bool(pending) and pending[0].intentos >= settings.turno_intentos
        if solo and pending and not agotado:
            session.execute(
                update(Mensaje)
                .where(Mensaje.empresa_id == empresa_id, Mensaje.id == pending[0].id)
                .values(intentos=Mensaje.intentos + 1)
            )
        venta = session.execute(
            _LAST_VENTA, {"empresa_id": empresa_id, "chat_id": chat_id}
        ).one_or_none()
    return TurnoTomado(
        empresa_id=empresa_id,
        chat_id=chat_id,
        token=row.token,
        solo=solo,
        vistos=row.pendientes,
        cuenta=CuentaCanal(empresa_id, row.canal_id, row.tipo, row.clave, row.credenciales),
        ia_activa=row.ia_activa,
        puede_reiniciar=row.reinicios < settings.turno_reinicios,
        mensajes=tuple(MensajePendiente(m.id, m.texto, m.tipo, m.crudo) for m in pending),
        visto=ChatVisto(
            tienda=Tienda(row.nombre, row.moneda, row.ajustes),
            memoria=row.conversacion,
            estado_venta=row.estado_venta,
            ultima_respuesta=row.ultima_respuesta,
            ultima_venta=VentaVista(**venta._mapping) if venta else None,
            cliente=row.datos or {},
            leida=_was_read(row, pending),
        ),
        agotado=agotado,
    )


def _was_read(chat: Row[Any], pending: Sequence[Row[Any]]) -> bool:
    """Whether the customer can have answered what the bot last offered: it left us, nobody else
    spoke since, and all that waits was written after it."""
    return (
        chat.ultima_entrega not in ("pendiente", "fallida")
        and not INTERRUMPIDA.items() <= chat.conversacion.items()
        and all(m.orden > chat.ultimo_dicho for m in pending)
    )


def _pending(
    session: Session, empresa_id: int, chat_id: int, *, only_first: bool
) -> Sequence[Row[Any]]:
    """What waits, in the provider's order where it has one, else as it arrived."""
    query = (
        select(
            Mensaje.id,
            Mensaje.orden,
            Mensaje.texto,
            Mensaje.tipo,
            Mensaje.crudo,
            Mensaje.intentos,
        )
        .where(
            Mensaje.empresa_id == empresa_id,
            Mensaje.chat_id == chat_id,
            Mensaje.estado == "pendiente",
        )
        .order_by(Mensaje.orden_externo.asc().nulls_last(), Mensaje.orden)
    )
    return session.execute(query.limit(1) if only_first else query).all()


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
            estado_venta, venta_id, entrega, entrega_desde)
        SELECT :empresa_id, canal_id, id, ultimo_orden, 'bot', :respuesta, 'procesado',
            :estado_venta, :venta_id, cast(:entrega AS text),
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
    )
    SELECT (SELECT id FROM r) AS respuesta_id, c.pendientes, c.espera,
        pg_notify(:canal_eventos, :empresa_id || ':' || c.id) FROM c
    """
).bindparams(bindparam("memoria", type_=JSONB))


@dataclass(frozen=True)
class Registrado:
    """What a recorded turn left: the reply's row, whether it must be sent, what still waits."""

    respuesta_id: int | None
    por_enviar: bool
    pendientes: int
    espera: float
    venta_id: int | None = None


def record_silence(db: Database, turno: TurnoTomado) -> Registrado:
    """The messages are read and nobody answers: a person has the chat."""
    with db.empresa(turno.empresa_id) as session:
        return finish_turno(session, turno, respuesta=None)


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
        return finish_turno(
            session,
            turno,
            respuesta=respuesta if turno.ia_activa else None,
            memoria=turno.visto.memoria | INTERRUMPIDA,
            humano=turno.ia_activa,
            estado="cuarentena",
            force=True,
        )


def finish_turno(
    session: Session,
    turno: TurnoTomado,
    *,
    respuesta: str | None,
    memoria: dict[str, Any] | None = None,
    estado_venta: str | None = None,
    humano: bool = False,
    venta_id: int | None = None,
    cliente_id: int | None = None,
    estado: str = "procesado",
    force: bool = False,
) -> Registrado:
    """The last statement of a turn's transaction: everything moves on, or nothing does.

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
            "venta_id": venta_id,
            "cliente_id": cliente_id,
            # The page reads its reply from the row itself: written is delivered.
            "entrega": "pendiente" if push else "enviada",
            "estado": estado,
            "error": None if estado == "procesado" else estado,
            "canal_eventos": CANAL_EVENTOS,
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
    )


def hold_chat(session: Session, turno: TurnoTomado) -> None:
    """Lock the chat while it is ours, before any producto: everybody locks in that order, so no
    two can wait for each other. Raises LeaseLost."""
    held = session.scalar(
        select(Chat.id)
        .where(
            Chat.empresa_id == turno.empresa_id,
            Chat.id == turno.chat_id,
            Chat.token == turno.token,
        )
        .with_for_update()
    )
    if held is None:
        raise LeaseLost("Otro tiene este chat.")


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


_RELEASE = text(
    """
    UPDATE chat SET lease_de = NULL, lease_hasta = NULL, timbre_en = NULL,
        solo = solo OR :solo, reinicios = reinicios + :reinicio,
        turno_desde = greatest(turno_desde, now() + make_interval(secs => :espera)),
        rafaga_hasta = greatest(rafaga_hasta, now() + make_interval(secs => :espera))
    WHERE empresa_id = :empresa_id AND id = :chat_id AND token = :token
    RETURNING extract(epoch FROM turno_desde - now()) AS espera
    """
)


def release_chat(
    db: Database,
    turno: TurnoTomado,
    *,
    espera: float = 0.0,
    solo: bool = False,
    reinicio: bool = False,
    forgive: bool = False,
) -> float | None:
    """Let the chat go, nothing recorded; it is due again after `espera` seconds.

    `solo`: the turn failed on its own, so it reruns alone. `forgive`: the neighbours failed, so
    the attempt is not counted. Returns the seconds until it is due, None when it was not ours.
    """
    with db.empresa(turno.empresa_id) as session:
        values = {
            "empresa_id": turno.empresa_id,
            "chat_id": turno.chat_id,
            "token": turno.token,
            "espera": espera,
            "solo": solo,
            "reinicio": int(reinicio),
        }
        due = session.scalar(_RELEASE, values)
        if due is not None and forgive and turno.solo and turno.mensajes:
            session.execute(
                update(Mensaje)
                .where(Mensaje.empresa_id == turno.empresa_id, Mensaje.id == turno.mensajes[0].id)
                .values(intentos=Mensaje.intentos - 1)
            )
        return None if due is None else max(0.0, float(due))
