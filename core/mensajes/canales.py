"""Doors to the providers: which are in force, whether their provider knows us, how far we read."""

from dataclasses import dataclass

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from core.bitacora import audit
from core.db import Database
from core.errors import Conflict, NotImplementedYet, Unavailable
from core.ports import AbrirCanal, CuentaCanal
from core.settings import Settings

# A provider that did not answer is asked again after this; people wait for the result.
_RETRY_SECONDS = 10
_LIMIT = 200


def webhook_url(settings: Settings, *, tipo: str, clave: str) -> str | None:
    """Where the provider is to call; None where nobody outside can reach us and we ask instead."""
    if not settings.public_url:
        return None
    return f"{settings.public_url.rstrip('/')}/webhooks/{tipo}/{clave}"


# While `verificando`, `proximo_envio` keeps other checkers away and paces the next attempt.
_TAKE = text(
    """
    UPDATE canal SET proximo_envio = CASE estado WHEN 'verificando'
        THEN clock_timestamp() + make_interval(secs => :lease) ELSE proximo_envio END
    WHERE empresa_id = :empresa_id AND id = :id AND eliminado_en IS NULL
      AND (estado = 'verificando' OR (estado = 'activo' AND :renovar))
      AND (proximo_envio IS NULL OR proximo_envio <= clock_timestamp() OR :renovar)
    RETURNING tipo, clave, credenciales
    """
)
# Only about the credentials that were tried: others may have come meanwhile. They may be another
# bot's, so its stream is read from its beginning; what came before is known by its number.
_SETTLE = text(
    """
    UPDATE canal SET estado = coalesce(:estado, estado), detalle = :detalle,
        proximo_envio = CASE estado WHEN 'verificando'
            THEN clock_timestamp() + make_interval(secs => :segundos) ELSE proximo_envio END,
        cursor = CASE estado WHEN 'verificando' THEN 0 ELSE cursor END
    WHERE empresa_id = :empresa_id AND id = :id AND estado IN ('verificando', 'activo')
      AND credenciales IS NOT DISTINCT FROM :credenciales
    RETURNING estado
    """
)


def check_canal(
    db: Database,
    settings: Settings,
    canales: AbrirCanal,
    *,
    empresa_id: int,
    canal_id: int,
    renovar: bool = False,
) -> str | None:
    """Speak to the provider of a `verificando` canal and write down how it went: activo, or error
    with what a person must change. Returns the estado, None when there was nothing to check.

    Idempotent: asking the provider twice changes nothing. While it does not answer the row stays
    as it is and is due again. `renovar` checks an `activo` one too, which a passing trouble
    leaves activo; the return value is then "verificando".
    """
    key = {"empresa_id": empresa_id, "id": canal_id}
    lease = 3 * settings.envio_segundos + settings.envio_margen_segundos
    with db.empresa(empresa_id) as session:
        row = session.execute(_TAKE, {**key, "lease": lease, "renovar": renovar}).one_or_none()
    if row is None:
        return None
    estado, detalle, segundos = _ask(settings, canales, row, empresa_id, canal_id)
    with db.empresa(empresa_id) as session:
        values = {**key, "estado": estado, "detalle": detalle, "segundos": segundos}
        known = {"credenciales": row.credenciales}
        settled = session.execute(_SETTLE, {**values, **known}).one_or_none()
        if settled is not None and estado is not None and not renovar:
            accion = f"canal.{'verificar' if estado == 'activo' else 'rechazar'}"
            objeto = f"canal:{canal_id}"
            audit(session, empresa_id=empresa_id, accion=accion, actor="sistema", objeto=objeto)
    return None if settled is None else estado or "verificando"


def _ask(
    settings: Settings, canales: AbrirCanal, row: Row[tuple[()]], empresa_id: int, canal_id: int
) -> tuple[str | None, str, float]:
    """(estado or None for not yet, what a person reads, seconds to wait)"""
    cuenta = CuentaCanal(empresa_id, canal_id, row.tipo, row.clave, row.credenciales)
    try:
        url = webhook_url(settings, tipo=row.tipo, clave=row.clave)
        return "activo", canales(cuenta).check(webhook_url=url), 0
    except Unavailable as e:
        return None, f"{e} Se intentará de nuevo.", max(e.segundos, _RETRY_SECONDS)
    except (Conflict, NotImplementedYet) as e:
        return "error", str(e), 0


_DUE = text(
    """
    SELECT k.empresa_id, k.id FROM canal k JOIN empresa e ON e.id = k.empresa_id
    WHERE k.estado = 'verificando' AND NOT e.efimera
      AND coalesce(k.proximo_envio, k.creado_en) < now() - interval '1 second'
    ORDER BY k.creado_en LIMIT :limit
    """
)


def due_canales(session: Session) -> list[tuple[int, int]]:
    """(empresa_id, canal_id) of canales that wait to be checked. For the sistema role."""
    rows = session.execute(_DUE, {"limit": _LIMIT})
    return [(row.empresa_id, row.id) for row in rows]


# --- polling -----------------------------------------------------------------------------------

_ACTIVE = text(
    """
    SELECT k.empresa_id, k.id FROM canal k JOIN empresa e ON e.id = k.empresa_id
    WHERE k.tipo = :tipo AND k.estado = 'activo' AND NOT e.efimera
    """
)
_READ = text(
    """
    SELECT tipo, clave, credenciales, cursor FROM canal
    WHERE empresa_id = :empresa_id AND id = :id AND estado = 'activo' AND eliminado_en IS NULL
    """
)
_ADVANCE = text(
    """
    UPDATE canal SET cursor = :cursor WHERE empresa_id = :empresa_id AND id = :id
      AND credenciales IS NOT DISTINCT FROM :credenciales
    """
)
_BREAK = text(
    """
    UPDATE canal SET estado = 'error', detalle = :detalle
    WHERE empresa_id = :empresa_id AND id = :id AND estado = 'activo'
      AND credenciales IS NOT DISTINCT FROM :credenciales
    """
)


@dataclass(frozen=True)
class Lectura:
    """An active canal and the next update to ask its provider for."""

    cuenta: CuentaCanal
    cursor: int


def active_canales(db: Database, *, tipo: str) -> set[tuple[int, int]]:
    """(empresa_id, canal_id) of every active canal of this kind, throw-away shops left out."""
    with db.sistema() as session:
        return {(r.empresa_id, r.id) for r in session.execute(_ACTIVE, {"tipo": tipo})}


def read_lectura(db: Database, *, empresa_id: int, canal_id: int) -> Lectura | None:
    """None when the canal is not active any more."""
    with db.empresa(empresa_id) as session:
        row = session.execute(_READ, {"empresa_id": empresa_id, "id": canal_id}).one_or_none()
    if row is None:
        return None
    cuenta = CuentaCanal(empresa_id, canal_id, row.tipo, row.clave, row.credenciales)
    return Lectura(cuenta, row.cursor)


def advance_cursor(db: Database, cuenta: CuentaCanal, *, cursor: int) -> None:
    """Everything before `cursor` is committed here. Another bot's stream is left alone."""
    _on_canal(db, cuenta, _ADVANCE, cursor=cursor)


def break_canal(db: Database, cuenta: CuentaCanal, *, detalle: str) -> None:
    """Take an active canal out of service until a person looks at it."""
    _on_canal(db, cuenta, _BREAK, detalle=detalle)


def _on_canal(db: Database, cuenta: CuentaCanal, statement: object, **values: object) -> None:
    key = {"empresa_id": cuenta.empresa_id, "id": cuenta.id, "credenciales": cuenta.credenciales}
    with db.empresa(cuenta.empresa_id) as session:
        session.execute(statement, {**key, **values})  # type: ignore[call-overload]
