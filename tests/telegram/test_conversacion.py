"""A sale by Telegram, from the customer's phone to the ledger and back, through every room."""

import asyncio
import threading
from collections.abc import Iterator
from decimal import Decimal

import pytest
from sqlalchemy import select

from core.agente.turno import Vendedor
from core.db import Database
from core.mensajes.canales import check_canal
from core.mensajes.entregas import deliver_mensaje
from core.models import Cliente, Movimiento, Producto, Venta
from core.ports import Tarea
from core.settings import Settings
from core.wiring import Servicios
from tests.fakes import ColaEnMemoria
from tests.telegram.conftest import TOKEN, Bot
from tests.telegram.emulador import Emulador
from workers.telegram import Sondeo


@pytest.fixture
def servicios(
    db: Database, ajustes: Settings, emulador: Emulador, cola: ColaEnMemoria
) -> Servicios:
    settings = ajustes.model_copy(update={"telegram_api_url": emulador.url, "sondeo_segundos": 5})
    return Servicios(settings=settings, db=db, cola=cola)


@pytest.fixture
def sondeo(servicios: Servicios, bot: Bot) -> Iterator[None]:
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    run = Sondeo(servicios, pausas=(0.05,)).run(stop)
    thread = threading.Thread(target=loop.run_until_complete, args=(run,))
    thread.start()
    yield
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()


@pytest.fixture
def martillos(db: Database, empresa_id: int) -> int:
    with db.empresa(empresa_id) as session:
        producto = Producto(
            empresa_id=empresa_id,
            clave="m1",
            nombre="Martillo",
            precio=Decimal("100.00"),
            moneda="COP",
            stock=Decimal(7),
        )
        session.add(producto)
        session.flush()
        session.add(
            Movimiento(empresa_id=empresa_id, producto_id=producto.id, cantidad=7, motivo="alta")
        )
        return producto.id


def answer(servicios: Servicios, cola: ColaEnMemoria) -> None:
    """What the workers do with the bells that have been rung."""
    s = servicios
    vendedor = Vendedor(
        db=s.db,
        cola=cola,
        settings=s.settings,
        canales=s.canales,
        buscador=s.buscador,
        worker="prueba",
    )
    while cola.timbres:
        tarea, ids = cola.timbres.pop(0)
        if tarea is Tarea.ANSWER_CHAT:
            vendedor.answer_chat(**ids)
        elif tarea is Tarea.DELIVER_MENSAJE:
            deliver_mensaje(s.db, cola, s.settings, s.canales, **ids)
        elif tarea is Tarea.CHECK_CANAL:
            check_canal(s.db, s.settings, s.canales, **ids)


@pytest.mark.usefixtures("sondeo", "martillos")
def test_the_conversation_of_the_shop_works_by_telegram(
    servicios: Servicios, cola: ColaEnMemoria, bot: Bot, emulador: Emulador, db: Database
) -> None:
    said: list[str] = []
    for texto in ("/start", "Quiero comprar 10 martillos.", "Sí."):
        emulador.write(TOKEN, texto)
        emulador.await_true(lambda: bool(cola.timbres))
        answer(servicios, cola)
        said = [a.texto for a in emulador.aceptados]
    assert len(said) == 3
    assert "7" in said[1]
    with db.empresa(bot.empresa_id) as session:
        [venta] = session.scalars(select(Venta)).all()
        assert venta.total == Decimal("700.00")
        assert session.scalars(select(Producto.stock)).one() == 0
    assert [m.texto for m in bot.mensajes() if m.remitente == "usuario"] == [
        "Hola",
        "Quiero comprar 10 martillos.",
        "Sí.",
    ]
    assert {m.entrega for m in bot.mensajes() if m.remitente == "bot"} == {"enviada"}


@pytest.mark.usefixtures("sondeo", "martillos")
def test_what_is_no_text_is_answered_honestly_and_a_service_notice_not_at_all(
    servicios: Servicios, cola: ColaEnMemoria, bot: Bot, emulador: Emulador
) -> None:
    photo = [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]
    emulador.write(TOKEN, None, photo=photo)
    emulador.await_true(lambda: bool(cola.timbres))
    answer(servicios, cola)
    assert "solo puedo leer texto" in emulador.aceptados[0].texto
    emulador.write(TOKEN, None, new_chat_title="Otro nombre")
    emulador.write(TOKEN, "hola")
    emulador.await_true(lambda: bool(cola.timbres))
    answer(servicios, cola)
    assert len([a for a in emulador.aceptados if "solo puedo leer" in a.texto]) == 1
    assert {m.estado for m in bot.mensajes()} == {"procesado"}


@pytest.mark.usefixtures("sondeo")
def test_the_shop_sees_who_writes(
    servicios: Servicios, cola: ColaEnMemoria, bot: Bot, emulador: Emulador, db: Database
) -> None:
    emulador.write(TOKEN, "hola")
    emulador.await_true(lambda: bool(cola.timbres))
    answer(servicios, cola)
    with db.empresa(bot.empresa_id) as session:
        assert session.scalars(select(Cliente.nombre)).all() == ["Ana Paz"]
