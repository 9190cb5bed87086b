"""Two shops, of which the first keeps stock = Σ movimientos whatever a test does to it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from core.db import Database
from core.models import Empresa
from core.settings import Settings


@pytest.fixture
def empresa_id(db: Database) -> Iterator[int]:
    for id_ in (1, 2):
        with db.empresa(id_) as session:
            session.add(Empresa(id=id_, nombre=f"Tienda {id_}"))
    yield 1
    assert unbalanced(db) == [], "stock = Σ movimientos"


@pytest.fixture
def chico(settings: Settings) -> Settings:
    """Chunks of ten rows, so that a small file has many."""
    return settings.model_copy(update={"importacion_paso_filas": 10})


def unbalanced(db: Database) -> list[int]:
    with db.empresa(1) as session:
        return list(
            session.scalars(
                text(
                    "SELECT p.id FROM producto p WHERE p.stock <> coalesce((SELECT "
                    "sum(m.cantidad) FROM movimiento m WHERE m.producto_id = p.id), 0)"
                )
            )
        )
