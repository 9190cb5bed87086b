"""The webhook: proof or nothing, stored once, and no update that Telegram would repeat for ever."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.serving import make_server

from core.adapters.telegram import Telegram
from core.db import Database
from core.ports import Tarea, Tecla
from core.wiring import Servicios
from tests.fakes import ColaEnMemoria
from tests.telegram.conftest import SECRETO, TOKEN, Bot
from tests.telegram.emulador import Emulador
from tests.telegram.persona import Persona

HEADER = "X-Telegram-Bot-Api-Secret-Token"


def update(n: int = 700_001, texto: str = "¿hay martillos?", chat: int = 42) -> dict[str, Any]:
    return {
        "update_id": n,
        "message": {
            "message_id": n - 700_000,
            "date": 1,
            "chat": {"id": chat, "type": "private"},
            "from": {"id": chat, "is_bot": False, "first_name": "Ana"},
            "text": texto,
        },
    }


Post = Callable[..., Any]


@pytest.fixture
def post(client: FlaskClient, bot: Bot) -> Post:
    def call(body: Any, secreto: str | None = SECRETO, clave: str | None = None) -> Any:
        headers = {} if secreto is None else {HEADER: secreto}
        path = f"/webhooks/telegram/{bot.clave if clave is None else clave}"
        if isinstance(body, bytes):
            return client.post(path, data=body, headers=headers)
        return client.post(path, json=body, headers=headers)

    return call


def test_an_update_is_stored_raw_and_its_chat_is_rung_for(post: Post, bot: Bot, app: Flask) -> None:
    answer = post(update())
    assert (answer.status_code, answer.data) == (200, b"")
    [row] = bot.mensajes()
    assert (row.crudo, row.texto, row.estado) == (update(), "", "pendiente")
    assert (row.id_externo, row.orden_externo, row.canal_id) == ("700001", 700_001, bot.canal_id)
    servicios: Servicios = app.extensions["servicios"]
    assert isinstance(servicios.cola, ColaEnMemoria)
    ids = {"empresa_id": bot.empresa_id, "chat_id": row.chat_id}
    assert servicios.cola.timbres == [(Tarea.ANSWER_CHAT, ids)]


def test_a_redelivered_update_is_one_message_and_the_first_text_wins(post: Post, bot: Bot) -> None:
    with ThreadPoolExecutor(8) as pool:
        codes = [a.status_code for a in pool.map(lambda _: post(update()), range(8))]
    codes.append(post(update(texto="otro")).status_code)
    assert codes == [200] * 9
    [row] = bot.mensajes()
    assert row.crudo is not None
    assert row.crudo["message"]["text"] == "¿hay martillos?"


def test_reordered_updates_keep_telegram_s_order(post: Post, bot: Bot, db: Database) -> None:
    for n in (700_003, 700_001, 700_002):
        post(update(n))
    with db.empresa(bot.empresa_id) as session:
        order = session.scalars(
            text("SELECT id_externo FROM mensaje ORDER BY orden_externo NULLS LAST, orden")
        ).all()
    assert order == ["700001", "700002", "700003"]


def test_without_the_secret_nothing_is_stored_and_nothing_is_learned(
    post: Post, bot: Bot, make_bot: Callable[..., Bot], db: Database
) -> None:
    other = make_bot("654321:otro")
    with db.empresa(bot.empresa_id) as session:
        session.execute(
            text("UPDATE canal SET secreto_hash = NULL WHERE id = :id"), {"id": other.canal_id}
        )
        web = session.scalars(text("SELECT clave FROM canal WHERE tipo = 'web'")).one()
    answers = [
        post(update(), None),
        post(update(), ""),
        post(update(), "wrong"),
        post(update(), SECRETO + "x"),
        post(update(), SECRETO, "desconocida"),
        post(update(), SECRETO, "%00"),
        post(update(), "", other.clave),
        post(update(), SECRETO, other.clave),
        post(update(), SECRETO, web),
        post(b"{not json", "wrong"),
    ]
    assert {a.status_code for a in answers} == {403}
    assert len({a.data for a in answers}) == 1
    assert bot.mensajes() == []


@pytest.mark.parametrize(
    "body",
    [
        {"update_id": 1, "my_chat_member": {"chat": {"id": 42}}},
        {"update_id": 1, "callback_query": {"id": "x"}},
        {"update_id": 1, "message": {"chat": {"id": 2**70}}},
        {},
        [],
        "texto",
        b"null",
    ],
)
def test_what_is_no_message_is_accepted_and_forgotten(post: Post, bot: Bot, body: Any) -> None:
    assert post(body).status_code == 200
    assert bot.mensajes() == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"1" * 5000])
def test_what_is_no_json_is_refused(post: Post, bot: Bot, body: bytes) -> None:
    assert post(body).status_code == 422
    assert bot.mensajes() == []


def test_a_body_beyond_all_reason_is_refused_before_it_is_read(post: Post, bot: Bot) -> None:
    assert post(b" " * (512 * 1024 + 1)).status_code == 413


def test_a_press_is_stored_and_its_button_stops_turning_with_the_answer(
    post: Post, bot: Bot
) -> None:
    chat = {"id": 42, "type": "private"}
    query = {"id": "4382", "data": "7:0", "message": {"chat": chat, "message_id": 5, "date": 0}}
    body = {"update_id": 700_009, "callback_query": query}
    answers = [post(body), post(body)]
    confirmed = {"method": "answerCallbackQuery", "callback_query_id": "4382"}
    assert [(a.status_code, a.json) for a in answers] == [(200, confirmed)] * 2
    [row] = bot.mensajes()
    assert (row.crudo, row.id_externo) == (body, "700009")
    strange = {**body, "update_id": 700_010, "callback_query": {**query, "id": "4 & 5"}}
    assert post(strange).data == b""
    assert len(bot.mensajes()) == 2


def member(n: int, status: str, chat: int = 42) -> dict[str, Any]:
    where = {"id": chat, "type": "private"}
    return {
        "update_id": n,
        "my_chat_member": {"chat": where, "new_chat_member": {"status": status}},
    }


def test_a_customer_who_blocks_the_bot_closes_the_chat_and_opens_it_by_unblocking(
    post: Post, bot: Bot, db: Database
) -> None:
    def closed() -> list[bool]:
        with db.empresa(bot.empresa_id) as session:
            return list(session.scalars(text("SELECT cerrado FROM chat ORDER BY id")))

    post(member(700_000, "kicked", chat=41))
    assert closed() == [], "who never wrote has no chat"
    post(update(700_001))
    post(update(700_002, chat=43))
    for n, status, expected in (
        (700_003, "kicked", True),
        (700_003, "kicked", True),
        (700_004, "member", False),
        (700_005, "kicked", True),
        (700_006, "unheard of", True),
    ):
        assert post(member(n, status)).status_code == 200
        assert closed() == [expected, False]
    assert len(bot.mensajes()) == 2


def test_late_news_that_a_customer_left_does_not_undo_what_they_wrote_since(
    post: Post, bot: Bot
) -> None:
    post(update(700_009))
    post(member(700_003, "kicked"))
    with bot.db.empresa(bot.empresa_id) as session:
        assert session.scalars(text("SELECT cerrado FROM chat")).all() == [False]


def test_what_is_said_in_a_group_is_not_stored(post: Post, bot: Bot) -> None:
    body = update(chat=-100123)
    body["message"]["chat"]["type"] = "supergroup"
    assert post(body).status_code == 200
    assert bot.mensajes() == []


def test_characters_that_postgresql_cannot_hold_lose_no_message(post: Post, bot: Bot) -> None:
    body = (
        b'{"update_id": 1, "message": {"chat": {"id": 42}, '
        b'"text": "hay\\u0000 martillos\\ud83d", "x": Infinity}}'
    )
    assert post(body).status_code == 200
    [row] = bot.mensajes()
    assert row.crudo is not None
    assert row.crudo["message"]["text"] == "hay martillos?"


def test_the_text_is_in_no_answer(post: Post) -> None:
    for body in (update(texto="canario"), {"update_id": "canario"}, b'"canario'):
        answer = post(body)
        assert b"canario" not in answer.data
        assert b"700001" not in answer.data


def test_telegram_confirms_a_press_by_what_the_webhook_answers(
    servidor: str, bot: Bot, emulador: Emulador
) -> None:
    given = {"token": TOKEN, "secreto": SECRETO}
    canal = Telegram(lambda: given, api_url=emulador.url, segundos=2.0)
    canal.check(webhook_url=f"{servidor}/webhooks/telegram/{bot.clave}")
    canal.send("42", "¿Confirmas?", [Tecla("7:0", "Confirmar")])
    Persona(emulador, TOKEN).press("Confirmar")
    emulador.await_true(lambda: set(emulador.pulsaciones.values()) == {1})
    assert len(bot.mensajes()) == 1


@pytest.fixture
def servidor(app: Flask) -> Iterator[str]:
    """The web on a socket, as Telegram reaches it."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_telegram_itself_delivers_to_the_webhook_it_was_given(
    servidor: str, bot: Bot, emulador: Emulador
) -> None:
    given = {"token": TOKEN, "secreto": SECRETO}
    canal = Telegram(lambda: given, api_url=emulador.url, segundos=2.0)
    first = emulador.write(TOKEN, "antes de registrarlo")
    canal.check(webhook_url=f"{servidor}/webhooks/telegram/{bot.clave}")
    second = emulador.write(TOKEN, "después", chat=43)
    emulador.await_true(lambda: emulador.pending(TOKEN) == 0)
    emulador.push(emulador.webhook(TOKEN), SECRETO, first)
    assert [m.crudo for m in bot.mensajes()] == [first, second]
    assert set(emulador.respuestas_webhook) == {(200, b"")}
