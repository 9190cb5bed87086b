"""Meta at a real socket: registering, pushing, repeating, shuffling; a database that goes."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from core.adapters.whatsapp_avisos import read_avisos
from core.db import Database
from core.errors import Unavailable
from core.mensajes.lotes import receive_lote
from core.ports import Tarea
from core.settings import Settings
from core.wiring import Servicios
from tests.fakes import ColaEnMemoria
from tests.telegram.conftest import Bot
from tests.whatsapp.avisos import NUMERO, eco, estado, mensaje, wamid_de
from tests.whatsapp.emulador import Emulador, join

Sql = Callable[..., list[Any]]


@pytest.fixture
def servidor(app: Flask, servicios: Servicios) -> Iterator[str]:
    """The web on a socket, as Meta reaches it."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_new_canal_points_its_number_at_us_and_meta_finds_it_there(
    servidor: str,
    servicios: Servicios,
    make_canal: Callable[..., Bot],
    work: Callable[[], None],
    cola: ColaEnMemoria,
    emulador: Emulador,
) -> None:
    servicios.settings = servicios.settings.model_copy(update={"public_url": servidor})
    canal = make_canal(estado="verificando")
    cola.ring(Tarea.CHECK_CANAL, empresa_id=canal.empresa_id, canal_id=canal.canal_id)
    work()
    row = canal.canal()
    assert row.estado == "activo"
    assert row.detalle is not None
    assert "Webhook registrado" in row.detalle
    url = f"{servidor}/webhooks/whatsapp/{canal.clave}"
    assert emulador.push(NUMERO, url, mensaje("Hola")) == 200
    assert len(canal.mensajes()) == 1


@pytest.mark.parametrize("azar", range(3))
def test_a_bad_day_at_meta_loses_and_doubles_nothing(
    servidor: str,
    canal: Bot,
    work: Callable[[], None],
    emulador: Emulador,
    sql: Sql,
    azar: int,
) -> None:
    url = f"{servidor}/webhooks/whatsapp/{canal.clave}"
    said = [mensaje(f"hola {n}", de=f"57300111{n % 5:04}", hace=30 - n) for n in range(20)]
    emulador.push_storm(NUMERO, url, said, azar)
    work()
    news = [
        estado(a.cuerpo, a.wamid, s)
        for a in emulador.aceptados
        for s in ("sent", "delivered", "read")
    ]
    emulador.push_storm(NUMERO, url, [*news, *said], azar)
    work()
    kept = [m.id_externo for m in canal.mensajes() if m.remitente == "usuario"]
    assert sorted(kept) == sorted(map(wamid_de, said))  # type: ignore[type-var]
    assert sql("SELECT DISTINCT entrega FROM mensaje WHERE remitente = 'bot'") == [("leida",)]
    assert sql("SELECT count(*) FROM chat WHERE pendientes > 0") == [(0,)]
    # Each customer was answered, and in what came before the answer nothing is out of its order.
    assert {a.para for a in emulador.aceptados} == {f"57300111{n:04}" for n in range(5)}


def test_messages_echoes_and_news_at_once_wait_for_nobody(
    servidor: str, canal: Bot, emulador: Emulador, work: Callable[[], None]
) -> None:
    url = f"{servidor}/webhooks/whatsapp/{canal.clave}"
    who = [f"57300111{n:04}" for n in range(6)]
    for de in who:
        emulador.push(NUMERO, url, mensaje("Hola", de=de))
    work()
    sent = list(emulador.aceptados)
    posts = [
        [mensaje("otra", de=de) for de in who],
        [mensaje("más", de=de) for de in reversed(who)],
        [estado(a.cuerpo, a.wamid, "delivered") for a in sent],
        [estado(a.cuerpo, a.wamid, "read") for a in reversed(sent)],
        [eco("yo", para=de) for de in reversed(who)],
    ] * 3
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda p: emulador.push(NUMERO, url, *p), posts))
    assert codes == [200] * len(posts)
    by = [m.remitente for m in canal.mensajes()]
    assert by.count("usuario") == 3 * len(who)
    assert by.count("agente") == len(who)


# --- a database that goes away -----------------------------------------------------------------


@dataclass
class BaseInsegura(Database):
    """The nth transaction is committed, or not, and nobody hears of it."""

    real: Database
    n: int
    guarda: bool
    hechas: list[int] = field(default_factory=list)

    @contextmanager
    def empresa(self, empresa_id: int) -> Iterator[Session]:
        self.hechas.append(1)
        lost = len(self.hechas) == self.n
        with self.real.empresa(empresa_id) as session:
            if lost and not self.guarda:

                @event.listens_for(session, "before_commit")
                def _(_: Session) -> None:
                    raise OperationalError("COMMIT", {}, Exception("closed"))

            yield session
        if lost:
            raise OperationalError("COMMIT", {}, Exception("closed"))


@pytest.mark.parametrize("guarda", [True, False])
def test_a_commit_that_nobody_heard_of_is_looked_up_by_its_keys(
    db: Database, ajustes: Settings, canal: Bot, guarda: bool
) -> None:
    avisos = [mensaje(f"m{n}", de=f"57300111{n % 2:04}") for n in range(4)]
    llegadas = read_avisos(join(*avisos), numero=NUMERO).llegadas
    key = {"empresa_id": canal.empresa_id, "canal_id": canal.canal_id, "llegadas": llegadas}
    cola = ColaEnMemoria()
    # 1: finding, 2 and 3: opening two chats, 4: the messages.
    away = BaseInsegura(db, n=4, guarda=guarda)
    if guarda:
        got = receive_lote(away, cola, ajustes, **key)
        assert len({r.mensaje_id for r in got}) == 4
    else:
        with pytest.raises(Unavailable):
            receive_lote(away, cola, ajustes, **key)
        assert canal.mensajes() == []
        receive_lote(db, cola, ajustes, **key)
    assert sorted(m.id_externo or "" for m in canal.mensajes()) == sorted(map(wamid_de, avisos))
