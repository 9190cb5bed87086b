"""Append-only rows that others write inside their own transaction: audit `log`, live `evento`."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.models import Log

# PostgreSQL NOTIFY channel; payload "<empresa_id>:<tema>[:<kind>]", where the tema is a chat's id,
# or "i" and an importacion's, or "b" and a busqueda's.
CANAL_EVENTOS = "agente_eventos"

_APPEND = text(
    """
    WITH c AS (
        UPDATE chat SET ultimo_evento = ultimo_evento + 1
        WHERE empresa_id = :empresa_id AND id = :chat_id
        RETURNING ultimo_evento
    ), e AS (
        INSERT INTO evento (empresa_id, chat_id, n, tipo, ref_id)
        SELECT :empresa_id, :chat_id, ultimo_evento, :tipo, :ref_id FROM c
    )
    SELECT pg_notify(:canal, :empresa_id || ':' || :chat_id)
    """
)


def append_evento(
    session: Session, *, empresa_id: int, chat_id: int, tipo: str, ref_id: int
) -> None:
    """Tell live pages of a mensaje or venta when this transaction commits; kept for resuming."""
    session.execute(
        _APPEND,
        {
            "empresa_id": empresa_id,
            "chat_id": chat_id,
            "tipo": tipo,
            "ref_id": ref_id,
            "canal": CANAL_EVENTOS,
        },
    )


_NOTIFY = text("SELECT pg_notify(:canal, :aviso)")


def notify(session: Session, *, empresa_id: int, tema: str) -> None:
    """Wake who waits for this tema (CANAL_EVENTOS) when this transaction commits."""
    session.execute(_NOTIFY, {"canal": CANAL_EVENTOS, "aviso": f"{empresa_id}:{tema}"})


def audit(
    session: Session,
    *,
    empresa_id: int,
    accion: str,
    actor: str,
    objeto: str | None = None,
    **datos: Any,
) -> None:
    """Write down who did what. `accion` is "noun.verb"; `datos` are ids, counts and states."""
    session.add(Log(empresa_id=empresa_id, accion=accion, actor=actor, objeto=objeto, datos=datos))
