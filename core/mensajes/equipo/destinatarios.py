"""Who of the shop is told, and over what: people who link their own chat, and addresses."""

import re
import secrets
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.bitacora import audit
from core.errors import Conflict, Invalid, NotFound, TooManyRequests
from core.mensajes.equipo.avisos import Suceso, tell
from core.mensajes.equipo.palabras import asunto, di
from core.mensajes.equipo.telefono import hash_codigo
from core.models import Aviso, Canal, Chat, Destinatario, Empresa, Usuario, Via
from core.ports import Tarea

# Each sale is told to each of them.
_MAX = 20
# An address is whoever's it is: our tests must not fill a stranger's mailbox.
_PRUEBAS_POR_HORA = 5
# Whoever has the code is told of every sale, so it does not lie about for long.
_CODIGO_HORAS = 24
_EMAIL = re.compile(
    r"[^@\s\x00-\x1f<>,;:\"()\[\]]+@[^@\s\x00-\x1f<>,;:\"()\[\]]+\.[A-Za-z0-9-]{2,}"
)
_EMAIL_MAX = 254


@dataclass(frozen=True)
class Nuevo:
    """canal_id: of telegram and whatsapp; email: the address, of email."""

    via: Via
    nombre: str
    canal_id: int | None = None
    email: str | None = None
    usuario_id: int | None = None
    ventas: bool = True
    derivaciones: bool = True


def create_destinatario(
    session: Session, nuevo: Nuevo, *, empresa_id: int, actor: str
) -> tuple[Destinatario, str | None]:
    """One more, flushed, and the code that links their chat; an address needs none.

    Raises Invalid, NotFound for a usuario of nobody, Conflict for one too many or one twice.
    """
    _check(session, nuevo, empresa_id)
    who = Destinatario(
        empresa_id=empresa_id,
        via=nuevo.via.value,
        nombre=nuevo.nombre,
        canal_id=nuevo.canal_id,
        externo=nuevo.email,
        usuario_id=nuevo.usuario_id,
        ventas=nuevo.ventas,
        derivaciones=nuevo.derivaciones,
        estado="activo" if nuevo.via is Via.EMAIL else "enlazando",
    )
    session.add(who)
    codigo = None if nuevo.via is Via.EMAIL else _new_codigo(session, who)
    try:
        session.flush()
    except IntegrityError as e:
        raise Conflict("Esa dirección ya recibe avisos.") from e
    _audit(session, who, "destinatario.crear", actor)
    return who, codigo


def renew_codigo(
    session: Session, *, empresa_id: int, destinatario_id: int, actor: str
) -> tuple[Destinatario, str]:
    """Another code, for the chat of another phone; the one before works no more, and who is linked
    stays so until it is used. Raises NotFound, Conflict for an address."""
    who = find_destinatario(session, empresa_id=empresa_id, destinatario_id=destinatario_id)
    if who.via == Via.EMAIL.value:
        raise Conflict("Un correo no se enlaza.")
    codigo = _new_codigo(session, who)
    session.flush()
    _audit(session, who, "destinatario.codigo", actor)
    return who, codigo


def update_destinatario(
    session: Session,
    *,
    empresa_id: int,
    destinatario_id: int,
    actor: str,
    nombre: str | None = None,
    ventas: bool | None = None,
    derivaciones: bool | None = None,
) -> Destinatario:
    """Change what is not None. Raises NotFound."""
    who = find_destinatario(session, empresa_id=empresa_id, destinatario_id=destinatario_id)
    if nombre is not None:
        who.nombre = nombre
    if ventas is not None:
        who.ventas = ventas
    if derivaciones is not None:
        who.derivaciones = derivaciones
    session.flush()
    _audit(session, who, "destinatario.cambiar", actor)
    return who


def delete_destinatario(
    session: Session, *, empresa_id: int, destinatario_id: int, actor: str
) -> None:
    """They are told nothing more; what they write is a customer's from now on. The chats that they
    have go back to the bot by themselves, as after any silence, and at once where the shop waits
    for ever. Raises NotFound."""
    who = find_destinatario(session, empresa_id=empresa_id, destinatario_id=destinatario_id)
    _audit(session, who, "destinatario.eliminar", actor)
    if who.externo is not None and who.canal_id is not None:
        own = select(Chat).where(
            Chat.empresa_id == empresa_id,
            Chat.canal_id == who.canal_id,
            Chat.externo == who.externo,
        )
        for chat in session.scalars(own):
            chat.equipo = False
    session.execute(
        update(Chat)
        .where(Chat.empresa_id == empresa_id, Chat.tomado_por == f"destinatario:{who.id}")
        .values(devolver_en=func.coalesce(Chat.devolver_en, func.now()))
    )
    session.delete(who)
    session.flush()


def probe_destinatario(
    session: Session, *, empresa_id: int, destinatario_id: int
) -> tuple[Tarea, dict[str, int]]:
    """Tell them that this is a test; the bell to ring after the commit. Raises NotFound, Conflict
    for a chat that is not linked yet, TooManyRequests after some of them."""
    who = find_destinatario(session, empresa_id=empresa_id, destinatario_id=destinatario_id)
    if who.estado != "activo":
        raise Conflict("Falta enlazar su chat.")
    lately = select(func.count(Aviso.id)).where(
        Aviso.empresa_id == empresa_id,
        Aviso.destinatario_id == who.id,
        Aviso.clave.startswith("prueba:"),
        Aviso.creado_en > func.now() - text("interval '1 hour'"),
    )
    if (session.scalar(lately) or 0) >= _PRUEBAS_POR_HORA:
        raise TooManyRequests("Ya se le enviaron varias pruebas; espera una hora.", segundos=3600)
    tienda = session.get_one(Empresa, empresa_id).nombre
    suceso = Suceso(
        clave=f"prueba:{uuid4()}",
        asunto=asunto("prueba"),
        texto=di("prueba", nombre=who.nombre, tienda=tienda),
    )
    (timbre,) = tell(session, suceso, empresa_id=empresa_id, solo=who.id)
    return timbre


def find_destinatario(session: Session, *, empresa_id: int, destinatario_id: int) -> Destinatario:
    who = session.get(Destinatario, (empresa_id, destinatario_id))
    if who is None:
        raise NotFound
    return who


def count_avisados(session: Session, *, empresa_id: int) -> int:
    """How many are told of customers who wait for a person; who blocked the bot is told nothing."""
    left = select(Chat.id).where(
        Chat.empresa_id == empresa_id,
        Chat.canal_id == Destinatario.canal_id,
        Chat.externo == Destinatario.externo,
        Chat.cerrado,
    )
    told = select(func.count(Destinatario.id)).where(
        Destinatario.empresa_id == empresa_id,
        Destinatario.estado == "activo",
        Destinatario.derivaciones,
        ~left.exists(),
    )
    return session.scalar(told) or 0


def _check(session: Session, nuevo: Nuevo, empresa_id: int) -> None:
    is_email = nuevo.via is Via.EMAIL
    if is_email and not (nuevo.email and is_email_address(nuevo.email)):
        raise _invalid("email", "no es una dirección de correo")
    if is_email != (nuevo.canal_id is None) or (nuevo.email is not None) != is_email:
        raise _invalid("canal_id", "es de telegram y whatsapp; email, de los correos")
    if nuevo.canal_id is not None:
        canal = session.get(Canal, (empresa_id, nuevo.canal_id))
        if canal is None or canal.eliminado_en is not None or canal.tipo != nuevo.via.value:
            raise _invalid("canal_id", f"no es un canal de {nuevo.via.value}")
    if (
        nuevo.usuario_id is not None
        and session.get(Usuario, (empresa_id, nuevo.usuario_id)) is None
    ):
        raise _invalid("usuario_id", "no existe")
    mine = select(func.count(Destinatario.id)).where(Destinatario.empresa_id == empresa_id)
    if (session.scalar(mine) or 0) >= _MAX:
        raise Conflict(f"Son {_MAX} destinatarios como máximo.")


def is_email_address(email: str) -> bool:
    return len(email) <= _EMAIL_MAX and email.isascii() and bool(_EMAIL.fullmatch(email))


def _invalid(campo: str, mensaje: str) -> Invalid:
    errores = [{"campo": campo, "mensaje": mensaje}]
    return Invalid("El destinatario no es válido.", errores=errores)


def _new_codigo(session: Session, who: Destinatario) -> str:
    codigo = f"equipo-{secrets.token_urlsafe(16)}"
    who.codigo_hash = hash_codigo(codigo)
    who.codigo_hasta = session.scalar(
        select(func.now() + text(f"interval '{_CODIGO_HORAS} hours'"))
    )
    return codigo


def _audit(session: Session, who: Destinatario, accion: str, actor: str) -> None:
    audit(
        session,
        empresa_id=who.empresa_id,
        accion=accion,
        actor=actor,
        objeto=f"destinatario:{who.id}",
        via=who.via,
    )


# --- the link that opens their chat ------------------------------------------------------------

_BOT = re.compile(r"@(\w{3,64})")
_NUMERO = re.compile(r"\+(\d[\d ]{6,20}\d)")


def enlace_de_inicio(canal: Canal, codigo: str) -> str | None:
    """What opens the person's chat with the code in it; None while the provider has not yet told
    us what our bot or number is called (canal.detalle). The code can always be written there."""
    said = canal.detalle or ""
    if canal.tipo == Via.TELEGRAM.value and (bot := _BOT.search(said)):
        return f"https://t.me/{bot[1]}?start={codigo}"
    if canal.tipo == Via.WHATSAPP.value and (numero := _NUMERO.search(said)):
        return f"https://wa.me/{numero[1].replace(' ', '')}?text={codigo}"
    return None
