"""A catalogue that leaves as a file and comes back is the same catalogue."""

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given
from hypothesis import settings as how
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import text

from core.catalogo import reglas
from core.catalogo.archivos.celdas import harmless, plain_cell
from core.catalogo.archivos.exportar import export_csv, export_xlsx
from core.catalogo.archivos.numeros import parse_numero, write_numero
from core.catalogo.texto import fold_key
from core.db import Database
from core.models import Empresa, Producto, Rol
from core.settings import Settings
from tests.acceso import Tienda, open_tienda
from tests.catalogo.test_importar import catalogue, counts, run
from tests.catalogo.test_importar import fallas as errors

NASTY = [
    "=1+1", "+57 300", "-5 mm", "@casa", "＝1", "＋1", "－1", "＠1", "'=1+1", "''=1", "'=", "'abc",
    '="00123"', '="x', "=", "00123", "1e5", "#8", 'Tubo 1/2" PVC', '"', "a,b;c|d", "ñandú €",
    "\u202eoñer", "שלום", "_x0041_", "_x000D_", "a\uffffb", "<b>&amp;</b>", "💡", "sí", "NaN", "'",
    "<r>x</r>", "<r><t>a</r>", "<r>", "1.234", "#N", "\ufffe",
]  # fmt: skip


@pytest.fixture
def empresa(db: Database) -> Iterator[None]:
    with db.empresa(1) as session:
        session.add(Empresa(id=1, nombre="Tienda"))
    return


def add(db: Database, nombres: list[str], **more: Any) -> None:
    with db.empresa(1) as session:
        for n, nombre in enumerate(nombres):
            sku = more.get("sku", lambda n: None)(n)
            values = {"precio": Decimal("28900.50"), "moneda": "COP", **more, "sku": sku}
            clave = fold_key(sku, nombre)
            session.add(Producto(empresa_id=1, clave=clave, nombre=nombre, **values))


def exported(db: Database, formato: str, *, inactivos: bool = True) -> bytes:
    if formato == "csv":
        return "".join(export_csv(db, empresa_id=1, inactivos=inactivos)).encode()
    return b"".join(export_xlsx(db, empresa_id=1, inactivos=inactivos))


@pytest.mark.parametrize("formato", ["csv", "xlsx"])
def test_what_was_exported_changes_nothing(
    db: Database, settings: Settings, empresa: None, formato: str
) -> None:
    add(db, NASTY, descripcion="=uno\n\n=dos\ntres\tcuatro", categoria="@c", marca="-m")
    add(db, [f"P {n}" for n in range(len(NASTY))], sku=lambda n: NASTY[n], activo=False)
    add(db, ["Cable"], unidad="m", stock=Decimal("2.125"), precio=Decimal("0.05"))
    add(db, ["Cinta"], unidad="m", stock=Decimal("0.500"), precio=Decimal("9999999999.99"))
    with db.empresa(1) as session:
        session.execute(
            text(
                "INSERT INTO movimiento (empresa_id, producto_id, cantidad, motivo) "
                "SELECT 1, id, stock, 'alta' FROM producto WHERE stock > 0"
            )
        )
    before = catalogue(db, "id", "version", "sku", "descripcion", "stock", "activo")
    row = run(db, settings, exported(db, formato), modo="reemplazar")
    assert errors(db, row.id) == []
    assert (row.estado, counts(row)) == ("completada", (0, 0, len(before), 0, 0))
    assert catalogue(db, "id", "version", "sku", "descripcion", "stock", "activo") == before


def test_inactive_productos_are_exported_when_asked_for(db: Database, empresa: None) -> None:
    add(db, ["Vieja"], activo=False)
    add(db, ["Nueva"])
    names = [line["nombre"] for line in read_csv(exported(db, "csv", inactivos=False))]
    assert names == ["Nueva"]
    assert len(read_csv(exported(db, "csv"))) == 2


def test_figures_are_plain_and_texts_run_nowhere(db: Database, empresa: None) -> None:
    add(db, ["=1+1"], stock=Decimal("7.000"))
    (line,) = read_csv(exported(db, "csv"))
    assert (line["nombre"], line["precio"], line["stock"]) == ("'=1+1", "28900.50", "7")
    sheet = load_workbook(io.BytesIO(exported(db, "xlsx"))).active
    assert [c.data_type for c in sheet[2]] == ["n", "s", "n", "n", "n", "s", "n", "s", "n", "s"]
    assert (sheet["B2"].value, sheet["G2"].value, sheet["I2"].value) == ("'=1+1", 28900.5, 7)


def read_csv(raw: bytes) -> list[dict[str, str]]:
    assert raw.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def test_more_productos_than_are_read_at_once(
    db: Database, settings: Settings, empresa: None
) -> None:
    lines = "".join(f"P{n},Producto {n},1,1\n" for n in range(5001))
    run(db, settings, "sku,nombre,precio,stock\n" + lines)
    skus = [line["sku"] for line in read_csv(exported(db, "csv"))]
    assert skus == [f"P{n}" for n in range(5001)]


@pytest.mark.parametrize("transacciones", [0, 1, 9])
def test_an_export_leaves_no_file_behind(
    db: Database,
    empresa: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    transacciones: int,
) -> None:
    """Whether the database fails, or the client leaves after the first piece."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    add(db, ["Martillo"])
    left = [transacciones]

    class Failing(Database):
        def empresa(self, empresa_id: int) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise ConnectionError
            return super().empresa(empresa_id)

    failing = Failing(app=db.app_engine, sistema=db.sistema_engine)
    pieces = export_xlsx(failing, empresa_id=1, inactivos=True)
    if transacciones < 2:
        with pytest.raises(ConnectionError):
            next(pieces)
    else:
        assert next(pieces)
        assert list(tmp_path.iterdir())
    pieces.close()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def tienda(app: Flask) -> Tienda:
    return open_tienda(app)


@pytest.mark.parametrize("formato", ["csv", "xlsx"])
def test_a_catalogue_is_downloaded(client: FlaskClient, tienda: Tienda, formato: str) -> None:
    product = {"nombre": "-Lija", "precio": "1200", "stock": 3}
    assert client.post("/productos/", json=product, headers=tienda.headers()).status_code == 201
    headers = tienda.headers(Rol.OBSERVADOR)
    answer = client.get(f"/productos/exportar?formato={formato}", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == f'attachment; filename="productos.{formato}"'
    if formato == "csv":
        assert [line["nombre"] for line in read_csv(answer.data)] == ["'-Lija"]
    else:
        assert load_workbook(io.BytesIO(answer.data)).active["B2"].value == "'-Lija"
    wrong = client.get("/productos/exportar?formato=pdf", headers=headers)
    assert (wrong.status_code, wrong.get_json()["codigo"]) == (422, "datos_invalidos")


# --- any producto --------------------------------------------------------------------------------

TEXTO = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.sampled_from("=+-@＝＋－＠'\"\t\r\n ,;a_x0041_#"), max_size=12),
    st.text(max_size=30),
)


@given(TEXTO)
@example("\r")
def test_a_harmless_cell_is_taken_back_exactly(texto: str) -> None:
    assert harmless(texto)[:1] not in tuple("=+-@\t\r\n＝＋－＠")
    assert plain_cell(harmless(texto.strip())) == texto.strip()
    assert texto[:1].isspace() or plain_cell(harmless(texto)) == texto.strip()


@given(st.decimals(0, Decimal("99999999.999"), places=3))
def test_a_figure_is_read_back_exactly(valor: Decimal) -> None:
    found = parse_numero(write_numero(valor))
    assert found is not None
    assert found.valor == valor


PRODUCTO = st.fixed_dictionaries(
    {name: TEXTO.map(lambda t, name=name: reglas.tidy(name, t)) for name in reglas.LARGOS}
    | {
        "precio": st.decimals(0, reglas.MAXIMOS["precio"], places=2),
        "stock": st.integers(0, 10**7).map(Decimal),
        "activo": st.booleans(),
    }
)


def allowed(producto: dict[str, Any]) -> bool:
    return not any(reglas.check_texto(name, producto[name]) for name in reglas.LARGOS)


@how(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(
        PRODUCTO.filter(allowed), max_size=8, unique_by=lambda p: fold_key(p["sku"], p["nombre"])
    ),
    st.sampled_from(["csv", "xlsx"]),
)
def test_any_catalogue_comes_back_the_same(
    db: Database, settings: Settings, productos: list[dict[str, Any]], formato: str
) -> None:
    with db.empresa(1) as session:
        session.execute(text("DELETE FROM empresa"))
        session.add(Empresa(id=1, nombre="Tienda"))
    with db.empresa(1) as session:
        for p in productos:
            clave, unidad = fold_key(p["sku"], p["nombre"]), p["unidad"] or reglas.UNIDAD
            more = {"sku": p["sku"] or None, "unidad": unidad, "moneda": "COP", "clave": clave}
            session.add(Producto(empresa_id=1, **p | more))
    before = catalogue(db, "id", "version", "nombre", "precio", "stock", "activo")
    row = run(db, settings, exported(db, formato), modo="reemplazar")
    assert errors(db, row.id) == []
    assert counts(row) == (0, 0, len(productos), 0, 0)
    assert catalogue(db, "id", "version", "nombre", "precio", "stock", "activo") == before
