"""What the shop knows, from the terminal, with no worker about; and what the demo shop knows."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from core.documentos.indice import SEGURO
from core.wiring import Servicios
from tests.acceso import Tienda, open_tienda
from tests.documentos.estanteria import HORARIO


@pytest.fixture
def tienda(app: Flask) -> Tienda:
    return open_tienda(app)


def run(app: Flask, *args: str, code: int = 0) -> str:
    result = app.test_cli_runner().invoke(args=[*args])
    assert result.exit_code == code, (result.output, result.exception)
    return str(result.output)


def titles(tienda: Tienda) -> list[tuple[str, int]]:
    with tienda.db.empresa(tienda.empresa_id) as session:
        rows = session.execute(
            text(
                "SELECT titulo, (SELECT count(*) FROM pasaje p WHERE p.documento_id = d.id) "
                "FROM documento d ORDER BY id"
            )
        )
        return [(row[0], row[1]) for row in rows]


def test_a_file_is_read_and_the_next_of_its_title_takes_its_place(
    tienda: Tienda, tmp_path: Path
) -> None:
    file = tmp_path / "sobre.txt"
    file.write_text(HORARIO, encoding="utf-8")
    out = run(tienda.app, "documentos", "importar", str(file), "--titulo", "Nosotros")
    assert "«Nosotros»: listo" in out
    assert titles(tienda) == [("Nosotros", 2)]
    run(tienda.app, "documentos", "importar", str(file), "--titulo", "Nosotros")
    file.write_text("Abrimos todos los días de 9 a 5.", encoding="utf-8")
    run(tienda.app, "documentos", "importar", str(file), "--titulo", "Nosotros")
    assert titles(tienda) == [("Nosotros", 1)]


def test_what_cannot_be_done_is_one_line(tienda: Tienda, tmp_path: Path) -> None:
    file = tmp_path / "foto.jpg"
    file.write_bytes(b"\xff\xd8")
    assert "no es .txt" in run(tienda.app, "documentos", "importar", str(file), code=1)
    file = tmp_path / "nada.md"
    file.write_text("# Nada\n")
    assert "no tiene texto" in run(tienda.app, "documentos", "importar", str(file), code=1)
    said = run(tienda.app, "documentos", "importar", str(file), "--empresa", "999", code=1)
    assert "No existe" in said


@pytest.mark.parametrize(
    "texto", ["¿a qué hora abren?", "hacen envíos?", "cómo puedo pagar", "¿puedo devolver algo?"]
)
def test_the_demo_shop_knows_what_customers_ask_first(app: Flask, texto: str) -> None:
    said = run(app, "semilla")
    empresa_id = int(said.rpartition(" ")[2])
    s: Servicios = app.extensions["servicios"]
    found = s.biblioteca.buscar(empresa_id, texto, 1)
    assert found[0].puntaje >= SEGURO
    assert run(app, "semilla") == ""  # what was seeded is left alone
