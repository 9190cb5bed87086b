"""What a customer's phone sends, and what a worker reads in it."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from core.adapters.telegram import Telegram
from core.adapters.telegram_sobre import Sobre, read_sobre, storable
from core.ports import Entrante, Medio, Tecla
from tests.telegram.conftest import TOKEN
from tests.telegram.emulador import Emulador
from tests.telegram.formas import shown
from tests.telegram.persona import Persona
from tests.telegram.test_adaptador import telegram


@pytest.fixture
def persona(emulador: Emulador) -> Persona:
    return Persona(emulador, TOKEN)


@pytest.fixture
def canal(emulador: Emulador) -> Telegram:
    return telegram(emulador)


def parsed(canal: Telegram, update: dict[str, Any]) -> Entrante:
    found = canal.parse(json.loads(json.dumps(update)))
    assert found is not None
    return found


@pytest.fixture
def read(emulador: Emulador) -> Callable[..., Any]:
    def parse(texto: str | None = None, **mas: Any) -> Any:
        return telegram(emulador).parse(emulador.write(TOKEN, texto, **mas))

    return parse


def test_a_text_is_read_with_its_author(read: Callable[..., Any]) -> None:
    entrante = read("¿tienen martillos?")
    assert (entrante.texto, entrante.tipo, entrante.nombre) == (
        "¿tienen martillos?",
        "texto",
        "Ana Paz",
    )


def test_the_start_button_is_a_greeting(read: Callable[..., Any]) -> None:
    assert read("/start").texto == "Hola"
    assert read("/start promo@mayo").texto == "Hola"
    assert read("/starter kit").texto == "/starter kit"


_FILE = {"file_id": "f", "file_unique_id": "u"}


@pytest.mark.parametrize(
    ("message", "tipo"),
    [
        ({"photo": [{**_FILE, "width": 1, "height": 1}], "caption": "este"}, "imagen"),
        ({"voice": {**_FILE, "duration": 3}}, "audio"),
        ({"video": {**_FILE, "width": 1, "height": 1, "duration": 3}}, "video"),
        ({"document": _FILE}, "documento"),
        (
            {
                "sticker": {
                    **_FILE,
                    "width": 1,
                    "height": 1,
                    "is_animated": False,
                    "is_video": False,
                    "type": "regular",
                }
            },
            "sticker",
        ),
        ({"dice": {"emoji": "🎲", "value": 3}}, "otro"),
    ],
)
def test_what_is_no_text_is_told_by_its_kind(
    read: Callable[..., Any], message: dict[str, Any], tipo: str
) -> None:
    entrante = read(**message)
    assert (entrante.tipo, entrante.texto) == (tipo, message.get("caption", ""))


def test_an_edit_says_so(emulador: Emulador) -> None:
    original = emulador.write(TOKEN, "10 martillos")
    edited = emulador.update(
        TOKEN, edited_message={**original["message"], "text": "5 martillos", "edit_date": 1}
    )
    entrante = telegram(emulador).parse(edited)
    assert entrante is not None
    assert (entrante.tipo, entrante.texto) == ("edicion", "5 martillos")
    sobre = read_sobre(edited)
    assert sobre is not None
    assert sobre.update_id > original["update_id"]


def test_nobody_s_words_are_not_answered(read: Callable[..., Any], emulador: Emulador) -> None:
    bot = {"id": 9, "is_bot": True, "first_name": "Otro"}
    assert read("hola", **{"from": bot}) is None
    assert read(group_chat_created=True) is None
    assert telegram(emulador).parse({"update_id": 1, "poll": None}) is None


def test_an_update_that_cannot_be_read_is_something_else_and_no_accident(
    emulador: Emulador,
) -> None:
    for strange in ({"chat": 1}, {"chat": {"id": 42}}, {"date": "ayer", "chat": {}}, 7, [1]):
        entrante = telegram(emulador).parse({"update_id": 1, "message": strange})
        assert entrante is None or entrante.tipo == "otro"


def test_reading_needs_no_credentials(emulador: Emulador) -> None:
    def closed() -> dict[str, Any]:
        raise AssertionError("opened")

    canal = Telegram(closed, api_url=emulador.url, segundos=1)
    entrante = canal.parse(emulador.write(TOKEN, "hola"))
    assert entrante is not None


@pytest.mark.parametrize(
    "crudo",
    [
        None,
        [],
        "x",
        {},
        {"update_id": 5},
        {"update_id": "5", "message": {"chat": {"id": 1}}},
        {"update_id": 5, "message": {"chat": {"id": "1"}}},
        {"update_id": 5, "message": {"chat": 1}},
        {"update_id": True, "message": {"chat": {"id": 1}}},
        {"update_id": 5, "message": {"chat": {"id": True}}},
        {"update_id": 2**63, "message": {"chat": {"id": 1}}},
        {"update_id": -1, "message": {"chat": {"id": 1}}},
        {"update_id": 5, "message": {"chat": {"id": 2**70}}},
        {"update_id": 5, "my_chat_member": {"chat": {"id": 1}}},
    ],
)
def test_what_is_no_message_has_no_envelope(crudo: object) -> None:
    assert read_sobre(crudo) is None


def test_the_envelope_holds_the_ids() -> None:
    crudo = {"update_id": 5, "message": {"chat": {"id": -42}, "text": "hola"}}
    assert read_sobre(crudo) == Sobre(5, "-42")


def test_what_postgresql_cannot_hold_is_left_out() -> None:
    crudo = {"a\0": ["x\0y", "\ud83d!", float("inf"), float("nan"), 1.5, None, True, 2**80]}
    assert storable(crudo) == {"a": ["xy", "?!", None, None, 1.5, None, True, 2**80]}


# --- photos and recordings ---------------------------------------------------------------------


def test_a_photo_is_its_largest_size_with_its_caption(canal: Telegram, persona: Persona) -> None:
    entrante = parsed(canal, persona.photo(b"x" * 5000, "¿tienen este?"))
    assert (entrante.tipo, entrante.texto, entrante.nombre) == (
        "imagen",
        "¿tienen este?",
        "Ana Paz",
    )
    assert entrante.medio is not None
    assert entrante.medio == Medio(entrante.medio.id, "imagen", "image/jpeg", 5000)
    assert persona.emulador.archivos[entrante.medio.id].contenido == b"x" * 5000


def test_of_a_photo_beyond_all_measure_a_smaller_size_is_taken(
    canal: Telegram, persona: Persona
) -> None:
    update = persona.photo()
    update["message"]["photo"][2]["file_size"] = 10 * 1024 * 1024 + 1
    medio = parsed(canal, update).medio
    assert medio is not None
    assert medio.id == update["message"]["photo"][1]["file_id"]


def test_the_words_of_an_album_are_read_once(canal: Telegram, persona: Persona) -> None:
    read = [parsed(canal, u) for u in persona.album(3, "¿tienen estos?")]
    assert [e.texto for e in read] == ["¿tienen estos?", "", ""]
    assert len({e.medio.id for e in read if e.medio}) == 3


def test_voice_and_music_are_recordings(canal: Telegram, persona: Persona) -> None:
    voice, audio = parsed(canal, persona.voice()), parsed(canal, persona.audio())
    assert voice.medio is not None
    assert audio.medio is not None
    assert (voice.tipo, voice.medio.tipo, voice.medio.mime) == ("audio", "audio", "audio/ogg")
    assert (audio.tipo, audio.medio.tipo, audio.medio.mime) == ("audio", "audio", "audio/mpeg")


@pytest.mark.parametrize(
    ("mime", "tipo"),
    [
        ("image/png", "imagen"),
        ("audio/mp4", "audio"),
        ("application/pdf", "documento"),
        (None, "documento"),
    ],
)
def test_a_document_is_what_it_says_it_holds(
    canal: Telegram, persona: Persona, mime: str | None, tipo: str
) -> None:
    entrante = parsed(canal, persona.document(mime))
    assert entrante.tipo == tipo
    assert (entrante.medio is not None) == (tipo != "documento")


def test_a_moving_picture_is_no_photo(canal: Telegram, persona: Persona) -> None:
    update = persona.document("image/gif")
    update["message"]["animation"] = {**_FILE, "width": 1, "height": 1, "duration": 1}
    entrante = parsed(canal, update)
    assert (entrante.tipo, entrante.medio) == ("video", None)


# --- places and telephones ---------------------------------------------------------------------


def test_a_place_can_be_read_by_the_shop(canal: Telegram, persona: Persona) -> None:
    bare = parsed(canal, persona.location())
    venue = parsed(canal, persona.venue("Café Sol", "Calle 1 # 2-3"))
    assert (bare.tipo, bare.texto) == ("ubicacion", "Ubicación: 4.60971, -74.08175")
    assert (venue.tipo, venue.texto) == (
        "ubicacion",
        "Ubicación: Café Sol, Calle 1 # 2-3 (4.60971, -74.08175)",
    )


def test_only_the_sender_s_own_number_is_theirs(canal: Telegram, persona: Persona) -> None:
    own = parsed(canal, persona.contact("573001234567", user_id=42))
    friend = parsed(canal, persona.contact("3007654321", "Luis", user_id=43))
    stranger = parsed(canal, persona.contact("3007654321", "Luis"))
    assert (own.tipo, own.texto) == ("contacto", "Teléfono: +573001234567")
    assert friend.texto == stranger.texto == "Contacto compartido: Luis, 3007654321"


# --- edits, buttons, beginnings, membership ----------------------------------------------------


def test_of_an_edited_caption_the_words_alone_are_new(canal: Telegram, persona: Persona) -> None:
    photo = persona.photo(caption="este")
    edited = parsed(canal, persona.edit(photo, "este no, el rojo"))
    assert (edited.tipo, edited.texto, edited.medio) == ("edicion", "este no, el rojo", None)


def test_a_place_that_moves_is_not_stored_at_every_step(canal: Telegram, persona: Persona) -> None:
    first = persona.location()
    moved = {**first["message"], "edit_date": 1}
    update = persona.emulador.update(TOKEN, edited_message=moved)
    assert read_sobre(update) is None
    assert parsed(canal, update) == Entrante("", tipo="otro")


def test_a_pressed_button_is_its_data_and_what_it_showed(canal: Telegram, persona: Persona) -> None:
    canal.send("42", "¿Confirmas?", [Tecla("7:0", "Confirmar"), Tecla("7:1", "Cancelar")])
    update = persona.press("Cancelar")
    assert parsed(canal, update) == Entrante("Cancelar", nombre="Ana Paz", boton="7:1")
    query = update["callback_query"]
    assert read_sobre(update) == Sobre(update["update_id"], "42", pulsacion=query["id"])
    old = {"chat": query["message"]["chat"], "message_id": 1, "date": 0}
    late = {**update, "callback_query": {**query, "message": old}}
    assert parsed(canal, late) == Entrante("", nombre="Ana Paz", boton="7:1")


def test_a_press_of_nothing_is_nobody_s_word(canal: Telegram) -> None:
    user = {"id": 42, "is_bot": False, "first_name": "Ana"}
    query = {"id": "4", "from": user, "chat_instance": "1", "message": shown(42, 1, "x", None)}
    assert canal.parse({"update_id": 1, "callback_query": query}) is None
    assert (
        canal.parse({"update_id": 1, "callback_query": {**query, "game_short_name": "x"}}) is None
    )


@pytest.mark.parametrize(
    ("texto", "inicio"),
    [
        ("/start", ""),
        ("/start promo_mayo-1", "promo_mayo-1"),
        ("/start@tienda_bot QR7", "QR7"),
        ("/start dos palabras", ""),
        ("/start ñandú", ""),
        (f"/start {'a' * 65}", ""),
    ],
)
def test_what_opened_the_chat_is_kept_beside_the_greeting(
    canal: Telegram, persona: Persona, texto: str, inicio: str
) -> None:
    entrante = parsed(canal, persona.write(texto))
    assert (entrante.texto, entrante.inicio) == ("Hola", inicio)


def test_a_customer_who_leaves_or_returns_says_no_word(canal: Telegram, persona: Persona) -> None:
    left, back = persona.block(), persona.unblock()
    assert read_sobre(left) == Sobre(left["update_id"], "42", cerrado=True)
    assert read_sobre(back) == Sobre(back["update_id"], "42", cerrado=False)
    assert canal.parse(left) is None


@pytest.mark.parametrize("kind", ["group", "supergroup", "channel"])
def test_a_group_is_nobody_s_private_chat(canal: Telegram, persona: Persona, kind: str) -> None:
    where = {"id": -100123, "type": kind, "title": "Vecinos"}
    written, left = persona.write("hola"), persona.block()
    written["message"]["chat"] = left["my_chat_member"]["chat"] = where
    pressed = {"update_id": 9, "callback_query": {"id": "4", "message": {"chat": where}}}
    assert [read_sobre(u) for u in (written, left, pressed)] == [None] * 3
    assert canal.parse(written) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": 7},
        {"text": ["hola"]},
        {"caption": {"a": 1}, "photo": [{**_FILE, "width": 1, "height": 1}]},
        {"photo": [{**_FILE, "file_id": 3, "width": 1, "height": 1}]},
        {"photo": [{**_FILE, "width": "ancha", "height": 1}]},
        {"voice": {**_FILE, "duration": 3, "mime_type": 5}},
        {"document": {**_FILE, "mime_type": ["image/png"]}},
        {"location": {"latitude": "aquí", "longitude": None}},
        {"contact": {"phone_number": 300, "first_name": 5, "user_id": "x"}},
    ],
)
def test_what_telegram_would_never_send_is_read_without_an_accident(
    canal: Telegram, emulador: Emulador, wrong: dict[str, Any]
) -> None:
    entrante = canal.parse(emulador.write(TOKEN, None, **wrong))
    assert entrante is None or isinstance(entrante.texto, str)


def test_no_update_however_wrong_is_an_accident(canal: Telegram, persona: Persona) -> None:
    dice = random.Random(11)
    junk: list[Any] = [None, 0, -1, 2**70, 1e300, "", "x", "ñ\U0001f44d", True, [], [7], {}]
    canal.send("42", "¿Sí?", [Tecla("7:0", "Sí")])
    sane = [
        persona.photo(caption="este"),
        persona.voice(),
        persona.document("image/png"),
        persona.venue("Café Sol", "Calle 1"),
        persona.contact("300", user_id=42),
        persona.edit(persona.write("/start x"), "adiós"),
        persona.press("Sí"),
        persona.block(),
    ]
    for _ in range(3000):
        update = storable(dice.choice(sane))
        for _ in range(dice.randint(1, 3)):
            _spoil(dice, update, junk)
        sobre, entrante = read_sobre(update), canal.parse(update)
        assert sobre is None or isinstance(sobre, Sobre)
        if entrante is not None:
            words = (entrante.texto, entrante.tipo, entrante.nombre, entrante.boton)
            assert all(isinstance(w, str) or w is None for w in words)
            if entrante.medio is not None:
                assert isinstance(entrante.medio.bytes, int | None)
                assert isinstance(entrante.medio.mime, str | None)
                assert entrante.medio.id


def _spoil(dice: random.Random, tree: Any, junk: list[Any]) -> None:
    """Put something else, or nothing, in the place of a random part of `tree`."""
    inside: list[Any] = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
    if not inside:
        return
    key = dice.choice(inside)
    if isinstance(tree[key], dict | list) and dice.random() < 0.8:
        return _spoil(dice, tree[key], junk)
    if isinstance(tree, dict) and dice.random() < 0.3:
        del tree[key]
    else:
        tree[key] = storable(dice.choice(junk))
