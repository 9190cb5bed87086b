"""What a caller sends slowly or broken costs the others nothing."""

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder

from core.settings import Settings
from tests.acceso import Tienda, open_tienda
from tests.fakes import ColaEnMemoria
from web import create_app


class Lento(io.RawIOBase):
    """A body of which nothing arrives until `gate` opens, and then its end."""

    def __init__(self, gate: threading.Event, asked: threading.Event) -> None:
        self._gate, self._asked = gate, asked

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._asked.set()
        self._gate.wait(20)
        return 0


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/chat/texto", "application/json"),
        ("/productos/reemplazar_csv", "multipart/form-data; boundary=b"),
    ],
)
def test_slow_senders_hold_no_connection(
    app: Flask, settings: Settings, path: str, kind: str
) -> None:
    tienda: Tienda = open_tienda(app)
    headers = tienda.headers()
    small = create_app(settings, max_connections=1)
    small.extensions["servicios"].cola = ColaEnMemoria()
    gate, asked = threading.Event(), threading.Event()

    def send() -> None:
        sent = list(headers.items())
        environ = EnvironBuilder(path=path, method="POST", headers=sent).get_environ()
        environ |= {
            "wsgi.input": Lento(gate, asked),
            "CONTENT_TYPE": kind,
            "CONTENT_LENGTH": "500",
        }
        for _ in small(environ, lambda *_: lambda _: None):
            pass

    try:
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(send)
            assert asked.wait(5)
            assert small.test_client().get("/chats/", headers=headers).status_code == 200
            gate.set()
            sending.result(10)
    finally:
        gate.set()
        small.extensions["servicios"].db.close()


@pytest.mark.parametrize("body", ["[]", '"x"', "5", '{"refresh_token": "\\ud800"}', "{", ""])
def test_a_refresh_of_anything_else_is_not_authenticated(client: FlaskClient, body: str) -> None:
    answer = client.post("/auth/refresh", data=body, content_type="application/json")
    assert answer.status_code == 401
