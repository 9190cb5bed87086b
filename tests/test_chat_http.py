"""The chat over HTTP: stored before the 2xx, read back in order, followed live, one's own only."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.agente.registrar import record_turno
from core.mensajes.cierre import record_silence
from core.mensajes.turnos import TurnoTomado, take_chat
from core.models import Rol
from core.ports import Resultado
from core.wiring import Servicios
from tests.acceso import Tienda, get, open_tienda


@pytest.fixture
def tienda(app: Flask) -> Tienda:
    return open_tienda(app)


@pytest.fixture
def servicios(app: Flask) -> Iterator[Servicios]:
    """Bursts end at once in these tests."""
    found: Servicios = app.extensions["servicios"]
    before = found.settings
    found.settings = before.model_copy(update={"ventana_rafaga_ms": 0})
    yield found
    found.settings = before


def escribe(client: FlaskClient, headers: dict[str, str], **body: Any) -> Any:
    return client.post("/chat/texto", json={"chat_id": "c-1", **body}, headers=headers)


def toma(servicios: Servicios, tienda: Tienda) -> TurnoTomado:
    turno = take_chat(
        servicios.db,
        servicios.settings,
        empresa_id=tienda.empresa_id,
        chat_id=tienda.chat(),
        worker="w",
        solo=False,
    )
    assert turno is not None
    return turno


def responde(servicios: Servicios, tienda: Tienda, texto: str) -> None:
    record_turno(servicios.db, toma(servicios, tienda), Resultado(texto, {}, "ninguna"))


def eventos(client: FlaskClient, headers: dict[str, str], n: int, since: int = 0) -> list[str]:
    """The first `n` events with an id that the stream gives after event `since`."""
    with client.get(
        "/chat/eventos/c-1", headers={**headers, "Last-Event-ID": str(since)}, buffered=False
    ) as answer:
        assert answer.mimetype == "text/event-stream"
        found: list[str] = []
        for block in answer.response:
            text = block.decode() if isinstance(block, bytes) else block
            found += [e for e in text.split("\n\n") if e.startswith("id:")]
            if len(found) >= n:
                break
    return found


def test_a_message_is_accepted_once_whatever_is_sent_again(
    client: FlaskClient, tienda: Tienda
) -> None:
    headers = tienda.headers(Rol.VENDEDOR)
    first = escribe(client, headers, mensaje="hola", id_externo="a1")
    again = escribe(client, headers, mensaje="hola otra vez", id_externo="a1")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json == again.json
    assert first.json["estado"] == "encolado"
    historial = get(client, "/chat/historial/c-1", headers)
    assert [m["mensaje"] for m in historial["mensajes"]] == ["hola"]


@pytest.mark.parametrize("mensaje", ["", "   ", "a\0b", "x" * 4001])
def test_what_is_no_message_is_refused_with_a_code(
    client: FlaskClient, tienda: Tienda, mensaje: str
) -> None:
    answer = escribe(client, tienda.headers(Rol.VENDEDOR), mensaje=mensaje)
    assert (answer.status_code, answer.json["codigo"]) == (422, "datos_invalidos")


def test_an_observador_may_read_and_not_write(client: FlaskClient, tienda: Tienda) -> None:
    escribe(client, tienda.headers(Rol.VENDEDOR), mensaje="hola")
    headers = tienda.headers(Rol.OBSERVADOR)
    assert escribe(client, headers, mensaje="hola").status_code == 403
    assert len(get(client, "/chat/historial/c-1", headers)["mensajes"]) == 1


def test_a_cliente_opens_a_chat_with_the_public_key_and_sees_only_its_own(
    client: FlaskClient, tienda: Tienda
) -> None:
    opened = client.post("/chat/sesion", json={"canal": tienda.creada.canal_clave})
    assert opened.status_code == 201
    mine, token = opened.json["chat_id"], opened.json["token"]
    headers = {"Authorization": f"Bearer {token}"}
    sent = client.post("/chat/texto", json={"chat_id": mine, "mensaje": "hola"}, headers=headers)
    assert sent.status_code == 202
    assert len(get(client, f"/chat/historial/{mine}", headers)["mensajes"]) == 1
    escribe(client, tienda.headers(), mensaje="de otro")
    assert client.get("/chat/historial/c-1", headers=headers).status_code == 404
    assert escribe(client, headers, mensaje="intruso").status_code == 404
    assert client.get("/chats/", headers=headers).status_code == 403


def test_an_unknown_channel_key_opens_nothing(client: FlaskClient, tienda: Tienda) -> None:
    assert client.post("/chat/sesion", json={"canal": "nada"}).status_code == 404


def test_a_waiting_client_gets_the_answer_of_its_turn(
    client: FlaskClient, tienda: Tienda, servicios: Servicios
) -> None:
    headers = tienda.headers(Rol.VENDEDOR)
    first = escribe(client, headers, mensaje="hola", id_externo="a1")
    responde(servicios, tienda, "¿Qué necesitas?")
    answer = client.post(
        "/chat/texto?esperar=5",
        json={"chat_id": "c-1", "mensaje": "hola", "id_externo": "a1"},
        headers=headers,
    )
    assert answer.status_code == 200
    assert answer.json == {
        "mensaje_id": first.json["mensaje_id"],
        "respuesta": "¿Qué necesitas?",
        "estado_venta": "ninguna",
        "venta": None,
    }


def test_waiting_in_vain_ends_in_the_ordinary_202(
    client: FlaskClient, tienda: Tienda, servicios: Servicios
) -> None:
    answer = client.post(
        "/chat/texto?esperar=0.2",
        json={"chat_id": "c-1", "mensaje": "hola"},
        headers=tienda.headers(),
    )
    assert answer.status_code == 202


def test_a_stored_message_is_a_202_even_when_there_is_no_room_to_wait(
    client: FlaskClient, app: Flask, tienda: Tienda, servicios: Servicios
) -> None:
    headers = tienda.headers()
    escribe(client, headers, mensaje="hola")
    eventos(client, headers, 1)
    oyente = app.extensions["oyente"]
    before, oyente._limit = oyente._limit, 0
    try:
        answer = client.post(
            "/chat/texto?esperar=5", json={"chat_id": "c-1", "mensaje": "sigue"}, headers=headers
        )
    finally:
        oyente._limit = before
    assert (answer.status_code, answer.json["estado"]) == (202, "encolado")


def test_who_waits_is_let_go_when_a_person_takes_the_chat(
    client: FlaskClient, tienda: Tienda, servicios: Servicios
) -> None:
    headers = tienda.headers()
    escribe(client, headers, mensaje="hola", id_externo="a1")
    turno = toma(servicios, tienda)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(
            tienda.app.test_client().post,
            "/chat/texto?esperar=20",
            json={"chat_id": "c-1", "mensaje": "hola", "id_externo": "a1"},
            headers=headers,
        )
        with pytest.raises(TimeoutError):
            waiting.result(0.5)
        record_silence(servicios.db, turno)
        assert waiting.result(10).status_code == 202


def test_a_stream_outlives_neither_its_session_nor_its_chat(
    client: FlaskClient, app: Flask, tienda: Tienda, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.vivo.LOOK_SECONDS", 0.2)
    headers = tienda.headers()
    escribe(client, headers, mensaje="hola")
    with client.get("/chat/eventos/c-1", headers=headers, buffered=False) as answer:
        stream = iter(answer.response)
        next(stream)
        (aviso,) = app.extensions["oyente"]._waiters[tienda.empresa_id, str(tienda.chat())]
        assert client.post("/auth/logout", headers=headers).status_code == 204
        for _ in range(20):  # never silent for long
            aviso.put("escribiendo")
            if next(stream, None) is None:
                break
            time.sleep(0.05)
        else:
            pytest.fail("a busy stream went on without a session")

    headers = tienda.headers()
    for _ in range(3):
        escribe(client, headers, mensaje="antes")
    reset = {"confirmar": "Ferretería"}
    assert client.post("/logs/admin/reset_empresa", json=reset, headers=headers).status_code == 200
    escribe(client, headers, mensaje="después")
    assert "después" in eventos(client, headers, 1, since=4)[0]


def test_an_event_that_no_stream_has_is_bad_data(client: FlaskClient, tienda: Tienda) -> None:
    headers = tienda.headers()
    escribe(client, headers, mensaje="hola")
    asked = {**headers, "Last-Event-ID": str(2**63)}
    assert client.get("/chat/eventos/c-1", headers=asked).status_code == 422


@pytest.mark.parametrize(
    "chat_id", ["a/b", "a//b", "/a", "a/", "a/tomar", "..", "a\nb", "a?b#c", "ñandú 🛠", "x" * 128]
)
def test_a_chat_may_be_called_anything(client: FlaskClient, tienda: Tienda, chat_id: str) -> None:
    headers = tienda.headers()
    assert escribe(client, headers, chat_id=chat_id, mensaje="hola").status_code == 202
    name = quote(chat_id, safe="")
    for path in (f"/chat/historial/{name}", f"/chats/{name}", f"/ventas/historial/{name}"):
        assert client.get(path, headers=headers).status_code == 200, path
    assert client.post(f"/chats/{name}/tomar", headers=headers).status_code == 200


def test_the_stream_resumes_where_it_was_cut(
    client: FlaskClient, tienda: Tienda, servicios: Servicios
) -> None:
    headers = tienda.headers(Rol.VENDEDOR)
    for texto in ("uno", "dos"):
        escribe(client, headers, mensaje=texto)
        responde(servicios, tienda, f"respuesta a {texto}")
    seen = eventos(client, headers, 4)
    assert [e.split("\n")[0] for e in seen] == ["id: 1", "id: 2", "id: 3", "id: 4"]
    assert "respuesta a dos" in seen[3]
    assert [e.split("\n")[0] for e in eventos(client, headers, 2, since=2)] == ["id: 3", "id: 4"]


def test_too_many_live_connections_leave_room_for_the_rest(
    client: FlaskClient, app: Flask, tienda: Tienda
) -> None:
    headers = tienda.headers(Rol.VENDEDOR)
    escribe(client, headers, mensaje="hola")
    eventos(client, headers, 1)
    oyente = app.extensions["oyente"]
    before, oyente._limit = oyente._limit, 0
    try:
        answer = client.get("/chat/eventos/c-1", headers=headers)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert escribe(client, headers, mensaje="sigue").status_code == 202
    finally:
        oyente._limit = before


def test_a_person_takes_writes_and_hands_back(
    client: FlaskClient, tienda: Tienda, servicios: Servicios
) -> None:
    headers = tienda.headers(Rol.VENDEDOR)
    escribe(client, headers, mensaje="quiero un asesor")
    refused = client.post("/chats/c-1/mensajes", json={"mensaje": "hola"}, headers=headers)
    assert (refused.status_code, refused.json["codigo"]) == (409, "conflicto")
    taken = client.post("/chats/c-1/tomar", headers=headers)
    assert taken.json["ia_activa"] is False
    waited = client.post(
        "/chat/texto?esperar=20", json={"chat_id": "c-1", "mensaje": "¿hola?"}, headers=headers
    )
    assert waited.status_code == 202, "while a person has the chat nobody is made to wait"
    wrote = client.post("/chats/c-1/mensajes", json={"mensaje": "Soy Ana."}, headers=headers)
    assert wrote.status_code == 201
    mensajes = get(client, "/chat/historial/c-1", headers)["mensajes"]
    assert [m["remitente"] for m in mensajes] == ["usuario", "usuario", "agente"]
    assert client.post("/chats/c-1/devolver", headers=headers).json["ia_activa"] is True


def test_chats_are_listed_the_most_recent_first(client: FlaskClient, tienda: Tienda) -> None:
    headers = tienda.headers(Rol.VENDEDOR)
    for chat_id in ("a", "b", "c"):
        client.post("/chat/texto", json={"chat_id": chat_id, "mensaje": "hola"}, headers=headers)
    page = get(client, "/chats/?limite=2", headers)
    assert [c["chat_id"] for c in page["elementos"]] == ["c", "b"]
    rest = get(client, f"/chats/?limite=2&cursor={page['siguiente']}", headers)
    assert [c["chat_id"] for c in rest["elementos"]] == ["a"]
    assert rest["siguiente"] is None
    assert get(client, "/chats/a", headers)["carrito"] == []
