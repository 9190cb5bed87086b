"""Files into the catalogue: taken in here, worked on by a worker, followed here."""

import csv
import io
from collections.abc import Iterator
from typing import Any, Literal

from flask import Response
from flask_openapi3 import APIBlueprint, FileStorage, Tag
from pydantic import BaseModel, Field, field_validator
from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage as UploadedFile

from core.catalogo.archivos.celdas import harmless
from core.catalogo.busqueda.indexar import count_indexados, read_espera
from core.catalogo.importaciones.importar import create_importacion
from core.db import Database
from core.errors import NotFound, TooLarge
from core.models import Importacion, ImportacionFila, Rol
from core.ports import Tarea
from web import datos, vivo
from web.auth import identidad, requires
from web.campos import Id
from web.datos import servicios, sesion
from web.esquemas import Lista
from web.esquemas_importaciones import (
    ImportacionEncolada,
    ImportacionVista,
    ResumenDeImportacion,
)
from web.paginas import Pagina, take_page

api = APIBlueprint("importaciones", __name__, abp_tags=[Tag(name="Productos")])

_ERRORES_MAX = 100  # shown with the importacion; all of them are in its errores.csv
_ERRORES_TRAMO = 5000


class Archivo(BaseModel):
    archivo: FileStorage = Field(
        description="CSV o XLSX: nombre, precio y stock; lo demás es opcional."
    )

    @field_validator("archivo")
    @classmethod
    def _is_a_file(cls, value: object) -> object:
        """The library passes on a text of that name unseen."""
        if not isinstance(value, UploadedFile):
            raise ValueError("es un archivo")
        return value


class Opciones(BaseModel):
    modo: Literal["reemplazar", "actualizar"] = Field(
        default="reemplazar",
        description="reemplazar deja de vender lo que el archivo no nombra; actualizar, no.",
    )
    simular: bool = Field(
        default=False,
        description="Decir qué pasaría, sin hacerlo: se lee en /importaciones/{id}/cambios y se "
        "hace con /importaciones/{id}/aplicar.",
    )


@api.post(
    "/productos/reemplazar_csv",
    summary="Importar un archivo de productos",
    responses={202: ImportacionEncolada},
)
@requires(Rol.ADMIN)
def upload(form: Archivo, query: Opciones) -> tuple[dict[str, Any], int]:
    most = servicios().settings.importacion_max_bytes
    contenido = form.archivo.stream.read(most + 1)
    if len(contenido) > most:
        raise TooLarge(f"El archivo pasa de {most // 1024**2} MB.")
    empresa_id = identidad().empresa_id
    importacion_id = create_importacion(
        sesion(),
        empresa_id=empresa_id,
        modo=query.modo,
        nombre_archivo=form.archivo.filename or "",
        contenido=contenido,
        actor=identidad().actor,
        usuario_id=identidad().usuario_id,
        simulada=query.simular,
    )
    sesion().commit()
    servicios().cola.ring(Tarea.IMPORT_STEP, empresa_id=empresa_id, importacion_id=importacion_id)
    return {"importacion_id": importacion_id}, 202


@api.get(
    "/importaciones/",
    summary="Las importaciones, la última primero",
    responses={200: Lista[ResumenDeImportacion]},
)
@requires(Rol.OBSERVADOR)
def list_importaciones(query: Pagina) -> dict[str, Any]:
    mine = select(Importacion).where(Importacion.empresa_id == identidad().empresa_id)
    page = take_page(sesion(), mine, by=(Importacion.id,), newest_first=True, query=query)
    return page.answer(lambda row: show_importacion(sesion(), row))


@api.get(
    "/importaciones/<int:id>",
    summary="Cómo va una importación",
    responses={200: ImportacionVista},
)
@requires(Rol.OBSERVADOR)
def read_importacion(path: Id) -> dict[str, Any]:
    row = find_importacion(path.id)
    errors = sesion().scalars(
        select(ImportacionFila)
        .where(
            ImportacionFila.empresa_id == row.empresa_id,
            ImportacionFila.importacion_id == row.id,
        )
        .order_by(ImportacionFila.fila, ImportacionFila.n)
        .limit(_ERRORES_MAX)
    )
    return show_importacion(sesion(), row) | {"errores": [show_falla(e) for e in errors]}


@api.get("/importaciones/<int:id>/errores.csv", summary="Todos sus errores")
@requires(Rol.OBSERVADOR)
def read_errores(path: Id) -> Response:
    row = find_importacion(path.id)
    empresa_id, importacion_id = row.empresa_id, row.id
    datos.release()  # what is sent over minutes must hold no connection
    answer = Response(_errores_csv(servicios().db, empresa_id, importacion_id), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="errores-{importacion_id}.csv"'
    return answer


@api.get(
    "/importaciones/<int:id>/eventos",
    summary="Una importación en vivo (text/event-stream)",
    description="Eventos progreso, primero cómo está ahora, y al terminar uno que se llama fin.",
)
@requires(Rol.OBSERVADOR)
def follow(path: Id) -> Response:
    """Each `progreso` says all of it, so that one that was missed is not missed."""
    row, who, said = find_importacion(path.id), identidad(), ""
    importacion_id = row.id

    def news(_: str) -> tuple[str, bool]:
        nonlocal said
        with servicios().db.empresa(who.empresa_id) as session:
            now = session.get(Importacion, (who.empresa_id, importacion_id))
            if now is None:  # the shop was emptied
                return vivo.event("fin", {"id": importacion_id}), True
            shown = show_importacion(session, now)
        told = vivo.event("progreso", shown)
        fresh, said = ("" if told == said else told), told
        ended = shown["estado"] in ("completada", "fallida")
        return fresh + (vivo.event("fin", shown) if ended else ""), ended

    return vivo.follow(who, f"i{importacion_id}", news)


def find_importacion(importacion_id: int) -> Importacion:
    row = sesion().get(Importacion, (identidad().empresa_id, importacion_id))
    if row is None:
        raise NotFound
    return row


def show_importacion(session: Session, row: Importacion) -> dict[str, Any]:
    return {
        "id": row.id,
        "estado": row.estado,
        "modo": row.modo,
        "simulada": row.simulada,
        "origen_id": row.origen_id,
        "nombre_archivo": row.nombre_archivo,
        "filas_total": row.filas_total,
        "filas_procesadas": row.filas_procesadas,
        "creados": row.creados,
        "actualizados": row.actualizados,
        "sin_cambios": row.sin_cambios,
        "desactivados": row.desactivados,
        "con_error": row.con_error,
        "indexados": count_indexados(session, row),
        "espera": read_espera(session, row),
        "error": row.error,
        "creada_en": row.creada_en.isoformat(),
        "terminada_en": row.terminada_en.isoformat() if row.terminada_en else None,
        "cambios_hasta": row.cambios_hasta.isoformat() if row.cambios_hasta else None,
    }


def show_falla(row: ImportacionFila) -> dict[str, Any]:
    return {
        "fila": row.fila or None,  # 0: it is about a producto that no line names
        "columna": row.columna,
        "codigo": row.codigo,
        "mensaje": row.mensaje,
    }


def _errores_csv(db: Database, empresa_id: int, importacion_id: int) -> Iterator[str]:
    yield "fila,columna,codigo,mensaje\r\n"
    last = (0, 0)
    while True:
        with db.empresa(empresa_id) as session:
            rows = session.execute(
                select(
                    ImportacionFila.fila,
                    ImportacionFila.n,
                    ImportacionFila.columna,
                    ImportacionFila.codigo,
                    ImportacionFila.mensaje,
                )
                .where(
                    ImportacionFila.empresa_id == empresa_id,
                    ImportacionFila.importacion_id == importacion_id,
                    tuple_(ImportacionFila.fila, ImportacionFila.n) > last,
                )
                .order_by(ImportacionFila.fila, ImportacionFila.n)
                .limit(_ERRORES_TRAMO)
            ).all()
        if not rows:
            return
        text = io.StringIO()
        csv.writer(text).writerows(
            (row.fila or "", *(harmless(c or "") for c in (row.columna, row.codigo, row.mensaje)))
            for row in rows
        )
        yield text.getvalue()
        last = (rows[-1].fila, rows[-1].n)
