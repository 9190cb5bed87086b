"""The Bot API on a real socket: the part of it that we use, as strictly as Telegram or stricter.

A call that no client should make is a violation, and fails its test. Faults are queued by method;
`aceptados` is the ledger of what Telegram would have shown to somebody.
"""

import json
import re
import socket
import struct
import threading
import time
import urllib.error
import urllib.request
from collections import defaultdict, deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

_PATH = re.compile(r"/bot(\d+:[\w-]+)/(\w+)")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_KNOWN_UPDATES = {"message", "edited_message", "channel_post", "callback_query", "my_chat_member"}


@dataclass(frozen=True)
class Aceptado:
    token: str
    chat: int
    texto: str
    momento: float


@dataclass(frozen=True)
class Falla:
    """What the next call meets. `corta`: answer nothing and reset; `cuelga`: answer nothing.
    With `acepta` it is carried out first, as when only the answer is lost."""

    estado: int = 0
    retry_after: int | None = None
    cuerpo: bytes | None = None
    corta: bool = False
    cuelga: bool = False
    acepta: bool = False


def espera(segundos: int) -> Falla:
    return Falla(estado=429, retry_after=segundos)


ERROR_500 = Falla(estado=500)
HTML_502 = Falla(estado=502, cuerpo=b"<html>Bad Gateway</html>")
BLOQUEADO = Falla(estado=403)
CUELGA = Falla(cuelga=True)
CORTA = Falla(corta=True)
ACEPTA_Y_CORTA = Falla(acepta=True, corta=True)
ACEPTA_Y_CUELGA = Falla(acepta=True, cuelga=True)
ACEPTA_Y_BALBUCEA = Falla(acepta=True, estado=200, cuerpo=b"{not json")


class Rechazo(Exception):
    """An error answer of the API."""

    def __init__(self, estado: int, descripcion: str, retry_after: int | None = None) -> None:
        super().__init__(descripcion)
        self.estado, self.descripcion, self.retry_after = estado, descripcion, retry_after


@dataclass
class _Bot:
    username: str
    updates: deque[dict[str, Any]] = field(default_factory=deque)
    webhook: str = ""
    secreto: str = ""
    permitidos: list[str] = field(default_factory=list)
    # Rises with each getUpdates: the one that waits with an older number has lost its place.
    lectura: int = 0
    mensajes: int = 0


class Emulador:
    """`with Emulador() as e:`; e.url is what TELEGRAM_API_URL would be."""

    def __init__(self) -> None:
        self._cond = threading.Condition()
        self._bots: dict[str, _Bot] = {}
        self._fallas: dict[str, deque[Falla]] = defaultdict(deque)
        self._update_id = 700_000
        self._cerrado = threading.Event()
        self._ultimo_envio: dict[tuple[str, int], float] = {}
        self.pausa_chat = 0.0
        self.bloqueados: set[int] = set()
        self.aceptados: list[Aceptado] = []
        self.llamadas: list[str] = []
        self.conexiones = 0
        self.servidos = 0  # updates handed out by getUpdates, confirmed or not
        self.violaciones: list[str] = []
        self.respuestas_webhook: list[tuple[int, bytes]] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.emulador = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._threads = [
            threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True),
            threading.Thread(target=self._push_forever, daemon=True),
        ]

    def __enter__(self) -> "Emulador":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._cerrado.set()
        with self._cond:
            self._cond.notify_all()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join(5)

    # --- what a test arranges and looks at -------------------------------------------------------

    def add_bot(self, token: str, username: str = "tienda_bot") -> None:
        with self._cond:
            self._bots[token] = _Bot(username)

    def revoke(self, token: str) -> None:
        with self._cond:
            del self._bots[token]
            self._cond.notify_all()

    def fail(self, metodo: str, *fallas: Falla) -> None:
        """The next calls of `metodo` meet these, one each."""
        with self._cond:
            self._fallas[metodo].extend(fallas)

    def write(self, token: str, texto: str | None, chat: int = 42, **mas: Any) -> dict[str, Any]:
        """Somebody writes to the bot. `mas` goes into the message; the update is what we get."""
        message = {
            "date": int(time.time()),
            "chat": {"id": chat, "type": "private", "first_name": "Ana"},
            "from": {"id": abs(chat), "is_bot": False, "first_name": "Ana", "last_name": "Paz"},
            **({} if texto is None else {"text": texto}),
            **mas,
        }
        return self.update(token, message=message)

    def update(self, token: str, **cuerpo: Any) -> dict[str, Any]:
        with self._cond:
            bot = self._bots[token]
            self._update_id += 1
            for message in cuerpo.values():
                if isinstance(message, dict) and "chat" in message:
                    bot.mensajes += 1
                    message.setdefault("message_id", bot.mensajes)
            made = {"update_id": self._update_id, **cuerpo}
            bot.updates.append(made)
            self._cond.notify_all()
            return made

    def pending(self, token: str) -> int:
        """Updates that nobody has confirmed."""
        with self._cond:
            return len(self._bots[token].updates)

    def webhook(self, token: str) -> str:
        with self._cond:
            return self._bots[token].webhook

    def set_foreign_webhook(self, token: str, url: str) -> None:
        """As if another program had registered it; nothing is pushed there."""
        with self._cond:
            self._bots[token].webhook = url
            self._bots[token].secreto = ""

    def await_true(self, what: Any, seconds: float = 30.0) -> None:
        """Until `what()`; looked at whenever something happened here."""
        end = time.monotonic() + seconds
        with self._cond:
            while not what():
                left = end - time.monotonic()
                assert left > 0, "it did not happen in time"
                self._cond.wait(min(left, 0.05))

    # --- one call --------------------------------------------------------------------------------

    def call(self, token: str, metodo: str, datos: dict[str, str]) -> tuple[Falla | None, Any]:
        """The fault to show, and the result or Rechazo."""
        with self._cond:
            self.llamadas.append(metodo)
            queue = self._fallas[metodo]
            falla = queue.popleft() if queue else None
            self._cond.notify_all()
            if falla and not falla.acepta:
                return falla, None
        try:
            if token not in self._bots:
                raise Rechazo(401, "Unauthorized")
            run = getattr(self, f"_do_{metodo}", None)
            if run is None:
                self._violation(f"unknown method {metodo}")
            return falla, run(self._bots[token], token, dict(datos))
        except Rechazo as e:
            return falla, e

    def _violation(self, what: str) -> None:
        self.violaciones.append(what)
        raise Rechazo(400, f"Bad Request: {what}")

    def _only(self, datos: dict[str, str], *known: str) -> None:
        if extra := set(datos) - set(known):
            self._violation(f"unknown parameters {sorted(extra)}")

    def _int(self, datos: dict[str, str], name: str, default: int | None = None) -> int:
        text = datos.get(name)
        if text is None and default is not None:
            return default
        if text is None or not re.fullmatch(r"-?\d+", text):
            self._violation(f"{name} is not an integer")
        assert text is not None
        return int(text)

    def _list(self, datos: dict[str, str], name: str) -> list[str]:
        found = json.loads(datos.get(name, "[]"))
        if not isinstance(found, list) or not set(found) <= _KNOWN_UPDATES:
            self._violation(f"{name} is not a list of update types")
        return list(found)

    def _do_getMe(self, bot: _Bot, token: str, datos: dict[str, str]) -> Any:
        self._only(datos)
        return {
            "id": int(token.split(":")[0]),
            "is_bot": True,
            "first_name": "Tienda",
            "username": bot.username,
        }

    def _do_sendMessage(self, bot: _Bot, token: str, datos: dict[str, str]) -> Any:
        self._only(datos, "chat_id", "text")
        chat, texto = self._int(datos, "chat_id"), datos.get("text", "")
        if not texto.strip():
            raise Rechazo(400, "Bad Request: message text is empty")
        if len(texto.encode("utf-16-le")) // 2 > 4096:
            raise Rechazo(400, "Bad Request: message is too long")
        with self._cond:
            if chat in self.bloqueados:
                raise Rechazo(403, "Forbidden: bot was blocked by the user")
            now = time.monotonic()
            if now - self._ultimo_envio.get((token, chat), -1e9) < self.pausa_chat:
                raise Rechazo(429, "Too Many Requests: retry after 1", retry_after=1)
            self._ultimo_envio[token, chat] = now
            bot.mensajes += 1
            self.aceptados.append(Aceptado(token, chat, texto, now))
            self._cond.notify_all()
            return {
                "message_id": bot.mensajes,
                "date": int(time.time()),
                "chat": {"id": chat, "type": "private", "first_name": "Ana"},
                "from": {"id": 1, "is_bot": True, "first_name": "Tienda"},
                "text": texto,
            }

    def _do_setWebhook(self, bot: _Bot, token: str, datos: dict[str, str]) -> Any:
        self._only(datos, "url", "secret_token", "allowed_updates")
        if not _SECRET.fullmatch(datos.get("secret_token", "")):
            self._violation("a webhook without a secret")
        allowed = self._list(datos, "allowed_updates")
        if not re.fullmatch(r"https?://\S+", datos.get("url", "")):
            raise Rechazo(400, "Bad Request: bad webhook: invalid url")
        with self._cond:
            bot.webhook, bot.secreto = datos["url"], datos["secret_token"]
            bot.permitidos = allowed
            bot.lectura += 1
            self._cond.notify_all()
        return True

    def _do_deleteWebhook(self, bot: _Bot, token: str, datos: dict[str, str]) -> Any:
        self._only(datos)  # drop_pending_updates would lose what customers wrote
        with self._cond:
            bot.webhook = bot.secreto = ""
        return True

    def _do_getUpdates(self, bot: _Bot, token: str, datos: dict[str, str]) -> Any:
        self._only(datos, "offset", "timeout", "limit", "allowed_updates")
        offset, timeout = self._int(datos, "offset", 0), self._int(datos, "timeout", 0)
        if offset < 0 or not 0 <= timeout <= 50:
            self._violation("offset or timeout out of range")
        end = time.monotonic() + timeout
        with self._cond:
            bot.permitidos = self._list(datos, "allowed_updates") or bot.permitidos
            bot.lectura += 1
            mine = bot.lectura
            self._cond.notify_all()
            while bot.updates and bot.updates[0]["update_id"] < offset:
                bot.updates.popleft()
            while True:
                if bot.webhook:
                    raise Rechazo(409, "Conflict: can't use getUpdates while webhook is active")
                if bot.lectura != mine:
                    raise Rechazo(409, "Conflict: terminated by other getUpdates request")
                if self._bots.get(token) is not bot:
                    raise Rechazo(401, "Unauthorized")
                found = [u for u in bot.updates if self._wanted(bot, u)][:100]
                left = end - time.monotonic()
                if found or left <= 0 or self._cerrado.is_set():
                    self.servidos += len(found)
                    return found
                self._cond.wait(left)

    def _wanted(self, bot: _Bot, update: dict[str, Any]) -> bool:
        return not bot.permitidos or bool(set(update) & set(bot.permitidos))

    # --- pushing to webhooks ---------------------------------------------------------------------

    def _push_forever(self) -> None:
        while not self._cerrado.is_set():
            with self._cond:
                work = [
                    (bot, bot.updates[0])
                    for bot in self._bots.values()
                    if bot.webhook and bot.secreto and bot.updates
                ]
                if not work:
                    self._cond.wait(0.5)
            for bot, update in work:
                if self.push(bot.webhook, bot.secreto, update)[0] == 200:
                    with self._cond:
                        bot.updates.popleft()
                        self._cond.notify_all()
                else:
                    self._cerrado.wait(0.05)  # Telegram waits longer between its attempts

    def push(self, url: str, secreto: str | None, update: Any) -> tuple[int, bytes]:
        """One POST as Telegram makes it; what the webhook answered."""
        headers = {"Content-Type": "application/json"}
        if secreto is not None:
            headers["X-Telegram-Bot-Api-Secret-Token"] = secreto
        body = update if isinstance(update, bytes) else json.dumps(update).encode()
        request = urllib.request.Request(url, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                got = answer.status, answer.read()
        except urllib.error.HTTPError as e:
            got = e.code, e.read()
        except OSError:
            got = 0, b""
        self.respuestas_webhook.append(got)
        return got


class _Server(ThreadingHTTPServer):
    emulador: Emulador
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server.emulador.conexiones += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        found = _PATH.fullmatch(self.path)
        if found is None:
            self.server.emulador.violaciones.append("a path that is no method")
            return self._answer(404, {"ok": False, "error_code": 404, "description": "Not Found"})
        kind = self.headers.get("Content-Type", "application/x-www-form-urlencoded")
        if body and not kind.startswith("application/x-www-form-urlencoded"):
            self.server.emulador.violaciones.append(f"content type {kind}")
        datos = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body)))
        falla, result = self.server.emulador.call(found[1], found[2], datos)
        if falla is not None:
            return self._show(falla)
        if isinstance(result, Rechazo):
            return self._refuse(result.estado, result.descripcion, result.retry_after)
        return self._answer(200, {"ok": True, "result": result})

    def _show(self, falla: Falla) -> None:
        if falla.cuelga:
            self.server.emulador._cerrado.wait(60)
        if falla.cuelga or falla.corta:
            reset = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            self.close_connection = True
            self.connection.close()
        elif falla.cuerpo is not None:
            self._send(falla.estado, falla.cuerpo)
        else:
            self._refuse(falla.estado, "as arranged", falla.retry_after)

    def _refuse(self, estado: int, descripcion: str, retry_after: int | None) -> None:
        body: dict[str, Any] = {"ok": False, "error_code": estado, "description": descripcion}
        if retry_after is not None:
            body["parameters"] = {"retry_after": retry_after}
        self._answer(estado, body)

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, json.dumps(body).encode())

    def _send(self, status: int, body: bytes) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # the client had gone

    def log_message(self, *_: Any) -> None:
        """Not a word: the path holds the token."""
