"""What a person said in an update of Telegram. It loads the vendor's types: for workers only."""

import re
from typing import Any

from telegram import (
    Audio,
    CallbackQuery,
    Chat,
    Document,
    InlineKeyboardMarkup,
    Message,
    PhotoSize,
    Update,
    User,
    Voice,
)

from core.agente import compartido
from core.ports import Entrante, Medio

# Of the sizes that Telegram keeps of a photo, the largest up to this.
_FOTO_MAX_BYTES = 10 * 1024 * 1024
_INICIO = re.compile(r"[\w-]{1,64}", re.ASCII)
_ILEGIBLE = (KeyError, TypeError, ValueError, AttributeError, OverflowError)

_TIPOS = {
    "photo": "imagen",
    "voice": "audio",
    "audio": "audio",
    "video": "video",
    "video_note": "video",
    "animation": "video",
    "document": "documento",
    "sticker": "sticker",
    "location": "ubicacion",
    "contact": "contacto",
}


def read_entrante(crudo: dict[str, Any]) -> Entrante | None:
    """core.ports.Canal.parse. None for what no person said, and for what is said in a group."""
    try:
        update = Update.de_json(crudo, None)
        if update.callback_query is not None:
            return _pressed(update.callback_query)
        if update.edited_message is not None:
            return _edited(update.edited_message)
        return None if update.message is None else _said(update.message)
    except _ILEGIBLE:
        return Entrante("", tipo="otro")


def _pressed(query: CallbackQuery) -> Entrante | None:
    """A button under one of our replies. The data is the client's word: whose button it was, and
    whether it is still one, is for the core to say."""
    data = query.data
    # A message too old to be shown again comes without its keyboard.
    if not isinstance(data, str) or query.message is None or not _private(query.message.chat):
        return None
    keyboard = getattr(query.message, "reply_markup", None)
    return Entrante(_label(keyboard, data), nombre=_nombre(query.from_user), boton=data)


def _label(keyboard: InlineKeyboardMarkup | None, data: str) -> str:
    rows = keyboard.inline_keyboard if keyboard is not None else ()
    shown = (b.text for row in rows for b in row if b.callback_data == data)
    return _text(next(shown, ""))


def _edited(message: Message) -> Entrante | None:
    """The words only: what is attached was seen before, and a place that moves is no answer."""
    if _tipo(message) is None or not _from_person(message):
        return None
    if message.location is not None:
        return Entrante("", tipo="otro")
    return Entrante(_words(message), tipo="edicion", nombre=_nombre(message.from_user))


def _said(message: Message) -> Entrante | None:
    tipo = _tipo(message)
    if tipo is None or not _from_person(message):
        return None
    medio = _medio(message)
    texto, inicio = _started(_words(message))
    return Entrante(
        texto or _shared(message),
        tipo=tipo if medio is None else medio.tipo,
        nombre=_nombre(message.from_user),
        medio=medio,
        inicio=inicio,
        responde_a=_quoted(message),
    )


def _quoted(message: Message) -> str | None:
    """As core.adapters.telegram.Telegram.send named it."""
    quoted = message.reply_to_message
    return f"{message.chat.id}:{quoted.message_id}" if quoted is not None else None


def _tipo(message: Message) -> str | None:
    if message.text:
        return "texto"
    kinds = (tipo for field, tipo in _TIPOS.items() if getattr(message, field, None))
    # A poll, a die or a game is somebody's, but nothing we read; the rest are service notices.
    other = "otro" if message.effective_attachment is not None or message.caption else None
    return next(kinds, other)


def _from_person(message: Message) -> bool:
    by_bot = message.from_user is not None and message.from_user.is_bot
    return not by_bot and _private(message.chat)


def _private(chat: Chat) -> bool:
    return chat.type == Chat.PRIVATE


def _nombre(user: User | None) -> str | None:
    return _text(user.full_name) or None if user is not None else None


def _words(message: Message) -> str:
    return _text(message.text or message.caption or "")


def _text(value: object) -> str:
    """The vendor checks no types: what is no text is as good as none."""
    return value if isinstance(value, str) else ""


def _started(texto: str) -> tuple[str, str | None]:
    """(words, what the link carried; None for what is no /start). `/start` is the button that opens
    a chat: the customer said hello, in Telegram's words."""
    first, *rest = texto.split(maxsplit=1) or [""]
    if first.split("@")[0] != "/start":
        return texto, None
    carried = rest[0].strip() if rest else ""
    return "Hola", carried if _INICIO.fullmatch(carried) else ""


def _shared(message: Message) -> str:
    """A place or a telephone, in words; nothing for everything else."""
    if (place := message.location) is not None:
        venue = message.venue
        called = () if venue is None else (_text(venue.title), _text(venue.address))
        return compartido.ubicacion(float(place.latitude), float(place.longitude), *called)
    if (contact := message.contact) is not None and _text(contact.phone_number):
        sender = message.from_user
        own = sender is not None and contact.user_id is not None and contact.user_id == sender.id
        telefono = contact.phone_number
        if own and telefono[:1].isdigit():
            telefono = f"+{telefono}"  # Telegram's own numbers are international, sign or not
        called = (_text(contact.first_name), _text(contact.last_name))
        return compartido.contacto(" ".join(called), telefono, propio=own)
    return ""


def _medio(message: Message) -> Medio | None:
    """The photo or recording, sent as itself or as a document."""
    if message.photo:
        fits = [p for p in message.photo if (p.file_size or 0) <= _FOTO_MAX_BYTES]
        best = max(fits or message.photo[:1], key=lambda p: p.width * p.height)
        return _waiting(best, "imagen", "image/jpeg")
    if (sound := message.voice or message.audio) is not None:
        return _waiting(sound, "audio", sound.mime_type)
    if (file := message.document) is not None and message.animation is None:
        kind = {"image": "imagen", "audio": "audio"}.get(_text(file.mime_type).split("/")[0])
        return None if kind is None else _waiting(file, kind, file.mime_type)
    return None


def _waiting(file: PhotoSize | Voice | Audio | Document, tipo: str, mime: str | None) -> Medio:
    size = file.file_size if isinstance(file.file_size, int) else None
    if not _text(file.file_id):
        raise TypeError
    return Medio(file.file_id, tipo, _text(mime) or None, size)
