"""The Canal over the Bot API, judged by the vendor's own client on a real socket."""

import logging
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from core.adapters.telegram import Telegram
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
from core.ports import Canal, Tecla
from tests.fakes import CanalDePapel
from tests.telegram import fallas as api
from tests.telegram.conftest import SECRETO, TOKEN
from tests.telegram.emulador import Emulador
from tests.telegram.fallas import Falla
from tests.telegram.persona import Persona

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


# --- buttons and signs -------------------------------------------------------------------------


def test_answers_to_press_are_shown_one_below_the_other(
    canal: Telegram, emulador: Emulador
) -> None:
    largo = "1) Martillo de carpintero con mango de fibra de vidrio antideslizante, 16 oz"
    canal.send("42", "¿Cuál?", [Tecla("123456789012345678:0", largo), Tecla("77:1", "Cancelar")])
    [sent] = emulador.aceptados
    shown, second = sent.botones
    assert (sent.botones[shown], sent.botones[second]) == ("123456789012345678:0", "77:1")
    assert second == "Cancelar"
    assert shown.endswith("…")
    assert largo.startswith(shown[:-1])
    assert len(shown) <= 60


def test_a_button_that_telegram_would_refuse_does_not_take_the_reply_with_it(
    canal: Telegram, emulador: Emulador
) -> None:
    canal.send("42", "¿Cuál?", [Tecla("ñ" * 33, "larga"), Tecla("1:0", " "), Tecla("1:1", "Sí")])
    canal.send("42", "hola", [Tecla("", "nada")])
    assert [a.botones for a in emulador.aceptados] == [{"Sí": "1:1"}, {}]


def test_typing_is_shown_and_waited_for_by_nobody(canal: Telegram, emulador: Emulador) -> None:
    emulador.fail("sendChatAction", api.CUELGA, api.ERROR_500, api.CORTA, api.BLOQUEADO)
    start = time.monotonic()
    for _ in range(5):
        canal.show_escribiendo("42", "7")
    assert time.monotonic() - start < 2.0
    emulador.await_true(lambda: len(emulador.acciones) == 1)
    assert emulador.acciones[0][:2] == (42, "typing")
    assert canal.send("42", "hola"), "a sign that hangs holds up no reply"


def test_who_asks_for_silence_is_shown_no_typing_either(
    canal: Telegram, emulador: Emulador
) -> None:
    emulador.fail("sendChatAction", api.espera(60))
    canal.show_escribiendo("42", "7")
    emulador.await_true(lambda: not canal._open()[0]._quiet.get(TOKEN, 0.0) < time.monotonic())
    for _ in range(5):
        canal.show_escribiendo("42", "7")
    canal.send("42", "hola")
    assert emulador.llamadas == ["sendChatAction", "sendMessage"]


def test_a_press_is_confirmed_once_and_a_late_one_is_no_accident(
    canal: Telegram, emulador: Emulador
) -> None:
    canal.send("42", "¿Confirmas?", [Tecla("7:0", "Confirmar")])
    persona = Persona(emulador, TOKEN)
    query = persona.press("Confirmar")["callback_query"]["id"]
    for _ in range(2):
        canal.confirm_pulsacion(query)
    emulador.await_true(lambda: emulador.llamadas.count("answerCallbackQuery") == 2)
    assert emulador.pulsaciones == {query: 1}


def test_signs_need_no_token_that_is_one(emulador: Emulador) -> None:
    broken = telegram(emulador, "ninguno")
    broken.show_escribiendo("42", None)
    broken.confirm_pulsacion("4")
    assert emulador.llamadas == []


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


def test_the_vendor_is_not_imported_by_the_ids(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = "import core.adapters.telegram, core.wiring, sys; print('telegram' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
