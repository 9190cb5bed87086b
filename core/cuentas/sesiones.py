"""Logging in and staying in. A sesion row is what makes its tokens worth anything."""

import math
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, case, func, or_, select, text, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.bitacora import audit
from core.cuentas.empresas import find_empresa_of
from core.db import Database
from core.errors import Invalid, TooManyRequests, Unauthenticated
from core.models import Rol, Sesion, Usuario
from core.ports import Claves
from core.settings import Settings

_WRONG = "El email o la contraseña no son correctos."
_OVER = "La sesión ya no vale: entre de nuevo."


@dataclass(frozen=True)
class Familia:
    """A line of refresh tokens: `jti` names the only one that is still good."""

    empresa_id: int
    usuario_id: int
    sesion_id: UUID
    jti: UUID


@dataclass(frozen=True)
class Vista:
    """What a sesion that stands says about its holder."""

    rol: Rol
    usuario_id: int | None
    chat_id: int | None


def login(
    db: Database, claves: Claves, settings: Settings, *, email: str, password: str
) -> Familia:
    """Open a sesion. Raises Unauthenticated, alike for every reason and after the same time;
    TooManyRequests while the account waits after `login_intentos` wrong passwords.

    Each try is counted before the password is looked at, so guesses in parallel are counted too.
    """
    try:
        found = find_empresa_of(db, email=email)
    except Invalid:
        found = None
    if found is None:
        claves.verify(password, None)
        raise Unauthenticated(_WRONG)
    empresa_id, usuario_id = found
    with db.empresa(empresa_id) as session:
        stored = _count_try(session, settings, empresa_id, usuario_id)
    if not claves.verify(password, stored):
        raise Unauthenticated(_WRONG)
    with db.empresa(empresa_id) as session:
        unchanged = session.scalar(
            update(Usuario)
            .where(
                *_this(empresa_id, usuario_id),
                Usuario.activo,
                # A password changed meanwhile must not let the old one in.
                Usuario.password_hash == stored,
            )
            .values(intentos_fallidos=0, bloqueado_hasta=None)
            .returning(Usuario.id)
        )
        if unchanged is None:
            raise Unauthenticated(_WRONG)
        return open_sesion(
            session,
            empresa_id=empresa_id,
            usuario_id=usuario_id,
            dias=settings.refresh_token_dias,
        )


def open_sesion(session: Session, *, empresa_id: int, usuario_id: int, dias: int) -> Familia:
    familia = Familia(empresa_id, usuario_id, sesion_id=uuid4(), jti=uuid4())
    session.add(
        Sesion(
            empresa_id=empresa_id,
            id=familia.sesion_id,
            usuario_id=usuario_id,
            refresh_jti=familia.jti,
            expira_en=func.now() + timedelta(days=dias),
        )
    )
    audit(
        session,
        empresa_id=empresa_id,
        accion="sesion.abrir",
        actor=f"usuario:{usuario_id}",
        objeto=f"sesion:{familia.sesion_id}",
    )
    return familia


def open_chat_sesion(session: Session, *, empresa_id: int, chat_id: int, dias: int) -> UUID:
    """An anonymous customer's sesion: it opens this one chat (row id) and nothing else."""
    sesion_id = uuid4()
    session.add(
        Sesion(
            empresa_id=empresa_id,
            id=sesion_id,
            chat_id=chat_id,
            expira_en=func.now() + timedelta(days=dias),
        )
    )
    session.flush()
    return sesion_id


def rotate_sesion(
    db: Database, *, empresa_id: int, sesion_id: UUID, jti: UUID, dias: int
) -> Familia:
    """Trade refresh token `jti` for a new one, once. Raises Unauthenticated otherwise.

    A `jti` that was already traded means that two hold the family: it is revoked for both.
    """
    new = uuid4()
    with db.empresa(empresa_id) as session:
        usuario_id = session.scalar(
            update(Sesion)
            .where(
                *_standing(empresa_id, sesion_id),
                Sesion.refresh_jti == jti,
                select(Usuario.id)
                .where(*_this(empresa_id, Sesion.usuario_id), Usuario.activo)
                .exists(),
            )
            .values(refresh_jti=new, expira_en=func.now() + timedelta(days=dias))
            .returning(Sesion.usuario_id)
        )
        if usuario_id is None:
            revoke_sesion(
                session, empresa_id=empresa_id, sesion_id=sesion_id, motivo="token repetido"
            )
    if usuario_id is None:
        raise Unauthenticated(_OVER)
    return Familia(empresa_id, usuario_id, sesion_id, new)


def revoke_sesion(
    session: Session, *, empresa_id: int, sesion_id: UUID, motivo: str = "salida"
) -> None:
    """End a sesion for good, with all its tokens. Twice changes nothing more."""
    ended = session.execute(
        update(Sesion)
        .where(*_standing(empresa_id, sesion_id))
        .values(revocada_en=func.now())
        .returning(Sesion.usuario_id)
    ).one_or_none()
    if ended is not None:
        audit(
            session,
            empresa_id=empresa_id,
            accion="sesion.cerrar",
            actor=f"usuario:{ended.usuario_id}" if ended.usuario_id else "cliente",
            objeto=f"sesion:{sesion_id}",
            motivo=motivo,
        )


# Asked by every request, so written out: building it anew each time costs more than running it.
_FIND = text(
    """
    SELECT s.usuario_id, s.chat_id, u.rol FROM sesion s
    LEFT JOIN usuario u ON u.empresa_id = s.empresa_id AND u.id = s.usuario_id
    WHERE s.empresa_id = :empresa_id AND s.id = :sesion_id
      AND s.revocada_en IS NULL AND s.expira_en > now()
      AND (u.activo OR s.chat_id IS NOT NULL)
    """
)


def find_sesion(session: Session, *, empresa_id: int, sesion_id: UUID) -> Vista | None:
    """Who holds this sesion, if it stands and the person is active: one query."""
    row = session.execute(_FIND, {"empresa_id": empresa_id, "sesion_id": sesion_id}).one_or_none()
    if row is None:
        return None
    rol = Rol(row.rol) if row.usuario_id is not None else Rol.CLIENTE
    return Vista(rol, row.usuario_id, row.chat_id)


def _count_try(session: Session, settings: Settings, empresa_id: int, usuario_id: int) -> str:
    """Spend one try and return the stored hash. Raises TooManyRequests when none is left."""
    waited = Usuario.bloqueado_hasta <= func.now()
    tries = case((waited, 1), else_=Usuario.intentos_fallidos + 1)
    pause = timedelta(seconds=settings.login_bloqueo_segundos)
    stored: str | None = session.scalar(
        update(Usuario)
        .where(*_this(empresa_id, usuario_id), or_(Usuario.bloqueado_hasta.is_(None), waited))
        .values(
            intentos_fallidos=tries,
            bloqueado_hasta=case((tries >= settings.login_intentos, func.now() + pause)),
        )
        .returning(Usuario.password_hash)
    )
    if stored is not None:
        return stored
    left = session.scalar(
        select(func.extract("epoch", Usuario.bloqueado_hasta - func.now())).where(
            *_this(empresa_id, usuario_id)
        )
    )
    raise TooManyRequests(
        "Demasiados intentos. Espere antes de probar otra vez.",
        segundos=max(1, math.ceil(left or 0)),
    )


def _this(
    empresa_id: int, usuario_id: int | InstrumentedAttribute[int | None]
) -> tuple[ColumnElement[bool], ...]:
    return Usuario.empresa_id == empresa_id, Usuario.id == usuario_id


def _standing(empresa_id: int, sesion_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (
        Sesion.empresa_id == empresa_id,
        Sesion.id == sesion_id,
        Sesion.revocada_en.is_(None),
        Sesion.expira_en > func.now(),
    )
