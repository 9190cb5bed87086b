"""`flask --app web documentos importar FILE`: what the shop knows, from the terminal.

Works in this process, so it needs no worker.
"""

from pathlib import Path

import click
from flask.cli import AppGroup

from core.documentos.documentos import (
    Contenido,
    create_documento,
    find_by_titulo,
    find_documento,
    replace_documento,
)
from core.documentos.indexar import index_documento
from core.documentos.lectura import formato_de
from core.errors import Invalid
from core.wiring import Servicios
from web.cli import ACTOR, refusing
from web.datos import servicios
from web.productos_cli import de_empresa, only_empresa

documentos = AppGroup("documentos", help="Lo que la tienda sabe además de sus productos.")


@documentos.command("importar", help="Agregar un documento, o cambiar el que tiene ese título.")
@click.argument("archivo", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--titulo", help="Sin él, el nombre del archivo.")
@de_empresa
def importar(archivo: Path, titulo: str | None, empresa_id: int | None) -> None:
    s = servicios()
    with refusing():
        empresa_id = empresa_id or only_empresa(s.db)
        contenido = archivo.read_bytes()
        formato = formato_de(archivo.name, contenido)
        if formato is None:
            raise Invalid("El archivo no es .txt, .md, .csv ni .pdf.")
        nuevo = Contenido(titulo or archivo.stem, formato, contenido)
        click.echo(put_documento(s, nuevo, empresa_id=empresa_id))


def put_documento(s: Servicios, nuevo: Contenido, *, empresa_id: int) -> str:
    """Store it, in the place of the one that is called so if there is one, and read it here and
    now; a line for people. Raises Invalid for what cannot be read."""
    with s.db.empresa(empresa_id) as session:
        found = find_by_titulo(session, empresa_id=empresa_id, titulo=nuevo.titulo)
        ids = {"empresa_id": empresa_id}
        if found is None:
            id_ = create_documento(session, s.settings, nuevo, **ids, actor=ACTOR)
        else:
            id_ = found
            replace_documento(session, s.settings, nuevo, **ids, documento_id=id_, actor=ACTOR)
    estado = "sigue"
    while estado == "sigue":
        estado = index_documento(
            s.db, s.cola, s.settings, s.lectores, **ids, documento_id=id_, worker=f"{ACTOR}:{id_}"
        ).estado
    with s.db.empresa(empresa_id) as session:
        row = find_documento(session, **ids, documento_id=id_)
        if row.error is not None:
            raise Invalid(row.error["mensaje"])
        return f"Documento {row.id} «{row.titulo}»: {row.estado}"
