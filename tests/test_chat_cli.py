"""Talking to the shop in the terminal."""

import subprocess
import sys
from decimal import Decimal

import pytest
from sqlalchemy import select

from core.cuentas import create_empresa
from core.db import Database
from core.models import Movimiento, Producto
from core.settings import Settings
from tests.conftest import ROOT
from tests.stack import clean_environment


@pytest.fixture
def empresa_id(db: Database) -> int:
    empresa_id = create_empresa(db, nombre="Ferretería").empresa_id
    with db.empresa(empresa_id) as session:
        producto = Producto(
            empresa_id=empresa_id,
            clave="m",
            nombre="Martillo",
            precio=Decimal(100),
            moneda="COP",
            stock=Decimal(7),
        )
        session.add(producto)
        session.flush()
        session.add(
            Movimiento(empresa_id=empresa_id, producto_id=producto.id, cantidad=7, motivo="alta")
        )
    return empresa_id


def talk(settings: Settings, empresa_id: int, said: str, *options: str) -> str:
    order = ["chat", "--empresa", str(empresa_id), *options]
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "web", *order],
        input=said,
        cwd=ROOT,
        env=clean_environment()
        | {
            "DATA_DIR": str(settings.data_dir),
            "DATABASE_URL": settings.owner_url.render_as_string(hide_password=False),
            "REDIS_URL": settings.redis_location,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_sale_is_made_in_the_terminal(settings: Settings, db: Database, empresa_id: int) -> None:
    told = talk(settings, empresa_id, "Quiero comprar 10 martillos.\nSí.\nsalir\n")
    assert "7" in told.splitlines()[0]
    assert "registrada" in told
    assert "regla" not in told
    with db.empresa(empresa_id) as session:
        assert session.scalars(select(Producto.stock)).one() == 0


def test_it_also_says_why(settings: Settings, empresa_id: int) -> None:
    told = talk(settings, empresa_id, "Quiero 2 martillos\nsalir\n", "--porque")
    said, understood, searched, decided = told.splitlines()
    assert said.startswith("tienda> ")
    assert '"acto": "pedido"' in understood
    assert searched.startswith("  buscó «martillos»: Martillo (1.00, ")
    assert decided.startswith("  decidió: oferta (regla ")
