"""Delivery through the real adapter to the emulated Telegram, every fault of it in one storm."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.db import Database
from core.mensajes.entregas import deliver_mensaje, due_entregas
from core.mensajes.salida import Desenlace, Entregado
from core.ports import CuentaCanal
from core.settings import Settings
from core.wiring import Servicios
from tests.fakes import ColaEnMemoria
from tests.telegram import fallas as api
from tests.telegram.conftest import TOKEN, Bot
from tests.telegram.emulador import Emulador

_FAULTS = [
    api.espera(1),
    api.ERROR_500,
    api.HTML_502,
    api.CORTA,
    api.CUELGA,
    api.ACEPTA_Y_CORTA,
    api.ACEPTA_Y_CUELGA,
    api.ACEPTA_Y_BALBUCEA,
]


@pytest.fixture
def servicios(
    db: Database, ajustes: Settings, emulador: Emulador, cola: ColaEnMemoria
) -> Servicios:
    settings = ajustes.model_copy(
        update={"telegram_api_url": emulador.url, "envio_segundos": 0.4, "envio_intentos": 50}
    )
    return Servicios(settings=settings, db=db, cola=cola)


def deliver(servicios: Servicios, bot: Bot, mensaje_id: int) -> Entregado:
    s = servicios
    return deliver_mensaje(
        *(s.db, s.cola, s.settings, s.canales), empresa_id=bot.empresa_id, mensaje_id=mensaje_id
    )


def _cuenta(bot: Bot) -> CuentaCanal:
    row = bot.canal()
    return CuentaCanal(bot.empresa_id, row.id, row.tipo, row.clave, row.credenciales)


def sweep(servicios: Servicios, bot: Bot) -> list[int]:
    """What barrido would ring for, every wait being over."""
    bot.age(10_000)
    with servicios.db.sistema() as session:
        return [mensaje_id for _, mensaje_id in due_entregas(session, rering_segundos=0)]


def test_a_storm_loses_nothing_and_repeats_only_what_was_left_unanswered(
    servicios: Servicios, bot: Bot, emulador: Emulador
) -> None:
    dice = random.Random(7)
    yes = ["Confirmar"]
    replies = [bot.reply(f"{n}", str(n % 6), yes if n % 2 else ()) for n in range(60)]
    faults = [dice.choice(_FAULTS) if dice.random() < 0.4 else None for _ in replies]
    for fault in faults:
        # A Falla without a fault of its own would answer nothing: an open call is none at all.
        if fault is not None:
            emulador.fail("sendMessage", fault)
    with ThreadPoolExecutor(6) as pool:
        for _ in range(200):
            due = sweep(servicios, bot)
            if not due:
                break
            list(pool.map(lambda m: deliver(servicios, bot, m), due))
    assert {bot.row(m).entrega for m in replies} == {"enviada"}
    copies = Counter(a.texto for a in emulador.aceptados)
    unanswered = sum(fault is not None and fault.acepta for fault in faults)
    assert set(copies) == {str(n) for n in range(60)}, "nothing is lost"
    assert {a.texto for a in emulador.aceptados if a.botones} == {str(n) for n in range(1, 60, 2)}
    assert 0 < sum(copies.values()) - 60 <= unanswered, "a copy only for an answer that was lost"
    for chat in range(6):
        seen = list(dict.fromkeys(a.texto for a in emulador.aceptados if a.chat == chat))
        assert seen == [str(n) for n in range(chat, 60, 6)], "in order within each chat"


def test_a_long_reply_arrives_in_pieces_at_telegram_s_pace(
    servicios: Servicios, bot: Bot, emulador: Emulador
) -> None:
    emulador.pausa_chat = 0.2
    paced = Servicios(
        settings=servicios.settings.model_copy(update={"envio_pausa_chat": 0.3}),
        db=servicios.db,
        cola=servicios.cola,
    )
    texto = " ".join(f"Este es el producto número {n} 👍." for n in range(400))
    emulador.fail("sendMessage", api.ACEPTA_Y_CORTA)
    reply = bot.reply(texto, botones=["Confirmar", "Cancelar"])
    ends = []
    while not ends or ends[-1] is not Desenlace.ENVIADA:
        ended = deliver(paced, bot, reply)
        ends.append(ended.desenlace)
        # Signs are no messages: they neither wait for a turn nor take one.
        servicios.canales(_cuenta(bot)).show_escribiendo("42", None)
        threading.Event().wait(0.3)  # this clock is Telegram's too
        bot.age(max(0.0, ended.segundos - 0.3))
    assert ends == [Desenlace.INCIERTA, *[Desenlace.PARTE] * 3, Desenlace.ENVIADA]
    pieces = [a.texto for a in emulador.aceptados]
    assert pieces[0] == pieces[1], "the answer to the first was lost"
    assert " ".join(pieces[1:]) == texto
    assert all(p.endswith("👍.") for p in pieces)
    assert [list(a.botones) for a in emulador.aceptados[:-1]] == [[]] * 4
    assert emulador.aceptados[-1].botones == {
        "Confirmar": f"{reply}:0",
        "Cancelar": f"{reply}:1",
    }


def test_a_customer_who_blocked_the_bot_is_left_in_peace(
    servicios: Servicios, bot: Bot, emulador: Emulador
) -> None:
    emulador.bloqueados.add(42)
    first, second, other = bot.reply("1"), bot.reply("2"), bot.reply("3", "43")
    for reply in (first, second, other):
        deliver(servicios, bot, reply)
    assert [bot.row(m).entrega for m in (first, second, other)] == [
        "fallida",
        "fallida",
        "enviada",
    ]
    assert emulador.llamadas == ["sendMessage"] * 2


def test_a_revoked_token_is_the_canal_s_error_and_a_new_one_delivers(
    servicios: Servicios, bot: Bot, emulador: Emulador
) -> None:
    reply = bot.reply("hola")
    emulador.revoke(TOKEN)
    assert deliver(servicios, bot, reply).error == "credenciales_rechazadas"
    assert bot.canal().estado == "error"
    emulador.add_bot(TOKEN)
    bot.age(61)
    assert deliver(servicios, bot, reply).desenlace is Desenlace.ENVIADA


def test_a_closed_canal_ends_its_replies(servicios: Servicios, bot: Bot, db: Database) -> None:
    from core.cuentas import delete_canal

    reply = bot.reply("hola")
    with db.empresa(bot.empresa_id) as session:
        delete_canal(session, empresa_id=bot.empresa_id, canal_id=bot.canal_id, actor="prueba")
    assert deliver(servicios, bot, reply).desenlace is Desenlace.FALLIDA
