"""`flask --app web productos importar FILE`: a file into the catalogue from the terminal.

Works in this process, so it needs no worker; beside a live system it waits its turn.
"""

import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

import click
from flask.cli import AppGroup
from sqlalchemy import select

from core.catalogo.importar import create_importacion, import_step
from core.catalogo.indexar import embed_step
from core.db import Database
from core.errors import Invalid, NotFound, TooLarge
from core.models import Empresa, Importacion, ImportacionFila
from core.wiring import Servicios
from web.cli import ACTOR, refusing
from web.datos import servicios

productos = AppGroup("productos", help="Lo que se vende.")

_ABIERTAS = ("en_cola", "procesando")
_ERRORES_MAX = 20


@productos.command("importar", help="Importar un archivo de productos y ver cómo avanza.")
@click.argument("archivo", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--empresa",
    "empresa_id",
    type=click.IntRange(1, 2**63 - 1),
    help="Su id; hace falta cuando hay más de una.",
)
@click.option(
    "--modo",
    type=click.Choice(["actualizar", "reemplazar"]),
    default="actualizar",
    show_default=True,
    help="reemplazar deja de vender lo que el archivo no nombra.",
)
def importar(archivo: Path, empresa_id: int | None, modo: str) -> None:
    s = servicios()
    with refusing():
        empresa_id = empresa_id or _only_empresa(s.db)
        importacion_id = _store(s, archivo, empresa_id, modo)
        with ThreadPoolExecutor(1) as pool:
            work = pool.submit(_work, s, empresa_id, importacion_id)
            _show_progress(s.db, work, empresa_id, importacion_id)
        _show_end(s.db, empresa_id, importacion_id)


def _only_empresa(db: Database) -> int:
    with db.sistema() as session:
        ids = session.scalars(
            select(Empresa.id).where(~Empresa.reservada, ~Empresa.efimera).limit(2)
        ).all()
    if len(ids) != 1:
        raise Invalid("Falta --empresa." if ids else "No hay ninguna empresa.")
    return ids[0]


def _store(s: Servicios, archivo: Path, empresa_id: int, modo: str) -> int:
    most = s.settings.importacion_max_bytes
    if archivo.stat().st_size > most:
        raise TooLarge(f"El archivo pasa de {most // 1024**2} MB.")
    with s.db.empresa(empresa_id) as session:
        if session.get(Empresa, empresa_id) is None:
            raise NotFound
        return create_importacion(
            session,
            empresa_id=empresa_id,
            modo=modo,
            nombre_archivo=archivo.name,
            contenido=archivo.read_bytes(),
            actor=ACTOR,
            usuario_id=None,
        )


def _work(s: Servicios, empresa_id: int, importacion_id: int) -> None:
    """Step on the empresa's oldest open file until ours has ended, whoever ends it."""
    while (oldest := _oldest_open(s.db, empresa_id, importacion_id)) is not None:
        paso = import_step(
            s.db,
            s.cola,
            s.settings,
            empresa_id=empresa_id,
            importacion_id=oldest,
            worker=f"{ACTOR}:{importacion_id}",
        )
        if paso.estado in ("nada", "perdido"):
            time.sleep(0.5)  # a worker has it
    _find_vectors(s, empresa_id, importacion_id)


def _find_vectors(s: Servicios, empresa_id: int, importacion_id: int) -> None:
    """Until it can be found by meaning, here or by a worker; a model that is away is not waited
    for: workers go on when it is back."""
    while _read(s.db, empresa_id, importacion_id).estado == "indexando":
        paso = embed_step(
            s.db,
            s.cola,
            s.settings,
            s.embedder,
            empresa_id=empresa_id,
            worker=f"{ACTOR}:{importacion_id}",
        )
        if paso.estado == "espera":
            return
        if paso.estado in ("nada", "perdido"):
            time.sleep(0.5)  # a worker has it


def _oldest_open(db: Database, empresa_id: int, importacion_id: int) -> int | None:
    with db.empresa(empresa_id) as session:
        return session.scalar(
            select(Importacion.id)
            .where(
                Importacion.empresa_id == empresa_id,
                Importacion.id <= importacion_id,
                Importacion.estado.in_(_ABIERTAS),
            )
            .order_by(Importacion.id)
            .limit(1)
        )


def _show_progress(db: Database, work: Future[None], empresa_id: int, importacion_id: int) -> None:
    said = ""
    while not work.done():
        wait([work], timeout=0.5)
        row = _read(db, empresa_id, importacion_id)
        line = f"{row.estado}: {row.filas_procesadas} de {row.filas_total or '…'} filas"
        if line != said:
            click.echo(line)
        said = line
    work.result()


def _show_end(db: Database, empresa_id: int, importacion_id: int) -> None:
    row = _read(db, empresa_id, importacion_id)
    with db.empresa(empresa_id) as session:
        errors = session.scalars(
            select(ImportacionFila)
            .where(
                ImportacionFila.empresa_id == empresa_id,
                ImportacionFila.importacion_id == importacion_id,
            )
            .order_by(ImportacionFila.fila, ImportacionFila.n)
            .limit(_ERRORES_MAX)
        )
        for e in errors:
            click.echo(f"  línea {e.fila}, {e.columna or 'toda'}: {e.mensaje} ({e.codigo})")
    click.echo(
        f"Importación {row.id} {row.estado}: {row.creados} creados, {row.actualizados} "
        f"actualizados, {row.sin_cambios} sin cambios, {row.desactivados} desactivados, "
        f"{row.con_error} con error"
    )
    if row.error:
        raise click.ClickException(row.error["mensaje"])


def _read(db: Database, empresa_id: int, importacion_id: int) -> Importacion:
    with db.empresa(empresa_id) as session:
        row = session.get_one(Importacion, (empresa_id, importacion_id))
        session.expunge(row)
        return row
