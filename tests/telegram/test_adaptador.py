"""The Canal over the Bot API, judged by the vendor's own client on a real socket."""

import logging
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from core.adapters.telegram import Sobre, Telegram, read_sobre, storable
from core.errors import (
    AgenteError,
    CanalOcupado,
    ChatCerrado,
    CredencialesRechazadas,
    EnvioIncierto,
    EnvioLimitado,
    EnvioRechazado,
    Unavailable,
)
from core.ports import Canal
from tests.fakes import CanalDePapel
from tests.telegram import fallas as api
from tests.telegram.conftest import SECRETO, TOKEN
from tests.telegram.emulador import Emulador
from tests.telegram.fallas import Falla

SEGUNDOS = 1.0


def telegram(emulador: Emulador, token: str = TOKEN, secreto: str = SECRETO) -> Telegram:
    given = {"token": token, "secreto": secreto}
    return Telegram(lambda: given, api_url=emulador.url, segundos=SEGUNDOS)


@pytest.fixture
def canal(emulador: Emulador) -> Telegram:
    return telegram(emulador)


# --- the contract of core.ports.Canal, by the fake and by the real one ------------------------


@pytest.fixture(params=["papel", "telegram"])
def any_canal(request: pytest.FixtureRequest, emulador: Emulador) -> tuple[Canal, Any]:
    """A Canal, and how to make its next call fail as `name` says."""
    if request.param == "telegram":
        falls = {
            "limitado": api.espera(7),
            "caido": api.ERROR_500,
            "cerrado": api.BLOQUEADO,
            "incierto": api.CORTA,
        }
        return telegram(emulador), lambda name: emulador.fail("sendMessage", falls[name])
    papel = CanalDePapel()
    raises: dict[str, AgenteError] = {
        "limitado": EnvioLimitado("espera", segundos=7),
        "caido": Unavailable("caído"),
        "cerrado": ChatCerrado("bloqueado"),
        "incierto": EnvioIncierto("cortado"),
    }
    return papel, lambda name: papel.fallas.append(raises[name])


def test_every_send_has_an_id_of_its_own(any_canal: tuple[Canal, Any]) -> None:
    canal, _ = any_canal
    assert canal.send("42", "uno") != canal.send("42", "dos")


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("limitado", EnvioLimitado),
        ("caido", Unavailable),
        ("cerrado", ChatCerrado),
        ("incierto", EnvioIncierto),
    ],
)
def test_failures_come_by_family_and_pass(
    any_canal: tuple[Canal, Any], name: str, family: type[AgenteError]
) -> None:
    canal, fail = any_canal
    fail(name)
    with pytest.raises(AgenteError) as caught:
        canal.send("42", "hola")
    assert type(caught.value) is family
    assert canal.send("42", "hola")


# --- sending -----------------------------------------------------------------------------------


def test_a_text_arrives_as_it_was_written(canal: Telegram, emulador: Emulador) -> None:
    texto = "¿Martillo de 16 oz? *Sí* & <b>hay</b> 7 — $12.500\n\n👍🏽 _ok_ 100% + IVA"
    assert canal.send("-100123", texto) == "-100123:1"
    assert [(a.chat, a.texto) for a in emulador.aceptados] == [(-100123, texto)]


def test_sends_share_their_connections(canal: Telegram, emulador: Emulador) -> None:
    for n in range(10):
        canal.send("42", str(n))
    assert emulador.conexiones == 1
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: telegram(emulador).send(str(n), "hola"), range(80)))
    assert emulador.conexiones <= 9
    assert len(emulador.aceptados) == 90


def test_retry_after_says_how_long(canal: Telegram, emulador: Emulador) -> None:
    emulador.fail("sendMessage", api.espera(17))
    with pytest.raises(EnvioLimitado) as caught:
        canal.send("42", "hola")
    assert caught.value.segundos == 17


@pytest.mark.parametrize("falla", [api.ERROR_500, api.HTML_502])
def test_a_refusal_by_a_sick_server_is_certain(
    canal: Telegram, emulador: Emulador, falla: Falla
) -> None:
    emulador.fail("sendMessage", falla)
    with pytest.raises(Unavailable) as caught:
        canal.send("42", "hola")
    assert not isinstance(caught.value, EnvioIncierto)


@pytest.mark.parametrize(
    "falla",
    [api.CORTA, api.ACEPTA_Y_CORTA, api.CUELGA, api.ACEPTA_Y_CUELGA, api.ACEPTA_Y_BALBUCEA],
)
def test_an_answer_that_never_came_is_uncertain_and_waited_for_no_longer_than_agreed(
    canal: Telegram, emulador: Emulador, falla: Falla
) -> None:
    emulador.fail("sendMessage", falla)
    start = time.monotonic()
    with pytest.raises(EnvioIncierto):
        canal.send("42", "hola")
    assert time.monotonic() - start < SEGUNDOS + 0.5
    assert len(emulador.aceptados) == int(falla.acepta)


def test_nobody_listening_is_certain(emulador: Emulador) -> None:
    canal = Telegram(lambda: {"token": TOKEN}, api_url="http://127.0.0.1:9", segundos=SEGUNDOS)
    with pytest.raises(Unavailable) as caught:
        canal.send("42", "hola")
    assert not isinstance(caught.value, EnvioIncierto)


@pytest.mark.parametrize("texto", ["", "   ", "x" * 4097, "👍" * 2049])
def test_what_telegram_refuses_is_refused_for_good(canal: Telegram, texto: str) -> None:
    with pytest.raises(EnvioRechazado):
        canal.send("42", texto)


@pytest.mark.parametrize(
    "token", ["999999:desconocido", "", "sin-forma", "1:../../etc", "1:a?b=c", "1:", "{token}:x"]
)
def test_a_token_that_is_none_is_told_apart(emulador: Emulador, token: str) -> None:
    with pytest.raises(CredencialesRechazadas):
        telegram(emulador, token).send("42", "hola")
    assert emulador.violaciones == []


def test_no_token_and_no_text_in_errors_and_logs(
    canal: Telegram,
    emulador: Emulador,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.DEBUG)
    canary = "-".join(("canario", "del", "texto"))
    told = []
    fallas = [api.ERROR_500, api.HTML_502, api.espera(3), api.BLOQUEADO, api.CORTA, api.CUELGA]
    for falla in [*fallas, api.ACEPTA_Y_BALBUCEA]:
        emulador.fail("sendMessage", falla)
        with pytest.raises(AgenteError) as caught:
            canal.send("42", canary)
        told.append(caught.value)
    emulador.write(TOKEN, canary)
    assert canal.updates(0, segundos=0).result(5)
    assert [(e.__cause__, e.__context__) for e in told] == [(None, None)] * 7
    everything = caplog.text + "".join("".join(traceback.format_exception(e)) for e in told)
    assert canary not in everything
    assert TOKEN not in everything


# --- updates and webhook -----------------------------------------------------------------------


def test_updates_are_raw_and_stay_until_a_later_one_is_asked_for(
    canal: Telegram, emulador: Emulador
) -> None:
    one = emulador.write(TOKEN, "uno")
    strange = emulador.update(TOKEN, message={"chat": "no es un chat", "nuevo": [{}]})
    assert canal.updates(0, segundos=0).result(5) == [one, strange]
    assert canal.updates(0, segundos=0).result(5) == [one, strange]
    assert canal.updates(strange["update_id"] + 1, segundos=0).result(5) == []
    assert emulador.pending(TOKEN) == 0


def test_a_long_poll_returns_when_somebody_writes(canal: Telegram, emulador: Emulador) -> None:
    future = canal.updates(0, segundos=30)
    emulador.await_true(lambda: "getUpdates" in emulador.llamadas)
    written = emulador.write(TOKEN, "hola")
    assert future.result(5) == [written]


def test_a_long_poll_can_be_given_up(canal: Telegram, emulador: Emulador) -> None:
    future = canal.updates(0, segundos=30)
    emulador.await_true(lambda: "getUpdates" in emulador.llamadas)
    assert future.cancel()


def test_another_reader_is_a_conflict(canal: Telegram, emulador: Emulador) -> None:
    older = canal.updates(0, segundos=30)
    emulador.await_true(lambda: "getUpdates" in emulador.llamadas)
    newer = canal.updates(0, segundos=0)
    with pytest.raises(CanalOcupado):
        older.result(5)
    assert newer.result(5) == []


def test_check_registers_the_webhook_with_its_secret(canal: Telegram, emulador: Emulador) -> None:
    url = "https://tienda.example/webhooks/telegram/clave"
    assert canal.check(webhook_url=url) == "@tienda_bot, por webhook."
    assert emulador.webhook(TOKEN) == url
    assert emulador._bots[TOKEN].secreto == SECRETO
    with pytest.raises(CanalOcupado):
        canal.updates(0, segundos=0).result(5)
    assert canal.check(webhook_url=None) == "@tienda_bot, por consulta periódica."
    assert emulador.webhook(TOKEN) == ""


def test_check_says_what_a_person_must_change(emulador: Emulador) -> None:
    with pytest.raises(CredencialesRechazadas):
        telegram(emulador, "999999:desconocido").check(webhook_url=None)
    with pytest.raises(EnvioRechazado, match="Bad webhook"):
        telegram(emulador).check(webhook_url="ftp://tienda.example")
    emulador.fail("getMe", api.ERROR_500)
    with pytest.raises(Unavailable):
        telegram(emulador).check(webhook_url=None)


# --- reading -----------------------------------------------------------------------------------


@pytest.fixture
def read(emulador: Emulador) -> Callable[..., Any]:
    def parse(texto: str | None = None, **mas: Any) -> Any:
        return telegram(emulador).parse(emulador.write(TOKEN, texto, **mas))

    return parse


def test_a_text_is_read_with_its_author(read: Callable[..., Any]) -> None:
    entrante = read("¿tienen martillos?")
    assert (entrante.texto, entrante.tipo, entrante.nombre) == (
        "¿tienen martillos?",
        "texto",
        "Ana Paz",
    )


def test_the_start_button_is_a_greeting(read: Callable[..., Any]) -> None:
    assert read("/start").texto == "Hola"
    assert read("/start promo@mayo").texto == "Hola"
    assert read("/starter kit").texto == "/starter kit"


_FILE = {"file_id": "f", "file_unique_id": "u"}


@pytest.mark.parametrize(
    ("message", "tipo"),
    [
        ({"photo": [{**_FILE, "width": 1, "height": 1}], "caption": "este"}, "imagen"),
        ({"voice": {**_FILE, "duration": 3}}, "audio"),
        ({"video": {**_FILE, "width": 1, "height": 1, "duration": 3}}, "video"),
        ({"document": _FILE}, "documento"),
        (
            {
                "sticker": {
                    **_FILE,
                    "width": 1,
                    "height": 1,
                    "is_animated": False,
                    "is_video": False,
                    "type": "regular",
                }
            },
            "sticker",
        ),
        ({"location": {"latitude": 4.6, "longitude": -74.1}}, "ubicacion"),
        ({"contact": {"phone_number": "300", "first_name": "Ana"}}, "contacto"),
        ({"dice": {"emoji": "🎲", "value": 3}}, "otro"),
    ],
)
def test_what_is_no_text_is_told_by_its_kind(
    read: Callable[..., Any], message: dict[str, Any], tipo: str
) -> None:
    entrante = read(**message)
    assert (entrante.tipo, entrante.texto) == (tipo, message.get("caption", ""))


def test_an_edit_says_so(emulador: Emulador) -> None:
    original = emulador.write(TOKEN, "10 martillos")
    edited = emulador.update(
        TOKEN, edited_message={**original["message"], "text": "5 martillos", "edit_date": 1}
    )
    entrante = telegram(emulador).parse(edited)
    assert entrante is not None
    assert (entrante.tipo, entrante.texto) == ("edicion", "5 martillos")
    sobre = read_sobre(edited)
    assert sobre is not None
    assert sobre.update_id > original["update_id"]


def test_nobody_s_words_are_not_answered(read: Callable[..., Any], emulador: Emulador) -> None:
    bot = {"id": 9, "is_bot": True, "first_name": "Otro"}
    assert read("hola", **{"from": bot}) is None
    assert read(group_chat_created=True) is None
    assert telegram(emulador).parse({"update_id": 1, "poll": None}) is None


def test_an_update_that_cannot_be_read_is_something_else_and_no_accident(
    emulador: Emulador,
) -> None:
    for strange in ({"chat": 1}, {"chat": {"id": 42}}, {"date": "ayer", "chat": {}}, 7, [1]):
        entrante = telegram(emulador).parse({"update_id": 1, "message": strange})
        assert entrante is None or entrante.tipo == "otro"


def test_reading_needs_no_credentials(emulador: Emulador) -> None:
    def closed() -> dict[str, Any]:
        raise AssertionError("opened")

    canal = Telegram(closed, api_url=emulador.url, segundos=1)
    entrante = canal.parse(emulador.write(TOKEN, "hola"))
    assert entrante is not None


@pytest.mark.parametrize(
    "crudo",
    [
        None,
        [],
        "x",
        {},
        {"update_id": 5},
        {"update_id": "5", "message": {"chat": {"id": 1}}},
        {"update_id": 5, "message": {"chat": {"id": "1"}}},
        {"update_id": 5, "message": {"chat": 1}},
        {"update_id": 2**63, "message": {"chat": {"id": 1}}},
        {"update_id": -1, "message": {"chat": {"id": 1}}},
        {"update_id": 5, "message": {"chat": {"id": 2**70}}},
        {"update_id": 5, "my_chat_member": {"chat": {"id": 1}}},
    ],
)
def test_what_is_no_message_has_no_envelope(crudo: object) -> None:
    assert read_sobre(crudo) is None


def test_the_envelope_holds_the_ids() -> None:
    crudo = {"update_id": 5, "message": {"chat": {"id": -42}, "text": "hola"}}
    assert read_sobre(crudo) == Sobre(5, "-42")


def test_what_postgresql_cannot_hold_is_left_out() -> None:
    crudo = {"a\0": ["x\0y", "\ud83d!", float("inf"), float("nan"), 1.5, None, True, 2**80]}
    assert storable(crudo) == {"a": ["xy", "?!", None, None, 1.5, None, True, 2**80]}


def test_the_vendor_is_not_imported_by_the_ids(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = "import core.adapters.telegram, core.wiring, sys; print('telegram' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
