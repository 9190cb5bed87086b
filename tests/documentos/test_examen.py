"""The exam's throw-away shops know what stands in the documentos.md beside the dialogues."""

from pathlib import Path

from core.agente.evaluar import Examen
from core.agente.examen import read_dialogos
from core.db import Database
from core.settings import Settings
from tests.agente.mostrador import CATALOGO
from tests.documentos.estanteria import HORARIO
from web.evaluar import find_documentos

_DIALOGO = {
    "id": "d01",
    "turnos": [{"cliente": "¿a qué hora abren?"}],
    "esperado": {"ventas": [], "humano": False},
}


def test_a_shop_of_the_exam_answers_from_its_documentos(db: Database, settings: Settings) -> None:
    for documentos, right in ((HORARIO.encode(), True), (None, False)):
        examen = Examen(db, settings, CATALOGO.read_bytes(), documentos=documentos)
        notas = examen.run(read_dialogos([_DIALOGO]), tell=lambda _: None)
        assert [n.bien for n in notas] == [right], notas


def test_they_are_looked_for_beside_the_dialogues(tmp_path: Path) -> None:
    file = tmp_path / "dialogos.yaml"
    assert find_documentos(str(file)) is None
    (tmp_path / "documentos.md").write_text("# Horario\n")
    assert find_documentos(str(file)) == b"# Horario\n"
