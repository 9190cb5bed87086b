"""WhatsApp's webhooks, read: who wrote what, what became of our replies, who answered by phone.

Pure: the web reads ids with it and imports no vendor. Whatever is not of a documented shape is
skipped, never refused: a refusal would have Meta repeat the whole POST for days.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from core.adapters.whatsapp_errores import motivo_of
from core.mensajes.acuses import Acuse
from core.mensajes.ecos import Eco, Preferencia
from core.mensajes.identidad import Persona
from core.mensajes.lotes import Llegada
from core.ports import Entrante, Medio, Pedida

_TELEFONO = re.compile(r"\+?(\d{5,20})")
_USUARIO = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")
_REFERENCIA = re.compile(r"1:([1-9]\d{0,17}):(\d{1,4}):(\d{1,4}):(\d{1,9})")
_ID_MAX = 512
_LINEAS_MAX = 100
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
        metadata = _dict(value.get("metadata"))
        if metadata.get("phone_number_id") != numero:
            avisos.ajenos += 1
        elif field_ == "messages":
            _read_messages(avisos, value)
        elif field_ == "smb_message_echoes":
            avisos.ecos += (e for e in map(_eco, _dicts(value.get("message_echoes"))) if e)
        elif field_ == "user_preferences":
            preferred = map(_preferencia, _dicts(value.get("user_preferences")))
            avisos.preferencias += (p for p in preferred if p)
        elif field_ == "user_id_update":
            moved = map(_user_id_update, _dicts(value.get("user_id_update")))
            avisos.mudanzas += (m for m in moved if m)
        else:
            avisos.ajenos += 1
    return avisos


def _changes(cuerpo: Any) -> Iterator[tuple[Any, dict[str, Any]]]:
    if _dict(cuerpo).get("object") != "whatsapp_business_account":
        return
    for entry in _dicts(cuerpo.get("entry")):
        for change in _dicts(entry.get("changes")):
            if isinstance(change.get("value"), dict):
                yield change.get("field"), change["value"]


def _read_messages(avisos: Avisos, value: dict[str, Any]) -> None:
    contacts = _dicts(value.get("contacts"))
    for message in _dicts(value.get("messages")):
        if message.get("type") == "system":
            moved = _mudanza(message)
            if moved is not None:
                avisos.mudanzas.append(moved)
        elif (arrived := _llegada(message, contacts)) is not None:
            avisos.llegadas.append(arrived)
    avisos.acuses += (a for a in map(_acuse, _dicts(value.get("statuses"))) if a)


# --- messages ----------------------------------------------------------------------------------


def _llegada(message: dict[str, Any], contacts: list[dict[str, Any]]) -> Llegada | None:
    """None for what is nobody's: without an id, without a sender, or said in a group."""
    wamid = _id(message.get("id"))
    contact = _contact_of(message, contacts)
    persona = Persona(
        _telefono(message.get("from")) or _telefono(contact.get("wa_id")),
        _usuario(message.get("from_user_id")) or _usuario(contact.get("user_id")),
    )
    if wamid is None or not persona or message.get("group_id"):
        return None
    segundos = _seconds(message.get("timestamp"))
    nombre = _dict(contact.get("profile")).get("name")
    return Llegada(
        persona=persona,
        id_externo=wamid,
        momento=None if segundos is None else datetime.fromtimestamp(segundos, UTC),
        orden=segundos or 0,
        crudo={"message": message, "nombre": nombre if isinstance(nombre, str) else None},
    )


def _contact_of(message: dict[str, Any], contacts: list[dict[str, Any]]) -> dict[str, Any]:
    de, usuario = _telefono(message.get("from")), _usuario(message.get("from_user_id"))
    for contact in contacts:
        if de and de == _telefono(contact.get("wa_id")):
            return contact
        if usuario and usuario == _usuario(contact.get("user_id")):
            return contact
    # Brazil's and Mexico's telephones are not always what their ids are.
    return contacts[0] if len(contacts) == 1 else {}


def parse_mensaje(crudo: dict[str, Any]) -> Entrante | None:
    """What a person said, of what `read_avisos` kept. None for what nobody expects an answer to: a
    reaction, a message that WhatsApp itself does not hand on."""
    message, nombre = _dict(crudo.get("message")), crudo.get("nombre")
    kind = message.get("type")
    part = _dict(message.get(kind)) if isinstance(kind, str) else {}
    nombre = nombre.strip()[:200] or None if isinstance(nombre, str) else None
    match kind:
        case "text":
            return Entrante(_text(part.get("body")), nombre=nombre)
        case "interactive":
            return _reply(part, nombre)
        case "button":
            return Entrante(_text(part.get("text")) or _text(part.get("payload")), nombre=nombre)
        case "order":
            return _order(part, nombre)
        case "reaction" | "unsupported" | "system" | "errors":
            return None
        case str() if kind in _TIPOS:
            return _media(kind, part, nombre)
    return Entrante("", tipo="otro", nombre=nombre)


_TIPOS = {
    "image": "imagen",
    "audio": "audio",
    "voice": "audio",
    "video": "video",
    "document": "documento",
    "sticker": "sticker",
    "location": "ubicacion",
    "contacts": "contacto",
}


def _media(kind: str, part: dict[str, Any], nombre: str | None) -> Entrante:
    tipo = _TIPOS[kind]
    medio = None
    if tipo in ("imagen", "audio") and (media_id := _id(part.get("id"))) is not None:
        mime = part.get("mime_type")
        medio = Medio(media_id, tipo, mime if isinstance(mime, str) else None)
    return Entrante(_text(part.get("caption")), tipo=tipo, nombre=nombre, medio=medio)


def _reply(part: dict[str, Any], nombre: str | None) -> Entrante:
    chosen = _dict(part.get("button_reply")) or _dict(part.get("list_reply"))
    title = _text(chosen.get("title"))
    if not title:
        return Entrante("", tipo="otro", nombre=nombre)
    # A row of a list shows its whole text below the title that was cut.
    return Entrante(title, nombre=nombre, boton=_id(chosen.get("id")))


def _order(part: dict[str, Any], nombre: str | None) -> Entrante:
    lines: dict[str, Decimal] = {}
    for item in _dicts(part.get("product_items"))[:_LINEAS_MAX]:
        sku, cantidad = item.get("product_retailer_id"), _quantity(item.get("quantity"))
        if isinstance(sku, str) and sku.strip() and cantidad is not None:
            lines[sku.strip()] = lines.get(sku.strip(), Decimal(0)) + cantidad
    pedido = tuple(Pedida(sku, n) for sku, n in lines.items())
    return Entrante(_text(part.get("text")), tipo="pedido", nombre=nombre, pedido=pedido)


def _quantity(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and 0 < number < 1_000_000 else None


# --- what became of ours -----------------------------------------------------------------------


def _acuse(status: dict[str, Any]) -> Acuse | None:
    """None for a message that is not ours: another program uses the number too."""
    ours = _REFERENCIA.fullmatch(_text(status.get("biz_opaque_callback_data")))
    wamid = _id(status.get("id"))
    estado = "read" if status.get("status") == "played" else status.get("status")
    if ours is None or wamid is None or estado not in _ESTADOS:
        return None
    numbers = (e.get("code") for e in _dicts(status.get("errors")))
    number = next((n for n in numbers if isinstance(n, int) and not isinstance(n, bool)), None)
    mensaje_id, parte, partes, token = map(int, ours.groups())
    error = motivo_of(number) if estado == "failed" else None
    return Acuse(mensaje_id, parte, partes, token, wamid, estado, error)


def _eco(echo: dict[str, Any]) -> Eco | None:
    """A message that the owner wrote in the app. None for one that they took back or corrected."""
    wamid, kind = _id(echo.get("id")), echo.get("type")
    persona = Persona(
        _telefono(echo.get("to")),
        _usuario(echo.get("to_user_id")) or _usuario(echo.get("recipient_user_id")),
    )
    if wamid is None or not persona or echo.get("group_id") or not isinstance(kind, str):
        return None
    if kind in ("revoke", "edit", "reaction", "system", "unsupported"):
        return None
    part = _dict(echo.get(kind))
    texto = _text(part.get("body")) or _text(part.get("caption")) or _interactive_text(part)
    tipo = "texto" if kind in ("text", "interactive", "template") else _TIPOS.get(kind, "otro")
    return Eco(persona, wamid, tipo, texto, _seconds(echo.get("timestamp")) or 0)


def _interactive_text(part: dict[str, Any]) -> str:
    return _text(_dict(part.get("body")).get("text"))


def _preferencia(told: dict[str, Any]) -> Preferencia | None:
    persona = Persona(_telefono(told.get("wa_id")), _usuario(told.get("user_id")))
    value = told.get("value")
    if not persona or told.get("category") != "marketing_messages":
        return None
    return Preferencia(persona, baja=value == "stop") if value in ("stop", "resume") else None


def _mudanza(message: dict[str, Any]) -> Mudanza | None:
    system = _dict(message.get("system"))
    if system.get("type") not in (
        "user_changed_number",
        "user_changed_user_id",
        "customer_changed_number",
    ):
        return None
    before = _usuario(system.get("previous_user_id")) or _usuario(message.get("from_user_id"))
    viejo = Persona(_telefono(message.get("from")), before)
    nuevo = Persona(
        _telefono(system.get("wa_id")) or _telefono(system.get("new_wa_id")),
        _usuario(system.get("user_id")),
    )
    return Mudanza(viejo, nuevo) if viejo and nuevo else None


def _user_id_update(told: dict[str, Any]) -> Mudanza | None:
    ids = _dict(told.get("user_id"))
    before, after = _usuario(ids.get("previous")), _usuario(ids.get("current"))
    telefono = _telefono(told.get("wa_id"))
    if before is None or after is None:
        return None
    return Mudanza(Persona(None, before), Persona(telefono, after))


# --- shapes ------------------------------------------------------------------------------------


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [x for x in value if isinstance(x, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _id(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= _ID_MAX else None


def _telefono(value: Any) -> str | None:
    found = _TELEFONO.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else None


def _usuario(value: Any) -> str | None:
    return value if isinstance(value, str) and _USUARIO.fullmatch(value) else None


def _seconds(value: Any) -> int | None:
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return int(text) if re.fullmatch(r"[0-9]{1,11}", text) else None
