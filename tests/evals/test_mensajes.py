"""What is understood of a thousand messages that nobody wrote for the grammar: floors, and no yes
where there is none."""

import json
from pathlib import Path

from core.agente.calificar import Calificacion, read_dorado, read_mensaje
from core.agente.evaluar import predecir

_AQUI = Path(__file__).parent
PISOS = json.loads((_AQUI.parent / "pisos.json").read_text())["mensajes_propios"]


def score() -> Calificacion:
    nota = Calificacion()
    for line in (_AQUI / "mensajes.jsonl").read_text(encoding="utf-8").splitlines():
        read = json.loads(line)
        mensaje = read_mensaje(read)
        dorado = read_dorado(mensaje)
        assert dorado is not None
        nota.add(mensaje, dorado, predecir(read))
    return nota


def test_our_own_messages_are_understood_as_well_as_ever() -> None:
    nota = score()
    assert nota.falsas[0] == PISOS["falsas"], nota.fallas
    assert nota.perdidas[0] <= PISOS["perdidas"]
    assert nota.con_alternativas / nota.n >= PISOS["acto"]
    assert (nota.items.f1 or 0) >= PISOS["items_f1"]
    assert (nota.datos.f1 or 0) >= PISOS["datos_f1"]
