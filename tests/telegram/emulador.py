"""The Bot API on a real socket: the part of it that we use, as strictly as Telegram or stricter.

A call that no client should make is a violation, and fails its test. Faults are queued by method;
`aceptados` is the ledger of what Telegram would have shown to somebody.
"""

import json
import re
import threading
import time
import urllib.error
import urllib.request
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any

from tests.telegram.fallas import Falla, Rechazo
from tests.telegram.formas import Archivo, Malformado, read_keyboard, shown
from tests.telegram.servidor import Manejador, Servidor

_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_KNOWN_UPDATES = {"message", "edited_message", "channel_post", "callback_query", "my_chat_member"}


@dataclass(frozen=True)
class Aceptado:
    token: str
    chat: int
    texto: str
    momento: float
    message_id: int
    # One row after another, as the API shows a keyboard; None without one.
    teclado: dict[str, Any] | None = None

    @property
    def botones(self) -> dict[str, str]:
        """What each button shows, and the data that pressing it sends."""
        rows = (self.teclado or {"inline_keyboard": []})["inline_keyboard"]
        return {b["text"]: b["callback_data"] for row in rows for b in row}


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
        self.cerrado = threading.Event()
        self._ultimo_envio: dict[tuple[str, int], float] = {}
        self.pausa_chat = 0.0
        self.bloqueados: set[int] = set()
        self.aceptados: list[Aceptado] = []
        self.acciones: list[tuple[int, str, float]] = []
        # Presses by the id of their query: how often they were confirmed.
        self.pulsaciones: dict[str, int] = {}
        self.archivos: dict[str, Archivo] = {}
        self.descargas = 0
        self.llamadas: list[str] = []
        self.conexiones = 0
        self.servidos = 0  # updates handed out by getUpdates, confirmed or not
        self.violaciones: list[str] = []
        self.respuestas_webhook: list[tuple[int, bytes]] = []
        self._server = Servidor(("127.0.0.1", 0), Manejador)
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
        self.cerrado.set()
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

    def press(self, token: str, cuerpo: dict[str, Any]) -> dict[str, Any]:
        """A callback_query; it turns on the customer's screen until it is confirmed."""
        with self._cond:
            cuerpo["id"] = str(4_000_000_000_000_000 + len(self.pulsaciones))
            self.pulsaciones[cuerpo["id"]] = 0
        return self.update(token, callback_query=cuerpo)

    def read_file(self, token: str, ruta: str) -> tuple[Falla | None, bytes | None]:
        with self._cond:
            self.descargas += 1
            queue = self._fallas["file"]
            falla = queue.popleft() if queue else None
            found = next((a for a in self.archivos.values() if a.ruta == ruta), None)
            known = token in self._bots and found is not None
            self._cond.notify_all()
        return falla, found.contenido if found is not None and known else None

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
        self._only(datos, "chat_id", "text", "reply_markup")
        chat, texto = self._int(datos, "chat_id"), datos.get("text", "")
        keyboard = self._keyboard(datos)
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
            sent = Aceptado(token, chat, texto, now, bot.mensajes, keyboard)
            self.aceptados.append(sent)
            self._cond.notify_all()
            return shown(chat, bot.mensajes, texto, keyboard)

    def _keyboard(self, datos: dict[str, str]) -> dict[str, Any] | None:
        try:
            return read_keyboard(datos["reply_markup"]) if "reply_markup" in datos else None
        except Malformado as e:
            self._violation(str(e))
            raise

    def _do_sendChatAction(self, bot: _Bot, token: str, datos: dict[str, str]) -> Any:
        self._only(datos, "chat_id", "action")
        chat, action = self._int(datos, "chat_id"), datos.get("action", "")
        if action != "typing":
            self._violation(f"action {action}")
        with self._cond:
            if chat in self.bloqueados:
                raise Rechazo(403, "Forbidden: bot was blocked by the user")
            self.acciones.append((chat, action, time.monotonic()))
            self._cond.notify_all()
        return True

    def _do_answerCallbackQuery(self, bot: _Bot, token: str, datos: dict[str, str]) -> Any:
        self._only(datos, "callback_query_id")
        query = datos.get("callback_query_id", "")
        with self._cond:
            if self.pulsaciones.get(query, 1):
                raise Rechazo(400, "Bad Request: query is too old or query ID is invalid")
            self.pulsaciones[query] += 1
            self._cond.notify_all()
        return True

    def _do_getFile(self, bot: _Bot, token: str, datos: dict[str, str]) -> Any:
        self._only(datos, "file_id")
        archivo = self.archivos.get(datos.get("file_id", ""))
        if archivo is None:
            raise Rechazo(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if len(archivo.contenido) > 20 * 1024 * 1024:
            raise Rechazo(400, "Bad Request: file is too big")
        return archivo.as_json(datos["file_id"])

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
                if found or left <= 0 or self.cerrado.is_set():
                    self.servidos += len(found)
                    return found
                self._cond.wait(left)

    def _wanted(self, bot: _Bot, update: dict[str, Any]) -> bool:
        return not bot.permitidos or bool(set(update) & set(bot.permitidos))

    # --- pushing to webhooks ---------------------------------------------------------------------

    def _push_forever(self) -> None:
        while not self.cerrado.is_set():
            with self._cond:
                work = [
                    (bot, bot.updates[0])
                    for bot in self._bots.values()
                    if bot.webhook and bot.secreto and bot.updates
                ]
                if not work:
                    self._cond.wait(0.5)
            for bot, update in work:
                status, body = self.push(bot.webhook, bot.secreto, update)
                if status == 200:
                    self._obey(bot, body)
                    with self._cond:
                        bot.updates.popleft()
                        self._cond.notify_all()
                else:
                    self.cerrado.wait(0.05)  # Telegram waits longer between its attempts

    def _obey(self, bot: _Bot, body: bytes) -> None:
        """Carry out the call that a webhook may put into its answer. Nobody hears how it went."""
        if body:
            token = next(t for t, b in self._bots.items() if b is bot)
            datos = {k: str(v) for k, v in json.loads(body).items()}
            self.call(token, datos.pop("method"), datos)

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
