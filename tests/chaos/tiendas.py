"""The shops under test: three empresas with few productos and more demand than stock."""

import http.client
import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from tests.chaos.instalacion import Instalacion

# (sku, nombre, plural as a customer writes it, stock at the start). The first are gone in no time.
CATALOGO = (
    ("MAR", "Martillo", "martillos", 4),
    ("SER", "Serrucho", "serruchos", 6),
    ("TAL", "Taladro", "taladros", 8),
    ("ALI", "Alicate", "alicates", 12),
    ("PAL", "Pala", "palas", 16),
)


# gunicorn hangs up on a connection that was idle for 5 s; ours are renewed well before.
_IDLE_SECONDS = 2.0
_numbers = count(1000)  # bots have one each, as Telegram gives them


@dataclass(frozen=True)
class Bot:
    """A shop's telegram canal: what Telegram knows of it, and what it proves itself with."""

    canal_id: int
    clave: str
    token: str
    secreto: str


@dataclass(frozen=True)
class Numero:
    """A shop's whatsapp canal: the number's id at Meta, and the secret that signs its webhooks."""

    canal_id: int
    clave: str
    numero: str
    app_secret: str


@dataclass(frozen=True)
class Tienda:
    empresa_id: int
    token: str
    bot: Bot


@dataclass(frozen=True)
class Respuesta:
    status: int
    cuerpo: dict[str, Any]


class Linea:
    """One keep-alive HTTP connection to the web. Not for two threads at once."""

    def __init__(self, port: int, token: str, *, timeout: float = 15.0) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        self._token = token
        self._last = 0.0

    def get(self, path: str) -> Respuesta:
        return self._ask("GET", path, None, {})

    def post(self, path: str, body: dict[str, Any], **headers: str) -> Respuesta:
        return self._ask("POST", path, json.dumps(body), headers)

    def post_bytes(self, path: str, body: bytes, **headers: str) -> Respuesta:
        return self._ask("POST", path, body, headers)

    def patch(self, path: str, body: dict[str, Any]) -> Respuesta:
        return self._ask("PATCH", path, json.dumps(body), {})

    def post_file(self, path: str, name: str, content: bytes) -> Respuesta:
        edge = "----caos"
        head = (
            f'--{edge}\r\nContent-Disposition: form-data; name="archivo"; filename="{name}"\r\n'
            "Content-Type: text/csv\r\n\r\n"
        )
        body = head.encode() + content + f"\r\n--{edge}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={edge}"}
        return self._ask("POST", path, body, kind)

    def _ask(
        self, method: str, path: str, body: str | bytes | None, headers: dict[str, str]
    ) -> Respuesta:
        """Raises OSError or http.client.HTTPException when no whole answer came."""
        given = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        if time.monotonic() - self._last > _IDLE_SECONDS:
            self._http.close()
        try:
            self._http.request(method, path, body, given | headers)
            answer = self._http.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self._http.close()  # the next one starts afresh
            raise
        self._last = time.monotonic()
        try:
            return Respuesta(answer.status, json.loads(text))
        except ValueError:
            return Respuesta(answer.status, {})

    def close(self) -> None:
        self._http.close()


def open_tiendas(instalacion: Instalacion, n: int = 3) -> list[Tienda]:
    """n new shops with their stock on the shelf, opened over HTTP like anybody's."""
    return [_open(instalacion) for _ in range(n)]


def _open(instalacion: Instalacion) -> Tienda:
    linea = Linea(instalacion.port, "", timeout=30.0)
    unique = uuid.uuid4().hex[:12]
    made = linea.post(
        "/auth/registro",
        {
            "empresa": f"Ferretería {unique}",
            "email": f"{unique}@caos.test",
            "password": uuid.uuid4().hex,
        },
    )
    linea.close()
    assert made.status == 201, made
    empresa_id, token = made.cuerpo["empresa"]["id"], made.cuerpo["access_token"]
    linea = Linea(instalacion.port, token, timeout=30.0)
    for sku, nombre, _, stock in CATALOGO:
        body = {"sku": sku, "nombre": nombre, "precio": "1000.00", "stock": stock}
        added = linea.post("/productos/", body)
        assert added.status == 201, added
    bot = _open_bot(instalacion, linea)
    linea.close()
    return Tienda(empresa_id, token, bot)


def open_bots(instalacion: Instalacion, tienda: Tienda, n: int) -> list[Tienda]:
    """The same shop n times, each with another bot of its own."""
    linea = Linea(instalacion.port, tienda.token, timeout=30.0)
    bots = [_open_bot(instalacion, linea) for _ in range(n)]
    linea.close()
    return [replace(tienda, bot=bot) for bot in bots]


def open_numeros(instalacion: Instalacion, tienda: Tienda, numeros: Sequence[str]) -> list[Numero]:
    """A whatsapp canal of the shop for each of these numbers."""
    linea = Linea(instalacion.port, tienda.token, timeout=30.0)
    made = [_open_numero(instalacion, linea, numero) for numero in numeros]
    linea.close()
    return made


def _open_bot(instalacion: Instalacion, linea: Linea) -> Bot:
    """A bot that the emulator knows, once the shop has spoken to it."""
    token, secreto = f"{next(_numbers)}:{uuid.uuid4().hex}", uuid.uuid4().hex
    instalacion.telegram.add_bot(token)
    made = _open_canal(linea, "telegram", {"token": token, "secreto": secreto})
    return Bot(made["id"], made["clave"], token, secreto)


def _open_numero(instalacion: Instalacion, linea: Linea, numero: str) -> Numero:
    token, secret = uuid.uuid4().hex, uuid.uuid4().hex
    instalacion.whatsapp.add_numero(numero, token=token, app_secret=secret)
    credenciales = {
        "access_token": token,
        "app_secret": secret,
        "verify_token": uuid.uuid4().hex,
        "phone_number_id": numero,
    }
    made = _open_canal(linea, "whatsapp", credenciales)
    return Numero(made["id"], made["clave"], numero, secret)


def _open_canal(linea: Linea, tipo: str, credenciales: dict[str, str]) -> dict[str, Any]:
    """Once the shop has spoken to the provider."""
    body = {"tipo": tipo, "nombre": f"Mi {tipo}", "credenciales": credenciales}
    made = linea.post("/canales/", body)
    assert made.status == 201, made
    deadline = time.monotonic() + 60
    while linea.get(f"/canales/{made.cuerpo['id']}").cuerpo.get("estado") != "activo":
        assert time.monotonic() < deadline, f"the {tipo} canal was never verified"
        time.sleep(0.2)
    return made.cuerpo
