"""The shop that a first start shows: its admin, a superadmin, and where their passwords are."""

import os

from sqlalchemy import func, select

from core.cuentas.empresas import (
    Persona,
    create_empresa,
    create_usuario,
    ensure_reservada,
    find_empresa_of,
)
from core.db import Database
from core.errors import EmailEnUso
from core.models import Empresa, Rol
from core.ports import Claves
from core.settings import Settings

CREDENCIALES_FILE = "credenciales.txt"
_NOMBRE = "Ferretería El Yunque"
# empresa.ajustes["demo"]: how far the seeding came, so that a start that died goes on with it.
_SIN_CATALOGO, _LISTA = "sin_catalogo", "lista"


def seed_demo(db: Database, settings: Settings, claves: Claves) -> int | None:
    """Make the demo empresa with its admin on an installation without any, and a superadmin in
    desarrollo. The empresa_id while its catalogue is still to come (then `finish_demo`), else None.

    Safe at every start: a shop that was seeded, changed or emptied is left alone.
    """
    found = find_empresa_of(db, email=settings.admin_email)
    if found is None and not _has_empresas(db):
        found = _create(db, settings, claves)
    if found is None:
        return None
    with db.empresa(found[0]) as session:
        ajustes = session.get_one(Empresa, found[0]).ajustes
    return found[0] if ajustes.get("demo") == _SIN_CATALOGO else None


def finish_demo(db: Database, *, empresa_id: int) -> None:
    """The catalogue is there: from now on no start touches this shop."""
    with db.empresa(empresa_id) as session:
        empresa = session.get_one(Empresa, empresa_id)
        empresa.ajustes = {**empresa.ajustes, "demo": _LISTA}


def write_credenciales(settings: Settings) -> None:
    """The first passwords, for the owner of DATA_DIR only. An existing file is left as it is."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    path = settings.data_dir / CREDENCIALES_FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w") as file:
        file.write(_credenciales(settings))


def superadmin_email(settings: Settings) -> str:
    return f"superadmin@{settings.admin_email.rpartition('@')[2]}"


def _create(db: Database, settings: Settings, claves: Claves) -> tuple[int, int] | None:
    admin = Persona(
        email=settings.admin_email,
        password=settings.secret("admin_password"),
        nombre="Administración",
    )
    try:
        creada = create_empresa(
            db, nombre=_NOMBRE, admin=admin, claves=claves, ajustes={"demo": _SIN_CATALOGO}
        )
    except EmailEnUso:  # another start was a moment faster
        return find_empresa_of(db, email=settings.admin_email)
    if settings.entorno == "desarrollo":
        _create_superadmin(db, settings, claves)
    assert creada.usuario_id is not None
    return creada.empresa_id, creada.usuario_id


def _create_superadmin(db: Database, settings: Settings, claves: Claves) -> None:
    if find_empresa_of(db, email=superadmin_email(settings)) is None:
        create_usuario(
            db,
            claves,
            empresa_id=ensure_reservada(db),
            persona=Persona(
                email=superadmin_email(settings),
                password=settings.secret_kept("superadmin_password"),
                rol=Rol.SUPERADMIN,
            ),
            actor="sistema",
        )


def _has_empresas(db: Database) -> bool:
    with db.sistema() as system:
        shops = select(func.count(Empresa.id)).where(~Empresa.reservada, ~Empresa.efimera)
        return bool(system.scalar(shops))


def _credenciales(settings: Settings) -> str:
    """What was generated stands here; what the environment gave is only named."""

    def shown(name: str) -> str:
        given = getattr(settings, name) is not None
        return f"(la de {name.upper()})" if given else settings.secret(name)

    url = f"http://127.0.0.1:{settings.port}"
    lines = [
        f"Credenciales iniciales de {_NOMBRE}, la tienda de demostración.",
        "Cámbielas con: flask --app web usuarios clave EMAIL",
        "",
        f"API           {url}/docs",
        f"Admin         {settings.admin_email}",
        f"Contraseña    {shown('admin_password')}",
    ]
    if settings.entorno == "desarrollo":
        lines += [
            "",
            f"Superadmin    {superadmin_email(settings)}",
            f"Contraseña    {settings.secret_kept('superadmin_password')}",
        ]
    lines += [
        "",
        f"Flower        http://127.0.0.1:{settings.flower_port}/",
        f"Usuario       {settings.flower_user}",
        f"Contraseña    {shown('flower_password')}",
    ]
    return "\n".join(lines) + "\n"
