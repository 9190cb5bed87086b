"""Photos and recordings: a customer's are taken in here, and shown to those who may see them."""

import io
from typing import Any

from flask import Response, request
from flask_openapi3 import APIBlueprint, FileStorage, Tag
from pydantic import BaseModel, Field, field_validator
from werkzeug.datastructures import FileStorage as UploadedFile
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import wrap_file

from core.archivos.guardar import Adjunto, check_cupo, find_listo, read_tramo
from core.archivos.limpiar import check, max_bytes
from core.archivos.tipos import EXTENSIONES
from core.db import Database
from core.models import Rol
from web import datos
from web.auth import identidad, requires
from web.campos import Id
from web.chat import ChatId, Espera, IdExterno, Leyenda, accept, check_writes
from web.datos import servicios
from web.esquemas import Contestado, Encolado

api = APIBlueprint("archivos", __name__, abp_tags=[Tag(name="Chat")])

# What is read of a file at once: little enough for hundreds of readers, enough to be few queries.
_TRAMO = 256 * 1024
# It is opened by nothing but what asked for it, and can load or run nothing.
_CABECERAS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}
_ACEPTA = "202 en cuanto está a salvo; con `esperar`, 200 y la respuesta si llega a tiempo."


class Enviado(BaseModel):
    archivo: FileStorage
    chat_id: ChatId
    mensaje: Leyenda = Field("", description="Lo que el cliente escribe con él.")
    id_externo: IdExterno | None = None

    @field_validator("archivo")
    @classmethod
    def _is_a_file(cls, value: object) -> object:
        """The library passes on a text of that name unseen."""
        if not isinstance(value, UploadedFile):
            raise ValueError("es un archivo")
        return value


@api.post(
    "/chat/imagen",
    summary="Una foto de un cliente: JPEG, PNG, WebP o GIF",
    description=_ACEPTA,
    responses={200: Contestado, 202: Encolado},
)
@requires(Rol.VENDEDOR, Rol.CLIENTE)
def receive_imagen(form: Enviado, query: Espera) -> tuple[dict[str, Any], int]:
    return _receive("imagen", form, query)


@api.post(
    "/chat/audio",
    summary="Una nota de voz de un cliente: OGG, MP3, M4A, AAC, WAV, WebM, AMR o FLAC",
    description=_ACEPTA,
    responses={200: Contestado, 202: Encolado},
)
@requires(Rol.VENDEDOR, Rol.CLIENTE)
def receive_audio(form: Enviado, query: Espera) -> tuple[dict[str, Any], int]:
    return _receive("audio", form, query)


def _receive(tipo: str, form: Enviado, query: Espera) -> tuple[dict[str, Any], int]:
    """Like a text, with its file. Nobody is shown it before a worker has cleaned it."""
    s = servicios()
    contenido = form.archivo.stream.read(max_bytes(s.settings, tipo) + 1)
    form.archivo.close()
    check_writes(form.chat_id)
    empresa_id = identidad().empresa_id
    check_cupo(datos.sesion(), s.settings, empresa_id=empresa_id, chat_id=form.chat_id)
    mime = check(contenido, tipo, s.settings)
    return accept(
        query,
        chat_id=form.chat_id,
        texto=form.mensaje,
        tipo=tipo,
        adjunto=Adjunto(tipo, mime, contenido),
        id_externo=form.id_externo,
    )


@api.get(
    "/archivos/<int:id>",
    summary="Una foto o un audio de un chat",
    description="Para la tienda, y para el cliente de ese chat. Admite Range.",
)
@requires(Rol.OBSERVADOR, Rol.CLIENTE)
def read_archivo(path: Id) -> Response:
    who = identidad()
    row = find_listo(
        datos.sesion(),
        empresa_id=who.empresa_id,
        archivo_id=path.id,
        chat_id=who.chat_id if who.rol == Rol.CLIENTE else None,
    )
    mime, size, sha256 = row.mime or "", row.bytes or 0, row.sha256 or b""
    datos.release()
    file = io.BufferedReader(
        _Archivo(servicios().db, empresa_id=who.empresa_id, archivo_id=path.id, size=size), _TRAMO
    )
    answer = Response(wrap_file(request.environ, file, _TRAMO), direct_passthrough=True)
    answer.headers.update(_CABECERAS)
    answer.content_type, answer.content_length = mime, size
    answer.headers["Content-Disposition"] = f'attachment; filename="{path.id}.{EXTENSIONES[mime]}"'
    answer.set_etag(sha256.hex())
    try:
        answer.make_conditional(request.environ, accept_ranges=True, complete_length=size)
    except RequestedRangeNotSatisfiable:
        answer.close()
        raise
    return answer


class _Archivo(io.RawIOBase):
    """The content of an archivo, read in pieces: no connection is held while a slow reader takes
    one. It ends early where it was erased meanwhile."""

    def __init__(self, db: Database, *, empresa_id: int, archivo_id: int, size: int) -> None:
        self._db, self._size, self._at = db, size, 0
        self._key = {"empresa_id": empresa_id, "archivo_id": archivo_id}

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        piece = read_tramo(self._db, desde=self._at, n=len(buffer), **self._key)
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)
