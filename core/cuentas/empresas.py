"""A new shop, and the people in it."""

import hashlib
import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.bitacora import audit
from core.cuentas.canales import new_clave
from core.db import Database
from core.errors import EmailEnUso, Invalid, NotFound
from core.models import Canal, Destinatario, Empresa, Rol, Sesion, TipoCanal, Usuario, Via
from core.ports import Claves

CLAVE_MINIMA = 10
_CLAVE_MAXIMA = 200  # argon2 would hash megabytes as gladly
_EMAIL = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+\.[^@\s.\x00-\x1f]+")
_MONEDA = re.compile(r"[A-Z]{3}")
_CONSTRAINT_EMAIL = "uq_usuario_email_hash"


@dataclass(frozen=True)
class Persona:
    """Somebody who is to log in. The password is plain: it lives only until it is hashed."""

    email: str
    password: str
    nombre: str | None = None
    rol: Rol = Rol.ADMIN


@dataclass(frozen=True)
class Creada:
    """canal_clave is the public key of the new shop's web channel."""

    empresa_id: int
    usuario_id: int | None
    canal_id: int
    canal_clave: str


def create_empresa(
    db: Database,
    *,
    nombre: str,
    moneda: str = "COP",
    admin: Persona | None = None,
    claves: Claves | None = None,
    actor: str = "sistema",
    ajustes: dict[str, Any] | None = None,
    efimera: bool = False,
    avisar: bool = False,
) -> Creada:
    """A shop with its default web channel and, when given, its first person (then `claves` too).

    `avisar`: the admin is told by email of sales and of customers who wait for a person. All of it
    or nothing. Raises EmailEnUso, or Invalid for a bad email, password or moneda.
    """
    nombre = nombre.strip()
    if not nombre:
        raise Invalid("La empresa necesita un nombre.")
    if not _MONEDA.fullmatch(moneda):
        raise Invalid("La moneda son tres letras, como COP o USD.")
    stored = _hash_password(claves, admin) if admin else ""
    empresa_id = _next_empresa_id(db)
    with db.empresa(empresa_id) as session:
        session.add(
            Empresa(
                id=empresa_id, nombre=nombre, moneda=moneda, efimera=efimera, ajustes=ajustes or {}
            )
        )
        session.flush()
        canal = Canal(
            empresa_id=empresa_id,
            tipo=TipoCanal.WEB.value,
            nombre="Chat web",
            clave=new_clave(),
            estado="activo",
            por_defecto=True,
        )
        session.add(canal)
        usuario_id = None
        if admin:
            usuario_id = _insert_usuario(session, empresa_id, admin, stored).id
            if avisar:
                session.add(_told_by_email(empresa_id, usuario_id, admin))
        session.flush()
        audit(
            session,
            empresa_id=empresa_id,
            accion="empresa.crear",
            actor=f"usuario:{usuario_id}" if usuario_id and actor == "registro" else actor,
            objeto=f"empresa:{empresa_id}",
        )
        return Creada(empresa_id, usuario_id, canal.id, canal.clave)


def _told_by_email(empresa_id: int, usuario_id: int, admin: Persona) -> Destinatario:
    email = admin.email.strip()
    return Destinatario(
        empresa_id=empresa_id,
        via=Via.EMAIL.value,
        nombre=admin.nombre or email,
        externo=email,
        usuario_id=usuario_id,
    )


def delete_efimera(db: Database, *, empresa_id: int) -> bool:
    """Remove a throw-away shop with everything in it; False, and nothing done, for any other."""
    with db.empresa(empresa_id) as session:
        gone = session.scalar(
            delete(Empresa).where(Empresa.id == empresa_id, Empresa.efimera).returning(Empresa.id)
        )
    return gone is not None


def ensure_reservada(db: Database) -> int:
    """The empresa that holds the superadmins and nothing else; made when there is none."""
    while True:
        with db.sistema() as system:
            found = system.scalar(select(Empresa.id).where(Empresa.reservada))
        if found is not None:
            return found
        empresa_id = _next_empresa_id(db)
        with suppress(IntegrityError), db.empresa(empresa_id) as session:
            session.add(Empresa(id=empresa_id, nombre="Instalación", reservada=True))


def create_usuario(
    db: Database, claves: Claves, *, empresa_id: int, persona: Persona, actor: str
) -> int:
    """One more person of a shop. Raises EmailEnUso, NotFound for an empresa that does not exist."""
    stored = _hash_password(claves, persona)
    with db.empresa(empresa_id) as session:
        empresa = session.get(Empresa, empresa_id)
        if empresa is None:
            raise NotFound
        if empresa.reservada != (persona.rol is Rol.SUPERADMIN):
            raise Invalid("El superadmin, y solo él, va en la empresa reservada.")
        usuario_id = _insert_usuario(session, empresa_id, persona, stored).id
        audit(
            session,
            empresa_id=empresa_id,
            accion="usuario.crear",
            actor=actor,
            objeto=f"usuario:{usuario_id}",
            rol=persona.rol.value,
        )
        return usuario_id


def set_clave(db: Database, claves: Claves, *, email: str, password: str, actor: str) -> None:
    """A new password; every session of the person ends and a lock-out is lifted.

    Raises NotFound for an email that nobody has.
    """
    _check_password(password)
    found = find_empresa_of(db, email=email)
    if found is None:
        raise NotFound
    empresa_id, usuario_id = found
    stored = claves.hash(password)
    with db.empresa(empresa_id) as session:
        session.execute(
            update(Usuario)
            .where(Usuario.empresa_id == empresa_id, Usuario.id == usuario_id)
            .values(password_hash=stored, intentos_fallidos=0, bloqueado_hasta=None)
        )
        session.execute(
            delete(Sesion).where(Sesion.empresa_id == empresa_id, Sesion.usuario_id == usuario_id)
        )
        audit(
            session,
            empresa_id=empresa_id,
            accion="usuario.clave",
            actor=actor,
            objeto=f"usuario:{usuario_id}",
        )


def find_empresa_of(db: Database, *, email: str) -> tuple[int, int] | None:
    """(empresa_id, usuario_id) behind an email of this installation."""
    with db.sistema() as session:
        row = session.execute(
            select(Usuario.empresa_id, Usuario.id).where(Usuario.email_hash == hash_email(email))
        ).one_or_none()
    return (row.empresa_id, row.id) if row else None


def fold_email(email: str) -> str:
    """The one spelling of an address. Raises Invalid for what is none."""
    folded = unicodedata.normalize("NFKC", email).strip().casefold()
    if len(folded) > 254 or not _EMAIL.fullmatch(folded):
        errores = [{"campo": "email", "mensaje": "no es una dirección de correo"}]
        raise Invalid("El email no es válido.", errores=errores)
    return folded


def hash_email(email: str) -> str:
    return hashlib.sha256(fold_email(email).encode()).hexdigest()


def _check_password(password: str) -> None:
    if not CLAVE_MINIMA <= len(password) <= _CLAVE_MAXIMA:
        mensaje = f"entre {CLAVE_MINIMA} y {_CLAVE_MAXIMA} caracteres"
        errores = [{"campo": "password", "mensaje": mensaje}]
        raise Invalid("La contraseña no es válida.", errores=errores)


def _hash_password(claves: Claves | None, persona: Persona) -> str:
    fold_email(persona.email)
    _check_password(persona.password)
    assert claves is not None, "a person needs a hasher"
    return claves.hash(persona.password)


def _insert_usuario(session: Session, empresa_id: int, persona: Persona, stored: str) -> Usuario:
    usuario = Usuario(
        empresa_id=empresa_id,
        email=fold_email(persona.email),
        email_hash=hash_email(persona.email),
        nombre=persona.nombre,
        password_hash=stored,
        rol=persona.rol.value,
    )
    session.add(usuario)
    try:
        session.flush()
    except IntegrityError as e:
        if _CONSTRAINT_EMAIL in str(e.orig):
            raise EmailEnUso("Ese email ya tiene una cuenta.") from e
        raise
    return usuario


def _next_empresa_id(db: Database) -> int:
    """Taken before the shop exists, because its rows may only be written from inside it."""
    with db.app_engine.connect() as connection:
        return int(connection.execute(text("SELECT nextval('empresa_id_seq')")).scalar_one())
