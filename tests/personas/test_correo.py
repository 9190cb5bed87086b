"""Email over a real socket: encrypted, in time, and what a server refuses told apart."""

import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core.adapters.correo import CorreoSmtp
from core.errors import (
    AgenteError,
    CredencialesRechazadas,
    EnvioIncierto,
    EnvioLimitado,
    EnvioRechazado,
    Unavailable,
)
from core.ports import Carta
from core.settings import Settings
from tests.personas.servidor_correo import Servidor

CARTA = Carta(
    para="duena@tienda.test",
    asunto="Venta n.º 7: $39.600",
    texto="Venta n.º 7\n.\n• 2 × Martillo\n",
    id="aviso.1.7",
)


@pytest.fixture(scope="module")
def certificado(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate of 127.0.0.1 that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "todo.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


@pytest.fixture
def servidor() -> Iterator[Servidor]:
    with Servidor() as servidor:
        yield servidor
    assert servidor.violaciones == []


def correo(servidor: Servidor, **cambios: Any) -> CorreoSmtp:
    usual: dict[str, Any] = {"de": "Tienda <avisos@tienda.test>", "segundos": 5.0, "tls": "no"}
    return CorreoSmtp(host="127.0.0.1", port=servidor.puerto, **{**usual, **cambios})


def test_a_letter_arrives_as_it_was_written(servidor: Servidor) -> None:
    sent = correo(servidor).send(CARTA)
    ((de, para, raw),) = servidor.cartas
    assert (de, para) == ("avisos@tienda.test", "duena@tienda.test")
    read = message_from_bytes(raw, policy=default)
    assert read["Subject"] == CARTA.asunto
    assert read["Message-ID"] == sent == "<aviso.1.7@tienda.test>"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read.get_content().replace("\r\n", "\n") == CARTA.texto


@pytest.mark.parametrize("desde_el_principio", [False, True])
def test_the_password_travels_encrypted(certificado: Path, desde_el_principio: bool) -> None:
    contexto = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    contexto.load_cert_chain(certificado)
    confia = ssl.create_default_context(cafile=str(certificado))
    tls = "ssl" if desde_el_principio else "starttls"
    with Servidor(contexto, ("ana", "clave"), desde_el_principio) as servidor:
        con_clave = {"tls": tls, "user": "ana", "contexto": confia}
        correo(servidor, password="clave", **con_clave).send(CARTA)
        assert servidor.cifradas == [True]
        with pytest.raises(CredencialesRechazadas):
            correo(servidor, password="otra", **con_clave).send(CARTA)
        assert servidor.violaciones == []


def test_a_server_that_nobody_vouches_for_hears_no_password(certificado: Path) -> None:
    contexto = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    contexto.load_cert_chain(certificado)
    with Servidor(contexto, ("ana", "clave")) as servidor:
        with pytest.raises(Unavailable):
            correo(servidor, tls="starttls", user="ana", password="clave").send(CARTA)
        assert servidor.cartas == []


def test_without_the_encryption_that_was_asked_for_nothing_is_said(servidor: Servidor) -> None:
    with pytest.raises(CredencialesRechazadas):
        correo(servidor, tls="starttls", user="ana", password="clave").send(CARTA)
    assert servidor.cartas == []


@pytest.mark.parametrize(
    ("a", "dice", "error"),
    [
        ("RCPT", "550 no vive aquí", EnvioRechazado),
        ("RCPT", "450 vuelve luego", Unavailable),
        ("MAIL", "530 primero AUTH", CredencialesRechazadas),
        ("MAIL", "", Unavailable),
        ("DATA", "554 no", EnvioRechazado),
        ("CARTA", "552 demasiado", EnvioRechazado),
        ("CARTA", "451 luego", Unavailable),
        ("CARTA", "", EnvioIncierto),
    ],
)
def test_what_passes_and_what_does_not_are_told_apart(
    servidor: Servidor, a: str, dice: str, error: type[AgenteError]
) -> None:
    servidor.contesta[a] = dice
    with pytest.raises(error) as caught:
        correo(servidor).send(CARTA)
    assert type(caught.value) is error


def test_a_server_that_drips_is_left_when_the_time_is_over(servidor: Servidor) -> None:
    servidor.gotea = True
    start = time.monotonic()
    with pytest.raises(Unavailable):
        correo(servidor, segundos=0.5).send(CARTA)
    assert time.monotonic() - start < 3


def test_a_server_that_hangs_holds_two_threads_and_no_more(servidor: Servidor) -> None:
    servidor.gotea = True
    slow = correo(servidor, segundos=2.0)

    def send(_: int) -> type[AgenteError]:
        with pytest.raises(Unavailable) as caught:
            slow.send(CARTA)
        return type(caught.value)

    start = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(send, range(8)))
    assert ended.count(EnvioLimitado) == 6
    assert time.monotonic() - start < 8
    servidor.gotea = False
    slow.send(CARTA)


def test_the_password_is_in_nobody_s_traceback(servidor: Servidor) -> None:
    assert "clave-9" not in repr(correo(servidor, user="ana", password="clave-9"))


def test_nobody_there_is_a_passing_trouble() -> None:
    with Servidor() as servidor:
        gone = correo(servidor)
    with pytest.raises(Unavailable):
        gone.send(CARTA)


@pytest.mark.parametrize(
    "mala",
    [
        Carta("a@b.test\r\nBcc: otro@b.test", "Venta", "x", "1"),
        Carta("a@b.test", "Venta\r\nBcc: otro@b.test", "x", "1"),
        Carta("a@b.test", "Venta\nX: y", "x", "1"),
    ],
)
def test_no_header_can_be_smuggled_in(servidor: Servidor, mala: Carta) -> None:
    with pytest.raises(EnvioRechazado):
        correo(servidor).send(mala)
    assert servidor.cartas == []


def test_it_is_there_only_where_a_server_is_named() -> None:
    assert CorreoSmtp.of(Settings.model_construct()) is None
    with pytest.raises(ValueError, match="SMTP_FROM"):
        Settings(smtp_host="x", _env_file=None)  # type: ignore[call-arg]
    found = CorreoSmtp.of(Settings(smtp_host="x", smtp_from="a@b.test", _env_file=None))  # type: ignore[call-arg]
    assert found is not None
    assert (found.port, found.tls, found.de) == (587, "starttls", "a@b.test")
