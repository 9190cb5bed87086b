"""`flask --app web productos importar FILE`: a file into the catalogue from the terminal, or only
what it would change; `productos aplicar` and `productos deshacer` carry that on.

Works in this process, so it needs no worker; beside a live system it waits its turn.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

import click
from flask.cli import AppGroup
from sqlalchemy import select

from core.catalogo.busqueda.indexar import embed_step
from core.catalogo.importaciones.cambios import CAMPOS
from core.catalogo.importaciones.encargos import create_aplicacion, create_deshacer
from core.catalogo.importaciones.importar import create_importacion, import_step
from core.db import Database
from core.errors import Invalid, NotFound, TooLarge
from core.models import Empresa, Importacion, ImportacionCambio, ImportacionFila, Producto
from core.wiring import Servicios
from web.cli import ACTOR, refusing
from web.datos import servicios

productos = AppGroup("productos", help="Lo que se vende.")

_ABIERTAS = ("en_cola", "procesando")
_ERRORES_MAX = 20
_CAMBIOS_MAX = 40


de_empresa = click.option(
    "--empresa",
    "empresa_id",
    type=click.IntRange(1, 2**63 - 1),
    help="Su id; hace falta cuando hay más de una.",
)
_importacion = click.argument("importacion_id", metavar="ID", type=click.IntRange(1, 2**63 - 1))


@productos.command("importar", help="Importar un archivo de productos y ver cómo avanza.")
@click.argument("archivo", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@de_empresa
@click.option(
    "--modo",
    type=click.Choice(["actualizar", "reemplazar"]),
    default="actualizar",
    show_default=True,
    help="reemplazar deja de vender lo que el archivo no nombra.",
)
@click.option("--simular", is_flag=True, help="Decir qué cambiaría, sin hacerlo.")
def importar(archivo: Path, empresa_id: int | None, modo: str, simular: bool) -> None:
    s = servicios()
    with refusing():
        empresa_id = empresa_id or only_empresa(s.db)
        importacion_id = _store(s, archivo, empresa_id, modo, simulada=simular)
        _follow(s, empresa_id, importacion_id)


@productos.command("aplicar", help="Hacer lo que mostró una simulación, tal como lo mostró.")
@_importacion
@de_empresa
def aplicar(importacion_id: int, empresa_id: int | None) -> None:
    _ask(create_aplicacion, importacion_id, empresa_id)


@productos.command("deshacer", help="Volver a lo que había antes de una importación.")
@_importacion
@de_empresa
def deshacer(importacion_id: int, empresa_id: int | None) -> None:
    _ask(create_deshacer, importacion_id, empresa_id)


def _ask(create: Callable[..., int], importacion_id: int, empresa_id: int | None) -> None:
    s = servicios()
    with refusing():
        empresa_id = empresa_id or only_empresa(s.db)
        with s.db.empresa(empresa_id) as session:
            ids = {"empresa_id": empresa_id, "importacion_id": importacion_id}
            new = create(session, **ids, actor=ACTOR, usuario_id=None)
        _follow(s, empresa_id, new)


def _follow(s: Servicios, empresa_id: int, importacion_id: int) -> None:
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(_work, s, empresa_id, importacion_id)
        _show_progress(s.db, work, empresa_id, importacion_id)
    if _read(s.db, empresa_id, importacion_id).simulada:
        _show_cambios(s.db, empresa_id, importacion_id)
    _show_end(s.db, empresa_id, importacion_id)


def only_empresa(db: Database) -> int:
    with db.sistema() as session:
        ids = session.scalars(
            select(Empresa.id).where(~Empresa.reservada, ~Empresa.efimera).limit(2)
        ).all()
    if len(ids) != 1:
        raise Invalid("Falta --empresa." if ids else "No hay ninguna empresa.")
    return ids[0]


def _store(s: Servicios, archivo: Path, empresa_id: int, modo: str, *, simulada: bool) -> int:
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
            simulada=simulada,
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


def _show_cambios(db: Database, empresa_id: int, importacion_id: int) -> None:
    """The first of those that change something, a line each."""
    with db.empresa(empresa_id) as session:
        rows = session.execute(
            select(ImportacionCambio, Producto.nombre)
            .outerjoin(
                Producto,
                (Producto.empresa_id == ImportacionCambio.empresa_id)
                & (Producto.id == ImportacionCambio.producto_id),
            )
            .where(
                ImportacionCambio.empresa_id == empresa_id,
                ImportacionCambio.importacion_id == importacion_id,
                ImportacionCambio.accion.in_(("creado", "actualizado", "desactivado")),
            )
            .order_by(ImportacionCambio.n)
            .limit(_CAMBIOS_MAX)
        )
        for cambio, nombre in rows:
            changed = cambio.cambios or {}
            name = changed.get("nombre", [None, nombre])[1]
            what = ", ".join(
                f"{c} {_said(changed[c][0])} → {_said(changed[c][1])}"
                for c in CAMPOS
                if c in changed
            )
            says = "" if cambio.accion == "creado" else f": {what}"
            click.echo(f"  {cambio.accion:<12}{name}{says}")


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "sí" if value else "no"
    return str(value or "«»")


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
            line = f"línea {e.fila}" if e.fila else "sin línea"
            click.echo(f"  {line}, {e.columna or 'toda'}: {e.mensaje} ({e.codigo})")
    click.echo(
        f"{'Simulación' if row.simulada else 'Importación'} {row.id} {row.estado}: "
        f"{row.creados} creados, {row.actualizados} actualizados, {row.sin_cambios} sin cambios, "
        f"{row.desactivados} desactivados, {row.con_error} con error"
    )
    if row.error:
        raise click.ClickException(row.error["mensaje"])


def _read(db: Database, empresa_id: int, importacion_id: int) -> Importacion:
    with db.empresa(empresa_id) as session:
        row = session.get_one(Importacion, (empresa_id, importacion_id))
        session.expunge(row)
        return row
