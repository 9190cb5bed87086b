"""Everybody locks in one order: the chat, productos by id, what hangs on them. Who waits for one
of these holds nothing that comes after it: then no two can wait for each other."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Select, select

from core.agente.registrar import record_turno
from core.mensajes.recibir import Destino, receive_mensaje
from core.mensajes.turnos import take_chat
from core.models import Chat, Cliente, Mensaje, Producto, Venta
from core.ports import LineaPedida, Resultado
from core.settings import Settings
from core.ventas import cancel_venta, record_venta
from tests.acceso import Tienda, open_tienda
from tests.fakes import ColaEnMemoria


@pytest.fixture
def tienda(app: Flask) -> Tienda:
    return open_tienda(app)


@contextmanager
def waiting(tienda: Tienda, row: Select[Any], work: Callable[[], object]) -> Iterator[None]:
    """While `work` waits for `row`, which we hold; it must end once we let go."""
    with ThreadPoolExecutor(1) as pool:
        with tienda.db.empresa(tienda.empresa_id) as session:
            session.execute(row.with_for_update())
            done = pool.submit(work)
            with pytest.raises(TimeoutError):
                done.result(0.5)
            yield
        done.result(5)


def assert_free(tienda: Tienda, row: Select[Any]) -> None:
    with tienda.db.empresa(tienda.empresa_id) as session:
        assert session.scalar(row.with_for_update(nowait=True)) is not None


def test_a_cancellation_waits_for_productos_before_it_holds_the_sale(tienda: Tienda) -> None:
    producto_id = tienda.producto(precio="100.00")
    with tienda.db.empresa(tienda.empresa_id) as session:
        venta, _ = record_venta(
            session,
            empresa_id=tienda.empresa_id,
            lineas=[LineaPedida(producto_id, Decimal(1), Decimal("100.00"))],
            clave="k",
            actor="usuario:1",
        )
        venta_id = venta.id

    def cancel() -> None:
        with tienda.db.empresa(tienda.empresa_id) as session:
            cancel_venta(
                session, empresa_id=tienda.empresa_id, venta_id=venta_id, actor="usuario:1"
            )

    with waiting(tienda, select(Producto.id), cancel):
        assert_free(tienda, select(Venta.id))


def test_a_turn_waits_for_its_chat_before_it_holds_anything(
    tienda: Tienda, settings: Settings
) -> None:
    ajustes = settings.model_copy(update={"ventana_rafaga_ms": 0})

    def turn() -> Callable[[], object]:
        got = receive_mensaje(
            tienda.db,
            ColaEnMemoria(),
            ajustes,
            empresa_id=tienda.empresa_id,
            destino=Destino(chat_id="c-1"),
            crudo={"texto": "hola"},
        )
        turno = take_chat(
            tienda.db,
            ajustes,
            empresa_id=tienda.empresa_id,
            chat_id=got.chat_pk,
            worker="w",
            solo=False,
        )
        assert turno is not None
        told = Resultado("hola", {}, "ninguna", cliente={"nombre": "Ana"})
        return lambda: record_turno(tienda.db, turno, told)

    turn()()  # from now on the cliente has a row
    with waiting(tienda, select(Chat.id), turn()):
        assert_free(tienda, select(Cliente.id))
        assert_free(tienda, select(Mensaje.id).where(Mensaje.estado == "pendiente"))
