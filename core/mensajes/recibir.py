"""Intake: a customer's message becomes a row, once, and then a bell is rung for it."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from core.archivos.guardar import Adjunto, insert_adjunto
from core.bitacora import CANAL_EVENTOS
from core.db import DATABASE_DOWN, Database, translating_outage
from core.errors import Invalid, NotFound, Unavailable
from core.models import Canal, Chat, Mensaje
from core.ports import Cola, Tarea
from core.settings import Settings

CHAT_ID_MAX = 128


@dataclass(frozen=True)
class Destino:
    """Which chat a message belongs to: its public name, or the provider's id within a canal.

    A public name that is new is opened in the empresa's default web canal.
    """

    chat_id: str | None = None
    canal_id: int | None = None
    externo: str | None = None


@dataclass(frozen=True)
class Recibido:
    """Where the message stands. `nuevo` is False for one that had come before."""

    mensaje_id: int
    chat_pk: int
    chat_id: str
    ia_activa: bool
    nuevo: bool


# One statement: the chat's counters move under its row lock, the message takes its place, live
# pages hear of it. A redelivery violates the message's key and the whole of it is rolled back.
STORE = text(
    """
    WITH c AS (
        UPDATE chat SET
            ultimo_orden = ultimo_orden + 1,
            ultimo_evento = ultimo_evento + 1,
            pendientes = pendientes + 1,
            actualizado_en = now(),
            escrito_en = greatest(escrito_en,
                least(now(), coalesce(cast(:escrito_en AS timestamptz), now()))),
            rafaga_hasta = CASE WHEN pendientes = 0 OR lease_hasta IS NOT NULL
                THEN now() + :ventanas * v.ventana ELSE rafaga_hasta END,
            turno_desde = CASE WHEN pendientes = 0 OR lease_hasta IS NOT NULL
                THEN now() + v.ventana
                ELSE least(greatest(turno_desde, now() + v.ventana), rafaga_hasta) END
        FROM (
            SELECT id, make_interval(secs => CASE tipo WHEN 'web' THEN cast(:web AS float8)
                                             ELSE cast(:mensajeria AS float8) END) AS ventana
            FROM canal WHERE empresa_id = :empresa_id
        ) v
        WHERE chat.empresa_id = :empresa_id AND v.id = chat.canal_id
          AND CASE WHEN cast(:externo AS text) IS NULL THEN chat.chat_id = :chat_id
              ELSE chat.canal_id = :canal_id AND chat.externo = :externo END
        RETURNING chat.id, chat.chat_id, chat.canal_id, ultimo_orden, ultimo_evento, ia_activa,
            estado_venta, extract(epoch FROM turno_desde - now()) AS espera
    ), m AS (
        INSERT INTO mensaje (empresa_id, canal_id, chat_id, orden, remitente, tipo, texto, crudo,
            id_externo, orden_externo, estado, estado_venta)
        SELECT :empresa_id, canal_id, id, ultimo_orden, 'usuario', :tipo, :texto, :crudo,
            :id_externo, :orden_externo, 'pendiente', estado_venta
        FROM c
        RETURNING id
    ), e AS (
        INSERT INTO evento (empresa_id, chat_id, n, tipo, ref_id)
        SELECT :empresa_id, c.id, ultimo_evento, 'mensaje', m.id FROM c, m
    )
    SELECT m.id AS mensaje_id, c.id AS chat_pk, c.chat_id, c.ia_activa, c.espera,
        pg_notify(:canal_eventos, :empresa_id || ':' || c.id)
    FROM c, m
    """
).bindparams(bindparam("crudo", type_=JSONB(none_as_null=True)))


def receive_mensaje(
    db: Database,
    cola: Cola,
    settings: Settings,
    *,
    empresa_id: int,
    destino: Destino,
    texto: str = "",
    tipo: str = "texto",
    crudo: dict[str, Any] | None = None,
    id_externo: str | None = None,
    orden_externo: int | None = None,
    adjunto: Adjunto | None = None,
) -> Recibido:
    """Store one message and ring for its chat; when this returns, the message is committed.

    Idempotent by `id_externo` within its chat: the first text wins, a redelivery finds the same
    row. `crudo` is a provider's own update, parsed later by a worker; `adjunto` a file that came
    with it, stored with it or not at all. Raises Invalid for a chat
    name that is too long, NotFound for an empresa without a web canal, Unavailable when the
    database could not say that the message is stored.
    """
    if destino.chat_id is not None and not 0 < len(destino.chat_id) <= CHAT_ID_MAX:
        raise Invalid(f"chat_id tiene entre 1 y {CHAT_ID_MAX} caracteres.")
    values = values_of(
        settings,
        empresa_id=empresa_id,
        destino=destino,
        texto=texto,
        tipo=tipo,
        crudo=crudo,
        id_externo=id_externo or str(uuid4()),
        orden_externo=orden_externo,
    )
    with translating_outage("El mensaje no se pudo guardar; vuelve a enviarlo."):
        try:
            stored = _store(db, empresa_id, values, adjunto)
        except DataError as e:  # NUL, which PostgreSQL's text and jsonb do not hold
            raise Invalid("El mensaje tiene caracteres que no se pueden guardar.") from e
        except IntegrityError:
            return _find(db, empresa_id, values)
        except DATABASE_DOWN:
            # The COMMIT may have happened: the key tells.
            return _find(db, empresa_id, values)
    cola.ring(
        Tarea.ANSWER_CHAT, after=float(stored.espera), empresa_id=empresa_id, chat_id=stored.chat_pk
    )
    return Recibido(stored.mensaje_id, stored.chat_pk, stored.chat_id, stored.ia_activa, nuevo=True)


def values_of(
    settings: Settings, *, empresa_id: int, destino: Destino, **mensaje: Any
) -> dict[str, Any]:
    """What STORE is told of one message. escrito_en: when it was written, if that was not now."""
    return {
        "empresa_id": empresa_id,
        "chat_id": destino.chat_id,
        "canal_id": destino.canal_id,
        "externo": destino.externo,
        "texto": "",
        "tipo": "texto",
        "escrito_en": None,
        **mensaje,
        "web": settings.ventana_ms("web") / 1000,
        "mensajeria": settings.ventana_ms("telegram") / 1000,
        "ventanas": settings.rafaga_ventanas_max,
        "canal_eventos": CANAL_EVENTOS,
    }


def _store(
    db: Database, empresa_id: int, values: dict[str, Any], adjunto: Adjunto | None
) -> Row[Any]:
    """The stored row, its chat opened first where it is new."""
    with db.empresa(empresa_id) as session:
        stored = session.execute(STORE, values).one_or_none()
        if stored is None:
            _open_chat(session, values)
            stored = session.execute(STORE, values).one_or_none()
        if stored is None:  # the name that this customer's chat would have is another chat's
            _open_chat(session, values, suffix=f"-{uuid4().hex[:8]}")
            stored = session.execute(STORE, values).one()
        if adjunto is not None:
            insert_adjunto(
                session,
                adjunto,
                empresa_id=empresa_id,
                chat_id=stored.chat_pk,
                mensaje_id=stored.mensaje_id,
            )
        return stored


def _open_chat(session: Session, values: dict[str, Any], *, suffix: str = "") -> None:
    empresa_id = values["empresa_id"]
    chosen = select(Canal.id).where(Canal.empresa_id == empresa_id)
    if values["externo"] is None:
        chosen = chosen.where(Canal.por_defecto)
    else:
        chosen = chosen.where(Canal.id == values["canal_id"])
    canal_id = session.scalar(chosen)
    if canal_id is None:
        raise NotFound
    public = values["chat_id"] or f"{canal_id}-{values['externo']}{suffix}"
    session.execute(
        insert(Chat)
        .values(empresa_id=empresa_id, canal_id=canal_id, chat_id=public, externo=values["externo"])
        .on_conflict_do_nothing()
    )


# An older piece of news must not undo what the customer wrote since.
_CERRADO = text(
    """
    UPDATE chat SET cerrado = :cerrado
    WHERE empresa_id = :empresa_id AND canal_id = :canal_id AND externo = :externo
      AND cerrado <> :cerrado AND NOT EXISTS (
        SELECT FROM mensaje m WHERE m.empresa_id = chat.empresa_id AND m.chat_id = chat.id
          AND m.orden_externo > :orden_externo)
    """
)


def mark_cerrado(
    db: Database, *, empresa_id: int, destino: Destino, cerrado: bool, orden_externo: int
) -> None:
    """The provider says that the customer left the chat, or is back. `destino` names canal and
    externo; a chat that never was is not opened. Safe to repeat. Raises Unavailable when the
    database could not say that it is written."""
    values = {
        "empresa_id": empresa_id,
        "canal_id": destino.canal_id,
        "externo": destino.externo,
        "cerrado": cerrado,
        "orden_externo": orden_externo,
    }
    with translating_outage("No se pudo guardar; vuelve a enviarlo."), db.empresa(empresa_id) as s:
        s.execute(_CERRADO, values)


def _find(db: Database, empresa_id: int, values: dict[str, Any]) -> Recibido:
    """The message of that key, stored by this or an earlier call.

    Raises Unavailable when it is not there: then it was not stored, and may be sent again.
    """
    with db.empresa(empresa_id) as session:
        where = (
            (Chat.chat_id == values["chat_id"],)
            if values["externo"] is None
            else (Chat.canal_id == values["canal_id"], Chat.externo == values["externo"])
        )
        found = session.execute(
            select(Mensaje.id, Chat.id.label("chat_pk"), Chat.chat_id, Chat.ia_activa)
            .join(Chat, (Chat.empresa_id == Mensaje.empresa_id) & (Chat.id == Mensaje.chat_id))
            .where(
                Mensaje.empresa_id == empresa_id,
                Mensaje.id_externo == values["id_externo"],
                *where,
            )
        ).one_or_none()
    if found is None:
        raise Unavailable("El mensaje no se pudo guardar; vuelve a enviarlo.")
    return Recibido(found.id, found.chat_pk, found.chat_id, found.ia_activa, nuevo=False)
