"""A yes that was already on its way when the offer was made buys nothing (P3)."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from sqlalchemy import select

from core.agente.turno import Desenlace, Vendedor
from core.cuentas import create_empresa
from core.db import Database
from core.mensajes.recibir import Destino, receive_mensaje
from core.mensajes.turnos import release_chat, take_chat
from core.models import Mensaje, Movimiento, Producto, Venta
from core.settings import Settings
from tests.fakes import CanalDePapel, ColaEnMemoria

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
        db=db, cola=ColaEnMemoria(), settings=ajustes, canales=CanalDePapel().abrir, worker="w1"
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
