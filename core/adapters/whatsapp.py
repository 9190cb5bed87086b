"""The Canal over WhatsApp's Cloud API. What arrives is read in whatsapp_avisos and
whatsapp_leer, what leaves is worded in whatsapp_forma; no other room knows its JSON.

The vendor's client is imported by whoever speaks to it, never by the web.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.adapters.whatsapp_forma import MAX_PARAMETRO, MAX_TEXTO, message_of, read_message
from core.errors import (
    AgenteError,
    CredencialesRechazadas,
    EnvioIncierto,
    EnvioRechazado,
    FueraDeVentana,
    TooLarge,
)
from core.ports import Entrante, Medio, Plantilla, Tecla

if TYPE_CHECKING:
    from core.adapters.whatsapp_api import GraphApi

Credenciales = Callable[[], Mapping[str, Any]]

# Meta shows for 25 seconds that somebody writes.
_SHOWN_SECONDS = 20.0
_FIELDS = "display_phone_number,verified_name,quality_rating"
_FIELDS_BY_HAND = (
    "suscribir los campos messages, smb_message_echoes, user_preferences y user_id_update en el "
    "panel de Meta (WhatsApp → Configuración → Webhook)"
)
_REGISTERED = "Webhook registrado. Falta " + _FIELDS_BY_HAND + "."
_BY_HAND = "Falta " + _FIELDS_BY_HAND + ", con la URL {url} y el verify_token de este canal."
_NO_ADDRESS = (
    "WhatsApp solo entrega por webhook y esta instalación no tiene dirección pública: define "
    "PUBLIC_URL (con https) y reinicia; hasta entonces envía y no recibe."
)


class Whatsapp:
    """Implements core.ports.Canal for one number. `credenciales` are opened when it speaks, so
    that what a customer wrote can be read even when they cannot be."""

    max_caracteres = MAX_TEXTO

    def __init__(
        self, credenciales: Credenciales, *, api_url: str, version: str, segundos: float
    ) -> None:
        self._credenciales = credenciales
        self._api_url = api_url.rstrip("/")
        self._version = version
        self._segundos = segundos
        # The messages that are being answered, and until when that can be seen.
        self._escribiendo: dict[str, float] = {}

    def parse(self, crudo: dict[str, Any]) -> Entrante | None:
        from core.adapters.whatsapp_leer import parse_mensaje

        return parse_mensaje(crudo)

    def send(
        self,
        externo: str,
        texto: str,
        teclas: Sequence[Tecla] = (),
        *,
        referencia: str = "",
        plantilla: Plantilla | None = None,
    ) -> str:
        if plantilla is not None and plantilla.con_texto and len(texto) > MAX_PARAMETRO:
            raise FueraDeVentana("No cabe en la plantilla.")
        api, token, number = self._open()
        body = message_of(externo, texto, teclas, referencia=referencia, plantilla=plantilla)
        path = f"{self._version}/{number}/messages"
        match api.post(token, path, body, segundos=self._segundos):
            case {"messages": [{"id": str(wamid)}, *_]} if wamid:
                return wamid
        raise EnvioIncierto("WhatsApp respondió algo que no se entiende.", segundos=2)

    def show_escribiendo(self, externo: str, id_externo: str | None) -> None:
        now = time.monotonic()
        if not id_externo or now < self._escribiendo.get(id_externo, 0.0):
            return
        self._escribiendo[id_externo] = now + _SHOWN_SECONDS
        try:
            api, token, number = self._open()
        except AgenteError:
            return  # whoever sends the reply will say why
        path = f"{self._version}/{number}/messages"
        api.post_later(token, path, read_message(id_externo), segundos=self._segundos)

    def fetch(self, medio: Medio, *, max_bytes: int, segundos: float) -> bytes:
        # It becomes part of a path: nothing that could lead elsewhere.
        if not medio.id.isascii() or not medio.id.replace("-", "").replace("_", "").isalnum():
            raise EnvioRechazado("El archivo no tiene un identificador de WhatsApp.")
        api, token, number = self._open()
        path = f"{self._version}/{medio.id}"
        half = segundos / 2
        answer = api.get(token, path, segundos=half, phone_number_id=number)
        url, size = answer.get("url"), answer.get("file_size")
        if not isinstance(url, str):
            raise EnvioRechazado("El archivo ya no está en WhatsApp.")
        if str(size).isdecimal() and int(str(size)) > max_bytes:
            raise TooLarge("El archivo es demasiado grande.")
        return api.download(token, url, max_bytes=max_bytes, segundos=half)

    def check(self, *, webhook_url: str | None) -> str:
        api, token, number = self._open()
        found = api.get(token, f"{self._version}/{number}", segundos=self._segundos, fields=_FIELDS)
        name = found.get("verified_name") or "sin nombre"
        phone = found.get("display_phone_number") or number
        left = _NO_ADDRESS if webhook_url is None else self._register(webhook_url)
        return f"{name}, {phone}. {left}"

    def _register(self, url: str) -> str:
        """Point this number at `url`, which Meta asks for the verify_token at once; what is left
        for a person to do. An app that may not do this for the number leaves all of it."""
        api, token, number = self._open()
        told = {
            "override_callback_uri": url,
            "verify_token": str(self._credenciales().get("verify_token") or ""),
        }
        body = {"webhook_configuration": told}
        try:
            api.post(token, f"{self._version}/{number}", body, segundos=self._segundos)
        except EnvioRechazado:
            return _BY_HAND.format(url=url)
        return _REGISTERED

    def _open(self) -> tuple["GraphApi", str, str]:
        """The API, the token and the number's id. Raises CredencialesIlegibles or
        CredencialesRechazadas."""
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        from core.adapters.whatsapp_api import PUERTAS

        credenciales = self._credenciales()
        number = str(credenciales.get("phone_number_id") or "")
        if not (number.isascii() and number.isdecimal()):
            raise CredencialesRechazadas("phone_number_id no es un número.")
        return PUERTAS.at(self._api_url), str(credenciales.get("access_token") or ""), number
