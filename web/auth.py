"""Who is calling, proven by a bearer token and by PostgreSQL on every request.

A token only names its sesion. Whether that sesion stands, the person's rol and the cliente's chat
are read in one query before the route runs, so revoking acts on the next request. Every route
says `@requires(...)` or `@publica`; one that says neither answers 401.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

from flask import Flask, current_app, g, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    decode_token,
    verify_jwt_in_request,
)
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt import PyJWTError
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.orm import Session

from core.adapters.observabilidad import bind
from core.cuentas import Familia, find_sesion, open_chat_sesion
from core.errors import Forbidden, Unauthenticated
from core.models import Rol
from core.settings import Settings
from web import datos

View = TypeVar("View", bound=Callable[..., Any])

ALGORITHM = "HS256"
_NAME = "agente-vendedor"  # issuer and audience of every token
_LADDER = (Rol.OBSERVADOR, Rol.VENDEDOR, Rol.ADMIN, Rol.SUPERADMIN)
_MARK = "__roles__"
_NO_TOKEN = "Hace falta un token válido."
# Flask's own endpoints, which no decorator reaches.
_OPEN_ENDPOINTS = frozenset({"static"})


@dataclass(frozen=True)
class Identidad:
    """The proven caller of this request. chat_id: the one chat (row id) that a cliente may open."""

    empresa_id: int
    rol: Rol
    sesion_id: UUID
    usuario_id: int | None = None
    chat_id: int | None = None

    @property
    def actor(self) -> str:
        return f"usuario:{self.usuario_id}" if self.usuario_id else "cliente"


class _Claims(BaseModel):
    """What our tokens name: the empresa, the sesion, and the token itself. Nothing else of them
    is believed."""

    emp: int = Field(strict=True, ge=1, lt=2**63)
    sid: UUID
    jti: UUID


def identidad() -> Identidad:
    found: Identidad = g.identidad
    return found


def requires(*roles: Rol) -> Callable[[View], View]:
    """Only callers with one of `roles`, or a higher one: superadmin > admin > vendedor >
    observador. `cliente` is beside that ladder and must be named. Stands under the route's
    decorator; the check runs before the request's body is even validated.

    Answers Unauthenticated without a good token, Forbidden with too low a role. The check's
    transaction stays open on `datos.sesion()`, so an ordinary route costs one connection: a route
    that waits, streams or opens another session calls `datos.release()` first.
    """

    def mark(view: View) -> View:
        setattr(view, _MARK, frozenset(roles))
        return view

    return mark


def publica(view: View) -> View:
    """A route that needs no token: it proves its caller by itself, or has nothing to hide."""
    setattr(view, _MARK, None)
    return view


def init_app(app: Flask, settings: Settings) -> None:
    app.config.update(
        # Hashed so that a short secret is no shorter than the algorithm's block.
        JWT_SECRET_KEY=sha256(settings.secret("jwt_secret_key").encode()).hexdigest(),
        JWT_ALGORITHM=ALGORITHM,
        JWT_DECODE_ALGORITHMS=[ALGORITHM],
        JWT_TOKEN_LOCATION=["headers"],
        JWT_ENCODE_ISSUER=_NAME,
        JWT_DECODE_ISSUER=_NAME,
        JWT_ENCODE_AUDIENCE=_NAME,
        JWT_DECODE_AUDIENCE=_NAME,
        JWT_ACCESS_TOKEN_EXPIRES=timedelta(minutes=settings.access_token_minutos),
        JWT_REFRESH_TOKEN_EXPIRES=timedelta(days=settings.refresh_token_dias),
    )
    JWTManager(app)
    app.before_request(_guard)


def _guard() -> None:
    if request.endpoint is None or request.endpoint in _OPEN_ENDPOINTS:
        return
    if request.method == "OPTIONS":
        return
    roles = roles_of(request.endpoint)
    if roles is None:
        return
    _identify()
    if not may(identidad().rol, roles):
        raise Forbidden("No tiene permiso para esto.")


def roles_of(endpoint: str, app: Flask | None = None) -> frozenset[Rol] | None:
    """What the route asked for; None when it is public, nobody at all when it did not say."""
    view = (app or current_app).view_functions[endpoint]
    found: frozenset[Rol] | None = getattr(view, _MARK, frozenset[Rol]())
    return found


def may(rol: Rol, roles: frozenset[Rol]) -> bool:
    if rol in roles:
        return True
    named = [_LADDER.index(r) for r in roles if r in _LADDER]
    return rol in _LADDER and bool(named) and _LADDER.index(rol) >= min(named)


def _identify() -> None:
    """Set g.identidad from the token's sesion, as its row stands now."""
    claims = _read_access_token()
    empresa_id, sesion_id = claims.emp, claims.sid
    if not _is_upload():
        request.get_data()  # before a connection is taken: a slow sender must not hold one
    seen = find_sesion(datos.sesion_of(empresa_id), empresa_id=empresa_id, sesion_id=sesion_id)
    if seen is None:
        raise Unauthenticated("La sesión ya no vale: entre de nuevo.")
    g.identidad = Identidad(
        empresa_id=empresa_id,
        rol=seen.rol,
        sesion_id=sesion_id,
        usuario_id=seen.usuario_id,
        chat_id=seen.chat_id,
    )
    bind(empresa_id=empresa_id, usuario_id=seen.usuario_id, chat_id=seen.chat_id)
    if _is_upload():
        datos.release()  # a file takes its time to arrive, and nobody without a sesion may send one


def _is_upload() -> bool:
    return request.mimetype == "multipart/form-data"


def _read_access_token() -> _Claims:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer":
        raise Unauthenticated(_NO_TOKEN)
    try:
        claims, exp = _verified(token.strip(), current_app.config["JWT_SECRET_KEY"])
    except (JWTExtendedException, PyJWTError, ValidationError) as e:
        raise Unauthenticated(_NO_TOKEN) from e
    if exp <= time.time():
        raise Unauthenticated(_NO_TOKEN)
    return claims


@lru_cache(maxsize=4096)
def _verified(token: str, _secret: str) -> tuple[_Claims, float]:
    """(claims, expiry) of an access token. A signature that was right stays right, so it is checked
    once (a third of an authenticated request otherwise); expiry and sesion are checked each time.
    """
    found = decode_token(token)
    if found["type"] != "access":
        raise Unauthenticated(_NO_TOKEN)
    return _Claims.model_validate(found), float(found["exp"])


def read_refresh() -> _Claims:
    """What a refresh token says, from the body's `refresh_token` or the header. Raises
    Unauthenticated."""
    try:
        found = verify_jwt_in_request(refresh=True, locations=["json", "headers"])
        return _Claims.model_validate(found[1] if found else {})
    except (JWTExtendedException, PyJWTError, ValidationError) as e:
        raise Unauthenticated(_NO_TOKEN) from e
    except (AttributeError, UnicodeError) as e:  # the body is no object, the token no text
        raise Unauthenticated(_NO_TOKEN) from e


def issue_tokens(familia: Familia) -> dict[str, str]:
    """The pair of a login or a refresh. The refresh token's id is the sesion's `refresh_jti`."""
    claims = {"emp": familia.empresa_id, "sid": str(familia.sesion_id)}
    sub = f"usuario:{familia.usuario_id}"
    refresh = create_refresh_token(sub, additional_claims=claims | {"jti": str(familia.jti)})
    return {
        "access_token": create_access_token(sub, additional_claims=claims),
        "refresh_token": refresh,
    }


def issue_cliente_token(session: Session, *, empresa_id: int, chat_id: int) -> str:
    """A token that opens this one chat (row id); good once the caller has committed."""
    dias = datos.servicios().settings.cliente_token_dias
    sesion_id = open_chat_sesion(session, empresa_id=empresa_id, chat_id=chat_id, dias=dias)
    token: str = create_access_token(
        f"chat:{chat_id}",
        expires_delta=timedelta(days=dias),
        additional_claims={"emp": empresa_id, "sid": str(sesion_id)},
    )
    return token
