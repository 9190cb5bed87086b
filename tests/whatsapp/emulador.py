"""The Graph API on a real socket: the part of it that we use, as strictly as Meta or stricter.

A call that no client should make is a violation, and fails its test. Faults are queued by what is
called; `aceptados` is the ledger of what WhatsApp would have shown to somebody. Webhooks are signed
over the very bytes that are posted.
"""

import hashlib
import hmac
import json
import random
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any

from tests.whatsapp.fallas import Falla, Rechazo
from tests.whatsapp.forma import Malformado, check_message
from tests.whatsapp.servidor import Manejador, Servidor

VERSION = "v26.0"
_PATH = re.compile(r"/(v\d+\.\d)/([\w-]+)(/messages)?")


@dataclass(frozen=True)
class Aceptado:
    """`para`: a telephone or a user id. `cuerpo`: as it was posted."""

    numero: str
    para: str
    cuerpo: dict[str, Any]
    wamid: str
    momento: float

    @property
    def texto(self) -> str:
        c = self.cuerpo
        match c["type"]:
            case "text":
                return str(c["text"]["body"])
            case "interactive":
                return str(c["interactive"]["body"]["text"])
        parts = [p["text"] for x in c["template"].get("components", []) for p in x["parameters"]]
        return " ".join(parts)

    @property
    def teclas(self) -> list[tuple[str, str]]:
        """(id, title) of what can be pressed."""
        action = self.cuerpo.get("interactive", {}).get("action", {})
        if "buttons" in action:
            return [(b["reply"]["id"], b["reply"]["title"]) for b in action["buttons"]]
        return [(r["id"], r["title"]) for s in action.get("sections", []) for r in s["rows"]]


@dataclass
class _Numero:
    token: str
    app_secret: str
    telefono: str
    nombre: str
    webhook: str = ""


@dataclass
class _Medio:
    contenido: bytes
    mime: str
    url: str | None = None
    dicho: int | None = None


@dataclass
class Emulador:
    """`with Emulador() as e:`; e.url is what WHATSAPP_API_URL would be."""

    aceptados: list[Aceptado] = field(default_factory=list)
    leidos: list[str] = field(default_factory=list)
    llamadas: list[str] = field(default_factory=list)
    violaciones: list[str] = field(default_factory=list)
    respuestas_webhook: list[tuple[int, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._cond = threading.Condition()
        self._numeros: dict[str, _Numero] = {}
        self._medios: dict[str, _Medio] = {}
        self._fallas: dict[str, deque[Falla]] = defaultdict(deque)
        self._wamids = 0
        # Who has not written for 24 hours, and who cannot be reached.
        self.sin_ventana: set[str] = set()
        self.inalcanzables: set[str] = set()
        self.permite_webhook = True
        self.cerrado = threading.Event()
        self._server = Servidor(("127.0.0.1", 0), Manejador)
        self._server.emulador = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    def __enter__(self) -> "Emulador":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.cerrado.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    # --- what a test arranges and looks at -------------------------------------------------------

    def add_numero(
        self, numero: str, *, token: str, app_secret: str, nombre: str = "Ferretería Paz"
    ) -> None:
        with self._cond:
            self._numeros[numero] = _Numero(token, app_secret, "+57 601 5550100", nombre)

    def add_medio(
        self,
        medio: str,
        contenido: bytes,
        mime: str = "image/jpeg",
        *,
        url: str | None = None,
        dicho: int | None = None,
    ) -> None:
        """`url`: where it is said to be, if not here; `dicho`: the size that is said of it."""
        with self._cond:
            self._medios[medio] = _Medio(contenido, mime, url, dicho)

    def revoke(self, numero: str) -> None:
        with self._cond:
            self._numeros[numero].token = "another"

    def fail(self, que: str, *fallas: Falla) -> None:
        """The next calls of `que` ("messages", "number", "media", "content") meet these."""
        with self._cond:
            self._fallas[que].extend(fallas)

    def await_true(self, fact: Any, segundos: float = 10.0) -> None:
        end = time.monotonic() + segundos
        with self._cond:
            while not fact():
                left = end - time.monotonic()
                assert left > 0, "it did not happen"
                self._cond.wait(min(left, 0.05))

    # --- the API ---------------------------------------------------------------------------------

    def call(
        self, metodo: str, ruta: str, consulta: dict[str, str], token: str, cuerpo: Any
    ) -> tuple[Falla | None, Any]:
        que, ident = self._what(metodo, ruta)
        with self._cond:
            self.llamadas.append(que)
            queue = self._fallas[que]
            falla = queue.popleft() if queue else None
            self._cond.notify_all()
        if falla and not falla.acepta and not falla.tarda:
            return falla, None
        try:
            return falla, self._do(que, ident, consulta, token, cuerpo)
        except Rechazo as e:
            return falla, e

    def _what(self, metodo: str, ruta: str) -> tuple[str, str]:
        if metodo == "GET" and ruta.startswith("/contenido/"):
            return "content", ruta.removeprefix("/contenido/")
        found = _PATH.fullmatch(ruta)
        if found is None or found[1] != VERSION:
            self.violaciones.append(f"path {ruta}")
            return "unknown", ruta
        if found[3]:
            return "messages", found[2]
        number = found[2] in self._numeros or found[2].isdecimal() and metodo == "POST"
        return ("number" if number else "media") + (":set" if metodo == "POST" else ""), found[2]

    def _do(self, que: str, ident: str, consulta: dict[str, str], token: str, cuerpo: Any) -> Any:
        match que:
            case "messages":
                return self._messages(self._numero(ident, token), ident, cuerpo)
            case "number":
                return self._number(self._numero(ident, token), ident, consulta)
            case "number:set":
                return self._set_webhook(self._numero(ident, token), cuerpo)
            case "media":
                return self._media(ident, consulta, token)
            case "content":
                return self._content(ident, token)
        raise Rechazo(400, 100, "Unknown path")

    def _numero(self, ident: str, token: str) -> _Numero:
        numero = self._numeros.get(ident)
        if numero is None:
            raise Rechazo(400, 100, f"Object with ID '{ident}' does not exist")
        if numero.token != token:
            raise Rechazo(401, 190, "Invalid OAuth access token")
        return numero

    def _number(self, numero: _Numero, ident: str, consulta: dict[str, str]) -> Any:
        known = {
            "display_phone_number": numero.telefono,
            "verified_name": numero.nombre,
            "quality_rating": "GREEN",
        }
        asked = consulta.get("fields", "").split(",")
        if set(consulta) != {"fields"} or not set(asked) <= set(known):
            self.violaciones.append(f"fields {consulta}")
        return {name: known[name] for name in asked if name in known} | {"id": ident}

    def _set_webhook(self, numero: _Numero, cuerpo: Any) -> Any:
        match cuerpo:
            case {
                "webhook_configuration": {
                    "override_callback_uri": str(url),
                    "verify_token": str(verify),
                }
            } if len(cuerpo) == 1 and verify:
                pass
            case _:
                self.violaciones.append("webhook_configuration")
                raise Rechazo(400, 100, "Invalid parameter")
        if not self.permite_webhook or not self.verify(url, verify):
            raise Rechazo(400, 2200, "Callback verification failed")
        numero.webhook = url
        return {"success": True}

    def _messages(self, numero: _Numero, ident: str, cuerpo: Any) -> Any:
        try:
            para = check_message(cuerpo)
        except Malformado as e:
            self.violaciones.append(str(e))
            raise Rechazo(400, 131009, str(e)) from e
        with self._cond:
            if not para:
                self.leidos.append(cuerpo["message_id"])
                self._cond.notify_all()
                return {"success": True}
            if para in self.sin_ventana and cuerpo["type"] != "template":
                raise Rechazo(400, 131047, "Re-engagement message")
            if para in self.inalcanzables:
                raise Rechazo(400, 131026, "Message undeliverable")
            self._wamids += 1
            wamid = f"wamid.RESPUESTA{self._wamids}=="
            self.aceptados.append(Aceptado(ident, para, cuerpo, wamid, time.monotonic()))
            self._cond.notify_all()
        known = {"input": para, ("user_id" if "." in para else "wa_id"): para}
        return {"messaging_product": "whatsapp", "contacts": [known], "messages": [{"id": wamid}]}

    def _media(self, ident: str, consulta: dict[str, str], token: str) -> Any:
        numero = self._numeros.get(consulta.get("phone_number_id", ""))
        if numero is None or set(consulta) != {"phone_number_id"}:
            self.violaciones.append(f"media asked with {consulta}")
        if numero is None or numero.token != token:
            raise Rechazo(401, 190, "Invalid OAuth access token")
        medio = self._medios.get(ident)
        if medio is None:
            raise Rechazo(400, 100, "Media not found")
        return {
            "messaging_product": "whatsapp",
            "url": medio.url or f"{self.url}/contenido/{ident}",
            "mime_type": medio.mime,
            "sha256": hashlib.sha256(medio.contenido).hexdigest(),
            "file_size": str(medio.dicho or len(medio.contenido)),
            "id": ident,
        }

    def _content(self, ident: str, token: str) -> Any:
        if all(n.token != token for n in self._numeros.values()):
            raise Rechazo(401, 190, "Invalid OAuth access token")
        if ident not in self._medios:
            raise Rechazo(404, 100, "Gone")
        return self._medios[ident].contenido

    # --- pushing to webhooks ---------------------------------------------------------------------

    def verify(self, url: str, verify_token: str) -> bool:
        """What Meta asks of an address before it posts there."""
        asked = {
            "hub.mode": "subscribe",
            "hub.challenge": "1158201444",
            "hub.verify_token": verify_token,
        }
        try:
            with urllib.request.urlopen(f"{url}?{urllib.parse.urlencode(asked)}", timeout=5) as got:
                return bool(got.status == 200 and got.read() == b"1158201444")
        except OSError:
            return False

    def push(self, numero: str, url: str, *avisos: dict[str, Any]) -> int:
        """One POST with all of `avisos` in it, signed; what the webhook answered."""
        body = json.dumps(join(*avisos)).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Hub-Signature-256": sign(self._numeros[numero].app_secret, body),
        }
        request = urllib.request.Request(url, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                got = answer.status, answer.read()
        except urllib.error.HTTPError as e:
            got = e.code, e.read()
        except OSError:
            got = 0, b""
        self.respuestas_webhook.append(got)
        return int(got[0])

    def push_storm(self, numero: str, url: str, avisos: list[dict[str, Any]], azar: int) -> None:
        """As a bad day at Meta: everything twice, in any order, some of it several to a POST."""
        dice = random.Random(azar)
        storm = avisos * 2
        dice.shuffle(storm)
        while storm:
            n = dice.randint(1, 3)
            assert self.push(numero, url, *storm[:n]) == 200
            del storm[:n]


def sign(app_secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def join(*avisos: dict[str, Any]) -> dict[str, Any]:
    """Several webhooks as one POST."""
    entries = [entry for aviso in avisos for entry in aviso["entry"]]
    return {"object": "whatsapp_business_account", "entry": entries}
