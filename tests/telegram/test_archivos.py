"""Files of customers: from Telegram's host alone, counted, within the time, the token unseen."""

import logging
import time
import traceback
from dataclasses import replace

import pytest

from core.adapters.telegram import Telegram
from core.errors import (
    AgenteError,
    CredencialesRechazadas,
    EnvioLimitado,
    EnvioRechazado,
    TooLarge,
    Unavailable,
)
from core.ports import Medio
from tests.telegram import fallas as api
from tests.telegram.conftest import TOKEN
from tests.telegram.emulador import Emulador
from tests.telegram.fallas import Falla
from tests.telegram.persona import Persona
from tests.telegram.test_adaptador import telegram

MAX = 1000
VOZ = b"OggS" + bytes(range(256)) * 3


@pytest.fixture
def canal(emulador: Emulador) -> Telegram:
    return telegram(emulador)


@pytest.fixture
def medio(emulador: Emulador, canal: Telegram) -> Medio:
    """A voice note of a customer's, as it was read."""
    entrante = canal.parse(Persona(emulador, TOKEN).voice(VOZ))
    assert entrante is not None
    assert entrante.medio is not None
    return entrante.medio


def fetch(canal: Telegram, medio: Medio, segundos: float = 5.0) -> bytes:
    return canal.fetch(medio, max_bytes=MAX, segundos=segundos)


def test_a_recording_comes_bit_by_bit_as_it_was_sent(canal: Telegram, medio: Medio) -> None:
    assert fetch(canal, medio) == VOZ
    assert fetch(canal, medio) == VOZ


def test_what_says_that_it_is_too_large_is_not_even_asked_for(
    canal: Telegram, medio: Medio, emulador: Emulador
) -> None:
    with pytest.raises(TooLarge):
        fetch(canal, replace(medio, bytes=MAX + 1))
    assert emulador.llamadas == []


def test_a_size_that_is_a_lie_saves_nobody(
    canal: Telegram, medio: Medio, emulador: Emulador
) -> None:
    archivos = emulador.archivos
    archivos[medio.id] = replace(archivos[medio.id], tamano=MAX + 1)
    with pytest.raises(TooLarge):
        fetch(canal, medio)
    assert emulador.descargas == 0
    for lie in (1, None):
        archivos[medio.id] = replace(archivos[medio.id], contenido=b"x" * 50_000, tamano=lie)
        with pytest.raises(TooLarge):
            fetch(canal, medio)


def test_what_telegram_gives_to_nobody_is_too_large(
    canal: Telegram, medio: Medio, emulador: Emulador
) -> None:
    archivos = emulador.archivos
    archivos[medio.id] = replace(archivos[medio.id], contenido=bytes(20 * 1024 * 1024 + 1))
    with pytest.raises(TooLarge):
        fetch(canal, medio)


@pytest.mark.parametrize(
    "ruta",
    [
        "../../etc/passwd",
        "voice/../../x",
        "voice/..",
        "https://malo.example/voz.oga",
        "//malo.example/voz.oga",
        "@malo.example/voz.oga",
        "voice/file?x=1",
        "voice/file#x",
        "voice/%2e%2e/x",
        "voice\\x",
        "voice/ñ",
        "voice/x\n",
        "",
        "/var/lib/telegram-bot-api/voz.oga",
    ],
)
def test_a_path_that_leads_elsewhere_is_not_followed(
    canal: Telegram, medio: Medio, emulador: Emulador, ruta: str
) -> None:
    emulador.archivos[medio.id] = replace(emulador.archivos[medio.id], ruta=ruta)
    with pytest.raises(EnvioRechazado):
        fetch(canal, medio)
    assert emulador.descargas == 0


def test_a_server_in_local_mode_is_told_apart(
    canal: Telegram, medio: Medio, emulador: Emulador
) -> None:
    emulador.archivos[medio.id] = replace(emulador.archivos[medio.id], ruta="/var/lib/voz.oga")
    with pytest.raises(EnvioRechazado, match="--local"):
        fetch(canal, medio)


def test_what_is_gone_is_refused_for_good(
    canal: Telegram, medio: Medio, emulador: Emulador
) -> None:
    with pytest.raises(EnvioRechazado):
        fetch(canal, replace(medio, id="AgACnadie"))
    emulador.fail("file", api.NO_ESTA)
    with pytest.raises(EnvioRechazado):
        fetch(canal, medio)
    assert fetch(canal, medio) == VOZ


@pytest.mark.parametrize("metodo", ["getFile", "file"])
@pytest.mark.parametrize("falla", [api.ERROR_500, api.HTML_502, api.CORTA, api.CUELGA])
def test_a_passing_trouble_passes_and_no_deadline_is_missed(
    canal: Telegram, medio: Medio, emulador: Emulador, metodo: str, falla: Falla
) -> None:
    emulador.fail(metodo, falla)
    start = time.monotonic()
    with pytest.raises(Unavailable):
        fetch(canal, medio, 0.5)
    assert time.monotonic() - start < 2.5
    assert fetch(canal, medio) == VOZ


@pytest.mark.parametrize("falla", [api.GOTEA, api.TRUNCA])
def test_a_file_that_drips_or_breaks_off_is_none(
    canal: Telegram, medio: Medio, emulador: Emulador, falla: Falla
) -> None:
    emulador.fail("file", falla)
    start = time.monotonic()
    with pytest.raises(Unavailable):
        fetch(canal, medio, 0.5)
    assert time.monotonic() - start < 2.5


def test_who_asks_to_wait_says_how_long(canal: Telegram, medio: Medio, emulador: Emulador) -> None:
    emulador.fail("getFile", api.espera(9))
    with pytest.raises(EnvioLimitado) as caught:
        fetch(canal, medio)
    assert caught.value.segundos == 9


def test_no_token_in_errors_and_logs(
    canal: Telegram, medio: Medio, emulador: Emulador, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told, other = [], ":".join(("999999", "desconocido"))
    for metodo in ("getFile", "file"):
        for falla in (api.ERROR_500, api.CORTA, api.CUELGA, api.NO_ESTA):
            emulador.fail(metodo, falla)
            with pytest.raises(AgenteError) as caught:
                fetch(canal, medio, 0.3)
            told.append(caught.value)
    with pytest.raises(CredencialesRechazadas) as refused:
        fetch(telegram(emulador, other), medio)
    told.append(refused.value)
    said = caplog.text + "".join("".join(traceback.format_exception(e)) for e in told)
    assert TOKEN not in said
    assert other not in said
