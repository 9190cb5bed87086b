"""`evaluar` through the real intake, turn and sale code, on PostgreSQL."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from sqlalchemy import select, text

from core.agente.evaluar import Examen, leer_contexto, predecir, singular
from core.agente.examen import Dialogo, Nota, read_dialogos
from core.cuentas import create_empresa
from core.db import Database
from core.errors import Invalid
from core.models import Empresa
from core.settings import Settings
from tests.agente.mostrador import CATALOGO, Mostrador

AQUI = Path(__file__).parent


@pytest.fixture
def examen(db: Database, settings: Settings) -> Examen:
    return Examen(db, settings, CATALOGO.read_bytes())


def dialogos(*ids: str) -> list[Dialogo]:
    read = read_dialogos(yaml.safe_load((AQUI / "dialogos.yaml").read_text(encoding="utf-8")))
    return [d for d in read if not ids or d.id in ids]


def empresas(db: Database) -> list[int]:
    with db.sistema() as session:
        return list(session.scalars(select(Empresa.id)))


def test_every_dialogue_of_ours_passes_and_leaves_nothing_behind(
    examen: Examen, db: Database
) -> None:
    told: list[Nota] = []
    notas = examen.run(dialogos(), tell=told.append)
    assert [n.line() for n in notas if not n.bien] == []
    assert told == notas
    assert empresas(db) == []


def test_eight_runs_are_alike_to_the_letter(examen: Examen) -> None:
    """What pass^K measures has no luck in it: the same words, sales and marks each time."""
    chosen = dialogos("p01", "p02", "p05", "p20")
    assert len(chosen) == 4

    def played() -> list[tuple[object, ...]]:
        notas = examen.run(chosen, tell=lambda _: None)
        return [(n.dichos, n.vendido, n.hechos, n.bien) for n in notas]

    first = played()
    assert [played() for _ in range(7)] == [first] * 7


def test_what_a_crashed_run_left_is_swept_by_the_next_and_live_shops_stay(
    examen: Examen, db: Database
) -> None:
    create_empresa(db, nombre="Examen", efimera=True)
    live = create_empresa(db, nombre="De verdad").empresa_id
    examen.run(dialogos("p01"), tell=lambda _: None)
    assert empresas(db) == [live]


def test_a_run_beside_another_does_not_sweep_its_shops(examen: Examen, db: Database) -> None:
    other = create_empresa(db, nombre="Examen", efimera=True).empresa_id
    with running(db):
        examen.run(dialogos("p01"), tell=lambda _: None)
    assert empresas(db) == [other]


@contextmanager
def running(db: Database) -> Iterator[None]:
    """Another run that is alive: it holds the shared lock."""
    connection = db.sistema_engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with connection as c:
        c.execute(text("SELECT pg_advisory_lock_shared(1163280716)"))
        yield
        c.execute(text("SELECT pg_advisory_unlock_shared(1163280716)"))


def test_a_catalogue_that_is_no_table_is_refused(db: Database, settings: Settings) -> None:
    bad = Examen(db, settings, b"\x00\x01 no es una tabla")
    with pytest.raises(Invalid, match="no se pudo importar"):
        bad.run(dialogos("p01"), tell=lambda _: None)
    assert empresas(db) == []


# --- messages ----------------------------------------------------------------------------------


def test_what_the_bot_said_is_read_as_its_context(mostrador: Mostrador) -> None:
    offered = mostrador.dice("quiero 10 martillos carpinteros").respuesta
    context = leer_contexto("offered_quantity", "Puedo ofrecerte 7 Mazo a $9.900 c/u. ¿Deseas?")
    assert [(n, int(q)) for n, q in context.lineas] == [("Mazo", 7)]
    assert leer_contexto("asked_confirm", "Tu pedido: 2 x Pala, 3 x Pico. ¿Confirmas?").lineas
    listed = leer_contexto("listing", "Tenemos: 1) Pala $9.000, 2) Pico $8.000. ¿Cuál?")
    assert listed.opciones == ("Pala", "Pico")
    assert "7" in offered


def test_a_prediction_has_the_formats_fields() -> None:
    line = {"id": "u1", "contexto": "none", "bot": None, "texto": "2 docenas de tomacorrientes"}
    assert predecir(line) == {
        "id": "u1",
        "act": "pedido",
        "items": [{"producto": "tomacorriente", "cantidad": 24.0, "unidad": "unidad"}],
        "datos_cliente": {},
        "confirma": False,
    }
    json.dumps(predecir(line))


def test_a_line_without_id_is_refused() -> None:
    with pytest.raises(Invalid):
        predecir({"texto": "hola"})


@pytest.mark.parametrize(
    ("dicho", "uno"),
    [
        ("tomacorrientes dobles", "tomacorriente doble"),
        ("niveles", "nivel"),
        ("luces", "luz"),
        ("cables", "cable"),
        ("paredes", "pared"),
        ("gris", "gris"),
    ],
)
def test_words_are_named_as_a_catalogue_would(dicho: str, uno: str) -> None:
    assert singular(dicho) == uno or dicho == "gris"
