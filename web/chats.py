"""The shop's side of conversations: the list, one chat, and a person stepping in."""

from decimal import Decimal
from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.mensajes.historial import chats_of, find_chat, hand_back, take_over, write_as_person
from core.mensajes.olvido import erase_chat
from core.models import Canal, Chat, Cliente, Destinatario, Rol, Usuario
from core.ports import Tarea
from web import datos
from web.auth import identidad, requires
from web.chat import ChatPath, Texto
from web.datos import servicios
from web.esquemas import ChatVisto, Lista, MensajeEscrito
from web.esquemas_turnos import ChatBorrado
from web.formas import quantity
from web.paginas import Pagina, take_page

api = APIBlueprint("chats", __name__, abp_tags=[Tag(name="Chats")])


class Filtros(Pagina):
    espera_humano: bool | None = None


class Escrito(BaseModel):
    mensaje: Texto


@api.get(
    "/chats/",
    summary="Los chats, el más reciente primero",
    responses={200: Lista[ChatVisto]},
)
@requires(Rol.OBSERVADOR)
def list_chats(query: Filtros) -> dict[str, Any]:
    """The empresa's chats, the most recently active first."""
    empresa_id = identidad().empresa_id
    session = datos.sesion()
    pagina = take_page(
        session,
        chats_of(empresa_id, espera_humano=query.espera_humano),
        by=(Chat.actualizado_en, Chat.id),
        query=query,
        newest_first=True,
    )
    return pagina.answer_with(_show(session, empresa_id, pagina.filas))


@api.get(
    "/chats/<path:chat_id>",
    summary="Un chat, con su carrito",
    responses={200: ChatVisto},
)
@requires(Rol.OBSERVADOR)
def read_chat(path: ChatPath) -> dict[str, Any]:
    """One chat with its carrito and the state of its sale."""
    empresa_id = identidad().empresa_id
    session = datos.sesion()
    chat = find_chat(session, empresa_id=empresa_id, chat_id=path.chat_id)
    return _show(session, empresa_id, [chat])[0]


@api.post(
    "/chats/<path:chat_id>/tomar",
    summary="Una persona toma el chat: el bot calla",
    responses={200: ChatVisto},
)
@requires(Rol.VENDEDOR)
def take_chat_over(path: ChatPath) -> dict[str, Any]:
    """A person takes the chat: the bot falls silent, a running turn is cancelled."""
    who = identidad()
    session = datos.sesion()
    chat = take_over(session, empresa_id=who.empresa_id, chat_id=path.chat_id, actor=who.actor)
    waits, chat_pk = chat.pendientes, chat.id
    shown = _show(session, who.empresa_id, [chat])[0]
    session.commit()
    if waits:
        servicios().cola.ring(Tarea.ANSWER_CHAT, empresa_id=who.empresa_id, chat_id=chat_pk)
    return shown


@api.post(
    "/chats/<path:chat_id>/devolver",
    summary="El bot vuelve a contestar, desde el próximo mensaje",
    responses={200: ChatVisto},
)
@requires(Rol.VENDEDOR)
def hand_chat_back(path: ChatPath) -> dict[str, Any]:
    """The bot answers again, from the customer's next message on."""
    who = identidad()
    session = datos.sesion()
    chat = hand_back(session, empresa_id=who.empresa_id, chat_id=path.chat_id, actor=who.actor)
    shown = _show(session, who.empresa_id, [chat])[0]
    session.commit()
    return shown


@api.post(
    "/chats/<path:chat_id>/mensajes",
    summary="La persona que tiene el chat escribe al cliente",
    responses={201: MensajeEscrito},
)
@requires(Rol.VENDEDOR)
def write_in_chat(path: ChatPath, body: Escrito) -> tuple[dict[str, Any], int]:
    """A person of the shop writes to the customer, in a chat that was taken."""
    who = identidad()
    session = datos.sesion()
    assert who.usuario_id is not None  # a vendedor is a person
    _, mensaje_id, push = write_as_person(
        session,
        empresa_id=who.empresa_id,
        chat_id=path.chat_id,
        texto=body.mensaje,
        usuario_id=who.usuario_id,
    )
    session.commit()
    if push:
        servicios().cola.ring(
            Tarea.DELIVER_MENSAJE, empresa_id=who.empresa_id, mensaje_id=mensaje_id
        )
    return {"mensaje_id": mensaje_id, "chat_id": path.chat_id}, 201


@api.delete(
    "/chats/<path:chat_id>",
    summary="Borrar un chat y a su cliente, para siempre; sus ventas quedan sin nombre",
    responses={200: ChatBorrado},
)
@requires(Rol.ADMIN)
def erase(path: ChatPath) -> dict[str, Any]:
    """Messages, memory, turn records and the customer's data go; a later message is a new chat."""
    who = identidad()
    session = datos.sesion()
    gone = erase_chat(session, empresa_id=who.empresa_id, chat_id=path.chat_id, actor=who.actor)
    session.commit()
    return {"eliminados": gone.eliminados, "ventas_anonimas": gone.ventas}


def _show(session: Session, empresa_id: int, chats: list[Chat]) -> list[dict[str, Any]]:
    """Chats with their canal and cliente: two queries however many there are."""
    canales: dict[int, Canal] = {
        c.id: c
        for c in session.scalars(
            select(Canal).where(
                Canal.empresa_id == empresa_id, Canal.id.in_({c.canal_id for c in chats})
            )
        )
    }
    clientes: dict[int, Cliente] = {
        c.id: c
        for c in session.scalars(
            select(Cliente).where(
                Cliente.empresa_id == empresa_id,
                Cliente.id.in_({c.cliente_id for c in chats if c.cliente_id is not None}),
            )
        )
    }
    personas = _names(session, empresa_id, {c.tomado_por for c in chats if c.tomado_por})
    return [
        _show_one(c, canales[c.canal_id], clientes.get(c.cliente_id or 0), personas) for c in chats
    ]


def _names(session: Session, empresa_id: int, actores: set[str]) -> dict[str, str | None]:
    """What the people are called who have the chats; two queries at most."""
    found: dict[str, str | None] = {}
    for kind, table in (("usuario", Usuario), ("destinatario", Destinatario)):
        ids = [int(a.partition(":")[2]) for a in actores if a.startswith(f"{kind}:")]
        if ids:
            rows = session.execute(
                select(table.id, table.nombre).where(
                    table.empresa_id == empresa_id, table.id.in_(ids)
                )
            )
            found |= {f"{kind}:{row.id}": row.nombre for row in rows}
    return found


def _show_one(
    chat: Chat, canal: Canal, cliente: Cliente | None, personas: dict[str, str | None]
) -> dict[str, Any]:
    return {
        "chat_id": chat.chat_id,
        "canal": {"id": canal.id, "tipo": canal.tipo, "nombre": canal.nombre},
        "cliente": {"nombre": cliente.nombre, "datos": cliente.datos} if cliente else None,
        "estado_venta": chat.estado_venta,
        "ia_activa": chat.ia_activa,
        "tomado_por": {"quien": chat.tomado_por, "nombre": personas.get(chat.tomado_por)}
        if chat.tomado_por
        else None,
        "tomado_en": chat.tomado_en.isoformat() if chat.tomado_en else None,
        "devolver_en": chat.devolver_en.isoformat() if chat.devolver_en else None,
        "espera_humano": chat.espera_humano,
        "resumen": chat.resumen,
        "baja": chat.baja,
        "cerrado": chat.cerrado,
        "pendientes": chat.pendientes,
        "carrito": [show_linea(line) for line in chat.conversacion.get("carrito", [])],
        "creado_en": chat.creado_en.isoformat(),
        "actualizado_en": chat.actualizado_en.isoformat(),
    }


def show_linea(kept: dict[str, Any]) -> dict[str, Any]:
    """A line of the seller's memory, which keeps decimals as text."""
    shown = {k: kept.get(k) for k in ("sku", "nombre", "precio_unitario")}
    return {**shown, "cantidad": quantity(Decimal(kept.get("cantidad", 0)))}
