"""A turn's hold on its chat: take it, work on it alone, let it go; core.mensajes.cierre records.

The unit is the chat, never the message. A lease with a fencing token gives it to one worker;
only the holder of the latest token may record. A lease that nobody gave back means that its
process died or froze: the chat then reruns alone (`solo`), one message at a time, and only
there do deaths count against a message.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, select, text, update
from sqlalchemy.orm import Session

from core.bitacora import CANAL_EVENTOS
from core.db import Database
from core.errors import LeaseLost
from core.models import Chat, Mensaje
from core.ports import ChatVisto, CuentaCanal, Medio, Pedida, Tienda, VentaVista
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
    id_externo: str | None = None
    # As the provider knows the person; read with the words.
    nombre: str | None = None
    # What the seller reads in its place: of a pressed button, of a recording.
    leido: str | None = None
    # What a link carried that opened the chat, and which message of ours it quotes.
    inicio: str | None = None
    responde_a: str | None = None
    # Ordered in the provider's own catalogue.
    pedido: tuple[Pedida, ...] = ()
    # A photo or a recording that waits at its provider.
    medio: Medio | None = None
    # What a photo asks for, where it shows something that the shop has.
    pregunta: str | None = None
    # What must be said of it beside the answer: the clave of a sentence (core.agente.escuchar).
    aviso: str | None = None

    @property
    def palabras(self) -> str:
        return self.texto if self.leido is None else self.leido


@dataclass(frozen=True)
class TurnoTomado:
    """A chat in our hands until `lease` ends. `vistos`: its pending messages when taken."""

    empresa_id: int
    chat_id: int
    token: int
    solo: bool
    vistos: int
    cuenta: CuentaCanal
    # The provider's own name of the chat; None in the web.
    externo: str | None
    ia_activa: bool
    puede_reiniciar: bool
    mensajes: tuple[MensajePendiente, ...]
    visto: ChatVisto
    agotado: bool
    # The chat's public name, and who has it ("usuario:<id>", "destinatario:<id>").
    publico: str = ""
    tomado_por: str | None = None
    # The shop switched its bot off; nobody in particular has the chat.
    apagado: bool = False
    # The destinatario whose own chat this is: nobody sells in it.
    equipo: int | None = None
    # time.monotonic() when it was taken: the turn's one deadline counts from here.
    tomado: float = field(default_factory=time.monotonic)


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
    SELECT t.id, t.token, t.pendientes, t.canal_id, t.externo, t.ia_activa, t.reinicios,
        t.conversacion, t.chat_id AS publico, t.tomado_por, propio.id AS equipo,
        coalesce(e.ajustes -> 'bot_activo' = 'false', false) AS apagado,
        t.estado_venta, t.espera_humano, t.baja, canal.tipo, canal.clave, canal.credenciales,
        e.nombre, e.moneda, e.ajustes, propios.versiones, cliente.datos,
        dicho.texto AS ultima_respuesta, coalesce(dicho.orden, 0) AS ultimo_dicho,
        dicho.entrega AS ultima_entrega, clock_timestamp() AS ahora,
        pg_notify(:canal_eventos, t.empresa_id || ':' || t.id || '\\:escribiendo')
    FROM t
    JOIN empresa e ON e.id = t.empresa_id
    JOIN canal ON canal.empresa_id = t.empresa_id AND canal.id = t.canal_id
    LEFT JOIN cliente ON cliente.empresa_id = t.empresa_id AND cliente.id = t.cliente_id
    LEFT JOIN destinatario propio ON propio.empresa_id = t.empresa_id
        AND propio.canal_id = t.canal_id AND propio.externo = t.externo
        AND propio.enlazado_en IS NOT NULL
    LEFT JOIN LATERAL (
        SELECT texto, orden, entrega FROM mensaje m
        WHERE m.empresa_id = t.empresa_id AND m.chat_id = t.id AND m.remitente <> 'usuario'
        ORDER BY orden DESC LIMIT 1
    ) dicho ON true
    LEFT JOIN LATERAL (
        SELECT jsonb_object_agg(nombre, version) AS versiones FROM (
            SELECT DISTINCT ON (nombre) nombre, version, contenido IS NULL AS de_fabrica
            FROM prompt p WHERE p.empresa_id = t.empresa_id ORDER BY nombre, version DESC
        ) v WHERE NOT de_fabrica
    ) propios ON true
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
        externo=row.externo,
        ia_activa=row.ia_activa and not row.apagado,
        puede_reiniciar=row.reinicios < settings.turno_reinicios,
        mensajes=tuple(
            MensajePendiente(m.id, m.texto, m.tipo, m.crudo, m.id_externo) for m in pending
        ),
        visto=ChatVisto(
            tienda=Tienda(row.nombre, row.moneda, row.ajustes, row.versiones or {}),
            memoria=row.conversacion,
            estado_venta=row.estado_venta,
            ultima_respuesta=row.ultima_respuesta,
            ultima_venta=VentaVista(**venta._mapping) if venta else None,
            cliente=row.datos or {},
            leida=_was_read(row, pending),
            ahora=row.ahora,
            espera_humano=row.espera_humano,
            baja=row.baja,
        ),
        agotado=agotado,
        publico=row.publico,
        tomado_por=row.tomado_por,
        apagado=row.apagado and row.ia_activa,
        equipo=row.equipo,
    )


def _was_read(chat: Row[Any], pending: Sequence[Row[Any]]) -> bool:
    """Whether the customer can have answered what the bot last offered: it left us, nobody else
    spoke since, and all that waits was written after it."""
    return (
        chat.ultima_entrega not in ("pendiente", "fallida", "retenida")
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
            Mensaje.id_externo,
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
