"""Providers that carry out what they are asked and then hang up, as often as they are told to."""

import threading
from typing import Any

from tests.telegram import fallas as telegram
from tests.telegram.emulador import Emulador as Telegram
from tests.whatsapp import fallas as whatsapp
from tests.whatsapp.emulador import Emulador as WhatsApp


class Cortes:
    """Which answers are lost: in each conversation of these accounts every other one, so that what
    is sent again arrives, until `quedan` is used up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: set[tuple[str, str]] = set()
        self.cuentas: frozenset[str] = frozenset()
        self.quedan = 0
        self.hechos = 0

    def arrange(self, cuentas: frozenset[str], veces: int) -> None:
        with self._lock:
            self.cuentas, self.quedan, self.hechos = cuentas, veces, 0

    def cut_now(self, cuenta: str, chat: str) -> bool:
        with self._lock:
            if cuenta not in self.cuentas:
                return False
            if (cuenta, chat) in self._last:
                self._last.remove((cuenta, chat))
                return False
            if not self.quedan:
                return False
            self._last.add((cuenta, chat))
            self.quedan -= 1
            self.hechos += 1
            return True


class TelegramQueCorta(Telegram):
    def __init__(self) -> None:
        super().__init__()
        self.cortes = Cortes()

    def call(
        self, token: str, metodo: str, datos: dict[str, str]
    ) -> tuple[telegram.Falla | None, Any]:
        falla, result = super().call(token, metodo, datos)
        accepted = metodo == "sendMessage" and falla is None and isinstance(result, dict)
        if accepted and self.cortes.cut_now(token, datos["chat_id"]):
            falla = telegram.ACEPTA_Y_CORTA
        return falla, result


class WhatsAppQueCorta(WhatsApp):
    def __init__(self) -> None:
        super().__init__()
        self.cortes = Cortes()

    def call(
        self, metodo: str, ruta: str, consulta: dict[str, str], token: str, cuerpo: Any
    ) -> tuple[whatsapp.Falla | None, Any]:
        falla, result = super().call(metodo, ruta, consulta, token, cuerpo)
        shown = ruta.endswith("/messages") and isinstance(result, dict) and "messages" in result
        if shown and falla is None:
            numero, para = ruta.split("/")[2], cuerpo.get("to") or cuerpo["recipient"]
            if self.cortes.cut_now(numero, para):
                falla = whatsapp.ACEPTA_Y_CORTA
        return falla, result
