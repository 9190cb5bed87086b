"""The webhook: proof or nothing, all of a POST or none of it, each message once."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient

from core.cuentas import create_empresa
from core.db import Database
from core.ports import Tarea
from tests.fakes import ColaEnMemoria
from tests.telegram.conftest import Bot
from tests.whatsapp.avisos import TELEFONO, ejemplo, mensaje, nombres, wamid_de
from tests.whatsapp.conftest import SECRETO, VERIFICAR, Post
from tests.whatsapp.emulador import join, sign


def asked(token: str = VERIFICAR, mode: str = "subscribe") -> dict[str, str]:
    return {"hub.mode": mode, "hub.verify_token": token, "hub.challenge": "1158201444"}


def test_meta_gets_its_challenge_back_from_whoever_knows_the_token(
    client: FlaskClient, canal: Bot, servicios: Any
) -> None:
    path = f"/webhooks/whatsapp/{canal.clave}"
    answer = client.get(path, query_string=asked())
    assert (answer.status_code, answer.data) == (200, b"1158201444")
    assert answer.mimetype == "text/plain"
    for wrong in (asked("otro"), asked(""), asked(mode="unsubscribe"), {}):
        refused = client.get(path, query_string=wrong)
        assert refused.status_code == 403
        assert b"1158201444" not in refused.data
    assert client.get("/webhooks/whatsapp/nadie", query_string=asked()).status_code == 403


def test_a_message_is_stored_raw_and_its_chat_is_rung_for(
    post: Post, canal: Bot, cola: ColaEnMemoria, sql: Callable[..., Any]
) -> None:
    answer = post(ejemplo("texto"))
    assert (answer.status_code, answer.data) == (200, b"")
    [row] = canal.mensajes()
    assert row.crudo is not None
    assert row.crudo["message"]["text"] == {"body": "¿Tienen martillos?"}
    assert (row.id_externo, row.estado, row.texto) == ("wamid.EJEMPLO.text", "pendiente", "")
    assert sql("SELECT externo, alias FROM chat") == [(TELEFONO, None)]
    ids = {"empresa_id": canal.empresa_id, "chat_id": row.chat_id}
    assert cola.timbres == [(Tarea.ANSWER_CHAT, ids)]


def test_many_in_one_post_are_a_row_each_and_what_comes_again_is_not(
    post: Post, canal: Bot, sql: Callable[..., Any]
) -> None:
    avisos = [mensaje(f"mensaje {n}", de=f"57300111223{n % 3}") for n in range(9)]
    assert post(*avisos[:6]).status_code == 200
    # A partial redelivery, with something new in it and one of them twice.
    assert post(*avisos[3:], avisos[4], avisos[8]).status_code == 200
    rows = canal.mensajes()
    assert sorted(m.id_externo or "" for m in rows) == sorted(map(wamid_de, avisos))
    assert sql("SELECT count(*), sum(pendientes) FROM chat") == [(3, 9)]


def test_ten_identical_posts_at_once_store_each_message_once(
    post: Post, canal: Bot, client: FlaskClient
) -> None:
    avisos = [mensaje(f"m{n}", de=f"57300111223{n % 4}") for n in range(8)]
    body = json.dumps(join(*avisos)).encode()
    backwards = json.dumps(join(*reversed(avisos))).encode()

    def push(n: int) -> int:
        raw = backwards if n % 2 else body
        return int(
            client.application.test_client()
            .post(
                f"/webhooks/whatsapp/{canal.clave}",
                data=raw,
                headers={"X-Hub-Signature-256": sign(SECRETO, raw)},
            )
            .status_code
        )

    with ThreadPoolExecutor(10) as pool:
        codes = list(pool.map(push, range(10)))
    assert codes == [200] * 10
    assert sorted(m.id_externo or "" for m in canal.mensajes()) == sorted(map(wamid_de, avisos))


def test_without_the_signature_nothing_is_stored_and_nothing_is_learned(
    post: Post, canal: Bot, make_canal: Callable[..., Bot], db: Database
) -> None:
    raw = json.dumps(ejemplo("texto")).encode()
    good = sign(SECRETO, raw)
    other = create_empresa(db, nombre="Otra")
    theirs = make_canal(de=other.empresa_id, app_secret="el-de-otra")
    answers = [
        post(raw, firma=""),
        post(raw, firma="sha256="),
        post(raw, firma=good[:-1]),
        post(raw, firma=good.removeprefix("sha256=")),
        post(raw, firma=good.replace("sha256", "sha1")),
        post(raw + b" ", firma=good),
        post(raw, secreto="el-de-otra"),
        post(raw, clave=theirs.clave),
        post(raw, clave="desconocida"),
        post(raw, clave="%00"),
        post(b"{no json", firma=good),
    ]
    assert {a.status_code for a in answers} == {403}
    assert len({a.data for a in answers}) == 1
    assert canal.mensajes() == []
    assert theirs.mensajes() == []


def test_another_number_s_messages_are_not_this_canal_s(post: Post, canal: Bot) -> None:
    mine, theirs = mensaje("mío"), mensaje("suyo", numero="999")
    assert post(mine, theirs).status_code == 200
    assert [m.id_externo for m in canal.mensajes()] == [wamid_de(mine)]


def test_a_deleted_canal_is_nobody_s(
    post: Post, canal: Bot, client: FlaskClient, sql: Callable[..., Any]
) -> None:
    post(mensaje())
    sql("UPDATE canal SET credenciales = NULL WHERE id = :id", id=canal.canal_id)
    assert post(mensaje("otro")).status_code == 403
    assert len(canal.mensajes()) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "texto",
        None,
        {"object": "page", "entry": []},
        {"object": "whatsapp_business_account"},
        {"object": "whatsapp_business_account", "entry": [{"changes": [{"value": 5}]}]},
        {"object": "whatsapp_business_account", "entry": [5, {"changes": "x"}]},
        join(mensaje(de=None)),
        join(mensaje(wamid="w" * 600)),
        join(mensaje(group_id="G1")),
        join(mensaje(de="no es un teléfono")),
    ],
)
def test_what_is_nobody_s_message_is_accepted_and_forgotten(
    post: Post, canal: Bot, body: Any
) -> None:
    assert post(json.dumps(body).encode()).status_code == 200
    assert canal.mensajes() == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_refused(post: Post, canal: Bot, body: bytes) -> None:
    assert post(body).status_code == 422
    assert canal.mensajes() == []


def test_a_body_beyond_all_reason_is_refused(post: Post) -> None:
    assert post(b" " * (3 * 1024 * 1024 + 1)).status_code == 413


def test_characters_that_postgresql_cannot_hold_lose_no_message(post: Post, canal: Bot) -> None:
    raw = json.dumps(mensaje("hay\0 martillos\ud83d")).encode()
    assert post(raw).status_code == 200
    [row] = canal.mensajes()
    assert row.crudo is not None
    assert row.crudo["message"]["text"]["body"] == "hay martillos?"


def test_messages_are_read_in_the_order_they_were_written(
    post: Post, canal: Bot, sql: Callable[..., Any]
) -> None:
    late, early = mensaje("segundo", hace=5), mensaje("primero", hace=60)
    post(late)
    post(early)
    found = sql("SELECT id_externo FROM mensaje ORDER BY orden_externo NULLS LAST, orden")
    assert [w for (w,) in found] == [wamid_de(early), wamid_de(late)]


@pytest.mark.parametrize("nombre", nombres())
def test_every_documented_webhook_is_taken_twice_without_complaint(post: Post, nombre: str) -> None:
    assert post(ejemplo(nombre)).status_code == 200
    assert post(ejemplo(nombre), ejemplo(nombre)).status_code == 200


def test_the_text_is_in_no_answer(post: Post) -> None:
    for body in (mensaje("canario"), {"canario": 1}):
        assert b"canario" not in post(json.dumps(body).encode()).data
