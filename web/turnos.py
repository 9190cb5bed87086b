"""Why the seller said what it said: the record of each turn of a chat."""

from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field
from sqlalchemy import select

from core.agente.porque import explain_registro, hide_cliente
from core.errors import NotFound
from core.mensajes.historial import find_chat
from core.models import Rol, TurnoRegistrado
from web import datos
from web.auth import identidad, requires
from web.chat import ChatPath
from web.esquemas import Lista
from web.esquemas_turnos import TurnoEntero, TurnoVisto
from web.paginas import Pagina, take_page

api = APIBlueprint("turnos", __name__, abp_tags=[Tag(name="Chats")])


class TurnoPath(BaseModel):
    chat_id: str
    turno_id: int = Field(description="El `id` de la lista.")


@api.get(
    "/chats/<path:chat_id>/turnos",
    summary="Por qué se contestó así: cada turno, el más reciente primero",
    responses={200: Lista[TurnoVisto]},
)
@requires(Rol.OBSERVADOR)
def list_turnos(path: ChatPath, query: Pagina) -> dict[str, Any]:
    """What each turn understood, found, decided and said. Kept TURNO_REGISTRO_DIAS days."""
    empresa_id = identidad().empresa_id
    session = datos.sesion()
    chat = find_chat(session, empresa_id=empresa_id, chat_id=path.chat_id)
    pagina = take_page(
        session,
        select(TurnoRegistrado).where(
            TurnoRegistrado.empresa_id == empresa_id, TurnoRegistrado.chat_id == chat.id
        ),
        by=(TurnoRegistrado.id,),
        query=query,
        newest_first=True,
    )
    return pagina.answer(show_turno)


@api.get(
    "/chats/<path:chat_id>/turnos/<int:turno_id>",
    summary="Un turno, con todo su registro",
    responses={200: TurnoEntero},
)
@requires(Rol.OBSERVADOR)
def read_turno(path: TurnoPath) -> dict[str, Any]:
    """One turn with its whole record, as `evaluar turno` replays it."""
    empresa_id = identidad().empresa_id
    session = datos.sesion()
    chat = find_chat(session, empresa_id=empresa_id, chat_id=path.chat_id)
    turno = session.get(TurnoRegistrado, (empresa_id, path.turno_id))
    if turno is None or turno.chat_id != chat.id:
        raise NotFound
    return {**show_turno(turno), "registro": hide_cliente(turno.registro)}


def show_turno(turno: TurnoRegistrado) -> dict[str, Any]:
    return {
        "id": turno.id,
        "creado_en": turno.creado_en.isoformat(),
        "respuesta_id": turno.respuesta_id,
        "motor": turno.motor,
        "acto": turno.acto,
        "regla": turno.regla,
        "corregido": turno.corregido,
        **explain_registro(turno.registro),
        "tokens_entrada": turno.tokens_entrada,
        "tokens_salida": turno.tokens_salida,
        "costo": f"{turno.costo:f}",
    }
