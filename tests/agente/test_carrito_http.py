"""The seller's carrito as a shopkeeper reads it: quantities as numbers, money as text."""

from decimal import Decimal

from sqlalchemy import update

from core.cuentas import create_empresa
from core.db import Database
from core.mensajes.recibir import Destino, receive_mensaje
from core.models import Chat
from core.settings import Settings
from tests.agente.mostrador import Mostrador
from tests.fakes import ColaEnMemoria
from web.chats import show_linea


def test_the_carrito_shows_numbers_and_money(
    db: Database, settings: Settings, mostrador: Mostrador
) -> None:
    mostrador.dice("quiero 2.5 metros de manguera reforzada")
    empresa_id = create_empresa(db, nombre="La Tuerca").empresa_id
    chat = receive_mensaje(
        db, ColaEnMemoria(), settings, empresa_id=empresa_id, destino=Destino(chat_id="c"),
        texto="hola",
    )  # fmt: skip
    with db.empresa(empresa_id) as session:
        session.execute(
            update(Chat).where(Chat.id == chat.chat_pk).values(conversacion=mostrador.memoria)
        )
    with db.empresa(empresa_id) as session:
        kept = session.get_one(Chat, (empresa_id, chat.chat_pk)).conversacion["carrito"]
    assert [show_linea(line) for line in kept] == [
        {
            "sku": "MG-1",
            "nombre": "Manguera de riego reforzada (metro)",
            "cantidad": 2.5,
            "precio_unitario": "4300.00",
        }
    ]
    assert Decimal(kept[0]["cantidad"]) == Decimal("2.5")
