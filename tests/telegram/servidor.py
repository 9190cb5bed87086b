"""HTTP around the emulated Bot API: requests in, answers, silences and resets out."""

import json
import re
import socket
import struct
import threading
from typing import Any, Protocol
from urllib.parse import parse_qsl

from tests.oficina import Oficina, Ventanilla
from tests.telegram.fallas import Falla, Rechazo

_PATH = re.compile(r"/bot(\d+:[\w-]+)/(\w+)")
_FILE = re.compile(r"/file/bot(\d+:[\w-]+)/([\w./-]+)")


class Api(Protocol):
    violaciones: list[str]
    conexiones: int
    cerrado: threading.Event

    def call(self, token: str, metodo: str, datos: dict[str, str]) -> tuple[Falla | None, Any]: ...

    def read_file(self, token: str, ruta: str) -> tuple[Falla | None, bytes | None]: ...


class Servidor(Oficina):
    emulador: Api


class Manejador(Ventanilla):
    server: Servidor

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

    def do_GET(self) -> None:
        """A file, at the address that getFile makes known."""
        found = _FILE.fullmatch(self.path)
        if found is None:
            self.server.emulador.violaciones.append("a path that is no file")
            return self._refuse(404, "Not Found", None)
        falla, content = self.server.emulador.read_file(found[1], found[2])
        if falla is not None and not (falla.gotea or falla.trunca):
            return self._show(falla)
        if content is None:
            return self._refuse(404, "Not Found", None)
        if falla is None:
            return self._send(200, content, "application/octet-stream")
        return self._drip(content, falla)

    def _drip(self, content: bytes, falla: Falla) -> None:
        """The file byte by byte, or half of it."""
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if falla.trunca:
            self.wfile.write(content[: len(content) // 2])
            return
        for n in range(len(content)):
            try:
                self.wfile.write(content[n : n + 1])
            except OSError:
                return
            if self.server.emulador.cerrado.wait(falla.gotea):
                return

    def _show(self, falla: Falla) -> None:
        if falla.cuelga:
            self.server.emulador.cerrado.wait(60)
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

    def _send(self, status: int, body: bytes, kind: str = "application/json") -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # the client had gone

    def log_message(self, *_: Any) -> None:
        """Not a word: the path holds the token."""
