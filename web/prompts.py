"""What a shop words otherwise: read, try on a past chat, put in force, take back."""

import re
from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field
from sqlalchemy import select

from core.agente.ensayo import rehearse
from core.agente.plantillas import RESPUESTAS, leaves, nombres, original
from core.agente.propias import CONTENIDO_MAX, check, read_propio
from core.agente.verificar import stands_in
from core.catalogo.nombrados import named_productos
from core.catalogo.texto import fold
from core.cuentas import newest_prompts, write_prompt
from core.errors import Invalid, NotFound, NotImplementedYet
from core.mensajes.historial import find_chat
from core.models import Empresa, Prompt, Rol, TurnoRegistrado
from core.ports import Tienda
from web.auth import identidad, requires
from web.campos import Texto
from web.datos import release, sesion
from web.esquemas import (
    Lista,
    PromptEnLista,
    PromptVisto,
    TurnoEnsayado,
    VersionVista,
)
from web.paginas import Pagina, take_page

api = APIBlueprint("prompts", __name__, url_prefix="/prompts", abp_tags=[Tag(name="Prompts")])


class Nombre(BaseModel):
    nombre: str


class PromptNuevo(BaseModel):
    contenido: Texto = Field(
        description="De `respuestas`, solo las claves que cambian, en YAML; de los demás, el texto "
        f"entero. {CONTENIDO_MAX} caracteres como máximo."
    )
    version_base: int | None = Field(
        default=None, ge=0, description="La que se miró; si ya no es la que rige, 409."
    )


class Prueba(BaseModel):
    contenido: Texto
    chat_id: Texto = Field(max_length=128)


@api.get("/", summary="Los textos que se pueden cambiar", responses={200: Lista[PromptEnLista]})
@requires(Rol.OBSERVADOR)
def list_prompts() -> dict[str, Any]:
    newest = newest_prompts(sesion(), empresa_id=identidad().empresa_id)
    return {"elementos": [_head(n, newest.get(n)) for n in nombres()], "siguiente": None}


@api.get("/<nombre>", summary="Un texto: el que rige y el original", responses={200: PromptVisto})
@requires(Rol.OBSERVADOR)
def read_prompt(path: Nombre) -> dict[str, Any]:
    return _show(_known(path.nombre))


@api.get(
    "/<nombre>/versiones",
    summary="Todas las versiones propias, la última primero",
    description="Para volver a una, se envía su contenido otra vez.",
    responses={200: Lista[VersionVista]},
)
@requires(Rol.OBSERVADOR)
def list_versiones(path: Nombre, query: Pagina) -> dict[str, Any]:
    mine = select(Prompt).where(
        Prompt.empresa_id == identidad().empresa_id, Prompt.nombre == _known(path.nombre)
    )
    page = take_page(sesion(), mine, by=(Prompt.version,), query=query, newest_first=True)
    return page.answer(_show_version)


@api.put(
    "/<nombre>",
    summary="Poner en vigor un texto propio, como versión nueva",
    description="Vale desde el siguiente mensaje. No puede llevar cifras ni nombres de productos: "
    "los ponen los {campos} que cada frase tiene hoy.",
    responses={200: PromptVisto},
)
@requires(Rol.ADMIN)
def replace_prompt(path: Nombre, body: PromptNuevo) -> dict[str, Any]:
    nombre = _known(path.nombre)
    _refuse_wrong(nombre, body.contenido)
    return _write(nombre, body.contenido, body.version_base)


@api.delete(
    "/<nombre>", summary="Volver al original, como versión nueva", responses={200: PromptVisto}
)
@requires(Rol.ADMIN)
def restore_prompt(path: Nombre) -> dict[str, Any]:
    return _write(_known(path.nombre), None, None)


@api.post(
    "/<nombre>/probar",
    summary="Ver qué diría en un chat pasado, sin guardar nada",
    description="Turno por turno, lo decidido entonces con las palabras de hoy y con las nuevas. "
    "`rechazado`: el verificador no lo dejaría salir. Solo de `respuestas`.",
    responses={200: Lista[TurnoEnsayado]},
)
@requires(Rol.ADMIN)
def try_prompt(path: Nombre, query: Pagina, body: Prueba) -> dict[str, Any]:
    nombre, empresa_id = _known(path.nombre), identidad().empresa_id
    if nombre != RESPUESTAS:
        raise NotImplementedYet("Los textos del modelo no se pueden probar todavía.")
    chat = find_chat(sesion(), empresa_id=empresa_id, chat_id=body.chat_id)
    _refuse_wrong(nombre, body.contenido)
    turnos = select(TurnoRegistrado).where(
        TurnoRegistrado.empresa_id == empresa_id, TurnoRegistrado.chat_id == chat.id
    )
    page = take_page(sesion(), turnos, by=(TurnoRegistrado.id,), query=query)
    tienda = _tienda(empresa_id)
    sesion().expunge_all()
    release()  # wording a page takes longer than reading it
    tried = rehearse(page.filas, tienda, body.contenido)
    return page.answer_with(
        [
            {
                "turno_id": t.turno_id,
                "antes": t.antes,
                "despues": t.despues,
                "cambia": t.cambia,
                "rechazado": t.rechazado,
            }
            for t in tried
        ]
    )


def _known(nombre: str) -> str:
    if nombre not in nombres():
        raise NotFound
    return nombre


def _refuse_wrong(nombre: str, contenido: str) -> None:
    errores = check(nombre, contenido)
    if nombre == RESPUESTAS and not errores:
        errores = _named(contenido)
    if errores:
        raise Invalid("El texto no se puede usar.", errores=errores)


def _named(contenido: str) -> list[dict[str, str]]:
    """A sentence that names a producto would say it of any other."""
    texts = [fold(re.sub(r"\{\w*\}", " ; ", t)) for t in leaves(read_propio(contenido)[0])]
    said = " ; ".join(texts)
    names = named_productos(sesion(), empresa_id=identidad().empresa_id, texto=said)
    return [
        {"campo": "contenido", "mensaje": f"nombra un producto: «{name}»"}
        for name in names
        if stands_in(said, name)
    ]


def _write(nombre: str, contenido: str | None, version_base: int | None) -> dict[str, Any]:
    session = sesion()
    write_prompt(
        session,
        empresa_id=identidad().empresa_id,
        nombre=nombre,
        contenido=contenido,
        usuario_id=identidad().usuario_id,
        actor=identidad().actor,
        version_base=version_base,
    )
    shown = _show(nombre)
    session.commit()
    return shown


def _tienda(empresa_id: int) -> Tienda:
    empresa = sesion().get_one(Empresa, empresa_id)
    newest = newest_prompts(sesion(), empresa_id=empresa_id)
    own = {n: p.contenido for n, p in newest.items() if p.contenido is not None}
    return Tienda(empresa.nombre, empresa.moneda, empresa.ajustes, propios=own)


def _head(nombre: str, newest: Prompt | None) -> dict[str, Any]:
    return {
        "nombre": nombre,
        "version": newest.version if newest else 0,
        "propio": newest is not None and newest.contenido is not None,
    }


def _show(nombre: str) -> dict[str, Any]:
    newest = newest_prompts(sesion(), empresa_id=identidad().empresa_id).get(nombre)
    own = newest.contenido if newest else None
    return {
        **_head(nombre, newest),
        "contenido": original(nombre) if own is None else own,
        "original": original(nombre),
    }


def _show_version(row: Prompt) -> dict[str, Any]:
    return {
        "version": row.version,
        "contenido": row.contenido,
        "usuario_id": row.usuario_id,
        "creado_en": row.creado_en.isoformat(),
    }
