"""Delivery on real PostgreSQL: in order, within the rate, at least once, and when to give up."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from core.db import Database
from core.errors import (
    ChatCerrado,
    CredencialesIlegibles,
    CredencialesRechazadas,
    EnvioIncierto,
    EnvioLimitado,
    EnvioRechazado,
    Unavailable,
)
from core.mensajes.entregas import deliver_mensaje, due_entregas
from core.mensajes.salida import Desenlace, Entregado
from core.models import Chat
from core.ports import Canal, CuentaCanal, Tarea, Tecla
from core.settings import Settings
from tests.fakes import CanalDePapel, ColaEnMemoria
from tests.telegram.conftest import Bot

Entregar = Callable[..., Entregado]


@pytest.fixture
def papel() -> CanalDePapel:
    return CanalDePapel()


def estado(bot: Bot, mensaje_id: int) -> str:
    return bot.row(mensaje_id).entrega


def test_a_reply_is_delivered_once_however_often_it_is_asked(
    bot: Bot, papel: CanalDePapel, deliver: Entregar
) -> None:
    reply = bot.reply("Sí, hay martillos.")
    ends = [deliver(papel.abrir, reply).desenlace for _ in range(3)]
    assert ends == [Desenlace.ENVIADA, Desenlace.AJENA, Desenlace.AJENA]
    assert papel.enviados == [("42", "Sí, hay martillos.")]
    row = bot.row(reply)
    assert (row.entrega, row.id_proveedor, row.entrega_intentos) == ("enviada", "papel:1", 0)


def test_concurrent_senders_send_once(bot: Bot, papel: CanalDePapel, deliver: Entregar) -> None:
    reply = bot.reply("uno")
    with ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(lambda _: deliver(papel.abrir, reply).desenlace, range(16)))
    assert ends.count(Desenlace.ENVIADA) == 1
    assert papel.enviados == [("42", "uno")]


def test_a_reply_waits_for_the_one_before_it_and_is_rung_when_that_left(
    bot: Bot, papel: CanalDePapel, deliver: Entregar, cola: ColaEnMemoria
) -> None:
    first, second, other = bot.reply("1"), bot.reply("2"), bot.reply("otro chat", "43")
    assert deliver(papel.abrir, second).desenlace is Desenlace.AJENA
    assert deliver(papel.abrir, other).desenlace is Desenlace.ENVIADA
    assert deliver(papel.abrir, first).siguiente == second
    ids = {"empresa_id": bot.empresa_id, "mensaje_id": second}
    assert cola.timbres == [(Tarea.DELIVER_MENSAJE, ids)]
    deliver(papel.abrir, second)
    assert [t for _, t in papel.enviados] == ["otro chat", "1", "2"]


def test_no_transaction_is_open_while_the_provider_thinks(
    bot: Bot, db: Database, settings: Settings, deliver: Entregar
) -> None:
    seen: list[list[str]] = []

    class Mira(CanalDePapel):
        def send(self, externo: str, texto: str, teclas: Sequence[Tecla] = (), **resto: Any) -> str:
            url = settings.owner_url.set(drivername="postgresql", username="postgres")
            with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
                rows = connection.execute(
                    "SELECT state FROM pg_stat_activity WHERE datname = current_database() "
                    "AND pid <> pg_backend_pid() AND state LIKE '%transaction%'"
                ).fetchall()
            seen.append([row[0] for row in rows])
            return super().send(externo, texto, teclas)

    deliver(Mira().abrir, bot.reply("hola"))
    assert seen == [[]]


# --- what fails --------------------------------------------------------------------------------


def test_a_sender_that_died_after_sending_is_repeated_once_its_lease_ends(
    bot: Bot, papel: CanalDePapel, deliver: Entregar
) -> None:
    class Muere(BaseException):
        """As kill -9: nothing of ours runs after it."""

    class Mortal(CanalDePapel):
        def send(self, externo: str, texto: str, teclas: Sequence[Tecla] = (), **resto: Any) -> str:
            super().send(externo, texto, teclas)
            raise Muere

    mortal = Mortal(enviados=papel.enviados)
    reply = bot.reply("hola")
    with pytest.raises(Muere):
        deliver(mortal.abrir, reply)
    assert (estado(bot, reply), bot.row(reply).entrega_intentos) == ("enviando", 1)
    assert deliver(papel.abrir, reply).desenlace is Desenlace.AJENA
    bot.age(60)
    assert deliver(papel.abrir, reply).desenlace is Desenlace.ENVIADA
    assert [t for _, t in papel.enviados] == ["hola", "hola"]
    assert bot.row(reply).error == "envio_incierto", "that it may have been a copy stays known"


def test_a_reply_that_kills_its_sender_every_time_is_given_up_and_the_next_one_leaves(
    bot: Bot, papel: CanalDePapel, deliver: Entregar, cola: ColaEnMemoria
) -> None:
    poison, healthy = bot.reply("veneno"), bot.reply("sana")
    papel.fallas = [RuntimeError() for _ in range(8)]
    for _ in range(8):
        with pytest.raises(RuntimeError):
            deliver(papel.abrir, poison)
        bot.age(60)
    ended = deliver(papel.abrir, poison)
    assert (ended.desenlace, ended.error) == (Desenlace.FALLIDA, "intentos_agotados")
    assert cola.timbres[-1][1]["mensaje_id"] == healthy
    assert deliver(papel.abrir, healthy).desenlace is Desenlace.ENVIADA


def test_an_outage_burns_no_attempt_and_loses_nothing(
    bot: Bot, papel: CanalDePapel, deliver: Entregar
) -> None:
    reply = bot.reply("hola")
    papel.fallas = [Unavailable("caído") for _ in range(30)]
    for _ in range(30):
        ended = deliver(papel.abrir, reply)
        assert ended.desenlace is Desenlace.ESPERA
        assert 2 <= ended.segundos <= 300
        assert deliver(papel.abrir, reply).desenlace is Desenlace.AJENA, "not due before its time"
        bot.age(400)
    assert bot.row(reply).entrega_intentos == 0
    assert deliver(papel.abrir, reply).desenlace is Desenlace.ENVIADA
    assert papel.enviados == [("42", "hola")]


def test_a_reply_of_yesterday_is_no_longer_tried(
    bot: Bot, papel: CanalDePapel, deliver: Entregar, db: Database
) -> None:
    reply = bot.reply("hola")
    with db.empresa(bot.empresa_id) as session:
        session.execute(text("UPDATE mensaje SET creado_en = now() - interval '25 hours'"))
    papel.fallas = [Unavailable("caído")]
    assert deliver(papel.abrir, reply).error == "caducada"


def test_answers_that_never_come_are_counted_because_each_may_be_a_copy(
    bot: Bot, papel: CanalDePapel, deliver: Entregar
) -> None:
    reply = bot.reply("hola")
    papel.fallas = [EnvioIncierto("sin respuesta") for _ in range(8)]
    papel.acepta_antes = True
    ends, waits = [], []
    for _ in range(8):
        ended = deliver(papel.abrir, reply)
        ends.append(ended.desenlace)
        waits.append(ended.segundos)
        bot.age(10_000)
    assert ends == [Desenlace.INCIERTA] * 7 + [Desenlace.FALLIDA]
    assert sum(waits) > 3 * 3600, "a provider that hangs for hours loses no reply"
    assert len(papel.enviados) == 8


def test_retry_after_silences_the_whole_bot_and_only_that_bot(
    bot: Bot, make_bot: Callable[..., Bot], papel: CanalDePapel, deliver: Entregar
) -> None:
    other = make_bot("654321:otro")
    mine, same_bot, other_bot = bot.reply("1"), bot.reply("2", "43"), other.reply("3", "44")
    papel.fallas = [EnvioLimitado("espera", segundos=30)]
    ended = deliver(papel.abrir, mine)
    assert (ended.desenlace, ended.segundos) == (Desenlace.ESPERA, 30)
    assert bot.row(mine).entrega_intentos == 0
    waiting = deliver(papel.abrir, same_bot)
    assert waiting.desenlace is Desenlace.ESPERA
    assert 25 < waiting.segundos <= 30
    assert deliver(papel.abrir, other_bot).desenlace is Desenlace.ENVIADA
    bot.age(31)
    assert deliver(papel.abrir, mine).desenlace is Desenlace.ENVIADA
    assert deliver(papel.abrir, same_bot).desenlace is Desenlace.ENVIADA


def test_a_customer_who_blocked_the_bot_gets_nothing_more_of_what_waited(
    bot: Bot, papel: CanalDePapel, deliver: Entregar, db: Database
) -> None:
    first, second, other = bot.reply("1"), bot.reply("2"), bot.reply("3", "43")
    papel.fallas = [ChatCerrado("bloqueado")]
    assert deliver(papel.abrir, first).error == "chat_cerrado"
    assert (estado(bot, first), estado(bot, second)) == ("fallida", "fallida")
    assert estado(bot, other) == "pendiente"
    with db.empresa(bot.empresa_id) as session:
        assert session.get_one(Chat, (bot.empresa_id, bot.chat())).cerrado


def test_a_customer_who_came_back_is_answered(
    bot: Bot, papel: CanalDePapel, deliver: Entregar, db: Database
) -> None:
    papel.fallas = [ChatCerrado("bloqueado")]
    deliver(papel.abrir, bot.reply("1"))
    assert deliver(papel.abrir, bot.reply("2")).desenlace is Desenlace.ENVIADA
    with db.empresa(bot.empresa_id) as session:
        assert not session.get_one(Chat, (bot.empresa_id, bot.chat())).cerrado


def test_a_refused_message_fails_alone(bot: Bot, papel: CanalDePapel, deliver: Entregar) -> None:
    bad, good = bot.reply("malo"), bot.reply("bueno")
    papel.fallas = [EnvioRechazado("vacío")]
    assert deliver(papel.abrir, bad).siguiente == good
    assert deliver(papel.abrir, good).desenlace is Desenlace.ENVIADA
    assert (bot.row(bad).entrega, bot.row(bad).error) == ("fallida", "envio_rechazado")


@pytest.mark.parametrize("failure", [CredencialesRechazadas, CredencialesIlegibles])
def test_a_revoked_token_stops_the_canal_and_keeps_the_reply(
    bot: Bot, papel: CanalDePapel, deliver: Entregar, failure: type[CredencialesRechazadas]
) -> None:
    reply = bot.reply("hola")
    papel.fallas = [failure("Telegram no reconoce el token.")]
    assert deliver(papel.abrir, reply).desenlace is Desenlace.ESPERA
    canal = bot.canal()
    assert (canal.estado, canal.detalle) == ("error", "Telegram no reconoce el token.")
    bot.age(61)
    assert deliver(papel.abrir, reply).desenlace is Desenlace.ENVIADA


def test_credentials_that_do_not_open_are_the_canal_s_trouble_too(
    bot: Bot, deliver: Entregar
) -> None:
    def abrir(cuenta: CuentaCanal) -> Canal:
        raise CredencialesIlegibles("Las credenciales no se pueden leer.")

    assert deliver(abrir, bot.reply("hola")).desenlace is Desenlace.ESPERA
    assert bot.canal().estado == "error"


# --- pieces and pace ---------------------------------------------------------------------------


def test_a_long_reply_resumes_after_the_pieces_that_were_accepted(
    bot: Bot, papel: CanalDePapel, deliver: Entregar
) -> None:
    papel.max_caracteres = 20
    papel.fallas = [None, Unavailable("caído")]
    reply, following = bot.reply("Primera frase. Segunda frase. Tercera."), bot.reply("y más")
    ends = []
    for _ in range(4):
        ends.append(deliver(papel.abrir, reply).desenlace)
        assert deliver(papel.abrir, following).desenlace is not Desenlace.ENVIADA or (
            ends[-1] is Desenlace.ENVIADA
        )
        bot.age(400)
    assert ends == [Desenlace.PARTE, Desenlace.ESPERA, Desenlace.PARTE, Desenlace.ENVIADA]
    assert [t for _, t in papel.enviados] == [
        "Primera frase.",
        "Segunda frase.",
        "Tercera.",
        "y más",
    ]


def test_one_chat_hears_from_us_at_most_once_a_second(
    bot: Bot, papel: CanalDePapel, deliver: Entregar
) -> None:
    first, second, other = bot.reply("1"), bot.reply("2"), bot.reply("3", "43")
    assert deliver(papel.abrir, first, envio_pausa_chat=1.0).segundos == 1.0
    waiting = deliver(papel.abrir, second, envio_pausa_chat=1.0)
    assert waiting.desenlace is Desenlace.ESPERA
    assert 0 < waiting.segundos <= 1
    assert deliver(papel.abrir, other, envio_pausa_chat=1.0).desenlace is Desenlace.ENVIADA


def test_a_bot_that_has_much_to_say_queues_up_in_rows_not_in_threads(
    bot: Bot, papel: CanalDePapel, deliver: Entregar
) -> None:
    replies = [bot.reply(str(n), externo=str(n)) for n in range(8)]
    ends = [deliver(papel.abrir, r, envio_por_segundo=8.0) for r in replies]
    sent = [e for e in ends if e.desenlace is Desenlace.ENVIADA]
    waiting = [e for e in ends if e.desenlace is Desenlace.ESPERA]
    # Those within half a second's patience were waited for; each wait lets the bot speak again.
    assert len(sent) + len(waiting) == 8
    assert all(0 < e.segundos < 1 for e in waiting)


def test_a_sender_that_slept_through_its_lease_does_not_send(
    bot: Bot, papel: CanalDePapel, db: Database, ajustes: Settings, cola: ColaEnMemoria
) -> None:
    reply = bot.reply("hola")

    def dormido(cuenta: CuentaCanal) -> Canal:
        ended = threading.Event()
        ended.wait(0.2)  # as SIGSTOP would, beyond the lease's margin
        return papel

    hurried = ajustes.model_copy(update={"envio_margen_segundos": 0.1})
    ended = deliver_mensaje(db, cola, hurried, dormido, empresa_id=bot.empresa_id, mensaje_id=reply)
    assert (ended.desenlace, papel.enviados) == (Desenlace.AJENA, [])


def test_what_was_accepted_is_written_down_even_by_a_sender_whose_lease_is_gone(
    bot: Bot, papel: CanalDePapel, deliver: Entregar
) -> None:
    reply = bot.reply("hola")

    class Lento(CanalDePapel):
        def send(self, externo: str, texto: str, teclas: Sequence[Tecla] = (), **resto: Any) -> str:
            bot.age(60)
            papel.fallas = [Unavailable("caído")]
            deliver(papel.abrir, reply)
            return "lento:1"

    deliver(Lento().abrir, reply)
    assert (estado(bot, reply), bot.row(reply).id_proveedor) == ("enviada", "lento:1")


@dataclass
class BaseQueSeVa(Database):
    """The database, away for the transactions numbered in `ausente`."""

    real: Database
    ausente: set[int]
    n: int = 0

    @contextmanager
    def empresa(self, empresa_id: int) -> Iterator[Session]:
        self.n += 1
        if self.n in self.ausente:
            raise OperationalError("COMMIT", {}, Exception("server closed the connection"))
        with self.real.empresa(empresa_id) as session:
            yield session


def test_an_accepted_reply_is_written_down_when_the_database_is_back(
    bot: Bot, db: Database, papel: CanalDePapel, ajustes: Settings, cola: ColaEnMemoria
) -> None:
    reply = bot.reply("hola")
    away = BaseQueSeVa(db, ausente={2, 3})
    ended = deliver_mensaje(
        away, cola, ajustes, papel.abrir, empresa_id=bot.empresa_id, mensaje_id=reply
    )
    assert (ended.desenlace, estado(bot, reply)) == (Desenlace.ENVIADA, "enviada")
    assert len(papel.enviados) == 1


# --- barrido -----------------------------------------------------------------------------------


def due(db: Database, rering: float = 5.0) -> list[int]:
    with db.sistema() as session:
        return [mensaje_id for _, mensaje_id in due_entregas(session, rering_segundos=rering)]


def test_barrido_names_the_first_due_reply_of_each_chat_and_not_at_every_sweep(
    bot: Bot, db: Database
) -> None:
    first, _, other = bot.reply("1"), bot.reply("2"), bot.reply("3", "43")
    assert due(db) == [], "the bell that was rung with the commit has a second"
    bot.age(2)
    assert sorted(due(db)) == [first, other]
    assert due(db) == []
    assert sorted(due(db, rering=0.0)) == [first, other]


def test_barrido_finds_a_dead_sender_s_reply_when_its_lease_ends(
    bot: Bot, db: Database, papel: CanalDePapel, deliver: Entregar
) -> None:
    reply = bot.reply("hola")
    papel.fallas = [RuntimeError()]
    with pytest.raises(RuntimeError):
        deliver(papel.abrir, reply)
    assert due(db) == []
    bot.age(60)
    assert due(db) == [reply]


def test_barrido_leaves_throw_away_shops_alone(bot: Bot, db: Database) -> None:
    bot.reply("1")
    bot.age(2)
    with db.empresa(bot.empresa_id) as session:
        session.execute(text("UPDATE empresa SET efimera = true"))
    assert due(db) == []
