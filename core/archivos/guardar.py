"""Where photos and recordings are kept: rows of their empresa (ADR 0018), one for a mensaje.

Nothing here is slow: who fetches and cleans does it before, with no transaction open.
"""

import hashlib
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from core.archivos.limpiar import Limpio
from core.db import Database
from core.errors import ArchivoNoListo, NotFound, TooManyRequests
from core.models import Archivo
from core.ports import Medio
from core.settings import Settings

# A turn cleans what was uploaded; should it never come to that, barrido has it done after this.
_GRACIA_SEGUNDOS = 60
# Of the first try again for what did not come from its provider.
_OTRA_VEZ_SEGUNDOS = 30


@dataclass(frozen=True)
class Adjunto:
    """A file that was uploaded with a mensaje and has passed core.archivos.limpiar.check."""

    tipo: str
    mime: str
    contenido: bytes


_INSERT = text(
    """
    INSERT INTO archivo (empresa_id, chat_id, mensaje_id, tipo, estado, mime, bytes, sha256,
        contenido, proximo_intento)
    VALUES (:empresa_id, :chat_id, :mensaje_id, :tipo, 'recibido', :mime, :bytes, :sha256,
        :contenido, now() + make_interval(secs => :gracia))
    """
)


def insert_adjunto(
    session: Session, adjunto: Adjunto, *, empresa_id: int, chat_id: int, mensaje_id: int
) -> None:
    """In the transaction of its mensaje: both are there or neither."""
    session.execute(
        _INSERT,
        {
            "empresa_id": empresa_id,
            "chat_id": chat_id,
            "mensaje_id": mensaje_id,
            "tipo": adjunto.tipo,
            "mime": adjunto.mime,
            **_content(adjunto.contenido),
            "gracia": _GRACIA_SEGUNDOS,
        },
    )


# One customer gets no more than this part of what a whole shop takes in an hour: else the first who
# sends too much would close the door for all the others.
_CHATS = 10
_SENT_LATELY = text(
    """
    SELECT coalesce(sum(a.bytes), 0) AS bytes, count(c.id) AS del_chat,
        coalesce(sum(a.bytes) FILTER (WHERE c.id IS NOT NULL), 0) AS bytes_del_chat
    FROM archivo a LEFT JOIN chat c
        ON c.empresa_id = a.empresa_id AND c.id = a.chat_id AND c.chat_id = :chat_id
    WHERE a.empresa_id = :empresa_id AND a.creado_en > now() - interval '1 hour'
    """
)


def check_cupo(session: Session, settings: Settings, *, empresa_id: int, chat_id: str) -> None:
    """Raises TooManyRequests when this chat, or this whole shop, has been sent enough for an hour:
    a script with the widget's public key must not fill the disk."""
    sent = session.execute(_SENT_LATELY, {"empresa_id": empresa_id, "chat_id": chat_id}).one()
    if (
        sent.del_chat >= settings.archivos_por_hora
        or sent.bytes_del_chat >= settings.archivos_bytes_por_hora / _CHATS
        or sent.bytes >= settings.archivos_bytes_por_hora
    ):
        raise TooManyRequests("Son demasiados archivos; espera un rato.", segundos=600)


# Unless the mensaje was erased meanwhile; and what is settled stays so, whoever comes second.
_KEEP = text(
    """
    INSERT INTO archivo AS a (empresa_id, chat_id, mensaje_id, tipo, estado, mime, bytes, sha256,
        contenido, ancho, alto, medio, error, proximo_intento)
    SELECT m.empresa_id, m.chat_id, m.id, :tipo, :estado, :mime, :bytes, :sha256, :contenido,
        :ancho, :alto, :medio, :error,
        CASE WHEN :estado = 'pendiente' THEN now() + make_interval(secs => :otra_vez) END
    FROM mensaje m WHERE m.empresa_id = :empresa_id AND m.id = :mensaje_id
    ON CONFLICT (empresa_id, mensaje_id) DO UPDATE SET estado = excluded.estado,
        mime = excluded.mime, bytes = excluded.bytes, sha256 = excluded.sha256,
        contenido = excluded.contenido, ancho = excluded.ancho, alto = excluded.alto,
        medio = excluded.medio, error = excluded.error, proximo_intento = NULL
    WHERE a.estado IN ('pendiente', 'recibido') AND excluded.estado <> 'pendiente'
    """
).bindparams(bindparam("medio", type_=JSONB(none_as_null=True)))


def keep_limpio(
    db: Database, limpio: Limpio, *, tipo: str, empresa_id: int, mensaje_id: int
) -> None:
    """The file is whole and clean: from now on it may be shown. Repeating it changes nothing."""
    _keep(
        db,
        empresa_id,
        mensaje_id,
        tipo=tipo,
        estado="listo",
        mime=limpio.mime,
        ancho=limpio.ancho,
        alto=limpio.alto,
        **_content(limpio.contenido),
    )


def keep_pendiente(db: Database, medio: Medio, *, empresa_id: int, mensaje_id: int) -> None:
    """It did not come from its provider: where it waits, so that barrido can have it fetched."""
    _keep(db, empresa_id, mensaje_id, tipo=medio.tipo, estado="pendiente", medio=asdict(medio))


def keep_rechazo(db: Database, codigo: str, *, tipo: str, empresa_id: int, mensaje_id: int) -> None:
    """It will never be shown, and what came of it is not kept; `codigo` says why."""
    _keep(db, empresa_id, mensaje_id, tipo=tipo, estado="rechazado", error=codigo)


def _keep(db: Database, empresa_id: int, mensaje_id: int, **values: Any) -> None:
    unsaid = dict.fromkeys(
        ("mime", "bytes", "sha256", "contenido", "ancho", "alto", "medio", "error")
    )
    key = {"empresa_id": empresa_id, "mensaje_id": mensaje_id, "otra_vez": _OTRA_VEZ_SEGUNDOS}
    with db.empresa(empresa_id) as session:
        session.execute(_KEEP, {**unsaid, **values, **key})


def _content(contenido: bytes) -> dict[str, Any]:
    return {
        "contenido": contenido,
        "bytes": len(contenido),
        "sha256": hashlib.sha256(contenido).digest(),
    }


# --- reading -------------------------------------------------------------------------------------


def archivos_of(
    session: Session, *, empresa_id: int, mensajes: Collection[int]
) -> dict[int, Archivo]:
    """By mensaje id, without their content."""
    if not mensajes:
        return {}
    rows = session.scalars(
        select(Archivo).where(Archivo.empresa_id == empresa_id, Archivo.mensaje_id.in_(mensajes))
    )
    return {row.mensaje_id: row for row in rows}


def find_listo(
    session: Session, *, empresa_id: int, archivo_id: int, chat_id: int | None = None
) -> Archivo:
    """One that may be shown. `chat_id`: the only chat whose files the caller may see. Raises
    NotFound, alike for all reasons, or ArchivoNoListo."""
    row = session.get(Archivo, (empresa_id, archivo_id))
    if row is None or chat_id not in (None, row.chat_id):
        raise NotFound
    if row.estado != "listo":
        raise ArchivoNoListo(row.estado)
    return row


def read_contenido(db: Database, *, empresa_id: int, archivo_id: int) -> bytes:
    """All of it; empty when it was erased meanwhile."""
    with db.empresa(empresa_id) as session:
        row = session.scalar(
            select(Archivo.contenido).where(
                Archivo.empresa_id == empresa_id, Archivo.id == archivo_id
            )
        )
    return row or b""


def read_tramo(db: Database, *, empresa_id: int, archivo_id: int, desde: int, n: int) -> bytes:
    """At most n bytes from `desde` on; empty beyond its end, or when it was erased meanwhile."""
    with db.empresa(empresa_id) as session:
        row: bytes | None = session.scalar(
            select(func.substring(Archivo.contenido, desde + 1, n)).where(
                Archivo.empresa_id == empresa_id, Archivo.id == archivo_id
            )
        )
    return row or b""
