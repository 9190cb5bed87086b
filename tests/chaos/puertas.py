"""The doors a customer may come through: the web's POST /chat/texto, and two webhooks."""

import itertools
import json
import threading
import time
from typing import Protocol

from tests.chaos.tiendas import Linea, Numero, Respuesta, Tienda
from tests.telegram.emulador import Emulador
from tests.whatsapp.avisos import mensaje
from tests.whatsapp.emulador import sign

ESPERAR_SECONDS = 8
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
SIGNATURE_HEADER = "X-Hub-Signature-256"


class Puerta(Protocol):
    """`chat_id`: the chat's public name, known before its first message."""

    chat_id: str

    def next_id(self) -> str:
        """The id of this customer's next message, in the provider's order."""
        ...

    def send(self, linea: Linea, externo: str, texto: str, *, esperar: bool) -> Respuesta:
        """One try. With `esperar`, 200 and what the shop answered, else 202. Raises as Linea."""
        ...


class PuertaWeb:
    def __init__(self, chat_id: str) -> None:
        self.chat_id = chat_id
        self._ids = itertools.count(1)

    def next_id(self) -> str:
        return f"{self.chat_id}-{next(self._ids)}"

    def send(self, linea: Linea, externo: str, texto: str, *, esperar: bool) -> Respuesta:
        path = f"/chat/texto?esperar={ESPERAR_SECONDS}" if esperar else "/chat/texto"
        body = {"chat_id": self.chat_id, "mensaje": texto, "id_externo": externo}
        return linea.post(path, body)


class PuertaTelegram:
    """Updates as Telegram sends them, numbered in order through all chats of a bot."""

    _numbers = itertools.count(900_000_000)
    _lock = threading.Lock()

    def __init__(self, tienda: Tienda, emulador: Emulador, chat: int) -> None:
        self.chat_id = f"{tienda.bot.canal_id}-{chat}"
        self._bot, self._emulador, self._chat = tienda.bot, emulador, chat

    def next_id(self) -> str:
        with self._lock:
            return str(next(self._numbers))

    def send(self, linea: Linea, externo: str, texto: str, *, esperar: bool) -> Respuesta:
        message = {
            "message_id": int(externo),
            "date": int(time.time()),
            "chat": {"id": self._chat, "type": "private", "first_name": "Ana"},
            "from": {"id": self._chat, "is_bot": False, "first_name": "Ana"},
            "text": texto,
        }
        heard = self._heard()
        body = {"update_id": int(externo), "message": message}
        path = f"/webhooks/telegram/{self._bot.clave}"
        got = linea.post(path, body, **{SECRET_HEADER: self._bot.secreto})
        if got.status != 200 or not esperar:
            return Respuesta(202 if got.status == 200 else got.status, got.cuerpo)
        end = time.monotonic() + ESPERAR_SECONDS
        while time.monotonic() < end:
            if self._heard() > heard:
                # A person reads words, not states: whatever it says, they say yes to it.
                return Respuesta(200, {"estado_venta": "oferta"})
            time.sleep(0.1)
        return Respuesta(202, {})

    def _heard(self) -> int:
        """How many messages the bot has shown in this chat."""
        mine = (self._bot.token, self._chat)
        return sum((a.token, a.chat) == mine for a in list(self._emulador.aceptados))


class PuertaWhatsApp:
    """Webhooks as Meta signs them, one message each. Nobody waits for the shop's words."""

    def __init__(self, numero: Numero, telefono: str) -> None:
        self.chat_id = f"{numero.canal_id}-{telefono}"
        self._numero, self._telefono = numero, telefono
        self._ids = itertools.count(1)

    def next_id(self) -> str:
        return f"wamid.{self._telefono}K{next(self._ids)}"

    def send(self, linea: Linea, externo: str, texto: str, *, esperar: bool) -> Respuesta:
        told = mensaje(texto, de=self._telefono, wamid=externo, numero=self._numero.numero)
        body = json.dumps(told).encode()
        headers = {SIGNATURE_HEADER: sign(self._numero.app_secret, body)}
        got = linea.post_bytes(f"/webhooks/whatsapp/{self._numero.clave}", body, **headers)
        return Respuesta(202 if got.status == 200 else got.status, got.cuerpo)
