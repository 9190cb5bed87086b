"""WhatsApp's webhooks, read: who wrote what, what became of our replies, who answered by phone.

Pure: the web reads ids with it and imports no vendor. Whatever is not of a documented shape is
skipped, never refused: a refusal would have Meta repeat the whole POST for days.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core.adapters.whatsapp_errores import motivo_of
from core.adapters.whatsapp_json import (
    get_dict,
    get_dicts,
    get_id,
    get_seconds,
    get_telefono,
    get_text,
    get_usuario,
)
from core.mensajes.acuses import Acuse
from core.mensajes.ecos import Eco, Preferencia
from core.mensajes.identidad import Persona
from core.mensajes.lotes import Llegada

_REFERENCIA = re.compile(r"1:([1-9]\d{0,17}):(\d{1,4}):(\d{1,4}):(\d{1,9})")
_ESTADOS = ("sent", "delivered", "read", "failed")


@dataclass(frozen=True)
class Mudanza:
    """`viejo` is known as `nuevo` from now on."""

    viejo: Persona
    nuevo: Persona


@dataclass
class Avisos:
    """What one POST tells about one number, in its own order. `ajenos`: changes that were about
    another number, or about nothing we know."""

    llegadas: list[Llegada] = field(default_factory=list)
    ecos: list[Eco] = field(default_factory=list)
    acuses: list[Acuse] = field(default_factory=list)
    preferencias: list[Preferencia] = field(default_factory=list)
    mudanzas: list[Mudanza] = field(default_factory=list)
    ajenos: int = 0


def read_avisos(cuerpo: Any, *, numero: str) -> Avisos:
    """All that a POST says about the number whose id is `numero`."""
    avisos = Avisos()
    for field_, value in _changes(cuerpo):
        metadata = get_dict(value.get("metadata"))
        if metadata.get("phone_number_id") != numero:
            avisos.ajenos += 1
        elif field_ == "messages":
            _read_messages(avisos, value)
        elif field_ == "smb_message_echoes":
            avisos.ecos += (e for e in map(_eco, get_dicts(value.get("message_echoes"))) if e)
        elif field_ == "user_preferences":
            preferred = map(_preferencia, get_dicts(value.get("user_preferences")))
            avisos.preferencias += (p for p in preferred if p)
        elif field_ == "user_id_update":
            moved = map(_user_id_update, get_dicts(value.get("user_id_update")))
            avisos.mudanzas += (m for m in moved if m)
        else:
            avisos.ajenos += 1
    return avisos


def _changes(cuerpo: Any) -> Iterator[tuple[Any, dict[str, Any]]]:
    if get_dict(cuerpo).get("object") != "whatsapp_business_account":
        return
    for entry in get_dicts(cuerpo.get("entry")):
        for change in get_dicts(entry.get("changes")):
            if isinstance(change.get("value"), dict):
                yield change.get("field"), change["value"]


def _read_messages(avisos: Avisos, value: dict[str, Any]) -> None:
    contacts, messages = get_dicts(value.get("contacts")), get_dicts(value.get("messages"))
    several = any(_sender(m) != _sender(messages[0]) for m in messages)
    for message in messages:
        if message.get("type") == "system":
            moved = _mudanza(message)
            if moved is not None:
                avisos.mudanzas.append(moved)
        elif (arrived := _llegada(message, _contact_of(message, contacts, several))) is not None:
            avisos.llegadas.append(arrived)
    avisos.acuses += (a for a in map(_acuse, get_dicts(value.get("statuses"))) if a)


# --- messages ----------------------------------------------------------------------------------


def _sender(message: dict[str, Any]) -> tuple[str | None, str | None]:
    return get_telefono(message.get("from")), get_usuario(message.get("from_user_id"))


def _llegada(message: dict[str, Any], contact: dict[str, Any]) -> Llegada | None:
    """None for what is nobody's: without an id, without a sender, or said in a group."""
    wamid = get_id(message.get("id"))
    persona = Persona(
        get_telefono(message.get("from")) or get_telefono(contact.get("wa_id")),
        get_usuario(message.get("from_user_id")) or get_usuario(contact.get("user_id")),
    )
    if wamid is None or not persona or message.get("group_id"):
        return None
    segundos = get_seconds(message.get("timestamp"))
    nombre = get_dict(contact.get("profile")).get("name")
    return Llegada(
        persona=persona,
        id_externo=wamid,
        momento=_moment(segundos),
        orden=segundos or 0,
        crudo={"message": message, "nombre": nombre if isinstance(nombre, str) else None},
    )


def _moment(segundos: int | None) -> datetime | None:
    return None if segundos is None else datetime.fromtimestamp(segundos, UTC)


def _contact_of(
    message: dict[str, Any], contacts: list[dict[str, Any]], several: bool
) -> dict[str, Any]:
    """`several`: more people than one wrote."""
    de, usuario = _sender(message)
    for contact in contacts:
        if de and de == get_telefono(contact.get("wa_id")):
            return contact
        if usuario and usuario == get_usuario(contact.get("user_id")):
            return contact
    # Brazil's and Mexico's telephones are not always what their ids are.
    return contacts[0] if len(contacts) == 1 and not several else {}


# --- what became of ours -----------------------------------------------------------------------


def _acuse(status: dict[str, Any]) -> Acuse | None:
    """None for a message that is not ours: another program uses the number too."""
    ours = _REFERENCIA.fullmatch(get_text(status.get("biz_opaque_callback_data")))
    wamid = get_id(status.get("id"))
    estado = "read" if status.get("status") == "played" else status.get("status")
    if ours is None or wamid is None or estado not in _ESTADOS:
        return None
    numbers = (e.get("code") for e in get_dicts(status.get("errors")))
    number = next((n for n in numbers if isinstance(n, int) and not isinstance(n, bool)), None)
    mensaje_id, parte, partes, token = map(int, ours.groups())
    error = motivo_of(number) if estado == "failed" else None
    return Acuse(mensaje_id, parte, partes, token, wamid, estado, error)


_TIPOS = {
    "text": "texto",
    "interactive": "texto",
    "template": "texto",
    "image": "imagen",
    "audio": "audio",
    "video": "video",
    "document": "documento",
    "sticker": "sticker",
    "location": "ubicacion",
    "contacts": "contacto",
}


def _eco(echo: dict[str, Any]) -> Eco | None:
    """A message that the owner wrote in the app. None for one that they took back or corrected."""
    wamid, kind = get_id(echo.get("id")), echo.get("type")
    persona = Persona(
        get_telefono(echo.get("to")),
        get_usuario(echo.get("to_user_id")) or get_usuario(echo.get("recipient_user_id")),
    )
    if wamid is None or not persona or echo.get("group_id") or not isinstance(kind, str):
        return None
    if kind in ("revoke", "edit", "reaction", "system", "unsupported"):
        return None
    part = get_dict(echo.get(kind))
    texto = get_text(part.get("body")) or get_text(part.get("caption")) or _interactive_text(part)
    tipo = _TIPOS.get(kind, "otro")
    return Eco(persona, wamid, tipo, texto, get_seconds(echo.get("timestamp")) or 0)


def _interactive_text(part: dict[str, Any]) -> str:
    return get_text(get_dict(part.get("body")).get("text"))


def _preferencia(told: dict[str, Any]) -> Preferencia | None:
    persona = Persona(get_telefono(told.get("wa_id")), get_usuario(told.get("user_id")))
    value = told.get("value")
    if not persona or told.get("category") != "marketing_messages":
        return None
    if value not in ("stop", "resume"):
        return None
    return Preferencia(persona, value == "stop", _moment(get_seconds(told.get("timestamp"))))


def _mudanza(message: dict[str, Any]) -> Mudanza | None:
    system = get_dict(message.get("system"))
    if system.get("type") not in (
        "user_changed_number",
        "user_changed_user_id",
        "customer_changed_number",
    ):
        return None
    before = get_usuario(system.get("previous_user_id")) or get_usuario(message.get("from_user_id"))
    viejo = Persona(get_telefono(message.get("from")), before)
    nuevo = Persona(
        get_telefono(system.get("wa_id")) or get_telefono(system.get("new_wa_id")),
        get_usuario(system.get("user_id")),
    )
    return Mudanza(viejo, nuevo) if viejo and nuevo else None


def _user_id_update(told: dict[str, Any]) -> Mudanza | None:
    ids = get_dict(told.get("user_id"))
    before, after = get_usuario(ids.get("previous")), get_usuario(ids.get("current"))
    telefono = get_telefono(told.get("wa_id"))
    if before is None or after is None:
        return None
    return Mudanza(Persona(None, before), Persona(telefono, after))
