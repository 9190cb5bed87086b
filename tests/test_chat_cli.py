"""Talking to the shop in the terminal."""

import subprocess
import sys
from decimal import Decimal

from sqlalchemy import select

from core.cuentas import create_empresa
from core.db import Database
from core.models import Movimiento, Producto
from core.settings import Settings
from tests.conftest import ROOT
from tests.stack import clean_environment


def test_a_sale_is_made_in_the_terminal(settings: Settings, db: Database) -> None:
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
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "web", "chat", "--empresa", str(empresa_id)],
        input="Quiero comprar 10 martillos.\nSí.\nsalir\n",
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
    offer, sold = done.stdout.strip().splitlines()[0], done.stdout
    assert "7" in offer
    assert "registrada" in sold
    with db.empresa(empresa_id) as session:
        assert session.scalars(select(Producto.stock)).one() == 0
