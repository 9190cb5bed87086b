"""HTTP around the emulated Graph API: requests in, answers, silences and resets out."""

import json
import socket
import struct
import threading
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from tests.oficina import Oficina, Ventanilla
from tests.whatsapp.fallas import Falla, Rechazo


class Api(Protocol):
    violaciones: list[str]
    cerrado: threading.Event

    def call(
        self, metodo: str, ruta: str, consulta: dict[str, str], token: str, cuerpo: Any
    ) -> tuple[Falla | None, Any]: ...


class Servidor(Oficina):
    emulador: Api


class Manejador(Ventanilla):
    server: Servidor

    def do_GET(self) -> None:
        self._serve("GET", None)

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Type") != "application/json":
            self._violation(f"content type {self.headers.get('Content-Type')}")
        try:
            body = json.loads(raw)
        except ValueError:
            self._violation("a body that is no JSON")
            body = None
        self._serve("POST", body)

    def _serve(self, metodo: str, body: Any) -> None:
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or not token:
            self._violation("no bearer token")
        parts = urlsplit(self.path)
        if "access_token" in parts.query:
            self._violation("a token in an address")
        query = dict(parse_qsl(parts.query))
        falla, result = self.server.emulador.call(metodo, parts.path, query, token, body)
        if falla is not None:
            return self._show(falla, result)
        return self._tell(result)

    def _tell(self, result: Any) -> None:
        if isinstance(result, Rechazo):
            error = {
                "message": f"(#{result.codigo}) {result.mensaje}",
                "type": "OAuthException",
                "code": result.codigo,
                "error_data": {"messaging_product": "whatsapp", "details": result.mensaje},
                "fbtrace_id": "A1b2",
            }
            return self._send(result.estado, json.dumps({"error": error}).encode())
        if isinstance(result, bytes):
            return self._send(200, result, "application/octet-stream")
        return self._send(200, json.dumps(result).encode())

    def _show(self, falla: Falla, result: Any) -> None:
        if falla.cuelga:
            self.server.emulador.cerrado.wait(60)
        if falla.tarda:
            self.server.emulador.cerrado.wait(falla.tarda)
            return self._tell(result)
        if falla.cuelga or falla.corta:
            reset = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            self.close_connection = True
            self.connection.close()
            return None
        if falla.cuerpo is not None:
            return self._send(falla.estado, falla.cuerpo)
        return self._tell(Rechazo(falla.estado, falla.codigo or 100, "as arranged"))

    def _send(self, status: int, body: bytes, kind: str = "application/json") -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # the client had gone

    def _violation(self, what: str) -> None:
        self.server.emulador.violaciones.append(what)

    def log_message(self, *_: Any) -> None:
        """Not a word: the header holds the token."""
