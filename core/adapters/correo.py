"""Email over SMTP. No other room knows the protocol."""

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, parseaddr

from core.errors import (
    CredencialesRechazadas,
    EnvioIncierto,
    EnvioLimitado,
    EnvioRechazado,
    Unavailable,
)
from core.ports import Carta
from core.settings import Settings

# So many letters of a process are on their way at once: its threads bring customers their replies
# too, and a mail server that hangs must not hold them all.
_A_LA_VEZ = 2
_BUSY_SECONDS = 2

# What a server says of us, not of the letter: only the settings can be changed.
_OURS = frozenset({530, 534, 535, 538})


@dataclass(frozen=True)
class CorreoSmtp:
    """Implements core.ports.Correo: one connection a letter, all of it within `segundos`."""

    host: str
    port: int
    de: str
    segundos: float
    tls: str = "starttls"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    # Who vouches for the server's certificate; None: this machine's authorities.
    contexto: ssl.SSLContext | None = None
    _places: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(_A_LA_VEZ), repr=False, compare=False
    )

    @classmethod
    def of(cls, settings: Settings) -> "CorreoSmtp | None":
        if not settings.smtp_host:
            return None
        secret = settings.smtp_password
        return cls(
            host=settings.smtp_host,
            port=settings.smtp_port,
            de=settings.smtp_from or settings.smtp_user or "",
            segundos=settings.envio_segundos,
            tls=settings.smtp_tls,
            user=settings.smtp_user,
            password=secret.get_secret_value() if secret else None,
        )

    def send(self, carta: Carta) -> str:
        """As core.ports.Correo; never waits for another letter: EnvioLimitado instead."""
        mensaje = self._write(carta)
        if not self._places.acquire(blocking=False):
            raise EnvioLimitado("Salen otros correos primero.", segundos=_BUSY_SECONDS)
        try:
            connection = self._connect()
            with _ending(connection, self.segundos):
                self._introduce(connection)
                self._post(connection, carta.para, mensaje)
        finally:
            self._places.release()
        return str(mensaje["Message-ID"])

    def _write(self, carta: Carta) -> EmailMessage:
        """Raises EnvioRechazado for an address that is none; a header cannot hold a line's end."""
        domain = parseaddr(self.de)[1].rpartition("@")[2] or "localhost"
        mensaje = EmailMessage(policy=SMTP)
        try:
            mensaje["From"] = self.de
            mensaje["To"] = carta.para
            mensaje["Subject"] = carta.asunto
            mensaje["Date"] = formatdate(usegmt=True)
            # The same whenever it is sent: a mailbox shows a repetition once.
            mensaje["Message-ID"] = f"<{carta.id}@{domain}>"
            # No out-of-office answer to a machine.
            mensaje["Auto-Submitted"] = "auto-generated"
            mensaje.set_content(carta.texto)
        except (ValueError, MessageError) as e:
            raise EnvioRechazado("La dirección o el asunto no se pueden usar.") from e
        return mensaje

    def _connect(self) -> smtplib.SMTP:
        try:
            if self.tls == "ssl":
                return smtplib.SMTP_SSL(
                    self.host, self.port, timeout=self.segundos, context=self._context
                )
            return smtplib.SMTP(self.host, self.port, timeout=self.segundos)
        except (OSError, smtplib.SMTPException) as e:
            raise Unavailable("El servidor de correo no contesta.") from e

    def _introduce(self, connection: smtplib.SMTP) -> None:
        try:
            connection.ehlo()
            if self.tls == "starttls":
                connection.starttls(context=self._context)
                connection.ehlo()
            if self.user and self.password:
                connection.login(self.user, self.password)
        except smtplib.SMTPNotSupportedError as e:
            raise CredencialesRechazadas(
                "El servidor de correo no ofrece el cifrado o el acceso que se configuró."
            ) from e
        except smtplib.SMTPAuthenticationError as e:
            if e.smtp_code // 100 == 4:
                raise Unavailable("El servidor de correo está ocupado.") from e
            raise CredencialesRechazadas("El servidor de correo no acepta la contraseña.") from e
        except (OSError, smtplib.SMTPException) as e:
            raise Unavailable("El servidor de correo cortó la conversación.") from e

    def _post(self, connection: smtplib.SMTP, para: str, mensaje: EmailMessage) -> None:
        sender = parseaddr(self.de)[1]
        try:
            for code, said in (connection.mail(sender), connection.rcpt(para)):
                _judge(code, said)
        except UnicodeEncodeError as e:
            raise EnvioRechazado("El servidor de correo no admite esa dirección.") from e
        except (OSError, smtplib.SMTPException) as e:
            raise Unavailable("El servidor de correo cortó la conversación.") from e
        try:
            _judge(*connection.data(mensaje.as_bytes()))
        except smtplib.SMTPDataError as e:  # it would not even hear the letter
            _judge(e.smtp_code, b"")
        except (OSError, smtplib.SMTPException) as e:
            raise EnvioIncierto("El servidor de correo no dijo si lo recibió.") from e

    @property
    def _context(self) -> ssl.SSLContext:
        return self.contexto or ssl.create_default_context()


def _judge(code: int, _: bytes) -> None:
    """5xx will be said again, 4xx may pass (RFC 5321, 4.2.1)."""
    if code in _OURS:
        raise CredencialesRechazadas(f"El servidor de correo pide otro acceso ({code}).")
    if code >= 500:
        raise EnvioRechazado(f"El servidor de correo no acepta el mensaje ({code}).")
    if code >= 400:
        raise Unavailable(f"El servidor de correo está ocupado ({code}).", segundos=60)


@contextmanager
def _ending(connection: smtplib.SMTP, segundos: float) -> Iterator[None]:
    """A socket's timeout is of one read: a server that drips would hold us for ever. When the time
    is over the connection is cut, and whoever waits for it hears so."""
    timer = threading.Timer(segundos, _cut, (connection,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        connection.close()


def _cut(connection: smtplib.SMTP) -> None:
    sock = connection.sock
    if sock is None:
        return
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has ended by itself
