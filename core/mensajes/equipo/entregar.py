"""Bring the shop's people what waits for them, in order: over a canal as a mensaje of their own
chat, which is then delivered as every other; by email from here, leased, outside any transaction.
"""

from dataclasses import dataclass

from sqlalchemy import Row, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from core.db import Database
from core.errors import (
    AgenteError,
    CredencialesRechazadas,
    EnvioIncierto,
    EnvioRechazado,
    Unavailable,
)
from core.mensajes.equipo.palabras import di, enlace_del_chat
from core.mensajes.reintentos import (
    BELL_SECONDS,
    CREDENTIALS_SECONDS,
    STALE_SECONDS,
    insist,
    pause_unavailable,
    pause_uncertain,
)
from core.mensajes.salida import OPEN
from core.ports import Carta, Cola, Correo, Tarea
from core.settings import Settings

_LOTE = 50
_LIMIT = 500


@dataclass(frozen=True)
class Avisado:
    """How a visit ended: enviada, espera, incierta, fallida, entregada (became mensajes of their
    chat) or nada. segundos: until there is more to do for them."""

    estado: str
    error: str | None = None
    segundos: float | None = None


@dataclass(frozen=True)
class _Tomada:
    empresa_id: int
    id: int
    token: int
    intento: int
    edad: float
    carta: Carta

    @property
    def key(self) -> dict[str, int]:
        return {"empresa_id": self.empresa_id, "id": self.id, "token": self.token}


def deliver_avisos(
    db: Database,
    cola: Cola,
    settings: Settings,
    correo: Correo | None,
    *,
    empresa_id: int,
    destinatario_id: int,
) -> Avisado:
    """Bring one person what waits for them; an email at a time, and ring for the next.

    Idempotent: what is leased, delivered, failed or behind another is left alone.
    """
    key = {"empresa_id": empresa_id, "destinatario_id": destinatario_id}
    with db.empresa(empresa_id) as session:
        who = session.execute(_WHO, key).one_or_none()
        if who is None:
            return Avisado("nada")
        if who.via != "email":
            first = _hand_over(session, settings, key, who)
            taken = None
        else:
            first, taken = None, _take(session, settings, key, who)
    if first is not None:
        cola.ring(Tarea.DELIVER_MENSAJE, empresa_id=empresa_id, mensaje_id=first)
        return Avisado("entregada")
    if taken is None:
        return Avisado("nada")
    ended = _send(db, settings, correo, taken)
    if ended.segundos is not None and ended.segundos <= BELL_SECONDS:
        cola.ring(Tarea.DELIVER_AVISOS, after=ended.segundos, **key)
    return ended


_WHO = text(
    """
    SELECT d.via, d.canal_id, d.externo, k.eliminado_en IS NOT NULL AS cerrado
    FROM destinatario d
    LEFT JOIN canal k ON k.empresa_id = d.empresa_id AND k.id = d.canal_id
    WHERE d.empresa_id = :empresa_id AND d.id = :destinatario_id AND d.estado = 'activo'
    FOR NO KEY UPDATE OF d
    """
)

# --- over a canal ------------------------------------------------------------------------------

_WAITING = text(
    f"""
    SELECT a.id, a.texto, a.chat_id, a.botones, c.chat_id AS publico
    FROM aviso a LEFT JOIN chat c ON c.empresa_id = a.empresa_id AND c.id = a.chat_id
    WHERE a.empresa_id = :empresa_id AND a.destinatario_id = :destinatario_id
      AND a.estado IN {OPEN}
    ORDER BY a.id LIMIT {_LOTE}
    """
)
# It is there: they linked it. Erased since, it opens anew.
_OPEN_CHAT = text(
    """
    INSERT INTO chat (empresa_id, canal_id, chat_id, externo, equipo)
    VALUES (:empresa_id, :canal_id, :publico, :externo, true) ON CONFLICT DO NOTHING
    """
)
SAY = text(
    """
    WITH c AS (
        UPDATE chat SET ultimo_orden = ultimo_orden + 1
        WHERE empresa_id = :empresa_id AND canal_id = :canal_id AND externo = :externo
        RETURNING id, ultimo_orden
    )
    INSERT INTO mensaje (empresa_id, canal_id, chat_id, orden, remitente, texto, botones,
        sobre_chat_id, entrega, entrega_desde)
    SELECT :empresa_id, :canal_id, c.id, ultimo_orden, 'bot', :texto, :botones,
        :sobre_chat_id, 'pendiente', now()
    FROM c RETURNING id
    """
).bindparams(bindparam("botones", type_=JSONB(none_as_null=True)))
_HANDED = text(
    "UPDATE aviso SET estado = 'enviada', mensaje_id = :mensaje_id, desde = now(), error = NULL "
    "WHERE empresa_id = :empresa_id AND id = :id"
)
_NO_CANAL = text(
    f"UPDATE aviso SET estado = 'fallida', error = 'canal_cerrado', desde = now() "
    f"WHERE empresa_id = :empresa_id AND destinatario_id = :destinatario_id AND estado IN {OPEN}"
)


def _hand_over(
    session: Session, settings: Settings, key: dict[str, int], who: Row[tuple[()]]
) -> int | None:
    """All that waits becomes mensajes of their chat, with it in one transaction; the first's id."""
    if who.cerrado:
        session.execute(_NO_CANAL, key)
        return None
    waiting = session.execute(_WAITING, key).all()
    if not waiting:
        return None
    at = {**key, "canal_id": who.canal_id, "externo": who.externo}
    session.execute(_OPEN_CHAT, {**at, "publico": f"{who.canal_id}-{who.externo}"})
    made = []
    for row in waiting:
        said = {
            "texto": _with_link(settings, row.texto, row.publico),
            "botones": row.botones,
            "sobre_chat_id": row.chat_id,
        }
        mensaje_id = session.execute(SAY, {**at, **said}).scalar_one()
        session.execute(_HANDED, {**key, "id": row.id, "mensaje_id": mensaje_id})
        made.append(mensaje_id)
    return int(made[0])


def _with_link(settings: Settings, texto: str, publico: str | None) -> str:
    if publico is None:
        return texto
    return f"{texto}\n\n{di('ver', enlace=enlace_del_chat(settings, publico))}"


# --- by email ----------------------------------------------------------------------------------

# Strictly in order: the oldest that is open, and only when it is due.
_TAKE = text(
    f"""
    WITH a AS (
        SELECT id, estado = 'enviando' AS perdida,
            desde IS NULL OR desde <= clock_timestamp() AS toca
        FROM aviso WHERE empresa_id = :empresa_id AND destinatario_id = :destinatario_id
          AND estado IN {OPEN} ORDER BY id LIMIT 1
    )
    UPDATE aviso SET estado = 'enviando', token = token + 1, intentos = intentos + 1,
        timbre_en = NULL, desde = clock_timestamp() + make_interval(secs => :lease),
        error = CASE WHEN a.perdida THEN 'envio_incierto' ELSE aviso.error END
    FROM a WHERE aviso.empresa_id = :empresa_id AND aviso.id = a.id AND a.toca
    RETURNING aviso.id, aviso.token, aviso.intentos, aviso.asunto, aviso.texto,
        extract(epoch FROM clock_timestamp() - aviso.creado_en)::float8 AS edad,
        (SELECT c.chat_id FROM chat c
         WHERE c.empresa_id = aviso.empresa_id AND c.id = aviso.chat_id) AS publico
    """
)
_SENT = text(
    "UPDATE aviso SET estado = 'enviada', id_proveedor = :id_proveedor, error = NULL, "
    f"desde = now() WHERE empresa_id = :empresa_id AND id = :id AND estado IN {OPEN}"
)
_SETTLE = text(
    """
    UPDATE aviso SET estado = :estado, intentos = :intentos, error = :error,
        desde = clock_timestamp() + make_interval(secs => :segundos)
    WHERE empresa_id = :empresa_id AND id = :id AND estado = 'enviando' AND token = :token
    """
)


def _take(
    session: Session, settings: Settings, key: dict[str, int], who: Row[tuple[()]]
) -> _Tomada | None:
    lease = 2 * settings.envio_segundos + settings.envio_margen_segundos
    row = session.execute(_TAKE, {**key, "lease": lease}).one_or_none()
    if row is None:
        return None
    empresa_id = key["empresa_id"]
    carta = Carta(
        para=who.externo,
        asunto=row.asunto,
        texto=_with_link(settings, row.texto, row.publico),
        id=f"aviso.{empresa_id}.{row.id}",
    )
    return _Tomada(empresa_id, row.id, row.token, row.intentos, row.edad, carta)


def _send(db: Database, settings: Settings, correo: Correo | None, taken: _Tomada) -> Avisado:
    try:
        if correo is None:
            raise CredencialesRechazadas("No hay un servidor de correo configurado.")
        id_proveedor = correo.send(taken.carta)
    except AgenteError as failure:
        ended, intentos = _judge(settings, taken, failure)
        with db.empresa(taken.empresa_id) as session:
            how = {"estado": _ESTADOS[ended.estado], "intentos": intentos, "error": ended.error}
            session.execute(_SETTLE, {**taken.key, **how, "segundos": ended.segundos or 0.0})
        return ended
    _record_sent(db, taken, id_proveedor)
    return Avisado("enviada", segundos=0.0)


_ESTADOS = {"espera": "pendiente", "incierta": "incierta", "fallida": "fallida"}


def _judge(settings: Settings, taken: _Tomada, failure: AgenteError) -> tuple[Avisado, int]:
    """(how it goes on, the attempts that count): only what may have been sent counts as tried."""
    match failure:
        case EnvioIncierto():
            if taken.intento >= settings.envio_intentos:
                return Avisado("fallida", "intentos_agotados", 0.0), taken.intento
            again = pause_uncertain(taken.intento)
            return Avisado("incierta", failure.codigo, again), taken.intento
        case CredencialesRechazadas():
            pause = CREDENTIALS_SECONDS
        case EnvioRechazado():
            return Avisado("fallida", failure.codigo, 0.0), taken.intento
        case Unavailable():
            pause = pause_unavailable(failure, edad=taken.edad)
        case _:
            raise failure
    if taken.edad > STALE_SECONDS:
        return Avisado("fallida", "caducada", 0.0), taken.intento
    return Avisado("espera", failure.codigo, pause), taken.intento - 1


def _record_sent(db: Database, taken: _Tomada, id_proveedor: str) -> None:
    """Insisting while the database is away: until it is written down it would be sent again."""

    def record() -> None:
        with db.empresa(taken.empresa_id) as session:
            session.execute(_SENT, {**taken.key, "id_proveedor": id_proveedor})

    insist(record)


# --- what barrido asks -------------------------------------------------------------------------

# Only the first of each: those behind it are not due before it has left, and while a mail server is
# away they would crowd out everybody else.
_DUE = text(
    f"""
    UPDATE aviso SET timbre_en = clock_timestamp()
    FROM (
        SELECT a.empresa_id, a.id FROM aviso a JOIN empresa e ON e.id = a.empresa_id
        WHERE a.estado IN {OPEN} AND NOT e.efimera
          AND (a.desde IS NULL OR a.desde <= now() - CASE a.estado
               WHEN 'enviando' THEN interval '0' ELSE interval '1 second' END)
          AND (a.timbre_en IS NULL OR a.timbre_en < now() - make_interval(secs => :rering))
          AND NOT EXISTS (
              SELECT FROM aviso b WHERE b.empresa_id = a.empresa_id
                AND b.destinatario_id = a.destinatario_id AND b.id < a.id AND b.estado IN {OPEN})
        ORDER BY a.desde LIMIT :limit FOR UPDATE OF a SKIP LOCKED
    ) due
    WHERE aviso.empresa_id = due.empresa_id AND aviso.id = due.id
    RETURNING aviso.empresa_id, aviso.destinatario_id
    """
)


def ring_due_avisos(db: Database, cola: Cola, settings: Settings) -> int:
    """Ring for everybody whom something has waited for; how many. Idempotent."""
    with db.sistema() as session:
        due = set(session.execute(_DUE, {"rering": settings.rering_segundos, "limit": _LIMIT}))
    for empresa_id, destinatario_id in due:
        cola.ring(Tarea.DELIVER_AVISOS, empresa_id=empresa_id, destinatario_id=destinatario_id)
    return len(due)
