import pytest

from core.db import Database
from core.models import Empresa
from core.settings import Settings
from tests.documentos.estanteria import Estanteria


@pytest.fixture
def estanteria(db: Database, settings: Settings) -> Estanteria:
    """Two shops without documentos."""
    for id_ in (1, 2):
        with db.empresa(id_) as session:
            session.add(Empresa(id=id_, nombre=f"Tienda {id_}"))
    return Estanteria(db, settings)
