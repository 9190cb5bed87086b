"""A sale that takes another's place, on real PostgreSQL: one transaction, or nothing."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from core.cuentas import create_empresa
from core.db import Database
from core.errors import StockInsuficiente, TransicionInvalida
from core.models import Movimiento, Producto, Venta, VentaLinea
from core.ports import LineaPedida
from core.ventas import cancel_venta, record_venta


@pytest.fixture
def empresa_id(db: Database) -> int:
    return create_empresa(db, nombre="Ferretería Prueba").empresa_id


@pytest.fixture
def productos(db: Database, empresa_id: int) -> list[int]:
    """Two, ten of each."""
    made = []
    with db.empresa(empresa_id) as session:
        for clave in ("a", "b"):
            row = Producto(
                empresa_id=empresa_id,
                clave=clave,
                nombre=clave,
                precio=Decimal("100.00"),
                moneda="COP",
                stock=Decimal(10),
            )
            session.add(row)
            session.flush()
            session.add(
                Movimiento(
                    empresa_id=empresa_id, producto_id=row.id, cantidad=Decimal(10), motivo="alta"
                )
            )
            made.append(row.id)
    return made


def sell(
    db: Database, empresa_id: int, clave: str, *lineas: tuple[int, int], de: int | None = None
) -> tuple[int, bool]:
    with db.empresa(empresa_id) as session:
        venta, new = record_venta(
            session,
            empresa_id=empresa_id,
            lineas=[LineaPedida(p, Decimal(q), Decimal("100.00")) for p, q in lineas],
            clave=clave,
            actor="agente",
            reemplaza=de,
        )
        return venta.id, new


def shelf(db: Database, empresa_id: int) -> list[Decimal]:
    """The stock of each producto, which its ledger agrees with."""
    with db.empresa(empresa_id) as session:
        rows = session.execute(
            text(
                "SELECT p.stock, sum(m.cantidad) AS escrito FROM producto p "
                "JOIN movimiento m ON m.producto_id = p.id GROUP BY p.id, p.stock ORDER BY p.id"
            )
        ).all()
    assert all(row.stock == row.escrito for row in rows)
    return [row.stock for row in rows]


def states(db: Database, empresa_id: int) -> list[str]:
    with db.empresa(empresa_id) as session:
        return list(session.scalars(select(Venta.estado).order_by(Venta.id)))


def test_what_the_old_sale_gives_back_can_be_sold_again_at_once(
    db: Database, empresa_id: int, productos: list[int]
) -> None:
    a, b = productos
    old, _ = sell(db, empresa_id, "1", (a, 8))
    new, made = sell(db, empresa_id, "2", (b, 1), (a, 10), de=old)
    assert made
    assert states(db, empresa_id) == ["cancelada", "confirmada"]
    assert shelf(db, empresa_id) == [0, 9]
    with db.empresa(empresa_id) as session:
        lines = session.execute(
            select(VentaLinea.producto_id, VentaLinea.cantidad).where(VentaLinea.venta_id == new)
        ).all()
    assert [tuple(x) for x in lines] == [(a, 10), (b, 1)]


def test_saying_it_twice_is_one_change(db: Database, empresa_id: int, productos: list[int]) -> None:
    old, _ = sell(db, empresa_id, "1", (productos[0], 8))
    first = sell(db, empresa_id, "2", (productos[0], 3), de=old)
    assert sell(db, empresa_id, "2", (productos[0], 3), de=old) == (first[0], False)
    assert shelf(db, empresa_id) == [7, 10]


def test_a_change_that_cannot_be_served_leaves_the_old_sale(
    db: Database, empresa_id: int, productos: list[int]
) -> None:
    old, _ = sell(db, empresa_id, "1", (productos[0], 8))
    with pytest.raises(StockInsuficiente):
        sell(db, empresa_id, "2", (productos[0], 11), de=old)
    assert states(db, empresa_id) == ["confirmada"]
    assert shelf(db, empresa_id) == [2, 10]


def test_a_sale_that_is_not_in_force_is_not_changed(
    db: Database, empresa_id: int, productos: list[int]
) -> None:
    old, _ = sell(db, empresa_id, "1", (productos[0], 8))
    with db.empresa(empresa_id) as session:
        cancel_venta(session, empresa_id=empresa_id, venta_id=old, actor="usuario:1")
    with pytest.raises(TransicionInvalida):
        sell(db, empresa_id, "2", (productos[0], 3), de=old)
    assert states(db, empresa_id) == ["cancelada"]
    assert shelf(db, empresa_id) == [10, 10]


def test_two_sales_that_trade_their_goods_do_not_wait_for_each_other(
    db: Database, empresa_id: int, productos: list[int]
) -> None:
    a, b = productos
    for n in range(8):
        one, _ = sell(db, empresa_id, f"a{n}", (a, 1))
        other, _ = sell(db, empresa_id, f"b{n}", (b, 1))
        with ThreadPoolExecutor(2) as pool:
            crossed = [
                pool.submit(sell, db, empresa_id, f"a{n}b", (b, 1), de=one),
                pool.submit(sell, db, empresa_id, f"b{n}a", (a, 1), de=other),
            ]
            assert all(done.result()[1] for done in crossed)
    assert shelf(db, empresa_id) == [2, 2]
