"""Our own dialogues (dialogos.yaml), over a catalogue on paper and over the real search."""

from pathlib import Path

import pytest
import yaml

from core.agente.examen import Dialogo, examine, read_dialogos
from tests.agente.mostrador import Mostrador

DIALOGOS = read_dialogos(
    yaml.safe_load(Path(__file__).with_name("dialogos.yaml").read_text(encoding="utf-8"))
)


@pytest.mark.parametrize("dialogo", DIALOGOS, ids=lambda d: f"{d.id} {d.tema}")
def test_a_dialogue_ends_as_it_should(dialogo: Dialogo, mostrador: Mostrador) -> None:
    nota = examine(dialogo, mostrador)
    assert nota.bien, nota.line()
    assert nota.hechos == nota.hechos_total, nota.dichos
