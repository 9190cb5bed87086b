import pytest

from tests.agente.mostrador import Mostrador


@pytest.fixture
def mostrador() -> Mostrador:
    return Mostrador()
