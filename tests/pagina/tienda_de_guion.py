"""A scripted shop behind the real page, on a real socket: what a server does when it misbehaves.

It keeps the chat's contract (dedupe by id_externo, history in order, events by a counter) unless
a test tells it to refuse, to forget to answer, to cut the line or to say things twice.
"""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, abort, jsonify, request
from werkzeug.serving import make_server

from core.cuentas.ajustes_web import AjustesWeb
from core.cuentas.origenes import allows
from web.pagina import Tienda, show_page
from web.textos import EJEMPLOS
from web.widget import make_boton

CLAVE = "clave-de-guion"
_HEARTBEAT = 5.0
_TRAGADO = "guion.tragado"


@dataclass
class Chat:
    chat_id: str
    token: str
    mensajes: list[dict[str, Any]] = field(default_factory=list)
    eventos: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    ventas: dict[int, dict[str, Any]] = field(default_factory=dict)
    escribiendo: int = 0


class TiendaDeGuion:
    """Faults are plain attributes; `rechazos` and `tragados` are used up one per request."""

    def __init__(self) -> None:
        self.chats: dict[str, Chat] = {}
        self.rechazos: list[int] = []  # statuses to answer instead of taking a text
        self.espera: int | None = None  # the Retry-After of those refusals
        self.tragados = 0  # texts to take while the answer is lost
        self.retenidos: threading.Event | None = None  # texts wait for it before they are taken
        self.cola_llena = False  # the stream answers 503
        self.mudo = False  # the stream stays open and says nothing
        self.repite = 1  # how often each event is told
        self.recibidos: list[str] = []  # id_externo of every POST that arrived, refused or not
        self.direcciones: list[str] = []
        self.nombre = "Ferretería El Tornillo"
        self.ajustes = AjustesWeb()
        self.archivos: dict[int, tuple[str, bytes]] = {}  # id → what came, and its type
        self.sin_archivos = False  # photos and recordings get a 501
        self.sin_cupo = False  # they were too many for an hour
        self.sin_limpiar = False  # what came is shown to nobody yet
        self.ilegible = False  # nor ever will be
        self.pulsados: list[str | None] = []  # `boton` of every text taken
        self._cambio = threading.Condition()
        self._epoca = 0
        self._puerto = 0
        self._app = self._build()
        self.start()

    # --- as a process ------------------------------------------------------------------------

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._server = make_server("127.0.0.1", self._puerto, self._serve, threaded=True)
        self._puerto = self._server.port
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Die with every line open; what was taken stays."""
        self.cut()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def cut(self) -> None:
        """End every open stream."""
        with self._cambio:
            self._epoca += 1
            self._cambio.notify_all()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._puerto}"

    # --- what the shop does ------------------------------------------------------------------

    @property
    def chat(self) -> Chat:
        """The chat opened last, as soon as there is one."""
        with self._cambio:
            assert self._cambio.wait_for(lambda: self.chats, 10)
            return list(self.chats.values())[-1]

    def say(self, texto: str, *, remitente: str = "bot", **mas: Any) -> None:
        with self._cambio:
            self._append(self.chat, remitente, texto, **mas)

    def type_something(self, activo: bool) -> None:
        with self._cambio:
            self.chat.escribiendo = 1 if activo else 2
            self._cambio.notify_all()

    def sell(self, venta: dict[str, Any]) -> None:
        """Record `venta`, or its new state, and tell of it."""
        with self._cambio:
            chat = self.chat
            full = {"chat_id": chat.chat_id, "creada_en": _now(), **venta}
            chat.ventas[venta["id"]] = chat.ventas.get(venta["id"], {}) | full
            chat.eventos.append(("venta", chat.ventas[venta["id"]]))
            self._cambio.notify_all()

    def _append(self, chat: Chat, remitente: str, texto: str, **mas: Any) -> dict[str, Any]:
        mensaje = {
            "id": 100 + len(chat.mensajes),
            "orden": len(chat.mensajes) + 1,
            "remitente": remitente,
            "mensaje": texto,
            "tipo": "texto",
            "timestamp": _now(),
            "estado_venta": "ninguna",
            "entrega": "enviada",
            "id_externo": None,
        } | mas
        chat.mensajes.append(mensaje)
        chat.eventos.append(("mensaje", mensaje))
        self._cambio.notify_all()
        return mensaje

    # --- HTTP --------------------------------------------------------------------------------

    def _serve(self, environ: dict[str, Any], start_response: Any) -> Any:
        answer = self._app(environ, start_response)
        if _TRAGADO in environ:
            raise ConnectionAbortedError  # the server closes the connection without a word
        return answer

    def _build(self) -> Flask:
        app = Flask("web")
        app.add_url_rule("/", "pagina", lambda: show_page(self._tienda, ejemplos=EJEMPLOS))
        app.add_url_rule("/otra", "otra", lambda: show_page(Tienda("Otra", f"{CLAVE}-2")))
        app.add_url_rule(f"/widget/{CLAVE}", "widget", self._show_widget)
        app.add_url_rule(f"/widget/{CLAVE}/boton.js", "boton", self._show_boton)
        app.add_url_rule("/widget.js", "script", lambda: app.send_static_file("widget.js"))
        app.add_url_rule("/chat/imagen", "imagen", self._take_archivo, methods=["POST"])
        app.add_url_rule("/chat/audio", "audio", self._take_archivo, methods=["POST"])
        app.add_url_rule("/archivos/<int:id>", "archivo", self._give_archivo)
        app.add_url_rule("/chat/sesion", "sesion", self._open, methods=["POST"])
        app.add_url_rule("/chat/texto", "texto", self._take, methods=["POST"])
        app.add_url_rule("/auth/logout", "logout", self._logout, methods=["POST"])
        app.add_url_rule("/chat/historial/<chat_id>", "historial", self._show)
        app.add_url_rule("/ventas/historial/<chat_id>", "ventas", self._show_ventas)
        app.add_url_rule("/chat/eventos/<chat_id>", "eventos", self._follow)
        app.before_request(lambda: self.direcciones.append(request.full_path))
        return app

    @property
    def _tienda(self) -> Tienda:
        return Tienda(self.nombre, CLAVE, self.ajustes)

    def _show_widget(self) -> Response:
        return show_page(self._tienda, marcos=self.ajustes.origenes)

    def _show_boton(self) -> Response:
        if not allows(self.ajustes.origenes, request.headers.get("Origin", "")):
            abort(403)
        return make_boton(self._tienda)

    def _open(self) -> tuple[Response, int]:
        n = len(self.chats) + 1
        chat = Chat(f"web-{n}", f"token-{n}")
        with self._cambio:
            self.chats[chat.chat_id] = chat
            self._cambio.notify_all()
        return jsonify(chat_id=chat.chat_id, token=chat.token), 201

    def _mine(self, chat_id: str) -> Chat | None:
        chat = self.chats.get(chat_id)
        sent = request.headers.get("Authorization")
        return chat if chat and sent == f"Bearer {chat.token}" else None

    def _logout(self) -> tuple[str, int]:
        return "", 204

    def _take(self) -> tuple[Response, int]:
        body = request.get_json()
        if self.retenidos:
            self.retenidos.wait(10)
        with self._cambio:
            self.recibidos.append(body["id_externo"])
            self.pulsados.append(body.get("boton"))
            if self.rechazos:
                return _problem(self.rechazos.pop(0), self.espera)
            chat = self._mine(body["chat_id"])
            if chat is None:
                return _problem(401)
            known = [m for m in chat.mensajes if m["id_externo"] == body["id_externo"]]
            mensaje = (
                known[0]
                if known
                else self._append(chat, "usuario", body["mensaje"], id_externo=body["id_externo"])
            )
            if self.tragados:
                self.tragados -= 1
                request.environ[_TRAGADO] = True
        return jsonify(mensaje_id=mensaje["id"], chat_id=chat.chat_id, estado="encolado"), 202

    def _take_archivo(self) -> tuple[Response, int]:
        form, tipo = request.form, request.path.rpartition("/")[2]
        sent = request.files["archivo"]
        content = sent.read()
        with self._cambio:
            self.recibidos.append(form["id_externo"])
            if self.sin_archivos:
                return _problem(501)
            if self.sin_cupo:
                return _problem(429, 600)
            if self.rechazos:
                return _problem(self.rechazos.pop(0), self.espera)
            chat = self._mine(form["chat_id"])
            if chat is None:
                return _problem(401)
            known = [m for m in chat.mensajes if m["id_externo"] == form["id_externo"]]
            if not known:
                id_ = len(self.archivos) + 1
                self.archivos[id_] = (sent.mimetype, content)
                archivo = {"id": id_, "tipo": tipo, "mime": sent.mimetype, "bytes": len(content)}
                mas = {"tipo": tipo, "archivo": {**archivo, "ancho": None, "alto": None}}
                texto = form.get("mensaje", "")
                known = [self._append(chat, "usuario", texto, id_externo=form["id_externo"], **mas)]
            if self.tragados:
                self.tragados -= 1
                request.environ[_TRAGADO] = True
        return jsonify(mensaje_id=known[0]["id"], chat_id=chat.chat_id, estado="encolado"), 202

    def _give_archivo(self, id: int) -> Response | tuple[Response, int]:
        tokens = {f"Bearer {chat.token}" for chat in self.chats.values()}
        if request.headers.get("Authorization") not in tokens:
            return _problem(401)
        if self.sin_limpiar or self.ilegible:
            estado = "rechazado" if self.ilegible else "recibido"
            return jsonify(codigo="archivo_no_listo", estado=estado), 409
        mime, content = self.archivos[id]
        return Response(content, mimetype=mime)

    def _show(self, chat_id: str) -> tuple[Response, int]:
        chat = self._mine(chat_id)
        if chat is None:
            return _problem(401)
        with self._cambio:
            return jsonify(
                chat_id=chat_id, mensajes=chat.mensajes, ultimo_evento=len(chat.eventos)
            ), 200

    def _show_ventas(self, chat_id: str) -> tuple[Response, int]:
        chat = self._mine(chat_id)
        if chat is None:
            return _problem(401)
        return jsonify(elementos=list(chat.ventas.values()), siguiente=None), 200

    def _follow(self, chat_id: str) -> tuple[Response, int]:
        chat = self._mine(chat_id)
        if chat is None:
            return _problem(401)
        if self.cola_llena:
            return _problem(503)
        desde = int(request.headers.get("Last-Event-ID", 0))
        return Response(self._stream(chat, desde), mimetype="text/event-stream"), 200

    def _stream(self, chat: Chat, desde: int) -> Iterator[str]:
        epoca = self._epoca
        yield ": hola\n\n"
        while True:
            with self._cambio:
                while not (chat.escribiendo or desde < len(chat.eventos) or epoca != self._epoca):
                    if not self._cambio.wait(_HEARTBEAT) and not self.mudo:
                        break
                if epoca != self._epoca:
                    return
                out = ": sigo\n\n"
                if not self.mudo:
                    for n, (tipo, datos) in list(enumerate(chat.eventos, 1))[desde:]:
                        text = f"id: {n}\nevent: {tipo}\ndata: {json.dumps(datos)}\n\n"
                        out += text * self.repite
                    desde = len(chat.eventos)
                if chat.escribiendo:
                    activo = json.dumps({"activo": chat.escribiendo == 1})
                    out += f"event: escribiendo\ndata: {activo}\n\n"
                    chat.escribiendo = 0
            yield out


def _problem(status: int, espera: int | None = None) -> tuple[Response, int]:
    codigo = {401: "no_autenticado", 422: "datos_invalidos", 501: "no_disponible"}
    codigo[429] = "demasiadas_peticiones"
    codigo[503] = "no_disponible_ahora"
    answer = jsonify(status=status, codigo=codigo.get(status, "error"))
    if espera is not None:
        answer.headers["Retry-After"] = str(espera)
    return answer, status


def _now() -> str:
    return datetime.now(UTC).isoformat()
