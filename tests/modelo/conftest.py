from collections.abc import Iterator

import pytest

from tests.modelo.servidor import Guion, servidor


@pytest.fixture
def guion() -> Iterator[Guion]:
    """A scripted model; the test fails when it was asked otherwise than the script says."""
    with servidor(Guion()) as guion:
        yield guion
    assert guion.violaciones == []
    assert guion.pasos == [], "steps that nobody asked for"
