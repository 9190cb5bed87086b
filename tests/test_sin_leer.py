"""A yes to anything else than the bot's last words about the offer buys nothing (P3)."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from core.agente.turno import Desenlace, Vendedor
from core.catalogo.busqueda.buscar import Buscador
from core.cuentas import create_canal, create_empresa
from core.db import Database
from core.mensajes.historial import hand_back, take_over
from core.mensajes.recibir import Destino, receive_mensaje
from core.mensajes.turnos import release_chat, take_chat
from core.models import Empresa, Mensaje, Movimiento, Producto, TipoCanal, Venta
from core.settings import Settings
from tests.fakes import CanalDePapel, CifradoDePapel, ColaEnMemoria

Dice = Callable[[str], int]


@pytest.fixture
def ajustes(settings: Settings) -> Settings:
    return settings.model_copy(update={"ventana_rafaga_ms": 0})


@pytest.fixture
def empresa_id(db: Database) -> int:
    empresa_id = create_empresa(db, nombre="Ferretería Prueba").empresa_id
    with db.empresa(empresa_id) as session:
        producto = Producto(
            empresa_id=empresa_id,
            clave="mar",
            sku="MAR",
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
    return empresa_id


@pytest.fixture
def dice(db: Database, ajustes: Settings, empresa_id: int) -> Dice:
    """The customer writes; the chat's row id."""

    def write(texto: str) -> int:
        return receive_mensaje(
            db,
            ColaEnMemoria(),
            ajustes,
            empresa_id=empresa_id,
            destino=Destino(chat_id="c1"),
            texto=texto,
        ).chat_pk

    return write


@pytest.fixture
def vendedor(db: Database, ajustes: Settings) -> Vendedor:
    return Vendedor(
        db=db,
        cola=ColaEnMemoria(),
        settings=ajustes,
        canales=CanalDePapel().abrir,
        buscador=Buscador(db),
        worker="w1",
    )


def vendido(db: Database, empresa_id: int) -> list[Decimal]:
    """The totals of what was sold."""
    with db.empresa(empresa_id) as session:
        return list(session.scalars(select(Venta.total)))


def alone(db: Database, ajustes: Settings, empresa_id: int, chat_id: int) -> None:
    """As after a death: what waits is read one message at a time."""
    turno = take_chat(db, ajustes, empresa_id=empresa_id, chat_id=chat_id, worker="w1", solo=False)
    assert turno is not None
    release_chat(db, turno, solo=True)


def test_a_yes_written_before_the_offer_was_made_is_asked_again(
    db: Database, ajustes: Settings, empresa_id: int, dice: Dice, vendedor: Vendedor
) -> None:
    dice("Quiero 2 martillos")
    chat_id = dice("Sí")
    alone(db, ajustes, empresa_id, chat_id)

    def turn() -> Desenlace:
        return vendedor.answer_chat(empresa_id=empresa_id, chat_id=chat_id, solo=True)

    assert turn().resultado.estado_venta == "oferta"  # type: ignore[union-attr]
    early = turn()
    assert early.resultado is not None
    assert (early.resultado.regla, early.resultado.estado_venta) == ("sin_leer", "oferta")
    assert vendido(db, empresa_id) == []

    dice("Sí")
    ended = vendedor.answer_chat(empresa_id=empresa_id, chat_id=chat_id)
    assert ended.resultado is not None
    assert ended.resultado.estado_venta == "confirmada"
    assert vendido(db, empresa_id) == [Decimal("200.00")]


def test_what_is_written_after_the_reply_has_read_it(
    db: Database, ajustes: Settings, empresa_id: int, dice: Dice, vendedor: Vendedor
) -> None:
    chat_id = dice("Quiero 2 martillos")
    vendedor.answer_chat(empresa_id=empresa_id, chat_id=chat_id)
    dice("Sí")
    turno = take_chat(db, ajustes, empresa_id=empresa_id, chat_id=chat_id, worker="w1", solo=False)
    assert turno is not None
    assert turno.visto.leida
    with db.empresa(empresa_id) as session:
        assert session.scalars(select(Mensaje.remitente).order_by(Mensaje.orden)).all() == [
            "usuario", "bot", "usuario",
        ]  # fmt: skip


def offered(vendedor: Vendedor, empresa_id: int, dice: Dice) -> int:
    """The chat's row id; two martillos are on offer in it."""
    chat_id = dice("Quiero 2 martillos")
    ended = vendedor.answer_chat(empresa_id=empresa_id, chat_id=chat_id)
    assert ended.resultado is not None
    assert ended.resultado.estado_venta == "oferta"
    return chat_id


def asked_again(vendedor: Vendedor, empresa_id: int, dice: Dice) -> None:
    """A yes now is asked again, and the yes to that is a sale."""
    chat_id = dice("Sí")
    first = vendedor.answer_chat(empresa_id=empresa_id, chat_id=chat_id).resultado
    assert first is not None
    assert (first.regla, first.estado_venta) == ("sin_leer", "oferta")
    assert vendido(vendedor.db, empresa_id) == []
    dice("Sí")
    assert vendedor.answer_chat(empresa_id=empresa_id, chat_id=chat_id).resultado is not None
    assert vendido(vendedor.db, empresa_id) == [Decimal("200.00")]


def test_a_yes_to_a_person_is_no_yes_to_the_bot_s_offer(
    db: Database, empresa_id: int, dice: Dice, vendedor: Vendedor
) -> None:
    offered(vendedor, empresa_id, dice)
    with db.empresa(empresa_id) as session:
        take_over(session, empresa_id=empresa_id, chat_id="c1", actor="usuario:1")
        hand_back(session, empresa_id=empresa_id, chat_id="c1", actor="usuario:1")
    asked_again(vendedor, empresa_id, dice)


def test_a_yes_to_an_apology_is_no_yes_to_the_offer_before_it(
    db: Database, ajustes: Settings, empresa_id: int, dice: Dice, vendedor: Vendedor
) -> None:
    chat_id = offered(vendedor, empresa_id, dice)
    dice("no, mejor ya no")
    alone(db, ajustes, empresa_id, chat_id)
    with db.empresa(empresa_id) as session:
        tries = ajustes.turno_intentos
        session.execute(update(Mensaje).where(Mensaje.estado == "pendiente").values(intentos=tries))
    ended = vendedor.answer_chat(empresa_id=empresa_id, chat_id=chat_id, solo=True)
    assert ended.estado == "cuarentena"
    asked_again(vendedor, empresa_id, dice)


def test_an_offer_that_never_left_is_not_bought(
    db: Database, ajustes: Settings, empresa_id: int, vendedor: Vendedor
) -> None:
    with db.empresa(empresa_id) as session:
        canal_id = create_canal(
            session,
            CifradoDePapel(),
            empresa_id=empresa_id,
            tipo=TipoCanal.TELEGRAM,
            nombre="Bot",
            credenciales={"token": "1:de-prueba"},
            actor="usuario:1",
        ).id

    def write(texto: str) -> int:
        return receive_mensaje(
            db,
            ColaEnMemoria(),
            ajustes,
            empresa_id=empresa_id,
            destino=Destino(canal_id=canal_id, externo="42"),
            texto=texto,
        ).chat_pk

    offered(vendedor, empresa_id, write)
    chat_id = write("Sí")
    again = vendedor.answer_chat(empresa_id=empresa_id, chat_id=chat_id).resultado
    assert again is not None
    assert again.regla == "sin_leer"
    assert vendido(db, empresa_id) == []


@pytest.mark.parametrize("change", [{"nombre": "Taladro percutor"}, {"unidad": "caja"}])
def test_a_producto_that_became_another_is_offered_again(
    db: Database, empresa_id: int, dice: Dice, vendedor: Vendedor, change: dict[str, str]
) -> None:
    chat_id = offered(vendedor, empresa_id, dice)
    with db.empresa(empresa_id) as session:
        session.execute(update(Producto).values(**change))
    dice("Sí")
    again = vendedor.answer_chat(empresa_id=empresa_id, chat_id=chat_id).resultado
    assert again is not None
    assert (again.regla, again.estado_venta) == ("oferta_movida", "oferta")
    assert next(iter(change.values())) in again.respuesta
    assert vendido(db, empresa_id) == []


def test_what_is_no_longer_sold_in_fractions_is_offered_whole(
    db: Database, empresa_id: int, dice: Dice, vendedor: Vendedor
) -> None:
    with db.empresa(empresa_id) as session:
        session.execute(update(Producto).values(nombre="Cable", unidad="metro"))
    answers = []
    for texto in ("Quiero 2,5 metros de cable", "Sí", "Sí"):
        chat_id = dice(texto)
        ended = vendedor.answer_chat(empresa_id=empresa_id, chat_id=chat_id).resultado
        assert ended is not None
        answers.append(ended.estado_venta)
        with db.empresa(empresa_id) as session:
            session.execute(update(Producto).values(unidad="unidad"))
    assert answers == ["oferta", "oferta", "confirmada"]
    assert vendido(db, empresa_id) == [Decimal("200.00")]


def test_data_given_after_a_person_had_the_chat_complete_no_sale(
    db: Database, empresa_id: int, dice: Dice, vendedor: Vendedor
) -> None:
    with db.empresa(empresa_id) as session:
        session.execute(update(Empresa).values(ajustes={"datos_requeridos": ["nombre"]}))
    chat_id = offered(vendedor, empresa_id, dice)
    dice("Sí")
    asked = vendedor.answer_chat(empresa_id=empresa_id, chat_id=chat_id).resultado
    assert asked is not None
    assert asked.estado_venta == "datos"
    with db.empresa(empresa_id) as session:
        take_over(session, empresa_id=empresa_id, chat_id="c1", actor="usuario:1")
        hand_back(session, empresa_id=empresa_id, chat_id="c1", actor="usuario:1")
    dice("Me llamo Ana Pérez")
    again = vendedor.answer_chat(empresa_id=empresa_id, chat_id=chat_id).resultado
    assert again is not None
    assert (again.regla, again.estado_venta) == ("sin_leer", "oferta")
    assert vendido(db, empresa_id) == []
