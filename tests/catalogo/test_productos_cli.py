"""A file into the catalogue from the terminal, with no worker about."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from tests.acceso import Tienda, open_tienda


@pytest.fixture
def tienda(app: Flask) -> Tienda:
    return open_tienda(app)


def run(app: Flask, *args: str, code: int = 0, command: str = "importar") -> str:
    result = app.test_cli_runner().invoke(args=["productos", command, *args])
    assert result.exit_code == code, (result.output, result.exception)
    return str(result.output)


def active(tienda: Tienda) -> list[str]:
    with tienda.db.empresa(tienda.empresa_id) as session:
        return list(session.scalars(text("SELECT nombre FROM producto WHERE activo ORDER BY 1")))


def test_a_file_is_imported_and_its_errors_shown(tienda: Tienda, tmp_path: Path) -> None:
    file = tmp_path / "lista.csv"
    file.write_text("nombre;precio;stock\nMartillo;$ 28.900;7\nCable;caro;1\n", encoding="utf-8")
    out = run(tienda.app, str(file))
    assert "línea 3, precio: «caro» no es un número." in out
    assert "completada: 1 creados" in out
    assert active(tienda) == ["Martillo"]

    file.write_text("nombre;precio;stock\nSerrucho;1;1\n", encoding="utf-8")
    run(tienda.app, str(file), "--modo", "reemplazar", "--empresa", str(tienda.empresa_id))
    assert active(tienda) == ["Serrucho"]


def test_what_waits_before_it_is_imported_first(tienda: Tienda, tmp_path: Path) -> None:
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.execute(
            text(
                "INSERT INTO importacion (empresa_id, nombre_archivo, modo, contenido) "
                "VALUES (:e, 'a', 'actualizar', convert_to(:t, 'UTF8'))"
            ),
            {"e": tienda.empresa_id, "t": "nombre,precio,stock\nAntes,1,1\n"},
        )
    file = tmp_path / "lista.csv"
    file.write_text("nombre,precio,stock\nDespués,1,1\n", encoding="utf-8")
    run(tienda.app, str(file))
    assert active(tienda) == ["Antes", "Después"]


def test_what_cannot_be_done_is_one_line(tienda: Tienda, tmp_path: Path) -> None:
    file = tmp_path / "lista.csv"
    file.write_text("hola", encoding="utf-8")
    assert "No es una tabla" in run(tienda.app, str(file), code=1)
    assert "No existe" in run(tienda.app, str(file), "--empresa", "999", code=1)
    open_tienda(tienda.app, "Otra")
    assert "Falta --empresa" in run(tienda.app, str(file), code=1)
    run(tienda.app, str(tmp_path / "nada.csv"), code=2)


def test_a_preview_is_printed_applied_and_undone(tienda: Tienda, tmp_path: Path) -> None:
    file = tmp_path / "lista.csv"
    file.write_text("nombre;precio;stock\nMartillo;10;7\nCable;1;1\n", encoding="utf-8")
    run(tienda.app, str(file))
    file.write_text("nombre;precio;stock\nMartillo;12;7\nSierra;5;1\n", encoding="utf-8")
    out = run(tienda.app, str(file), "--modo", "reemplazar", "--simular")
    assert [line.split() for line in out.splitlines() if line.startswith("  ")] == [
        ["actualizado", "Martillo:", "precio", "10.00", "→", "12.00"],
        ["creado", "Sierra"],
        ["desactivado", "Cable:", "activo", "sí", "→", "no"],
    ]
    assert "Simulación 2 completada: 1 creados, 1 actualizados" in out
    assert active(tienda) == ["Cable", "Martillo"]
    assert "1 desactivados" in run(tienda.app, "2", command="aplicar")
    assert active(tienda) == ["Martillo", "Sierra"]
    assert "Importación 4 completada" in run(tienda.app, "3", command="deshacer")
    assert active(tienda) == ["Cable", "Martillo"]
    assert "ya se deshizo" in run(tienda.app, "3", command="deshacer", code=1)
    assert "No existe" in run(tienda.app, "99", command="aplicar", code=1)
