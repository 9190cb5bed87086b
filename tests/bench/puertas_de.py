"""The doors as the bench uses them: a message of a new customer in, the shop's answers out."""

import json
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from tests.chaos.tiendas import Linea
from tests.recorrido_puertas import open_canal
from tests.stack import Stack
from tests.telegram.emulador import Emulador
from tests.whatsapp.avisos import NUMERO, mensaje
from tests.whatsapp.emulador import Emulador as WhatsApp
from tests.whatsapp.emulador import sign

_TELEFONOS = 573_000_000_000
_HOLA = "Hola, ¿tienen martillos?"


class Puerta(Protocol):
    nombre: str

    def write(self, linea: Linea, chat: int) -> None:
        """Return when the web has acknowledged it with a 2xx."""
        ...

    def heard(self) -> dict[int, list[float]]:
        """When each chat was shown something (monotonic)."""
        ...


@runtime_checkable
class Mensajeria(Puerta, Protocol):
    """A provider that wants so many a second at most, and `pausa` seconds within one chat."""

    por_segundo: int
    pausa: float

    def chat_id(self, chat: int) -> str: ...


class PuertaWeb:
    """What the web's customers hear is a row that live pages are told of."""

    nombre = "web"
    _ROWS = """SELECT c.chat_id, extract(epoch FROM m.creado_en)::float8 FROM mensaje m
        JOIN chat c ON c.empresa_id = m.empresa_id AND c.id = m.chat_id
        WHERE m.remitente = 'bot' AND c.chat_id LIKE 'b-%'"""

    def __init__(self, token: str, rows: Callable[[str], list[tuple[Any, ...]]]) -> None:
        self._rows = rows

    def write(self, linea: Linea, chat: int) -> None:
        got = linea.post("/chat/texto", {"chat_id": f"b-{chat}", "mensaje": _HOLA})
        assert got.status == 202, got

    def heard(self) -> dict[int, list[float]]:
        clocks = time.monotonic() - time.time()
        found: dict[int, list[float]] = defaultdict(list)
        for chat_id, moment in self._rows(self._ROWS):
            found[int(chat_id[2:])].append(moment + clocks)
        return found


class PuertaTelegram:
    nombre = "telegram"
    por_segundo, pausa = 30, 1.0

    def __init__(self, stack: Stack, token: str, api: Emulador) -> None:
        self._api = api
        self._bot, self._secreto = f"7001:{uuid.uuid4().hex}", uuid.uuid4().hex
        api.add_bot(self._bot)
        secrets = {"token": self._bot, "secreto": self._secreto}
        self._canal, self._clave = open_canal(stack, token, "telegram", secrets)

    def chat_id(self, chat: int) -> str:
        return f"{self._canal}-{chat}"

    def write(self, linea: Linea, chat: int) -> None:
        person = {"id": chat, "first_name": "Ana"}
        message = {
            "message_id": chat,
            "date": int(time.time()),
            "chat": person | {"type": "private"},
            "from": person | {"is_bot": False},
            "text": _HOLA,
        }
        body = {"update_id": chat, "message": message}
        path = f"/webhooks/telegram/{self._clave}"
        got = linea.post(path, body, **{"X-Telegram-Bot-Api-Secret-Token": self._secreto})
        assert got.status == 200, got

    def heard(self) -> dict[int, list[float]]:
        found: dict[int, list[float]] = defaultdict(list)
        for a in list(self._api.aceptados):
            found[a.chat].append(a.momento)
        return found


class PuertaWhatsApp:
    nombre = "whatsapp"
    por_segundo, pausa = 80, 1.0

    def __init__(self, stack: Stack, token: str, api: WhatsApp) -> None:
        self._api, self._secreto = api, uuid.uuid4().hex
        api.add_numero(NUMERO, token="EAAprueba", app_secret=self._secreto)
        secrets = {
            "access_token": "EAAprueba",
            "app_secret": self._secreto,
            "verify_token": uuid.uuid4().hex,
            "phone_number_id": NUMERO,
        }
        self._canal, self._clave = open_canal(stack, token, "whatsapp", secrets)

    def chat_id(self, chat: int) -> str:
        return f"{self._canal}-{_TELEFONOS + chat}"

    def write(self, linea: Linea, chat: int) -> None:
        body = json.dumps(mensaje(_HOLA, de=str(_TELEFONOS + chat))).encode()
        headers = {"X-Hub-Signature-256": sign(self._secreto, body)}
        got = linea.post_bytes(f"/webhooks/whatsapp/{self._clave}", body, **headers)
        assert got.status == 200, got

    def heard(self) -> dict[int, list[float]]:
        found: dict[int, list[float]] = defaultdict(list)
        for a in list(self._api.aceptados):
            found[int(a.para) - _TELEFONOS].append(a.momento)
        return found
