"""The emulator judged: the vendor's own classes read all that it sends and answers."""

from typing import Any

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.request import HTTPXRequest

from core.adapters.bucle import bucle
from tests.telegram.conftest import TOKEN
from tests.telegram.emulador import Emulador
from tests.telegram.persona import Persona


@pytest.fixture
def persona(emulador: Emulador) -> Persona:
    return Persona(emulador, TOKEN)


def run(emulador: Emulador, *calls: Any) -> list[Any]:
    """What the vendor's client makes of each call's answer."""

    async def ask() -> list[Any]:
        request = HTTPXRequest()
        url = emulador.url
        bot = Bot(TOKEN, f"{url}/bot", f"{url}/file/bot", request=request)
        try:
            return [await call(bot) for call in calls]
        finally:
            await request.shutdown()

    return bucle().run(ask(), segundos=10)


def test_every_update_is_one_that_the_vendor_reads_whole(persona: Persona) -> None:
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Sí", callback_data="1:0")]])
    [sent] = run(persona.emulador, lambda b: b.send_message(42, "¿Sí?", reply_markup=keyboard))
    assert sent.reply_markup == keyboard
    text = persona.write("hola")
    updates = [
        text,
        persona.photo(caption="este"),
        *persona.album(2, "estos"),
        persona.voice(),
        persona.audio(),
        persona.document("image/png"),
        persona.location(),
        persona.venue("Café Sol", "Calle 1"),
        persona.contact("573001234567", user_id=42),
        persona.edit(text, "adiós"),
        persona.press("Sí"),
        persona.block(),
        persona.unblock(),
    ]
    for update in updates:
        read = Update.de_json(update, None)
        assert not read.api_kwargs
        assert _as_sent(read.to_dict()) == _as_sent(update)


def _as_sent(value: Any) -> Any:
    """The vendor leaves out what is false or empty by default, and fills in nothing."""
    if isinstance(value, dict):
        return {k: _as_sent(v) for k, v in value.items() if v not in (False, [], ())}
    if isinstance(value, list | tuple):
        return [_as_sent(v) for v in value]
    return value


def test_the_answers_are_the_vendor_s(persona: Persona) -> None:
    message = persona.voice(b"OggS una voz")["message"]
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Sí", callback_data="1:0")]])
    run(persona.emulador, lambda b: b.send_message(42, "¿Sí?", reply_markup=keyboard))
    query = persona.press("Sí")["callback_query"]["id"]
    me, typing, confirmed, file = run(
        persona.emulador,
        lambda b: b.get_me(),
        lambda b: b.send_chat_action(42, "typing"),
        lambda b: b.answer_callback_query(query),
        lambda b: b.get_file(message["voice"]["file_id"]),
    )
    assert (me.username, typing, confirmed) == ("tienda_bot", True, True)
    assert file.file_size == len(b"OggS una voz")
    # The vendor's own download, from the address that it made of the path.
    [content] = run(persona.emulador, lambda b: b.request.retrieve(file.file_path))
    assert content == b"OggS una voz"
