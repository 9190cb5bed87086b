"""What a shop knows beside its productos: texts taken in here, read by a worker, asked here."""

from collections.abc import Sequence
from typing import Any, Literal

from flask import request
from flask_openapi3 import APIBlueprint, FileStorage, Tag
from pydantic import BaseModel, Field, ValidationError, field_validator
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage as UploadedFile

from core.documentos import documentos
from core.documentos.documentos import TITULO_MAX, Contenido
from core.documentos.indice import SEGURO
from core.documentos.lectura import formato_de
from core.errors import Invalid, TooLarge, explain
from core.models import Documento, Rol
from core.ports import Pasaje, Tarea
from web import datos
from web.auth import identidad, requires
from web.campos import Id, Nombre, Texto
from web.datos import servicios, sesion
from web.esquemas import Lista
from web.esquemas_documentos import (
    DocumentoCompleto,
    DocumentoEncolado,
    DocumentoVisto,
    RespuestaDeDocumentos,
)
from web.paginas import Consulta, Pagina, take_page

api = APIBlueprint(
    "documentos", __name__, url_prefix="/documentos", abp_tags=[Tag(name="Documentos")]
)

_ENVIO = (
    "multipart con `archivo` (.txt, .md, .csv de pregunta y respuesta, .pdf) y `titulo`, o JSON "
    "`{titulo, texto, formato?}` con formato texto, markdown o csv."
)
_HALLADOS = 5


class Envio(BaseModel):
    """The multipart way; in JSON it is a DocumentoTexto."""

    archivo: FileStorage | None = Field(default=None, description="TXT, MD, CSV o PDF.")
    titulo: Texto | None = Field(default=None, description="Sin él, el nombre del archivo.")

    @field_validator("archivo")
    @classmethod
    def _is_a_file(cls, value: object) -> object:
        """The library passes on a text of that name unseen."""
        if value is not None and not isinstance(value, UploadedFile):
            raise ValueError("es un archivo")
        return value


class DocumentoTexto(BaseModel):
    titulo: Nombre
    texto: Texto = Field(min_length=1)
    formato: Literal["texto", "markdown", "csv"] = "texto"


class Pregunta(Consulta):
    q: Texto = Field(min_length=1, max_length=1000, description="Como la escribiría un cliente.")


@api.get("/", summary="Los documentos de la tienda", responses={200: Lista[DocumentoVisto]})
@requires(Rol.OBSERVADOR)
def list_documentos(query: Pagina) -> dict[str, Any]:
    mine = documentos.list_documentos(identidad().empresa_id)
    page = take_page(sesion(), mine, by=(Documento.id,), query=query)
    return page.answer_with(_show_all(sesion(), page.filas))


@api.post(
    "/",
    summary="Agregar un documento",
    description=f"Se lee aparte; responde cuando su estado es listo. {_ENVIO}",
    responses={202: DocumentoEncolado},
)
@requires(Rol.ADMIN)
def create_documento(form: Envio) -> tuple[dict[str, Any], int]:
    documento_id = documentos.create_documento(
        sesion(),
        servicios().settings,
        _sent(form),
        empresa_id=identidad().empresa_id,
        actor=identidad().actor,
    )
    sesion().commit()
    return _ring(documento_id)


@api.get(
    "/buscar",
    summary="Qué se respondería a una pregunta",
    description="Busca por palabras; los vendedores suman el significado donde hay un modelo.",
    responses={200: RespuestaDeDocumentos},
)
@requires(Rol.OBSERVADOR)
def ask(query: Pregunta) -> dict[str, Any]:
    empresa_id = identidad().empresa_id
    datos.release()  # the search opens a session of its own
    found = servicios().biblioteca.buscar(empresa_id, query.q, _HALLADOS)
    return {
        "responde": bool(found) and found[0].puntaje >= SEGURO,
        "umbral": SEGURO,
        "pasajes": [_show_hit(p) for p in found],
    }


@api.get("/<int:id>", summary="Un documento y sus pasajes", responses={200: DocumentoCompleto})
@requires(Rol.OBSERVADOR)
def read_documento(path: Id) -> dict[str, Any]:
    ids = {"empresa_id": identidad().empresa_id, "documento_id": path.id}
    row = documentos.find_documento(sesion(), **ids)
    pasajes = [
        {"id": p.id, "titulo": p.titulo, "texto": p.texto}
        for p in documentos.read_pasajes(sesion(), **ids)
    ]
    return _show(row, len(pasajes)) | {"contenido": pasajes}


@api.put(
    "/<int:id>",
    summary="Cambiar un documento por otro",
    description=f"Lo que decía responde hasta que se lea el nuevo. {_ENVIO}",
    responses={202: DocumentoEncolado},
)
@requires(Rol.ADMIN)
def replace_documento(path: Id, form: Envio) -> tuple[dict[str, Any], int]:
    changed = documentos.replace_documento(
        sesion(),
        servicios().settings,
        _sent(form),
        empresa_id=identidad().empresa_id,
        documento_id=path.id,
        actor=identidad().actor,
    )
    estado = "en_cola"
    if not changed:
        ids = {"empresa_id": identidad().empresa_id, "documento_id": path.id}
        estado = documentos.find_documento(sesion(), **ids).estado
    sesion().commit()
    return _ring(path.id, estado)


@api.delete("/<int:id>", summary="Eliminar un documento")
@requires(Rol.ADMIN)
def delete_documento(path: Id) -> tuple[str, int]:
    documentos.delete_documento(
        sesion(),
        empresa_id=identidad().empresa_id,
        documento_id=path.id,
        actor=identidad().actor,
    )
    sesion().commit()
    return "", 204


def _ring(documento_id: int, estado: str = "en_cola") -> tuple[dict[str, Any], int]:
    ids = {"empresa_id": identidad().empresa_id, "documento_id": documento_id}
    servicios().cola.ring(Tarea.INDEX_DOCUMENTO, **ids)
    return {"documento_id": documento_id, "estado": estado}, 202


def _sent(form: Envio) -> Contenido:
    """What came, in either of its two ways. Raises Invalid or TooLarge."""
    if request.is_json:
        try:
            body = DocumentoTexto.model_validate(request.get_json())
        except ValidationError as e:
            raise _complaint({".".join(map(str, x["loc"])): explain(x) for x in e.errors()}) from e
        return Contenido(body.titulo, body.formato, body.texto.encode())
    if form.archivo is None:
        raise _complaint({"archivo": "falta"})
    most = servicios().settings.documento_max_bytes
    contenido = form.archivo.stream.read(most + 1)
    form.archivo.close()
    if len(contenido) > most:
        raise TooLarge(f"El documento pasa de {most // 1024**2} MB.")
    nombre = form.archivo.filename or ""
    formato = formato_de(nombre, contenido)
    if formato is None:
        raise _complaint({"archivo": "no es .txt, .md, .csv ni .pdf"})
    titulo = " ".join((form.titulo or nombre.rpartition(".")[0]).split())
    if not 0 < len(titulo) <= TITULO_MAX or "\0" in titulo:
        raise _complaint({"titulo": f"tiene entre 1 y {TITULO_MAX} caracteres"})
    return Contenido(titulo, formato, contenido)


def _complaint(fields: dict[str, str]) -> Invalid:
    errores = [{"campo": campo, "mensaje": mensaje} for campo, mensaje in fields.items()]
    return Invalid("Hay datos que no son válidos.", errores=errores)


def _show_all(session: Session, rows: Sequence[Documento]) -> list[dict[str, Any]]:
    ids = [row.id for row in rows]
    counts = documentos.count_pasajes(session, empresa_id=identidad().empresa_id, ids=ids)
    return [_show(row, counts.get(row.id, 0)) for row in rows]


def _show(row: Documento, pasajes: int) -> dict[str, Any]:
    return {
        "id": row.id,
        "titulo": row.titulo,
        "formato": row.formato,
        "estado": row.estado,
        "error": row.error,
        "pasajes": pasajes,
        "creado_en": row.creado_en.isoformat(),
        "actualizado_en": row.actualizado_en.isoformat(),
    }


def _show_hit(pasaje: Pasaje) -> dict[str, Any]:
    return {
        "id": pasaje.id,
        "documento_id": pasaje.documento_id,
        "documento": pasaje.documento,
        "texto": pasaje.texto,
        "puntaje": pasaje.puntaje,
        "suficiente": pasaje.puntaje >= SEGURO,
    }
