"""A strict SMTP server on a socket: what it understands is what RFC 5321 says, in that order."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Servidor:
    """`cartas`: (from, to, bytes) of what it took. `contesta`: what it says in place of its usual
    answer to a command, "" for hanging up. `gotea`: it answers a byte at a time and never ends."""

    contexto: ssl.SSLContext | None = None
    clave: tuple[str, str] | None = None
    desde_el_principio: bool = False
    contesta: dict[str, str] = field(default_factory=dict)
    gotea: bool = False
    cartas: list[tuple[str, str, bytes]] = field(default_factory=list)
    cifradas: list[bool] = field(default_factory=list)
    violaciones: list[str] = field(default_factory=list)
    puerto: int = 0
    fin: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Servidor":
        owner = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                talk = _Conversacion(owner, self.request)
                try:
                    talk.hold()
                except OSError:
                    return  # the client went away; what matters is on its side
                finally:
                    talk.close()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.puerto = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.fin.set()
        self._server.shutdown()
        self._server.server_close()


class _Conversacion:
    def __init__(self, servidor: Servidor, sock: socket.socket) -> None:
        self._s = servidor
        self._sock = sock
        self._cifrada = False
        self._dentro = servidor.clave is None
        self._de: str | None = None
        self._para: str | None = None
        self._file: Any = None

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._sock.close()

    def hold(self) -> None:
        if self._s.desde_el_principio:
            self._encrypt()
        self._open()
        if self._s.gotea:
            self._drip()
            return
        self._say("HOLA", "220 prueba ESMTP")
        while line := self._file.readline():
            if not line.endswith(b"\r\n") or len(line) > 512:
                self._s.violaciones.append(f"línea mal terminada: {line[:40]!r}")
            command, _, rest = line.decode().strip().partition(" ")
            if not self._obey(command.upper(), rest):
                return

    def _obey(self, command: str, rest: str) -> bool:
        usual: dict[str, Callable[[str], str]] = {
            "EHLO": self._ehlo,
            "STARTTLS": lambda _: "220 ahora" if self._s.contexto else "502 no",
            "AUTH": self._auth,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": lambda _: "354 sigue" if self._para else "503 falta RCPT",
            "QUIT": lambda _: "221 adiós",
        }
        if command not in usual:
            self._s.violaciones.append(f"orden desconocida: {command}")
            return self._say(command, "500 ?")
        said = usual[command](rest)
        if not self._say(command, said) or command == "QUIT":
            return False
        if command == "STARTTLS" and said.startswith("220"):
            self._encrypt()
            self._open()
        if command == "DATA" and "DATA" not in self._s.contesta:
            return self._take()
        return True

    def _ehlo(self, rest: str) -> str:
        offers = ["250-prueba", "250-SIZE 1000000"]
        if self._s.contexto and not self._cifrada:
            offers.append("250-STARTTLS")
        if self._s.clave:
            offers.append("250-AUTH PLAIN")
        return "\r\n".join([*offers, "250 HELP"])

    def _auth(self, rest: str) -> str:
        import base64

        if not self._cifrada:
            self._s.violaciones.append("una contraseña en claro")
        _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
        self._dentro = (user, password) == self._s.clave
        return "235 pasa" if self._dentro else "535 no eres tú"

    def _mail(self, rest: str) -> str:
        if not self._dentro:
            return "530 primero AUTH"
        self._de = rest[len("FROM:<") :].partition(">")[0]
        return "250 bien"

    def _rcpt(self, rest: str) -> str:
        if self._de is None:
            return "503 falta MAIL"
        self._para = rest[len("TO:<") :].partition(">")[0]
        return "250 bien"

    def _take(self) -> bool:
        lines = []
        while (line := self._file.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        if self._s.contesta.get("CARTA", "250 bien").startswith("250"):
            self._s.cartas.append((self._de or "", self._para or "", b"".join(lines)))
            self._s.cifradas.append(self._cifrada)
        return self._say("CARTA", "250 la tengo")

    def _say(self, what: str, usual: str) -> bool:
        said = self._s.contesta.get(what, usual)
        if said:
            self._sock.sendall(said.encode() + b"\r\n")
        return bool(said)

    def _encrypt(self) -> None:
        assert self._s.contexto is not None
        self._sock = self._s.contexto.wrap_socket(self._sock, server_side=True)
        self._cifrada = True

    def _open(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = self._sock.makefile("rb")

    def _drip(self) -> None:
        self._sock.sendall(b"220 prueba\r\n")
        self._file.readline()
        while not self._s.fin.wait(0.1):
            self._sock.sendall(b"x")
