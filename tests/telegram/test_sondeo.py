"""Polling as a process of its own: nothing lost when it is killed, when its neighbours are away."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from core.adapters.telegram import Telegram
from core.adapters.telegram_sobre import UPDATES
from core.db import Database
from core.ports import Tecla
from core.settings import Settings
from core.wiring import Servicios
from tests.conftest import ROOT
from tests.fakes import ColaEnMemoria
from tests.telegram import fallas as api
from tests.telegram.conftest import TOKEN, Bot
from tests.telegram.emulador import Emulador
from tests.telegram.persona import Persona
from tests.telegram.puente import Puente
from workers.telegram import Sondeo

Arranca = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(settings: Settings, emulador: Emulador) -> Iterator[Arranca]:
    """The process as the Procfile starts it, on this test's servers."""
    started: list[subprocess.Popen[bytes]] = []

    def call(**env: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "workers.telegram"],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            env={
                **os.environ,
                "DATA_DIR": str(settings.data_dir),
                "TELEGRAM_API_URL": emulador.url,
                "SONDEO_SEGUNDOS": "5",
                "ENVIO_SEGUNDOS": "2",
                **env,
            },
        )
        started.append(process)
        return process

    yield call
    for process in started:
        process.kill()
        _, logged = process.communicate()
        assert TOKEN.encode() not in logged
        assert b"canario" not in logged


Sigue = Callable[..., None]


@pytest.fixture
def follow(
    db: Database, ajustes: Settings, emulador: Emulador, cola: ColaEnMemoria
) -> Iterator[Sigue]:
    """The same in this process, with pauses that a test can afford."""
    stops: list[Callable[[], None]] = []

    def call(**cambios: Any) -> None:
        settings = ajustes.model_copy(
            update={"telegram_api_url": emulador.url, "sondeo_segundos": 1, **cambios}
        )
        sondeo = Sondeo(Servicios(settings=settings, db=db, cola=cola), pausas=(0.05,))
        loop, stop = asyncio.new_event_loop(), asyncio.Event()
        thread = threading.Thread(target=loop.run_until_complete, args=(sondeo.run(stop),))
        thread.start()

        def end() -> None:
            loop.call_soon_threadsafe(stop.set)
            thread.join()
            loop.close()

        stops.append(end)

    yield call
    for end in stops:
        end()


def heard(bot: Bot) -> list[str]:
    crudos = [m.crudo for m in bot.mensajes() if m.crudo]
    return [next(v["text"] for k, v in c.items() if k != "update_id") for c in crudos]


def asked(emulador: Emulador) -> Callable[[], bool]:
    return lambda: "getUpdates" in emulador.llamadas


def quiet(emulador: Emulador) -> Callable[[], bool]:
    """Whether nobody has called for a while that is longer than a poll."""
    seen = [len(emulador.llamadas), time.monotonic()]

    def look() -> bool:
        if len(emulador.llamadas) != seen[0]:
            seen[:] = [len(emulador.llamadas), time.monotonic()]
        return time.monotonic() - seen[1] > 2.5

    return look


def test_a_message_is_stored_at_once_and_confirmed_only_then(
    follow: Sigue, bot: Bot, emulador: Emulador
) -> None:
    emulador.set_foreign_webhook(TOKEN, "https://antes.example/")
    emulador.write(TOKEN, "canario uno")
    follow()
    emulador.await_true(lambda: heard(bot) == ["canario uno"])
    emulador.update(TOKEN, edited_message={"chat": {"id": 42}, "text": "editado"})
    emulador.write(TOKEN, "dos", chat=43)
    emulador.await_true(lambda: heard(bot) == ["canario uno", "editado", "dos"])
    emulador.await_true(lambda: emulador.pending(TOKEN) == 0)
    assert bot.canal().cursor == bot.mensajes()[-1].orden_externo + 1  # type: ignore[operator]


def test_killed_at_any_moment_it_resumes_and_loses_nothing(
    start: Arranca, bot: Bot, emulador: Emulador
) -> None:
    process = start()
    emulador.await_true(asked(emulador))
    written = []
    for n in range(60):
        written.append(f"canario {n}")
        emulador.write(TOKEN, written[-1], chat=n % 5)
        if n % 20 == 10:
            emulador.await_true(lambda n=n: len(heard(bot)) > n - 10)
            process.kill()
            process.wait()
            process = start()
    emulador.await_true(lambda: sorted(heard(bot)) == sorted(written))
    emulador.await_true(lambda: emulador.pending(TOKEN) == 0)
    assert len(bot.mensajes()) == 60


def test_a_canal_is_heard_seconds_after_it_was_opened_and_left_when_it_is_closed(
    follow: Sigue, make_bot: Callable[..., Bot], emulador: Emulador
) -> None:
    follow()
    other_token = "654321:canario-del-otro-token-AAAAAAAAAAAAA"
    emulador.add_bot(other_token)
    bot = make_bot(other_token)
    emulador.await_true(asked(emulador))
    emulador.write(other_token, "hola")
    emulador.await_true(lambda: heard(bot) == ["hola"])
    with bot.db.empresa(bot.empresa_id) as session:
        session.execute(text("UPDATE canal SET estado = 'error' WHERE tipo = 'telegram'"))
    emulador.await_true(quiet(emulador))


def test_sigterm_ends_a_long_poll_at_once(start: Arranca, bot: Bot, emulador: Emulador) -> None:
    process = start(SONDEO_SEGUNDOS="50")
    emulador.await_true(asked(emulador))
    process.send_signal(signal.SIGTERM)
    assert process.wait(3) == 0


def test_a_revoked_token_takes_only_its_own_canal_out_of_service(
    follow: Sigue, bot: Bot, make_bot: Callable[..., Bot], emulador: Emulador
) -> None:
    other = make_bot("654321:nunca-existio")
    follow()
    emulador.await_true(lambda: other.canal().estado == "error")
    assert other.canal().detalle == "Telegram no reconoce el token."
    emulador.write(TOKEN, "hola")
    emulador.await_true(lambda: heard(bot) == ["hola"])
    emulador.revoke(TOKEN)
    emulador.await_true(lambda: bot.canal().estado == "error")


def test_a_rival_reader_is_told_to_a_person_and_one_collision_is_not(
    follow: Sigue, bot: Bot, emulador: Emulador
) -> None:
    conflict = api.Falla(estado=409)
    emulador.fail("getUpdates", conflict, conflict)
    emulador.write(TOKEN, "hola")
    follow()
    emulador.await_true(lambda: heard(bot) == ["hola"])
    assert bot.canal().estado == "activo"
    emulador.fail("getUpdates", *[conflict] * 5)
    emulador.await_true(lambda: bot.canal().estado == "error")
    assert bot.canal().detalle == "Otro programa lee los mensajes de este bot."


@pytest.mark.parametrize(
    "fallas",
    [[api.ERROR_500, api.espera(1)], [api.CUELGA]],
)
def test_an_outage_of_telegram_is_waited_out(
    follow: Sigue, bot: Bot, emulador: Emulador, fallas: list[api.Falla]
) -> None:
    emulador.fail("deleteWebhook", *fallas)
    emulador.fail("getUpdates", *fallas)
    emulador.write(TOKEN, "hola")
    follow()
    emulador.await_true(lambda: heard(bot) == ["hola"])


def test_a_lost_postgresql_is_waited_out_and_nothing_is_confirmed_meanwhile(
    start: Arranca, bot: Bot, emulador: Emulador, settings: Settings
) -> None:
    assert settings.owner_url.port
    with Puente(settings.owner_url.port) as puente:
        url = settings.owner_url.set(port=puente.port).render_as_string(hide_password=False)
        process = start(DATABASE_URL=url)
        emulador.write(TOKEN, "antes")
        emulador.await_true(lambda: heard(bot) == ["antes"])
        emulador.await_true(lambda: emulador.pending(TOKEN) == 0)
        puente.cut()
        for n in range(3):
            emulador.write(TOKEN, f"durante {n}")
        emulador.await_true(lambda: emulador.servidos > 1)
        assert emulador.pending(TOKEN) == 3
        puente.mend()
        emulador.await_true(lambda: len(heard(bot)) == 4)
        emulador.await_true(lambda: emulador.pending(TOKEN) == 0)
        assert process.poll() is None
        process.kill()


def test_an_update_that_cannot_be_stored_does_not_hold_up_the_others(
    follow: Sigue, bot: Bot, emulador: Emulador
) -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    emulador.write(TOKEN, "raro\0", chat=7, via=deep)
    emulador.write(TOKEN, "hola")
    follow()
    emulador.await_true(lambda: "hola" in heard(bot))
    emulador.await_true(lambda: emulador.pending(TOKEN) == 0)


def test_a_press_is_stored_and_confirmed_and_who_leaves_or_returns_is_known(
    follow: Sigue, bot: Bot, emulador: Emulador, db: Database, cola: ColaEnMemoria
) -> None:
    persona = Persona(emulador, TOKEN)
    first = persona.write("hola")
    given = {"token": TOKEN, "secreto": ""}
    canal = Telegram(lambda: given, api_url=emulador.url, segundos=2.0)
    canal.send("42", "¿Confirmas?", [Tecla("7:0", "Confirmar")])
    emulador.fail("answerCallbackQuery", api.ERROR_500)
    presses = [persona.press("Confirmar") for _ in range(2)]
    persona.block()
    group = persona.write("¿qué venden?")
    group["message"]["chat"] |= {"id": -100123, "type": "supergroup"}
    follow()
    emulador.await_true(lambda: emulador.pending(TOKEN) == 0)
    emulador.await_true(lambda: sorted(emulador.pulsaciones.values()) == [0, 1])
    assert [m.crudo for m in bot.mensajes()] == [first, *presses]
    with db.empresa(bot.empresa_id) as session:
        assert session.scalars(text("SELECT cerrado FROM chat")).all() == [True]
    persona.unblock()
    emulador.await_true(lambda: emulador.pending(TOKEN) == 0)
    with db.empresa(bot.empresa_id) as session:
        assert session.scalars(text("SELECT cerrado FROM chat")).all() == [False]


def test_what_is_asked_for_is_all_that_is_read(follow: Sigue, bot: Bot, emulador: Emulador) -> None:
    emulador.update(TOKEN, channel_post={"chat": {"id": 1}, "text": "no es para nosotros"})
    emulador.write(TOKEN, "hola")
    follow()
    emulador.await_true(lambda: heard(bot) == ["hola"])
    assert emulador._bots[TOKEN].permitidos == list(UPDATES)


def test_with_a_public_address_every_bot_is_told_of_it_and_nobody_polls(
    follow: Sigue, bot: Bot, emulador: Emulador
) -> None:
    emulador.fail("setWebhook", api.ERROR_500)
    follow(public_url="http://127.0.0.1:9/")
    url = f"http://127.0.0.1:9/webhooks/telegram/{bot.clave}"
    emulador.await_true(lambda: emulador.webhook(TOKEN) == url)
    emulador.await_true(lambda: bot.canal().detalle == "@tienda_bot, por webhook.")
    assert bot.canal().estado == "activo"
    assert "getUpdates" not in emulador.llamadas
