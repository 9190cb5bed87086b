"""Registering a shop, logging in, and who am I."""

from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel
from sqlalchemy.orm import Session

from core import cuentas
from core.errors import Forbidden
from core.models import Empresa, Rol, Usuario
from web import auth
from web.auth import identidad, publica, requires
from web.campos import Nombre, Texto
from web.datos import servicios, sesion
from web.esquemas import Entrada, Tokens, Yo

api = APIBlueprint("auth", __name__, url_prefix="/auth", abp_tags=[Tag(name="Sesión")])

_ANYONE = (Rol.OBSERVADOR, Rol.CLIENTE)


class Registro(BaseModel):
    empresa: Nombre
    email: Texto
    password: Texto
    nombre: Nombre | None = None
    moneda: Texto = "COP"


class Login(BaseModel):
    email: Texto
    password: Texto
    # Of a second factor, once an account has one.
    codigo: Texto | None = None


@api.post("/registro", summary="Abrir una empresa con su administrador", responses={201: Entrada})
@publica
def register(body: Registro) -> tuple[dict[str, Any], int]:
    s = servicios()
    if not s.settings.registro_esta_abierto:
        raise Forbidden("El registro está cerrado en esta instalación.")
    creada = cuentas.create_empresa(
        s.db,
        nombre=body.empresa,
        moneda=body.moneda,
        admin=cuentas.Persona(email=body.email, password=body.password, nombre=body.nombre),
        claves=s.claves,
        actor="registro",
        avisar=s.settings.hay_correo,
    )
    assert creada.usuario_id is not None
    with s.db.empresa(creada.empresa_id) as session:
        familia = cuentas.open_sesion(
            session,
            empresa_id=creada.empresa_id,
            usuario_id=creada.usuario_id,
            dias=s.settings.refresh_token_dias,
        )
        quien = _show(session, creada.empresa_id, creada.usuario_id)
    return quien | auth.issue_tokens(familia), 201


@api.post("/login", summary="Entrar", responses={200: Entrada})
@publica
def login(body: Login) -> dict[str, Any]:
    s = servicios()
    familia = cuentas.login(s.db, s.claves, s.settings, email=body.email, password=body.password)
    with s.db.empresa(familia.empresa_id) as session:
        quien = _show(session, familia.empresa_id, familia.usuario_id)
    return quien | auth.issue_tokens(familia)


@api.post(
    "/refresh",
    summary="Cambiar el refresh token, una vez, por un par nuevo",
    description="Va como bearer, o como `refresh_token` en el cuerpo. Uno ya usado cierra la "
    "sesión para quien sea que lo tenga.",
    responses={200: Tokens},
)
@publica
def refresh() -> dict[str, str]:
    s = servicios()
    token = auth.read_refresh()
    familia = cuentas.rotate_sesion(
        s.db,
        empresa_id=token.emp,
        sesion_id=token.sid,
        jti=token.jti,
        dias=s.settings.refresh_token_dias,
    )
    return auth.issue_tokens(familia)


@api.post("/logout", summary="Salir: la sesión y sus tokens dejan de valer")
@requires(*_ANYONE)
def logout() -> tuple[str, int]:
    session = sesion()
    cuentas.revoke_sesion(
        session, empresa_id=identidad().empresa_id, sesion_id=identidad().sesion_id
    )
    session.commit()
    return "", 204


@api.get("/yo", summary="Quién soy", responses={200: Yo})
@requires(Rol.OBSERVADOR)
def who_am_i() -> dict[str, Any]:
    usuario_id = identidad().usuario_id
    assert usuario_id is not None
    return _show(sesion(), identidad().empresa_id, usuario_id)


def _show(session: Session, empresa_id: int, usuario_id: int) -> dict[str, Any]:
    empresa = session.get_one(Empresa, empresa_id)
    usuario = session.get_one(Usuario, (empresa_id, usuario_id))
    return {
        "empresa": {"id": empresa.id, "nombre": empresa.nombre, "moneda": empresa.moneda},
        "usuario": {
            "id": usuario.id,
            "email": usuario.email,
            "nombre": usuario.nombre,
            "rol": usuario.rol,
        },
    }
