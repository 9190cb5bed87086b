"""`flask --app web …` for whoever runs the installation: shops, people, channels, the first start.

Other nouns bring their AppGroup in their own file.
"""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext

from core import catalogo, cuentas
from core import documentos as sobre_la_tienda
from core.catalogo.importaciones.importar import create_importacion, import_step
from core.db import Database
from core.documentos.documentos import Contenido
from core.documentos.indexar import Lectores
from core.documentos.poner import put_documento
from core.errors import AgenteError, Conflict, Invalid, NotFound
from core.models import Empresa, Rol, TipoCanal
from core.ports import Tarea
from core.settings import EMBEDDED_FILE, Settings
from core.wiring import Servicios
from web.datos import servicios

ACTOR = "consola"
_DEMO = Path(catalogo.__file__).with_name("demo.csv")
_DEMO_DOCUMENTO = Path(sobre_la_tienda.__file__).with_name("demo.md")

empresas = AppGroup("empresas", help="Las tiendas de esta instalación.")
usuarios = AppGroup("usuarios", help="Las personas que entran.")
canales = AppGroup("canales", help="Por dónde escriben los clientes.")

_clave = click.option("--clave", help="Sin ella se genera una y se muestra.")
_PERSONAS = [r.value for r in (Rol.ADMIN, Rol.VENDEDOR, Rol.OBSERVADOR, Rol.SUPERADMIN)]


def init_app(app: Flask) -> None:
    for command in (empresas, usuarios, canales, seed):
        app.cli.add_command(command)


def ensure_addresses(settings: Settings) -> None:
    """A command may come before the first `make run`, when the embedded servers have none yet."""
    if not running_from_cli() or (settings.data_dir / EMBEDDED_FILE).exists():
        return
    if settings.database_url and settings.redis_url:
        return
    from core.adapters.embedded import Embedded
    from core.launcher.lock import DataDirLock

    lock = DataDirLock(settings.data_dir)
    lock.acquire(what="una orden de consola")
    Embedded(settings).prepare()
    lock.release()


def running_from_cli() -> bool:
    """Flask says so itself; under gunicorn it does not."""
    return os.environ.get("FLASK_RUN_FROM_CLI") == "true"


@contextmanager
def refusing() -> Iterator[None]:
    """A known error is one line for the person and exit code 1, not a stack trace."""
    try:
        yield
    except Invalid as e:
        campos = "; ".join(f"{x['campo']}: {x['mensaje']}" for x in e.errores)
        raise click.ClickException(f"{e} {campos}".strip()) from e
    except AgenteError as e:
        raise click.ClickException(str(e)) from e


def shop_or_demo(db: Database, settings: Settings, empresa_id: int | None) -> int:
    """That empresa, or the demonstration's. Raises Invalid where there is none."""
    if empresa_id is not None:
        return empresa_id
    found = cuentas.find_empresa_of(db, email=settings.admin_email)
    if found is None:
        raise Invalid("Falta --empresa: aquí no hay tienda de demostración.")
    return found[0]


@empresas.command("crear", help="Abrir una empresa con su administrador y su canal web.")
@click.argument("nombre")
@click.option("--email", required=True, help="Del administrador.")
@click.option("--moneda", default="COP", show_default=True)
@_clave
def create_empresa(nombre: str, email: str, moneda: str, clave: str | None) -> None:
    s, password = servicios(), clave or _generate()
    with refusing():
        creada = cuentas.create_empresa(
            s.db,
            nombre=nombre,
            moneda=moneda,
            admin=cuentas.Persona(email=email, password=password),
            claves=s.claves,
            actor=ACTOR,
            avisar=s.settings.hay_correo,
        )
    click.echo(f"Empresa {creada.empresa_id} · canal web {creada.canal_clave}")
    _show_clave(email, clave, password)


@usuarios.command("crear", help="Dar de alta a una persona.")
@click.argument("email")
@click.option("--empresa", "empresa_id", type=click.IntRange(1, 2**63 - 1), help="Su id.")
@click.option("--rol", type=click.Choice(_PERSONAS), default=Rol.VENDEDOR.value, show_default=True)
@click.option("--nombre")
@_clave
def create_usuario(
    email: str, empresa_id: int | None, rol: str, nombre: str | None, clave: str | None
) -> None:
    """A superadmin goes to the reserved empresa by itself; anybody else needs --empresa."""
    s, password = servicios(), clave or _generate()
    with refusing():
        if rol == Rol.SUPERADMIN.value:
            empresa_id = cuentas.ensure_reservada(s.db)
        if empresa_id is None:
            raise Invalid("Falta --empresa.")
        usuario_id = cuentas.create_usuario(
            s.db,
            s.claves,
            empresa_id=empresa_id,
            persona=cuentas.Persona(email=email, password=password, nombre=nombre, rol=Rol(rol)),
            actor=ACTOR,
        )
    click.echo(f"Usuario {usuario_id} · {rol} de la empresa {empresa_id}")
    _show_clave(email, clave, password)


@usuarios.command("clave", help="Contraseña nueva; sus sesiones se cierran.")
@click.argument("email")
@_clave
def set_clave(email: str, clave: str | None) -> None:
    s, password = servicios(), clave or _generate()
    with refusing():
        cuentas.set_clave(s.db, s.claves, email=email, password=password, actor=ACTOR)
    _show_clave(email, clave, password)


@canales.command("crear", help="Abrir un canal; las credenciales se leen como JSON.")
@click.option("--empresa", "empresa_id", type=click.IntRange(1, 2**63 - 1), required=True)
@click.option("--tipo", type=click.Choice([t.value for t in TipoCanal]), required=True)
@click.option("--nombre", required=True)
@click.option(
    "--credenciales",
    type=click.File(),
    help="Archivo JSON, o - para leerlas de la entrada: así no quedan en el historial.",
)
def create_canal(empresa_id: int, tipo: str, nombre: str, credenciales: TextIO | None) -> None:
    s = servicios()
    with refusing(), s.db.empresa(empresa_id) as session:
        if session.get(Empresa, empresa_id) is None:
            raise NotFound
        canal = cuentas.create_canal(
            session,
            s.cifrado,
            empresa_id=empresa_id,
            tipo=TipoCanal(tipo),
            nombre=nombre,
            credenciales=_read_json(credenciales),
            actor=ACTOR,
        )
        canal_id, clave, estado = canal.id, canal.clave, canal.estado
    if estado == "verificando":
        s.cola.ring(Tarea.CHECK_CANAL, empresa_id=empresa_id, canal_id=canal_id)
    click.echo(f"Canal {canal_id} · {clave} · {estado}")


@canales.command("recifrar", help="Cifrar las credenciales con la primera clave de SECRETS_KEY.")
def reseal_canales() -> None:
    s = servicios()
    with refusing():
        done, unreadable = cuentas.reseal_canales(s.db, s.cifrado, actor=ACTOR)
        click.echo(f"Canales cifrados de nuevo: {done}")
        if unreadable:
            which = ", ".join(str(n) for n in unreadable)
            raise Conflict(f"Ninguna clave abre las credenciales de los canales {which}.")


@click.command("semilla", help="La tienda de demostración, si la instalación está vacía.")
@with_appcontext
def seed() -> None:
    """Idempotent: `make run` calls it at every start."""
    s = servicios()
    with refusing():
        empresa_id = cuentas.seed_demo(s.db, s.settings, s.claves)
        if empresa_id is None:
            return
        cuentas.write_credenciales(s.settings)
        estado = _seed_catalogo(s, empresa_id)
        if estado == "fallida":
            raise Conflict("El catálogo de demostración no se pudo importar.")
        _seed_documento(s, empresa_id)
        cuentas.finish_demo(s.db, empresa_id=empresa_id)
    click.echo(f"Tienda de demostración: empresa {empresa_id}")


def _seed_documento(s: Servicios, empresa_id: int) -> None:
    """What the demo shop knows beside its productos. Its vectors are a worker's, who has the model
    at hand."""
    put_documento(
        s.db,
        s.cola,
        s.settings,
        Lectores(s.leer_pdf),
        Contenido("Sobre la ferretería", "markdown", _DEMO_DOCUMENTO.read_bytes()),
        empresa_id=empresa_id,
        actor=ACTOR,
    )


def _seed_catalogo(s: Servicios, empresa_id: int) -> str:
    """Import the shipped file like any other, here and now; how it ended. Where a worker was
    faster, or still has the file of a start that died, it is the worker's to finish."""
    with s.db.empresa(empresa_id) as session:
        importacion_id = create_importacion(
            session,
            empresa_id=empresa_id,
            modo="actualizar",
            nombre_archivo=_DEMO.name,
            contenido=_DEMO.read_bytes(),
            actor=ACTOR,
            usuario_id=None,
        )
    while True:
        paso = import_step(
            s.db,
            s.cola,
            s.settings,
            empresa_id=empresa_id,
            importacion_id=importacion_id,
            worker="semilla",
        )
        if paso.estado != "sigue":
            return paso.estado


def _generate() -> str:
    return secrets.token_urlsafe(12)


def _show_clave(email: str, given: str | None, password: str) -> None:
    click.echo(email if given else f"{email} · contraseña {password}")


def _read_json(file: TextIO | None) -> dict[str, object]:
    try:
        found = json.load(file) if file else {}
    except ValueError as e:
        raise Invalid("Las credenciales no son JSON.") from e
    if not isinstance(found, dict):
        raise Invalid("Las credenciales son un objeto JSON.")
    return found
