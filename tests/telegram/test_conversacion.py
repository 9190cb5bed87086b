"""A sale by Telegram, from the customer's phone to the ledger and back, through every room."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text, update

from core.agente.turno import Vendedor
from core.db import Database
from core.mensajes.canales import check_canal
from core.mensajes.entregas import deliver_mensaje
from core.models import Cliente, Empresa, Movimiento, Producto, Venta
from core.ports import Documentos, SinDocumentos, Tarea
from core.settings import Settings
from core.wiring import Servicios
from tests.fakes import ColaEnMemoria
from tests.telegram.conftest import TOKEN, Bot
from tests.telegram.emulador import Aceptado, Emulador
from tests.telegram.persona import Persona
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


def answer(servicios: Servicios, cola: ColaEnMemoria, **otros: Any) -> None:
    """What the workers do with the bells that have been rung; `otros` are the seller's."""
    s = servicios
    vendedor = Vendedor(
        **otros,
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


@pytest.fixture
def persona(emulador: Emulador) -> Persona:
    return Persona(emulador, TOKEN)


Oir = Callable[[], list[Aceptado]]


@pytest.fixture
def hear(servicios: Servicios, cola: ColaEnMemoria, emulador: Emulador, sondeo: None) -> Oir:
    """Store all that was sent, answer it as one turn, and give back what the bot said to it."""

    def call() -> list[Aceptado]:
        before = len(emulador.aceptados)
        emulador.await_true(lambda: emulador.pending(TOKEN) == 0)
        answer(servicios, cola)
        return emulador.aceptados[before:]

    return call


@pytest.fixture
def require(db: Database, empresa_id: int) -> Callable[..., None]:
    """The shop wants to know these of whoever buys."""

    def call(*campos: str) -> None:
        with db.empresa(empresa_id) as session:
            session.execute(update(Empresa).values(ajustes={"datos_requeridos": list(campos)}))

    return call


def vendidos(db: Database, bot: Bot) -> list[Venta]:
    with db.empresa(bot.empresa_id) as session:
        found = list(session.scalars(select(Venta).order_by(Venta.id)))
        session.expunge_all()
        return found


@pytest.mark.usefixtures("martillos")
def test_a_sale_is_confirmed_by_a_button_once_and_an_old_button_sells_nothing(
    hear: Oir, persona: Persona, bot: Bot, db: Database, emulador: Emulador
) -> None:
    persona.write("quiero 2 martillos")
    [offer] = hear()
    assert list(offer.botones) == ["Confirmar", "Cancelar"]
    persona.press("Confirmar")
    persona.press("Confirmar")
    [sold] = hear()
    assert sold.botones == {}
    persona.press("Confirmar", bajo=offer)
    hear()
    assert [v.total for v in vendidos(db, bot)] == [Decimal("200.00")]
    persona.write("quiero 3 martillos más")
    hear()
    persona.press("Confirmar", bajo=offer)
    hear()
    assert len(vendidos(db, bot)) == 1, "an old yes is no yes to a newer offer"
    persona.press("Confirmar")
    hear()
    emulador.await_true(lambda: set(emulador.pulsaciones.values()) == {1})
    pressed = [m.texto for m in bot.mensajes() if m.remitente == "usuario" and m.id_externo]
    assert pressed.count("Confirmar") == 5


@pytest.mark.usefixtures("martillos")
def test_a_button_of_a_message_that_telegram_keeps_no_more_is_read_by_what_it_showed(
    hear: Oir, persona: Persona, bot: Bot, db: Database
) -> None:
    persona.write("quiero 2 martillos")
    hear()
    persona.press("Confirmar", inaccesible=True)
    hear()
    assert len(vendidos(db, bot)) == 1
    assert bot.mensajes()[-2].texto == "Confirmar"


@pytest.mark.usefixtures("martillos")
def test_a_cancel_button_cancels_the_offer(
    hear: Oir, persona: Persona, bot: Bot, db: Database
) -> None:
    persona.write("quiero 2 martillos")
    hear()
    persona.press("Cancelar")
    hear()
    persona.write("sí")
    hear()
    assert vendidos(db, bot) == []


@pytest.mark.usefixtures("martillos")
def test_an_edit_after_the_sale_does_not_sell_twice(
    hear: Oir, persona: Persona, bot: Bot, db: Database
) -> None:
    persona.write("quiero 2 martillos")
    hear()
    yes = persona.write("si")
    hear()
    persona.edit(yes, "sí")
    hear()
    assert len(vendidos(db, bot)) == 1


@pytest.mark.usefixtures("martillos")
def test_an_old_yes_that_is_edited_is_no_yes_to_a_newer_offer(
    hear: Oir, persona: Persona, bot: Bot, db: Database
) -> None:
    persona.write("quiero 2 martillos")
    hear()
    yes = persona.write("si")
    hear()
    persona.write("quiero 3 martillos más")
    hear()
    persona.edit(yes, "sí")
    hear()
    assert len(vendidos(db, bot)) == 1
    assert "3 unidades" in bot.mensajes()[-1].texto
    persona.write("sí")
    hear()
    assert len(vendidos(db, bot)) == 2


def test_an_album_and_a_text_of_one_person_are_one_turn_of_one_conversation(
    hear: Oir, persona: Persona, bot: Bot
) -> None:
    persona.write("hola")
    persona.album(3, "¿tienen estos?")
    assert len(hear()) == 1
    heard = [m for m in bot.mensajes() if m.remitente == "usuario"]
    assert [(m.tipo, m.texto) for m in heard] == [
        ("texto", "hola"),
        ("imagen", "¿tienen estos?"),
        ("imagen", ""),
        ("imagen", ""),
    ]
    assert len({m.chat_id for m in bot.mensajes()}) == 1
    assert len({m.respuesta_id for m in heard}) == 1


def test_repeated_and_shuffled_updates_are_one_conversation(
    hear: Oir, persona: Persona, bot: Bot, emulador: Emulador
) -> None:
    updates = [persona.write("hola"), persona.photo(), persona.write("¿están?")]
    with emulador._cond:
        emulador._bots[TOKEN].updates.extend([updates[2], updates[0], updates[1]])
    assert len(hear()) == 1
    assert [m.id_externo for m in bot.mensajes() if m.id_externo] == [
        str(u["update_id"]) for u in updates
    ]


@pytest.mark.usefixtures("martillos")
def test_a_shared_telephone_and_a_shared_place_are_what_the_shop_asked_for(
    hear: Oir, persona: Persona, bot: Bot, db: Database, require: Callable[..., None]
) -> None:
    require("telefono", "direccion")
    persona.write("quiero 2 martillos")
    hear()
    persona.write("sí")
    hear()
    persona.contact("3007654321", "Luis", user_id=99)
    hear()
    persona.contact("573001234567", user_id=42)
    hear()
    persona.location()
    hear()
    persona.write("sí")
    hear()
    [venta] = vendidos(db, bot)
    assert venta.cliente["telefono_e164"] == "+573001234567"
    assert venta.cliente["direccion"] == "Ubicación: 4.60971, -74.08175"


@pytest.mark.usefixtures("sondeo")
def test_somebody_writes_while_a_turn_is_thought(
    servicios: Servicios, cola: ColaEnMemoria, persona: Persona, emulador: Emulador
) -> None:
    def slowly(_: int) -> Documentos:
        emulador.await_true(lambda: len(emulador.acciones) == 2)
        return SinDocumentos()

    persona.write("hola")
    emulador.await_true(lambda: bool(cola.timbres))
    answer(servicios, cola, documentos=slowly)
    assert {(chat, action) for chat, action, _ in emulador.acciones} == {(42, "typing")}
    assert emulador.acciones[-1][2] < emulador.aceptados[0].momento


@pytest.mark.usefixtures("sondeo")
def test_nobody_seems_to_write_while_a_person_has_the_chat(
    servicios: Servicios, cola: ColaEnMemoria, persona: Persona, bot: Bot, db: Database
) -> None:
    persona.write("hola")
    persona.emulador.await_true(lambda: bool(cola.timbres))
    with db.empresa(bot.empresa_id) as session:
        session.execute(text("UPDATE chat SET ia_activa = false"))
    answer(servicios, cola)
    assert [m.estado for m in bot.mensajes()] == ["procesado"]
    assert "sendChatAction" not in persona.emulador.llamadas
