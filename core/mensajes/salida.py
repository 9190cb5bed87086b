"""A reply's row on its way out: leased before each send, settled after it. All of it is SQL.

Every time is the database's. `entrega_token` fences what failed; what was accepted is a fact
whoever holds the lease by then, and the piece's number keeps it said once.
"""

import time
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from core.errors import FueraDeVentana
from core.ports import CuentaCanal, Plantilla, Tecla
from core.settings import Settings

OPEN = "('pendiente', 'enviando', 'incierta')"
# The provider has it, and may have told more since.
SENT = "('enviada', 'entregada', 'leida')"

# So long after their last message WhatsApp lets a shop say what it likes to a customer.
VENTANA = "24 hours"

# A bot's turn to speak that is nearer than this is waited for by the sender; a later one, in the
# row.
_PATIENCE_SECONDS = 0.5


class Desenlace(StrEnum):
    """How a delivery ended. AJENA: nothing to do (done, not due, not its turn, somebody's).
    RETENIDA: the customer has to write first."""

    ENVIADA = "enviada"
    PARTE = "parte"
    ESPERA = "espera"
    INCIERTA = "incierta"
    FALLIDA = "fallida"
    RETENIDA = "retenida"
    AJENA = "ajena"


@dataclass(frozen=True)
class Entregado:
    """error: the stable code of what went wrong, never text. segundos: until there is more to do,
    with `siguiente`, the reply behind this one, or else with this one again. canal: the tipo of
    the one that was tried."""

    desenlace: Desenlace
    error: str | None = None
    segundos: float = 0.0
    siguiente: int | None = None
    canal: str | None = None


@dataclass(frozen=True)
class Tomado:
    """A reply in our hands until `hasta` (this process's monotonic clock).

    turno: seconds until the bot may speak. edad: the reply's, in seconds; of one that had to wait
    for the customer to write, since then. cerrado: the customer had left when we looked.
    plantilla: what may be sent though they have not written lately.
    """

    mensaje_id: int
    chat_id: int
    orden: int
    cuenta: CuentaCanal
    externo: str
    texto: str
    teclas: tuple[Tecla, ...]
    parte: int
    token: int
    intento: int
    edad: float
    cerrado: bool
    turno: float
    hasta: float
    plantilla: Plantilla | None = None

    @property
    def key(self) -> dict[str, int]:
        return {
            "empresa_id": self.cuenta.empresa_id,
            "id": self.mensaje_id,
            "canal_id": self.cuenta.id,
            "chat_id": self.chat_id,
            "orden": self.orden,
            "token": self.token,
            "parte": self.parte,
        }


_LOOK = text(
    f"""
    SELECT m.chat_id, m.orden, m.texto, m.botones, m.entrega, m.entrega_partes, m.entrega_token,
        m.entrega_intentos, extract(epoch FROM clock_timestamp() - greatest(m.creado_en,
            CASE k.tipo WHEN 'whatsapp' THEN c.escrito_en END))::float8 AS edad,
        c.externo, c.cerrado, k.ajustes -> 'plantilla' AS plantilla, k.tipo = 'whatsapp'
            AND coalesce(c.escrito_en < clock_timestamp() - interval '{VENTANA}', true) AS ventana,
        EXISTS (SELECT FROM mensaje a WHERE a.empresa_id = m.empresa_id AND a.chat_id = m.chat_id
                AND a.entrega = 'retenida' AND a.id_proveedor IS NOT NULL) AS avisado,
        k.id AS canal_id, k.tipo, k.clave, k.credenciales,
        extract(epoch FROM k.proximo_envio - clock_timestamp())::float8 AS canal_ocupado,
        EXISTS (SELECT FROM mensaje a WHERE a.empresa_id = m.empresa_id AND a.chat_id = m.chat_id
                AND a.orden < m.orden AND a.entrega IN {OPEN}) AS detras,
        CASE k.tipo WHEN 'whatsapp' THEN :pausa_whatsapp ELSE :pausa END
          - extract(epoch FROM clock_timestamp() - (
            SELECT a.entrega_desde FROM mensaje a
            WHERE a.empresa_id = m.empresa_id AND a.chat_id = m.chat_id AND a.orden < m.orden
              AND a.entrega IN {SENT}
            ORDER BY a.orden DESC LIMIT 1))::float8 AS chat_ocupado
    FROM mensaje m
    JOIN chat c ON c.empresa_id = m.empresa_id AND c.id = m.chat_id
    JOIN canal k ON k.empresa_id = m.empresa_id AND k.id = m.canal_id
    WHERE m.empresa_id = :empresa_id AND m.id = :id AND m.entrega IN {OPEN}
      AND (m.entrega_desde IS NULL OR m.entrega_desde <= clock_timestamp())
    FOR UPDATE OF m SKIP LOCKED
    """
)
# An expired lease stays what it is: sent, perhaps.
_POSTPONE = text(
    """
    UPDATE mensaje SET
        entrega = CASE entrega WHEN 'enviando' THEN 'incierta' ELSE entrega END,
        entrega_desde = clock_timestamp() + make_interval(secs => :segundos)
    WHERE empresa_id = :empresa_id AND id = :id
    """
)
# The bot's next free moment is ours, and the one after it the next taker's.
_RESERVE = text(
    """
    UPDATE canal SET proximo_envio = greatest(proximo_envio, clock_timestamp())
        + make_interval(secs => :paso)
    WHERE empresa_id = :empresa_id AND id = :canal_id
    RETURNING extract(epoch FROM proximo_envio - clock_timestamp())::float8 - :paso AS turno
    """
)
_LEASE = text(
    """
    UPDATE mensaje SET entrega = 'enviando', entrega_token = entrega_token + 1,
        entrega_intentos = entrega_intentos + 1, timbre_en = NULL,
        error = CASE entrega WHEN 'enviando' THEN 'envio_incierto' ELSE error END,
        entrega_desde = clock_timestamp() + make_interval(secs => :lease)
    WHERE empresa_id = :empresa_id AND id = :id
    """
)


def take_salida(
    session: Session, settings: Settings, *, empresa_id: int, mensaje_id: int
) -> Tomado | Entregado:
    """Lease the reply, its attempt counted; or say why not now (AJENA, ESPERA, FALLIDA)."""
    key = {"empresa_id": empresa_id, "id": mensaje_id}
    pauses = {
        "pausa": settings.envio_pausa_chat,
        "pausa_whatsapp": settings.whatsapp_pausa_chat,
    }
    row = session.execute(_LOOK, {**key, **pauses}).one_or_none()
    if row is None or row.detras:
        return Entregado(Desenlace.AJENA)
    chat = {**key, "chat_id": row.chat_id, "orden": row.orden}
    if row.entrega_intentos >= settings.envio_intentos:
        return fail_salida(session, chat, "intentos_agotados")
    plantilla = _plantilla(row)
    if row.ventana and plantilla is None:
        return hold_back(session, chat)
    busy = max(row.chat_ocupado or 0.0, (row.canal_ocupado or 0.0) - _PATIENCE_SECONDS)
    if busy > 0:
        session.execute(_POSTPONE, {**key, "segundos": busy})
        return Entregado(Desenlace.ESPERA, segundos=busy)
    per_second, _ = settings.envio_ritmo(row.tipo)
    step = {"canal_id": row.canal_id, "paso": 1 / per_second}
    turn = max(0.0, session.scalars(_RESERVE, {**key, **step}).one())
    lease = turn + settings.envio_segundos + settings.envio_margen_segundos
    session.execute(_LEASE, {**key, "lease": lease})
    taken = _tomado(row, empresa_id, mensaje_id, turn, time.monotonic() + lease)
    return replace(taken, plantilla=plantilla)


def _plantilla(row: Row[Any]) -> Plantilla | None:
    """What this reply may leave as; None when it needs none, or there is none. To write first the
    customer is asked once, whatever else waits for that."""
    if not row.ventana or not row.plantilla:
        return None
    plantilla = Plantilla(**row.plantilla)
    return plantilla if plantilla.con_texto or not row.avisado else None


def _tomado(row: Row[Any], empresa_id: int, mensaje_id: int, turn: float, hasta: float) -> Tomado:
    return Tomado(
        mensaje_id=mensaje_id,
        chat_id=row.chat_id,
        orden=row.orden,
        cuenta=CuentaCanal(empresa_id, row.canal_id, row.tipo, row.clave, row.credenciales),
        externo=row.externo or "",
        texto=row.texto,
        teclas=tuple(
            Tecla(f"{mensaje_id}:{i}", b["texto"]) for i, b in enumerate(row.botones or ())
        ),
        parte=row.entrega_partes,
        token=row.entrega_token + 1,
        intento=row.entrega_intentos + 1,
        edad=row.edad,
        cerrado=row.cerrado,
        turno=turn,
        hasta=hasta,
    )


# --- settling ----------------------------------------------------------------------------------

_NEXT = f"""
    SELECT id FROM mensaje WHERE empresa_id = :empresa_id AND chat_id = :chat_id
      AND orden > :orden AND entrega IN {OPEN} ORDER BY orden LIMIT 1
"""
_SENT = text(
    f"""
    WITH u AS (
        UPDATE mensaje SET entrega = :entrega, entrega_partes = entrega_partes + 1,
            entrega_intentos = 0, id_proveedor = :id_proveedor,
            entrega_desde = clock_timestamp() + make_interval(secs => :segundos)
        WHERE empresa_id = :empresa_id AND id = :id AND entrega_partes = :parte
          AND entrega IN {OPEN}
    ) {_NEXT}
    """
)
_REOPEN = text(
    "UPDATE chat SET cerrado = false WHERE empresa_id = :empresa_id AND id = :chat_id AND cerrado"
)
_FAIL = text(
    f"""
    WITH u AS (
        UPDATE mensaje SET entrega = 'fallida', error = :error, entrega_desde = clock_timestamp()
        WHERE empresa_id = :empresa_id AND id = :id AND entrega IN {OPEN}
    ) {_NEXT}
    """
)
_HOLD = text(
    f"""
    WITH u AS (
        UPDATE mensaje SET entrega = 'retenida', error = 'fuera_de_ventana', entrega_partes = 0,
            entrega_desde = clock_timestamp(), id_proveedor = coalesce(:id_proveedor, id_proveedor)
        WHERE empresa_id = :empresa_id AND id = :id AND entrega IN {OPEN}
    ) {_NEXT}
    """
)
_FAIL_CHAT = text(
    "UPDATE mensaje SET entrega = 'fallida', error = :error, entrega_desde = clock_timestamp() "
    f"WHERE empresa_id = :empresa_id AND chat_id = :chat_id AND entrega IN {OPEN}"
)
_CLOSE = text("UPDATE chat SET cerrado = true WHERE empresa_id = :empresa_id AND id = :chat_id")
# That it may have been sent before is not forgotten for a later, lesser trouble.
_RETRY = text(
    """
    UPDATE mensaje SET entrega = :entrega, entrega_intentos = :intentos,
        error = CASE error WHEN 'envio_incierto' THEN error ELSE :error END,
        entrega_desde = clock_timestamp() + make_interval(secs => :segundos)
    WHERE empresa_id = :empresa_id AND id = :id AND entrega = 'enviando'
      AND entrega_token = :token
    """
)
_PAUSE_CANAL = text(
    "UPDATE canal SET proximo_envio = "
    "greatest(proximo_envio, clock_timestamp() + make_interval(secs => :segundos)) "
    "WHERE empresa_id = :empresa_id AND id = :canal_id"
)
# Not when somebody has given the canal other credentials meanwhile.
_BREAK_CANAL = text(
    "UPDATE canal SET estado = 'error', detalle = :detalle WHERE empresa_id = :empresa_id "
    "AND id = :canal_id AND credenciales IS NOT DISTINCT FROM :credenciales"
)


def settle_sent(
    session: Session, taken: Tomado, *, id_proveedor: str, pausa: float, last: bool
) -> Entregado:
    """The provider has this piece. Saying it twice changes nothing."""
    values = {
        **taken.key,
        "id_proveedor": id_proveedor,
        "entrega": "enviada" if last else "pendiente",
        "segundos": 0.0 if last else pausa,
    }
    following = session.scalar(_SENT, values)
    if taken.cerrado:  # they let us in again
        session.execute(_REOPEN, taken.key)
    if last:
        return Entregado(Desenlace.ENVIADA, segundos=pausa, siguiente=following)
    return Entregado(Desenlace.PARTE, segundos=pausa)


def settle_retry(
    session: Session, taken: Tomado, *, error: str, pausa: float, sent_perhaps: bool
) -> None:
    """Back to waiting, unless the lease was lost. Only what may have been sent counts as tried."""
    values = {
        **taken.key,
        "entrega": "incierta" if sent_perhaps else "pendiente",
        "intentos": taken.intento if sent_perhaps else taken.intento - 1,
        "error": error,
        "segundos": pausa,
    }
    session.execute(_RETRY, values)


def fail_salida(session: Session, key: dict[str, int], error: str) -> Entregado:
    """End this reply; the one behind it goes on."""
    following = session.scalar(_FAIL, {**key, "error": error})
    return Entregado(Desenlace.FALLIDA, error, siguiente=following)


def hold_back(
    session: Session, key: dict[str, int], *, id_proveedor: str | None = None
) -> Entregado:
    """Keep this reply until the customer writes (core.mensajes.retenidas); those behind it are
    looked at. `id_proveedor`: of what was sent in its place, to have them write."""
    following = session.scalar(_HOLD, {**key, "id_proveedor": id_proveedor})
    return Entregado(Desenlace.RETENIDA, FueraDeVentana.codigo, siguiente=following)


def close_chat(session: Session, taken: Tomado, *, error: str) -> None:
    """The customer left: nothing that waits for them is sent."""
    session.execute(_CLOSE, taken.key)
    session.execute(_FAIL_CHAT, {**taken.key, "error": error})


def pause_canal(session: Session, taken: Tomado, *, segundos: float) -> None:
    """The whole bot is silent for a while."""
    session.execute(_PAUSE_CANAL, {**taken.key, "segundos": segundos})


def break_canal(session: Session, taken: Tomado, *, detalle: str) -> None:
    """A person must look at the canal; `detalle` tells them why."""
    why = {"detalle": detalle, "credenciales": taken.cuenta.credenciales}
    session.execute(_BREAK_CANAL, {**taken.key, **why})
