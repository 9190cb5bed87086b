"""The customer's side of a conversation: open, write, read back, follow live."""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.archivos.guardar import Adjunto, archivos_of
from core.db import DATABASE_DOWN
from core.errors import NotFound, TooManyRequests, Unavailable
from core.mensajes.botones import crudo_de
from core.mensajes.historial import (
    find_chat,
    find_respuesta,
    open_chat,
    read_eventos,
    read_mensajes,
)
from core.mensajes.recibir import CHAT_ID_MAX, Destino, receive_mensaje
from core.models import Canal, Chat, Mensaje, Rol, TipoCanal, Venta
from web import datos, vivo
from web.auth import Identidad, identidad, issue_cliente_token, publica, requires
from web.datos import servicios
from web.esquemas import Contestado, Encolado, HistorialVisto, SesionAbierta
from web.formas import show_mensaje, show_ventas
from web.origen import ensure_origen
from web.oyente import FIN, oyente
from web.paginas import Consulta
from web.vivo import event

api = APIBlueprint("chat", __name__, abp_tags=[Tag(name="Chat")])

TEXTO_MAX = 4000


def _clean(value: str) -> str:
    if not value.strip():
        raise ValueError("no puede estar vacío")
    if "\0" in value:
        raise ValueError("no puede tener caracteres NUL")
    return value


Texto = Annotated[str, Field(max_length=TEXTO_MAX), AfterValidator(_clean)]
ChatId = Annotated[str, Field(min_length=1, max_length=CHAT_ID_MAX), AfterValidator(_clean)]


def _clean_if_any(value: str) -> str:
    return _clean(value) if value else value


# The words that come with a photo or a recording, if any.
Leyenda = Annotated[str, Field(max_length=TEXTO_MAX), AfterValidator(_clean_if_any)]
IdExterno = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_clean)]


class SesionNueva(BaseModel):
    canal: str = Field(max_length=200, description="Clave pública del canal web")


class TextoNuevo(BaseModel):
    chat_id: ChatId
    mensaje: Texto
    id_externo: IdExterno | None = None
    boton: Annotated[str, Field(pattern=r"^[1-9]\d{0,17}:\d{1,2}$")] | None = Field(
        None, description="El `id` del botón pulsado; `mensaje` es entonces lo que mostraba."
    )


class Espera(Consulta):
    esperar: float = Field(0, ge=0, le=30, description="Segundos que se espera la respuesta")


class ChatPath(BaseModel):
    chat_id: str


class Historial(Consulta):
    limite: int | None = Field(None, ge=1, le=1000, description="Solo los últimos")


class Desde(Consulta):
    last_event_id: int = Field(0, alias="Last-Event-ID", ge=0, lt=2**63)


@api.post(
    "/chat/sesion",
    summary="Un cliente nuevo, con un token para su único chat",
    responses={201: SesionAbierta},
)
@publica
def open_sesion(body: SesionNueva) -> tuple[dict[str, Any], int]:
    """A new anonymous customer of a web channel, with a token for this one chat. A page of another
    site needs the channel's leave (`ajustes.origenes`): origen_no_permitido."""
    s = servicios()
    with s.db.sistema() as system:
        found = system.execute(
            select(Canal.empresa_id, Canal.id).where(
                Canal.clave == body.canal, Canal.tipo == "web", Canal.estado == "activo"
            )
        ).one_or_none()
    if found is None:
        raise NotFound
    session = datos.sesion_of(found.empresa_id)
    ensure_origen(session, s.settings, empresa_id=found.empresa_id, canal_id=found.id)
    recent = session.scalar(
        select(func.count())
        .select_from(Chat)
        .where(
            Chat.empresa_id == found.empresa_id,
            Chat.canal_id == found.id,
            Chat.creado_en > func.now() - timedelta(minutes=1),
        )
    )
    if (recent or 0) >= s.settings.chat_sesiones_por_minuto:
        raise TooManyRequests("Demasiados chats nuevos; espera un minuto.", segundos=60)
    chat = open_chat(session, empresa_id=found.empresa_id, canal_id=found.id)
    token = issue_cliente_token(session, empresa_id=found.empresa_id, chat_id=chat.id)
    session.commit()
    return {"chat_id": chat.chat_id, "token": token}, 201


@api.post(
    "/chat/texto",
    summary="Un mensaje de un cliente",
    description="202 en cuanto está a salvo; con `esperar`, 200 y la respuesta si llega a tiempo.",
    responses={200: Contestado, 202: Encolado},
)
@requires(Rol.VENDEDOR, Rol.CLIENTE)
def receive_texto(body: TextoNuevo, query: Espera) -> tuple[dict[str, Any], int]:
    """Store a customer's message: 202 as soon as it is safe, or the answer when asked to wait."""
    check_writes(body.chat_id)
    return accept(
        query,
        chat_id=body.chat_id,
        texto=body.mensaje,
        crudo=crudo_de(body.mensaje, body.boton) if body.boton else None,
        id_externo=body.id_externo,
    )


def accept(
    query: Espera, *, chat_id: str, adjunto: Adjunto | None = None, **mensaje: Any
) -> tuple[dict[str, Any], int]:
    """Whatever a customer sends: `mensaje` goes to receive_mensaje."""
    who = identidad()
    s = servicios()
    got = receive_mensaje(
        datos.DeLaPeticion(),
        s.cola,
        s.settings,
        empresa_id=who.empresa_id,
        destino=Destino(chat_id=chat_id),
        adjunto=adjunto,
        **mensaje,
    )
    if got.nuevo:
        s.metricas.mensaje_recibido(canal=TipoCanal.WEB.value)
    accepted = {
        "mensaje_id": got.mensaje_id,
        "chat_id": got.chat_id,
        "estado": "encolado",
        "eventos": f"/chat/eventos/{quote(got.chat_id, safe='')}",
    }
    if not query.esperar or not got.ia_activa:
        return accepted, 202
    datos.release()
    try:
        answer = _await_respuesta(who.empresa_id, got.chat_pk, got.mensaje_id, query.esperar)
    except (Unavailable, *DATABASE_DOWN):
        answer = None  # no trouble of the waiting may look as if the message were not stored
    return (answer, 200) if answer else (accepted, 202)


def check_writes(chat_id: str) -> None:
    """A cliente writes to its own chat only. Raises NotFound."""
    who = identidad()
    if who.rol == Rol.CLIENTE:
        _chat_of(who, chat_id)


@api.get(
    "/chat/historial/<path:chat_id>",
    summary="La conversación en orden; con `limite`, lo último",
    responses={200: HistorialVisto},
)
@requires(Rol.OBSERVADOR, Rol.CLIENTE)
def read_historial(path: ChatPath, query: Historial) -> dict[str, Any]:
    """The whole conversation in order, or its last `limite` messages."""
    who = identidad()
    chat = _chat_of(who, path.chat_id)
    mensajes = read_mensajes(
        datos.sesion(), empresa_id=who.empresa_id, chat_pk=chat.id, last=query.limite
    )
    return {
        "chat_id": chat.chat_id,
        "mensajes": _show_mensajes(datos.sesion(), who, mensajes),
        # Read before the messages: following the stream from here misses none.
        "ultimo_evento": chat.ultimo_evento,
    }


@api.get(
    "/chat/eventos/<path:chat_id>",
    summary="La conversación en vivo (text/event-stream)",
    description="Eventos mensaje, escribiendo y venta; con Last-Event-ID no se pierde ninguno.",
)
@requires(Rol.OBSERVADOR, Rol.CLIENTE)
def follow(path: ChatPath, header: Desde) -> Response:
    """Live events as text/event-stream. `id:` counts per chat: Last-Event-ID misses nothing."""
    who = identidad()
    chat = _chat_of(who, path.chat_id)
    chat_pk, last = chat.id, header.last_event_id
    if last > chat.ultimo_evento:  # of an earlier chat of this name: the shop was emptied since
        last = 0

    def news(notice: str) -> tuple[str, bool]:
        nonlocal last
        if notice == "escribiendo":
            return event("escribiendo", {"activo": True}), False
        told, last = _news(who, chat_pk, last)
        return told, False

    return vivo.follow(who, str(chat_pk), news)


def _news(who: Identidad, chat_pk: int, last: int) -> tuple[str, int]:
    """Events after `last` as stream text, read in one short transaction."""
    out: list[str] = []
    with servicios().db.empresa(who.empresa_id) as session:
        while eventos := read_eventos(
            session, empresa_id=who.empresa_id, chat_pk=chat_pk, after=last
        ):
            shown = _show_refs(session, who, [(e.tipo, e.ref_id) for e in eventos])
            for e in eventos:
                data = shown.get((e.tipo, e.ref_id))
                if data is not None:
                    out.append(event(e.tipo, data, id_=e.n))
            last = eventos[-1].n
    return "".join(out), last


def _show_refs(
    session: Session, who: Identidad, refs: list[tuple[str, int]]
) -> dict[tuple[str, int], dict[str, Any]]:
    empresa_id = who.empresa_id
    mensajes = session.scalars(
        select(Mensaje).where(
            Mensaje.empresa_id == empresa_id, Mensaje.id.in_([r for t, r in refs if t == "mensaje"])
        )
    ).all()
    shown: dict[tuple[str, int], dict[str, Any]] = {
        ("mensaje", m["id"]): m for m in _show_mensajes(session, who, mensajes)
    }
    if any(t == "venta" for t, _ in refs):
        ventas = session.scalars(
            select(Venta).where(
                Venta.empresa_id == empresa_id, Venta.id.in_([r for t, r in refs if t == "venta"])
            )
        ).all()
        for shape in show_ventas(session, ventas, empresa_id=empresa_id):
            shown["venta", shape["id"]] = shape
    return shown


def _show_mensajes(
    session: Session, who: Identidad, mensajes: Sequence[Mensaje]
) -> list[dict[str, Any]]:
    """As this caller may see them: what a model heard or saw is the shop's to read."""
    with_file = [m.id for m in mensajes if m.tipo in ("imagen", "audio")]
    archivos = archivos_of(session, empresa_id=who.empresa_id, mensajes=with_file)
    staff = who.rol != Rol.CLIENTE
    return [show_mensaje(m, archivos.get(m.id), con_transcripcion=staff) for m in mensajes]


def _await_respuesta(
    empresa_id: int, chat_pk: int, mensaje_id: int, seconds: float
) -> dict[str, Any] | None:
    """The answer to the turn of that message; None when it did not come in time, {} when none will
    come, because a person has the chat."""
    end = time.monotonic() + seconds
    with oyente().waiting(empresa_id, str(chat_pk)) as aviso:
        while True:
            answer = _read_respuesta(empresa_id, mensaje_id)
            left = end - time.monotonic()
            if answer is not None or left <= 0:
                return answer
            while (notice := aviso.wait(min(left, vivo.LOOK_SECONDS))) == "escribiendo":
                left = end - time.monotonic()
            if notice == FIN or (notice is None and time.monotonic() >= end):
                return _read_respuesta(empresa_id, mensaje_id)


def _read_respuesta(empresa_id: int, mensaje_id: int) -> dict[str, Any] | None:
    with servicios().db.empresa(empresa_id) as session:
        found = find_respuesta(session, empresa_id=empresa_id, mensaje_id=mensaje_id)
        mensaje, respuesta = found or (None, None)
        if mensaje is None:
            return None
        if respuesta is None:
            return {}
        venta = None
        if respuesta.venta_id is not None:
            row = session.get_one(Venta, (empresa_id, respuesta.venta_id))
            venta = show_ventas(session, [row], empresa_id=empresa_id)[0]
        return {
            "mensaje_id": mensaje.id,
            "respuesta": respuesta.texto,
            "estado_venta": respuesta.estado_venta,
            "venta": venta,
        }


def _chat_of(who: Identidad, chat_id: str) -> Chat:
    """The chat, if this caller may see it. Raises NotFound, alike for all other reasons."""
    chat = find_chat(datos.sesion(), empresa_id=who.empresa_id, chat_id=chat_id)
    if who.rol == Rol.CLIENTE and chat.id != who.chat_id:
        raise NotFound
    return chat
