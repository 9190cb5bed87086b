"""Deliver replies: one call sends one piece, outside any transaction, in order within its chat.

A reply leaves at least once: twice only if the provider accepted it and nobody lived to write
that down, or its answer never came. Every wait is a time in a row.
"""

import time
from dataclasses import replace

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.db import Database
from core.errors import (
    AgenteError,
    ChatCerrado,
    ChatLimitado,
    CredencialesIlegibles,
    CredencialesRechazadas,
    EnvioIncierto,
    EnvioRechazado,
    FueraDeVentana,
    NoEntregable,
    Unavailable,
)
from core.mensajes.acuses import referencia_de
from core.mensajes.partes import split_texto
from core.mensajes.reintentos import (
    BELL_SECONDS,
    CREDENTIALS_SECONDS,
    STALE_SECONDS,
    insist,
    pause_unavailable,
    pause_uncertain,
)
from core.mensajes.salida import (
    OPEN,
    Desenlace,
    Entregado,
    Tomado,
    break_canal,
    close_chat,
    fail_salida,
    hold_back,
    pause_canal,
    settle_retry,
    settle_sent,
    take_salida,
)
from core.ports import AbrirCanal, Cola, Tarea
from core.settings import Settings

_LIMIT = 500

_OVER = (Desenlace.ENVIADA, Desenlace.FALLIDA, Desenlace.RETENIDA, Desenlace.AJENA)


def deliver_mensaje(
    db: Database,
    cola: Cola,
    settings: Settings,
    canales: AbrirCanal,
    *,
    empresa_id: int,
    mensaje_id: int,
) -> Entregado:
    """Send the next piece of a reply, if it is due and its chat's turn, and ring for what follows.

    Idempotent: a reply that is leased, delivered, failed or behind another one is left alone.
    Only a lost database escapes, and what a bug raises: then the lease ends by itself and the
    attempt counts.
    """
    with db.empresa(empresa_id) as session:
        taken = take_salida(session, settings, empresa_id=empresa_id, mensaje_id=mensaje_id)
    if isinstance(taken, Entregado):
        ended = taken
    else:
        ended = replace(_send(db, settings, canales, taken), canal=taken.cuenta.tipo)
    again = None if ended.desenlace in _OVER else mensaje_id
    following = ended.siguiente or again
    if following is not None and ended.segundos <= BELL_SECONDS:
        cola.ring(
            Tarea.DELIVER_MENSAJE,
            after=ended.segundos,
            empresa_id=empresa_id,
            mensaje_id=following,
        )
    return ended


def _send(db: Database, settings: Settings, canales: AbrirCanal, taken: Tomado) -> Entregado:
    time.sleep(taken.turno)
    try:
        canal = canales(taken.cuenta)
        pieces = split_texto(taken.texto, canal.max_caracteres)
        if taken.plantilla is not None:
            pieces = [taken.texto.strip()]  # one, or none: each would be paid for
        if time.monotonic() > taken.hasta - settings.envio_segundos:
            return Entregado(Desenlace.AJENA, "lease")  # we slept through it: another will send
        parte = min(taken.parte, len(pieces) - 1)
        teclas = taken.teclas if parte == len(pieces) - 1 else ()
        id_proveedor = canal.send(
            taken.externo,
            pieces[parte],
            teclas,
            referencia=_referencia(taken, parte, len(pieces)),
            plantilla=taken.plantilla,
        )
    except AgenteError as failure:
        with db.empresa(taken.cuenta.empresa_id) as session:
            return _record_failure(session, settings, taken, failure)
    if _only_asks(taken):
        with db.empresa(taken.cuenta.empresa_id) as session:
            return hold_back(session, taken.key, id_proveedor=id_proveedor)
    last = taken.parte + 1 >= len(pieces)
    return _record_sent(db, settings, taken, id_proveedor, last=last)


def _only_asks(taken: Tomado) -> bool:
    """The template holds nothing of the reply, which waits on."""
    return taken.plantilla is not None and not taken.plantilla.con_texto


def _referencia(taken: Tomado, parte: int, partes: int) -> str:
    """What the provider is to tell this piece's news with; none of what only asks them to write."""
    if _only_asks(taken):
        return ""
    key = {"mensaje_id": taken.mensaje_id, "parte": parte, "partes": partes}
    return referencia_de(**key, token=taken.token)


def _record_sent(
    db: Database, settings: Settings, taken: Tomado, id_proveedor: str, *, last: bool
) -> Entregado:
    """Write down what the provider accepted, insisting while the database is away."""

    def record() -> Entregado:
        with db.empresa(taken.cuenta.empresa_id) as session:
            return settle_sent(
                session,
                taken,
                id_proveedor=id_proveedor,
                pausa=settings.envio_ritmo(taken.cuenta.tipo)[1],
                last=last,
            )

    return insist(record)


def _record_failure(
    session: Session, settings: Settings, taken: Tomado, failure: AgenteError
) -> Entregado:
    """Passing errors make the row wait, permanent ones end it; the rest is a bug and escapes."""
    match failure:
        case ChatCerrado():
            close_chat(session, taken, error=failure.codigo)
            return Entregado(Desenlace.FALLIDA, failure.codigo)
        case CredencialesRechazadas() | CredencialesIlegibles():
            break_canal(session, taken, detalle=str(failure))
            return _wait(session, taken, failure, CREDENTIALS_SECONDS)
        case FueraDeVentana():
            return hold_back(session, taken.key)
        case EnvioRechazado() if taken.plantilla and not isinstance(failure, NoEntregable):
            return hold_back(session, taken.key)  # the template is not to be had (any more)
        case EnvioRechazado():
            return fail_salida(session, taken.key, failure.motivo)
        case ChatLimitado():
            return _wait(session, taken, failure, failure.segundos)
        case Unavailable():
            pause_canal(session, taken, segundos=failure.segundos)
            return _wait_for_provider(session, settings, taken, failure)
    raise failure


def _wait_for_provider(
    session: Session, settings: Settings, taken: Tomado, failure: Unavailable
) -> Entregado:
    if isinstance(failure, EnvioIncierto):
        return _wait_uncertain(session, settings, taken, failure)
    return _wait(session, taken, failure, pause_unavailable(failure, edad=taken.edad))


def _wait(session: Session, taken: Tomado, failure: AgenteError, pause: float) -> Entregado:
    """Certainly not sent: the attempt does not count, but a day is enough."""
    if taken.edad > STALE_SECONDS:
        return fail_salida(session, taken.key, "caducada")
    settle_retry(session, taken, error=failure.codigo, pausa=pause, sent_perhaps=False)
    return Entregado(Desenlace.ESPERA, failure.codigo, pause)


def _wait_uncertain(
    session: Session, settings: Settings, taken: Tomado, failure: EnvioIncierto
) -> Entregado:
    """Perhaps sent: each further attempt may be a copy for the customer, so they are counted."""
    if taken.intento >= settings.envio_intentos:
        return fail_salida(session, taken.key, "intentos_agotados")
    pause = pause_uncertain(taken.intento)
    settle_retry(session, taken, error=failure.codigo, pausa=pause, sent_perhaps=True)
    return Entregado(Desenlace.INCIERTA, failure.codigo, pause)


# --- what barrido asks -------------------------------------------------------------------------

# Only the first of each chat; a second's grace for the bell that was rung when it became due.
_DUE = text(
    f"""
    UPDATE mensaje SET timbre_en = clock_timestamp()
    FROM (
        SELECT m.empresa_id, m.id FROM mensaje m JOIN empresa e ON e.id = m.empresa_id
        WHERE m.entrega IN {OPEN} AND NOT e.efimera
          AND (m.entrega_desde IS NULL OR m.entrega_desde <= now() - CASE m.entrega
               WHEN 'enviando' THEN interval '0' ELSE interval '1 second' END)
          AND (m.timbre_en IS NULL OR m.timbre_en < now() - make_interval(secs => :rering))
          AND NOT EXISTS (
              SELECT FROM mensaje a WHERE a.empresa_id = m.empresa_id AND a.chat_id = m.chat_id
                AND a.orden < m.orden AND a.entrega IN {OPEN})
        ORDER BY m.entrega_desde LIMIT :limit FOR UPDATE OF m SKIP LOCKED
    ) due
    WHERE mensaje.empresa_id = due.empresa_id AND mensaje.id = due.id
    RETURNING mensaje.empresa_id, mensaje.id
    """
)


def due_entregas(session: Session, *, rering_segundos: float) -> list[tuple[int, int]]:
    """(empresa_id, mensaje_id) of replies whose bell was lost or whose sender died.

    For a session of the sistema role. Each is named again only after `rering_segundos`, so a
    long queue is not flooded with copies.
    """
    rows = session.execute(_DUE, {"rering": rering_segundos, "limit": _LIMIT})
    return [(row.empresa_id, row.id) for row in rows]
