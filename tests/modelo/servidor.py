"""A language model on a socket that says what a test wrote down for it, one step a request."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from typing import Any

from core.adapters.llm import OpenAIModelo
from core.adapters.transcripcion import OpenAITranscriptor
from tests.oficina import Oficina, Ventanilla

CLAVE = "sk-prueba"
_FORMULARIO = {"model", "file", "language", "response_format"}
_PARAMETROS = {"model", "messages", "response_format", "tools", "tool_choice", "temperature"}


@dataclass(frozen=True)
class Paso:
    """One answer. cuelga: none; corta: a reset instead; gotea: byte by byte, for ever."""

    cuerpo: bytes = b""
    estado: int = 200
    cabeceras: dict[str, str] = field(default_factory=dict)
    cuelga: bool = False
    corta: bool = False
    gotea: bool = False


Pedido = dict[str, Any]
Dice = Callable[[Pedido], Paso]


def responde(dicho: Any, *, entrada: int = 100, salida: int = 10, llamada: bool = False) -> Paso:
    """The model says `dicho`: words, or what becomes JSON."""
    words = dicho if isinstance(dicho, str) else json.dumps(dicho, ensure_ascii=False)
    message: dict[str, Any] = {"role": "assistant", "content": words}
    if llamada:
        call = {"name": "responder", "arguments": words}
        message = {"content": None, "tool_calls": [{"type": "function", "function": call}]}
    whole = {
        "id": "x",
        "object": "chat.completion",
        "model": "m-2026-01-01",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": entrada, "completion_tokens": salida},
    }
    return Paso(json.dumps(whole).encode())


def oye(texto: str, *, usage: dict[str, Any] | None = None) -> Paso:
    """The words of a recording."""
    usage = usage or {"type": "tokens", "input_tokens": 100, "output_tokens": 10}
    return Paso(json.dumps({"text": texto, "usage": usage}).encode())


def error(estado: int, mensaje: str = "no", **cabeceras: str) -> Paso:
    body = json.dumps({"error": {"message": mensaje, "type": "x"}}).encode()
    return Paso(body, estado, {k.replace("_", "-"): v for k, v in cabeceras.items()})


CUELGA = Paso(cuelga=True)
CORTA = Paso(corta=True)
GOTEA = Paso(gotea=True)
PORTAL = Paso(b"<html>Welcome to the hotel's network</html>")
BALBUCEO = Paso(b"{not json")


@dataclass
class Guion:
    """`pasos`: what comes, in order; then `siempre`, if there is one. A request too many and a
    step too many are both wrong."""

    pasos: list[Paso | Dice] = field(default_factory=list)
    siempre: Dice | None = None
    pedidos: list[Pedido] = field(default_factory=list)
    violaciones: list[str] = field(default_factory=list)
    url: str = ""
    cerrado: threading.Event = field(default_factory=threading.Event)
    abiertos: list[OpenAIModelo | OpenAITranscriptor] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, path: str, headers: Any, body: Pedido) -> Paso:
        with self._lock:
            self.pedidos.append(body)
            self._check(path, headers, body)
            step = self.pasos.pop(0) if self.pasos else self.siempre
        if step is None:
            self.violaciones.append("asked once too often")
            return error(500)
        return step if isinstance(step, Paso) else step(body)

    def _check(self, path: str, headers: Any, body: Pedido) -> None:
        if headers.get("Authorization") != f"Bearer {CLAVE}":
            self.violaciones.append(f"{path} {headers.get('Authorization')}")
        if path == "/v1/audio/transcriptions":
            return self._check_form(body)
        if path != "/v1/chat/completions":
            self.violaciones.append(path)
            return
        if body.keys() - _PARAMETROS:
            self.violaciones.append(f"unknown parameters {sorted(body)}")
        roles = [m["role"] for m in body["messages"]]
        if roles[0] != "system" or "system" in roles[1:] or roles[-1] != "user":
            self.violaciones.append(f"roles {roles}")

    def _check_form(self, form: Pedido) -> None:
        if form.keys() - _FORMULARIO or form.get("response_format") != "json":
            self.violaciones.append(f"form {sorted(form)}")
        name, mime, content = form.get("file", ("", "", b""))
        if "." not in name or not mime.startswith("audio/") or not content:
            self.violaciones.append(f"file {name} {mime}")

    def open_transcriptor(self, **how: Any) -> OpenAITranscriptor:
        """The real adapter for recordings, asking this model."""
        found = OpenAITranscriptor("oido", base_url=self.url, api_key=CLAVE, **how)
        self.abiertos.append(found)
        return found

    def open(self, **how: Any) -> OpenAIModelo:
        """The real adapter, asking this model."""
        modelo = OpenAIModelo("m", base_url=self.url, api_key=CLAVE, **how)
        self.abiertos.append(modelo)
        return modelo


class _Servidor(Oficina):
    guion: Guion


class _Manejador(Ventanilla):
    server: _Servidor

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        kind = self.headers["Content-Type"]
        body = json.loads(raw) if kind == "application/json" else _form(kind, raw)
        self._play(self.server.guion.next(self.path, self.headers, body))

    def _play(self, step: Paso) -> None:
        if step.gotea:
            self._drip()
        if step.cuelga:
            self.server.guion.cerrado.wait(60)
        if step.cuelga or step.corta or step.gotea:
            reset = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(step.estado)
        for name, value in {"Content-Type": "application/json", **step.cabeceras}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(step.cuerpo)))
        self.end_headers()
        self.wfile.write(step.cuerpo)

    def _drip(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not self.server.guion.cerrado.wait(0.05):
            self.wfile.write(b" ")

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


def _form(kind: str, raw: bytes) -> Pedido:
    """The fields of a multipart body; of a file (name, type, content)."""
    parsed = BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + raw)
    form: Pedido = {}
    for part in parsed.get_payload():
        assert isinstance(part, Message)
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        name = str(part.get_param("name", header="content-disposition"))
        filename = part.get_filename()
        form[name] = (filename, part.get_content_type(), content) if filename else content.decode()
    return form


@contextmanager
def servidor(guion: Guion) -> Iterator[Guion]:
    """`guion` on a port of this machine, and no connection to it left open afterwards."""
    server = _Servidor(("127.0.0.1", 0), _Manejador)
    server.guion = guion
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    guion.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield guion
    finally:
        for modelo in guion.abiertos:
            modelo.close()
        guion.cerrado.set()
        server.shutdown()
        thread.join()
        server.server_close()
