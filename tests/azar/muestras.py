"""What providers send: one whole update of each kind, shaped as in their published examples.

`n` numbers the update for its provider, `chat` is who it is from. Ids are unique to `n`.
"""

from collections.abc import Callable
from typing import Any

Muestra = Callable[[int, int], dict[str, Any]]

_MOMENTO = 1_764_115_200
NUMERO = "106540352242922"  # of the shop, as the Graph API names it


# --- Telegram ----------------------------------------------------------------------------------


def _message(n: int, chat: int, **said: Any) -> dict[str, Any]:
    person = {"id": chat, "is_bot": False, "first_name": "Ana", "last_name": "Paz"}
    return {
        "message_id": n,
        "from": person | {"username": f"ana{chat}", "language_code": "es"},
        "chat": {"id": chat, "type": "private", "first_name": "Ana", "last_name": "Paz"},
        "date": _MOMENTO,
        **said,
    }


def _file(n: int, **more: Any) -> dict[str, Any]:
    return {"file_id": f"AgACAgEAAx{n}", "file_unique_id": f"AQAD{n}", "file_size": 9000, **more}


def _says(**said: Any) -> Muestra:
    return lambda n, chat: {"update_id": n, "message": _message(n, chat, **said)}


def _photo(n: int, chat: int) -> dict[str, Any]:
    sizes = [_file(n, width=w, height=w) for w in (90, 320, 1280)]
    said = _message(n, chat, photo=sizes, caption="¿tienen de estos?", media_group_id=f"{n}")
    return {"update_id": n, "message": said}


def _voice(n: int, chat: int) -> dict[str, Any]:
    voice = _file(n, duration=3, mime_type="audio/ogg")
    return {"update_id": n, "message": _message(n, chat, voice=voice)}


def _document(n: int, chat: int) -> dict[str, Any]:
    document = _file(n, file_name="lista.pdf", mime_type="application/pdf")
    return {"update_id": n, "message": _message(n, chat, document=document)}


def _sticker(n: int, chat: int) -> dict[str, Any]:
    shape = {"type": "regular", "width": 512, "height": 512}
    sticker = _file(n, **shape, is_animated=False, is_video=False, emoji="👍")
    return {"update_id": n, "message": _message(n, chat, sticker=sticker)}


def _contact(n: int, chat: int) -> dict[str, Any]:
    contact = {"phone_number": "+573001234567", "first_name": "Ana", "user_id": chat}
    return {"update_id": n, "message": _message(n, chat, contact=contact)}


def _edited(n: int, chat: int) -> dict[str, Any]:
    said = _message(n, chat, text="Quiero 3 martillos", edit_date=_MOMENTO + 5)
    return {"update_id": n, "edited_message": said}


def _pressed(n: int, chat: int) -> dict[str, Any]:
    message = _message(n, chat, text="¿Confirmas?")
    return {
        "update_id": n,
        "callback_query": {
            "id": f"438{n}",
            "from": message["from"],
            "message": message | {"from": {"id": 1, "is_bot": True, "first_name": "Tienda"}},
            "chat_instance": "-3871",
            "data": "17:0",
        },
    }


def _answered(n: int, chat: int) -> dict[str, Any]:
    before = _message(n - 1, chat, text="Tenemos 7 martillos.")
    return {"update_id": n, "message": _message(n, chat, text="Sí", reply_to_message=before)}


def _group(n: int, chat: int) -> dict[str, Any]:
    said = _message(n, chat, text="hola a todos")
    group = {"id": -1_000_000 - chat, "title": "Obra", "type": "supergroup", "is_forum": False}
    return {"update_id": n, "message": said | {"chat": group}}


def _member(n: int, chat: int) -> dict[str, Any]:
    said = _message(n, chat)
    person = said["from"]
    new = {"user": {"id": 1, "is_bot": True, "first_name": "Tienda"}, "status": "kicked"}
    changed = {"chat": said["chat"], "from": person, "date": _MOMENTO}
    old = new | {"status": "member"}
    return {
        "update_id": n,
        "my_chat_member": changed
        | {"old_chat_member": old, "new_chat_member": new | {"until_date": 0}},
    }


TELEGRAM: tuple[Muestra, ...] = (
    _says(text="Quiero comprar 10 martillos."),
    _says(text="Sí."),
    _says(text="/start promo7", entities=[{"type": "bot_command", "offset": 0, "length": 6}]),
    _says(text="¿Cuánto cuesta la pala?"),
    _says(location={"latitude": 4.6, "longitude": -74.1, "horizontal_accuracy": 15.0}),
    _says(dice={"emoji": "🎲", "value": 3}),
    _says(new_chat_title="Otro nombre"),
    _photo,
    _voice,
    _document,
    _sticker,
    _contact,
    _edited,
    _pressed,
    _answered,
    _group,
    _member,
)


# --- WhatsApp ----------------------------------------------------------------------------------


def wamid(n: int, k: int = 0) -> str:
    return f"wamid.AZAR{n:09d}K{k}A"


def _change(value: dict[str, Any], field: str = "messages") -> dict[str, Any]:
    shop = {"display_phone_number": "15550783881", "phone_number_id": NUMERO}
    return {
        "value": {"messaging_product": "whatsapp", "metadata": shop, **value},
        "field": field,
    }


def _post(*changes: dict[str, Any]) -> dict[str, Any]:
    entry = {"id": "102290129340398", "changes": list(changes)}
    return {"object": "whatsapp_business_account", "entry": [entry]}


def _phone(chat: int) -> str:
    return str(573_000_000_000 + chat)


def _people(chat: int) -> list[dict[str, Any]]:
    return [{"profile": {"name": "Ana Paz"}, "wa_id": _phone(chat), "user_id": f"CO.{chat:020d}"}]


def _said(n: int, chat: int, tipo: str, what: Any, k: int = 0) -> dict[str, Any]:
    return {
        "from": _phone(chat),
        "from_user_id": f"CO.{chat:020d}",
        "id": wamid(n, k),
        "timestamp": str(_MOMENTO),
        "type": tipo,
        tipo: what,
    }


def _wa(tipo: str, what: Any) -> Muestra:
    def make(n: int, chat: int) -> dict[str, Any]:
        said = _said(n, chat, tipo, what)
        return _post(_change({"contacts": _people(chat), "messages": [said]}))

    return make


def _many(n: int, chat: int) -> dict[str, Any]:
    """Two entries, two changes each, several messages each."""

    def change(c: int) -> dict[str, Any]:
        texts = [_said(n, chat + c, "text", {"body": f"hola {k}"}, 3 * c + k) for k in range(3)]
        return _change({"contacts": _people(chat + c), "messages": texts})

    whole, more = _post(change(0), change(1)), _post(change(2), change(3))
    return whole | {"entry": whole["entry"] + more["entry"]}


def _status(estado: str, **more: Any) -> Muestra:
    def make(n: int, chat: int) -> dict[str, Any]:
        told = {"id": wamid(n), "status": estado, "timestamp": str(_MOMENTO)}
        return _post(_change({"statuses": [told | {"recipient_id": _phone(chat), **more}]}))

    return make


def _echo(n: int, chat: int) -> dict[str, Any]:
    said = _said(n, chat, "text", {"body": "Yo le atiendo"})
    echo = said | {"from": "15550783881", "to": _phone(chat)}
    return _post(_change({"message_echoes": [echo]}, "smb_message_echoes"))


def _preference(n: int, chat: int) -> dict[str, Any]:
    told = {
        "wa_id": _phone(chat),
        "detail": "User requested to stop marketing messages",
        "category": "marketing_messages",
        "value": "stop" if n % 2 else "resume",
        "timestamp": _MOMENTO,
    }
    value = {"contacts": _people(chat), "user_preferences": [told]}
    return _post(_change(value, "user_preferences"))


_MEDIA = {"mime_type": "image/jpeg", "sha256": "SfInY0gGKTsJlUWbwxC1k+FAD0FZHvzwfpvO0zX0GUI="}
_ITEMS = [
    {"product_retailer_id": "MAR", "quantity": 2, "item_price": 7.99, "currency": "USD"},
    {"product_retailer_id": "PAL", "quantity": 25, "item_price": 3.25, "currency": "USD"},
]
_REPLY = {"id": "17:0", "title": "Confirmar"}
_ERROR = {"code": 131047, "title": "Re-engagement message", "error_data": {"details": "24 hours"}}

WHATSAPP: tuple[Muestra, ...] = (
    _wa("text", {"body": "Quiero comprar 10 martillos."}),
    _wa("text", {"body": "Sí."}),
    _wa("text", {"body": "¿Cuánto cuesta la pala?"}),
    _wa("image", {"id": "1003383421387256", "caption": "¿tienen de estos?", **_MEDIA}),
    _wa("audio", {"id": "1003383421387257", **_MEDIA, "mime_type": "audio/ogg", "voice": True}),
    _wa("document", {"id": "1003383421387258", "filename": "lista.pdf", **_MEDIA}),
    _wa("location", {"latitude": 4.6, "longitude": -74.1, "name": "Obra", "address": "Calle 1"}),
    _wa("contacts", [{"name": {"formatted_name": "Ana"}, "phones": [{"phone": "+57300"}]}]),
    _wa("reaction", {"message_id": "wamid.OTRO", "emoji": "👍"}),
    _wa("interactive", {"type": "button_reply", "button_reply": _REPLY}),
    _wa("interactive", {"type": "list_reply", "list_reply": _REPLY | {"description": "sí"}}),
    _wa("button", {"payload": "17:0", "text": "Confirmar"}),
    _wa("order", {"catalog_id": "194836987003835", "text": "ya", "product_items": _ITEMS}),
    _wa("unsupported", {"type": "unknown"}),
    _many,
    _status("sent", conversation={"id": "c1", "origin": {"type": "service"}}),
    _status("delivered", pricing={"billable": False, "category": "service"}),
    _status("read"),
    _status("failed", errors=[_ERROR]),
    _echo,
    _preference,
)
