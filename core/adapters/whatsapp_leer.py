"""What a person said in a message of WhatsApp's, of what whatsapp_avisos kept. For workers."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from core.adapters.whatsapp_json import get_dict, get_dicts, get_id, get_telefono, get_text
from core.agente import compartido
from core.ports import Entrante, Medio, Pedida

_LINEAS_MAX = 100


def parse_mensaje(crudo: dict[str, Any]) -> Entrante | None:
    """What a person said, of what `read_avisos` kept. None for what nobody expects an answer to: a
    reaction, a message taken back. Whatever else WhatsApp does not hand on, a new customer's very
    first message now and then among it, is "desconocido"."""
    message, nombre = get_dict(crudo.get("message")), crudo.get("nombre")
    kind = get_text(message.get("type"))
    part = message.get(kind)
    if kind in _SIN_RESPUESTA or get_text(get_dict(part).get("type")) in _SIN_RESPUESTA:
        return None
    said = _LEER.get(kind, _unknown)(message, part)
    nombre = get_text(nombre).strip()[:200]
    # The id that the send of ours had answered with.
    quoted = get_id(get_dict(message.get("context")).get("id"))
    return replace(said, nombre=nombre or None, responde_a=quoted)


def _text(_: dict[str, Any], part: Any) -> Entrante:
    return Entrante(get_text(get_dict(part).get("body")))


def _template_button(_: dict[str, Any], part: Any) -> Entrante:
    part = get_dict(part)
    return Entrante(get_text(part.get("text")) or get_text(part.get("payload")))


def _reply(_: dict[str, Any], part: Any) -> Entrante:
    part = get_dict(part)
    chosen = get_dict(part.get("button_reply")) or get_dict(part.get("list_reply"))
    title = get_text(chosen.get("title"))
    if not title:
        return _unknown(_, part)
    # A row whose title was cut shows its whole text below.
    whole = get_text(chosen.get("description")) if "…" in title else ""
    return Entrante(whole or title, boton=get_id(chosen.get("id")))


def _image(_: dict[str, Any], part: Any) -> Entrante:
    return _waiting(get_dict(part), "imagen")


def _audio(_: dict[str, Any], part: Any) -> Entrante:
    return _waiting(get_dict(part), "audio")


def _document(_: dict[str, Any], part: Any) -> Entrante:
    """A photo or a recording is one, also when it was sent as a file."""
    part = get_dict(part)
    mime = get_text(part.get("mime_type")).split("/")[0]
    kind = {"image": "imagen", "audio": "audio"}.get(mime)
    if kind is not None:
        return _waiting(part, kind)
    return Entrante(get_text(part.get("caption")), tipo="documento")


def _waiting(part: dict[str, Any], tipo: str) -> Entrante:
    id_, mime = get_id(part.get("id")), get_text(part.get("mime_type")) or None
    medio = None if id_ is None else Medio(id_, tipo, mime)
    return Entrante(get_text(part.get("caption")), tipo=tipo, medio=medio)


def _video(_: dict[str, Any], part: Any) -> Entrante:
    return Entrante(get_text(get_dict(part).get("caption")), tipo="video")


def _sticker(_: dict[str, Any], part: Any) -> Entrante:
    return Entrante("", tipo="sticker")


def _location(_: dict[str, Any], part: Any) -> Entrante:
    part = get_dict(part)
    latitud, longitud = _degrees(part.get("latitude"), 90), _degrees(part.get("longitude"), 180)
    if latitud is None or longitud is None:
        return Entrante("", tipo="ubicacion")
    called = get_text(part.get("name")), get_text(part.get("address"))
    return Entrante(compartido.ubicacion(latitud, longitud, *called), tipo="ubicacion")


def _contacts(message: dict[str, Any], part: Any) -> Entrante:
    """The first one's telephone: their own where WhatsApp says so, or they write from it."""
    shared = get_dicts(part)
    phones = get_dicts(shared[0].get("phones")) if shared else []
    said = get_text(phones[0].get("phone")) if phones else ""
    if not said:
        return Entrante("", tipo="contacto")
    sender, theirs = get_telefono(message.get("from")), get_telefono(phones[0].get("wa_id"))
    own = message.get("origin") == "contact_request" or sender is not None and sender == theirs
    nombre = get_text(get_dict(shared[0].get("name")).get("formatted_name"))
    return Entrante(compartido.contacto(nombre, said, propio=own), tipo="contacto")


def _order(_: dict[str, Any], part: Any) -> Entrante:
    part = get_dict(part)
    lines: dict[str, Decimal] = {}
    for item in get_dicts(part.get("product_items"))[:_LINEAS_MAX]:
        sku, cantidad = get_text(item.get("product_retailer_id")), item.get("quantity")
        number = _quantity(cantidad)
        if sku.strip() and number is not None:
            lines[sku.strip()] = lines.get(sku.strip(), Decimal(0)) + number
    pedido = tuple(Pedida(sku, n) for sku, n in lines.items())
    tipo = "pedido" if pedido else "pedido_vacio"
    return Entrante(get_text(part.get("text")), tipo=tipo, pedido=pedido)


def _edit(message: dict[str, Any], part: Any) -> Entrante:
    """The words as they are by now; what is attached was seen before."""
    now = get_dict(get_dict(part).get("message"))
    kept = get_dict(now.get(get_text(now.get("type"))))
    texto = get_text(kept.get("body")) or get_text(kept.get("caption"))
    return Entrante(texto, tipo="edicion") if texto else _unknown(message, part)


def _unknown(_: dict[str, Any], part: Any) -> Entrante:
    return Entrante("", tipo="desconocido")


def _degrees(value: Any, most: int) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and abs(value) <= most else None


def _quantity(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and 0 < number < 1_000_000 else None


_LEER: dict[str, Callable[[dict[str, Any], Any], Entrante]] = {
    "text": _text,
    "interactive": _reply,
    "button": _template_button,
    "order": _order,
    "image": _image,
    "audio": _audio,
    "voice": _audio,
    "video": _video,
    "document": _document,
    "sticker": _sticker,
    "location": _location,
    "contacts": _contacts,
    "edit": _edit,
}
# Kinds, and of what WhatsApp calls "unsupported" their own names.
_SIN_RESPUESTA = frozenset({"reaction", "system", "errors", "revoke", "pin", "poll_update"})
