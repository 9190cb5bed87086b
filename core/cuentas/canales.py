"""Doors of a shop: a web page, a Telegram bot, a WhatsApp number. Secrets go in, never out."""

import hashlib
import secrets
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from core.bitacora import audit
from core.cuentas.ajustes_web import AjustesWeb
from core.errors import Conflict, Invalid, NotFound, explain
from core.models import Canal, Chat, Destinatario, TipoCanal
from core.ports import Cifrado

_Secreto = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[!-~]+$")]


class _Estrictas(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CredencialesTelegram(_Estrictas):
    token: _Secreto
    # What Telegram repeats with every webhook; it allows these characters only.
    secreto: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{16,256}$")] | None = None


class CredencialesWhatsapp(_Estrictas):
    access_token: _Secreto
    app_secret: _Secreto
    verify_token: _Secreto
    # It becomes part of a path.
    phone_number_id: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,30}$")]


class CredencialesWeb(_Estrictas):
    """No secret: it is kept, and checked, as `origenes` of AjustesWeb."""

    origenes: list[str] | None = None


Credenciales = CredencialesTelegram | CredencialesWhatsapp | CredencialesWeb


class AjustesTelegram(_Estrictas):
    """Nothing to set yet."""


class PlantillaWhatsapp(_Estrictas):
    """As Meta approved it. con_texto: it has one parameter, which is what is said; without, it
    only asks the customer to write, and what is said waits for that."""

    nombre: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,512}$")]
    idioma: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(?:_[A-Z]{2})?$")] = "es"
    con_texto: bool = True


class AjustesWhatsapp(_Estrictas):
    """plantilla: what a reply leaves in when the customer has not written for 24 hours."""

    plantilla: PlantillaWhatsapp | None = None


AjustesCanal = AjustesTelegram | AjustesWhatsapp | AjustesWeb

_AJUSTES: dict[TipoCanal, type[AjustesCanal]] = {
    TipoCanal.TELEGRAM: AjustesTelegram,
    TipoCanal.WHATSAPP: AjustesWhatsapp,
    TipoCanal.WEB: AjustesWeb,
}

_DE: dict[TipoCanal, type[Credenciales]] = {
    TipoCanal.TELEGRAM: CredencialesTelegram,
    TipoCanal.WHATSAPP: CredencialesWhatsapp,
    TipoCanal.WEB: CredencialesWeb,
}


def create_canal(
    session: Session,
    cifrado: Cifrado,
    *,
    empresa_id: int,
    tipo: TipoCanal,
    nombre: str,
    credenciales: dict[str, Any],
    actor: str,
    ajustes: dict[str, Any] | None = None,
) -> Canal:
    """A new door, flushed. A web one is open at once; any other is `verificando`: the caller rings
    Tarea.CHECK_CANAL after its commit. Raises Invalid for credentials of another shape.
    """
    canal = Canal(
        empresa_id=empresa_id,
        tipo=tipo.value,
        nombre=nombre,
        clave=new_clave(),
    )
    _keep_credenciales(canal, cifrado, credenciales)
    _keep_ajustes(canal, ajustes or {})
    session.add(canal)
    session.flush()
    _audit(session, canal, "canal.crear", actor)
    return canal


def update_canal(
    session: Session,
    cifrado: Cifrado,
    *,
    empresa_id: int,
    canal_id: int,
    nombre: str | None,
    credenciales: dict[str, Any] | None,
    actor: str,
    ajustes: dict[str, Any] | None = None,
) -> Canal:
    """Change what is not None; of `ajustes` what is named, null forgetting it. New credentials are
    checked anew (see create_canal).
    """
    canal = find_canal(session, empresa_id=empresa_id, canal_id=canal_id)
    if nombre is not None:
        canal.nombre = nombre
    if credenciales is not None:
        _keep_credenciales(canal, cifrado, credenciales)
    if ajustes is not None:
        _keep_ajustes(canal, ajustes)
    session.flush()
    _audit(session, canal, "canal.cambiar", actor)
    return canal


def delete_canal(session: Session, *, empresa_id: int, canal_id: int, actor: str) -> None:
    """Close a door for good and forget its secrets. Its conversations stay readable, so its row
    stays too while there are any, under a clave that nobody knows."""
    canal = find_canal(session, empresa_id=empresa_id, canal_id=canal_id)
    if canal.por_defecto:
        raise Conflict("El canal por defecto no se puede eliminar.")
    _audit(session, canal, "canal.eliminar", actor)
    used = session.scalar(
        select(Chat.id).where(Chat.empresa_id == empresa_id, Chat.canal_id == canal_id).limit(1)
    )
    _forget_destinatarios(session, empresa_id, canal_id)
    if used is None:
        session.delete(canal)
    else:
        canal.eliminado_en = session.scalar(select(func.now()))
        canal.clave = new_clave()
        canal.credenciales = canal.secreto_hash = None
        canal.estado, canal.detalle = "error", "Eliminado."
    session.flush()


def _forget_destinatarios(session: Session, empresa_id: int, canal_id: int) -> None:
    """Whom the canal told of things. Their chats go back to the bot (core.mensajes.equipo)."""
    theirs = (Destinatario.empresa_id == empresa_id, Destinatario.canal_id == canal_id)
    names = [
        f"destinatario:{id_}" for id_ in session.scalars(select(Destinatario.id).where(*theirs))
    ]
    session.execute(
        update(Chat)
        .where(Chat.empresa_id == empresa_id, Chat.tomado_por.in_(names))
        .values(devolver_en=func.coalesce(Chat.devolver_en, func.now()))
    )
    session.execute(delete(Destinatario).where(*theirs))


def find_canal(session: Session, *, empresa_id: int, canal_id: int) -> Canal:
    canal = session.get(Canal, (empresa_id, canal_id))
    if canal is None or canal.eliminado_en is not None:
        raise NotFound
    return canal


def new_clave() -> str:
    """Random, 22 characters of a URL."""
    return secrets.token_urlsafe(16)


def hash_secreto(secreto: str) -> str:
    """What is stored of a webhook's secret, to compare with."""
    return hashlib.sha256(secreto.encode()).hexdigest()


def _keep_ajustes(canal: Canal, given: dict[str, Any]) -> None:
    merged = {k: v for k, v in {**(canal.ajustes or {}), **given}.items() if v is not None}
    try:
        checked = _AJUSTES[TipoCanal(canal.tipo)].model_validate(merged)
    except ValidationError as e:
        errores = [
            {"campo": ".".join(("ajustes", *map(str, x["loc"]))), "mensaje": explain(x)}
            for x in e.errors()
        ]
        raise Invalid("Los ajustes no son válidos.", errores=errores) from e
    canal.ajustes = {k: v for k, v in checked.model_dump(mode="json").items() if k in merged}


def _keep_credenciales(canal: Canal, cifrado: Cifrado, given: dict[str, Any]) -> None:
    try:
        checked = TypeAdapter(_DE[TipoCanal(canal.tipo)]).validate_python(given)
    except ValidationError as e:
        # Only the names: a message of pydantic's would repeat the secret it is about.
        campos = sorted({str(error["loc"][0]) for error in e.errors() if error["loc"]})
        errores = [{"campo": f"credenciales.{c}", "mensaje": "no es válido"} for c in campos]
        raise Invalid("Las credenciales no son válidas.", errores=errores) from None
    if isinstance(checked, CredencialesTelegram):
        checked.secreto = checked.secreto or secrets.token_urlsafe(32)
        canal.secreto_hash = hash_secreto(checked.secreto)
    canal.estado, canal.detalle = "verificando", None
    if isinstance(checked, CredencialesWeb):
        canal.estado, canal.credenciales = "activo", None
        if checked.origenes is not None:
            _keep_ajustes(canal, {"origenes": checked.origenes})
        return
    canal.credenciales = cifrado.encrypt(
        checked.model_dump(), empresa_id=canal.empresa_id, clave=canal.clave
    )
    canal.proximo_envio = None  # the wait was about what stood here before


def _audit(session: Session, canal: Canal, accion: str, actor: str) -> None:
    audit(
        session,
        empresa_id=canal.empresa_id,
        accion=accion,
        actor=actor,
        objeto=f"canal:{canal.id}",
        tipo=canal.tipo,
    )
