"""`flask --app web documentos importar FILE`: what the shop knows, from the terminal.

Works in this process, so it needs no worker.
"""

from pathlib import Path

import click
from flask.cli import AppGroup

from core.documentos.documentos import Contenido
from core.documentos.lectura import formato_de
from core.documentos.poner import put_documento
from core.errors import Invalid, NotFound
from core.models import Empresa
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
        with s.db.empresa(empresa_id) as session:
            if session.get(Empresa, empresa_id) is None:
                raise NotFound
        contenido = archivo.read_bytes()
        formato = formato_de(archivo.name, contenido)
        if formato is None:
            raise Invalid("El archivo no es .txt, .md, .csv ni .pdf.")
        row = put_documento(
            s.db,
            s.cola,
            s.settings,
            s.lectores,
            Contenido(titulo or archivo.stem, formato, contenido),
            empresa_id=empresa_id,
            actor=ACTOR,
        )
    click.echo(f"Documento {row.id} «{row.titulo}»: {row.estado}")
