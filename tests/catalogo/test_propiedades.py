"""Whatever arrives as a file is refused whole, or every line of it is accounted for."""

import io
import zipfile

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as how
from hypothesis import strategies as st

from core.db import Database
from core.models import Empresa
from core.settings import Settings
from tests.catalogo.lecturas import assert_adds_up, fallas, read, refusal
from tests.catalogo.libros import TITULOS, book, pack, sheet
from tests.catalogo.test_importar import catalogue, run

HEADER = b"nombre,precio,stock\n"
CELDAS = st.one_of(
    st.sampled_from(
        ["", "1", "12.500", "-1", "NaN", "inf", "1e308", "Martillo", "ñ", "sí", "#N/A"]
    ),
    st.sampled_from(
        ['a"b', '"', '""', '="1"', "=1+1", "\0", "x\ny", "\u202eabc", "שלום", "\ufeff"]
    ),
    st.sampled_from(["x" * 70, "x" * 11_000, "9" * 400, "\ud83d\ude00"]),
    st.text(max_size=12),
)
FILAS = st.lists(st.lists(CELDAS, max_size=7), max_size=12)
TITULOS_CSV = ["sku", "nombre", "precio", "stock", "activo"]


@how(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    FILAS,
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-be"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["", "\n", "sep={0}\n", 'sep="\n', ";;;\n"]),
    st.booleans(),
)
def test_any_table_adds_up(
    filas: list[list[str]], separador: str, encoding: str, fin: str, antes: str, quoted: bool
) -> None:
    mark = '"' if quoted else ""
    lines = [separador.join(f"{mark}{c}{mark}" for c in fila) for fila in [TITULOS_CSV, *filas]]
    text = antes.format(separador) + "\n".join(lines)
    assert_adds_up(text.replace("\n", fin).encode(encoding, errors="replace"))


@how(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.binary(max_size=200).map(lambda b: HEADER + b)))
@example(b"PK\x03\x04")
@example(b"\xff\xfe\x00")
@example(b"sep= \nnombre precio stock")
def test_any_bytes_are_a_table_or_are_refused(raw: bytes) -> None:
    assert_adds_up(raw)


LIBRO = book([TITULOS_CSV, ("A", "Uno", 1, 1.5, True), ("B", "Dos", 2, 2, "no"), (None, "Tres", 3)])
CAMBIOS = st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=6)), max_size=6)


def change(raw: bytes, cambios: list[tuple[float, bytes]]) -> bytes:
    """Other bytes at some places, told as shares of its length."""
    changed = bytearray(raw)
    for place, piece in cambios:
        at = int(place * len(changed))
        changed[at : at + len(piece)] = piece
    return bytes(changed)


@how(max_examples=300, deadline=None)
@given(CAMBIOS)
def test_any_bytes_of_a_book_may_be_others(cambios: list[tuple[float, bytes]]) -> None:
    assert_adds_up(change(LIBRO, cambios))


@how(max_examples=300, deadline=None)
@given(st.data(), CAMBIOS)
def test_any_part_of_a_book_may_be_another(
    data: st.DataObject, cambios: list[tuple[float, bytes]]
) -> None:
    with zipfile.ZipFile(io.BytesIO(LIBRO)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    chosen = data.draw(st.sampled_from(sorted(parts)))
    parts[chosen] = change(parts[chosen], cambios)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    assert_adds_up(file.getvalue())


@pytest.mark.parametrize("valor", [0, 1, 0x7F, 0xFF])
def test_any_single_byte_of_a_book_may_be_another(valor: int) -> None:
    raw = pack(TITULOS)
    for at in range(len(raw)):
        assert_adds_up(raw[:at] + bytes([valor]) + raw[at + 1 :])


PIEZAS = st.sampled_from(
    [
        *("<row>", "<row>", "<row/>", "</row>", "</row>", '<row r="3">', '<row r="9">'),
        *("<c>", "<c>", "</c>", "</c>", "<c/>", '<c r="B1">', '<c r="ZZZ9">', '<c r="-">'),
        *('<c t="s">', '<c t="b">', '<c t="e">', '<c s="1">', "<v>", "</v>", "<v>1</v>"),
        *("<v>x</v>", "<is>", "<t>", "</t>", "</is>", "<f>1</f>", "<rPh>", "</rPh>"),
        *("&amp;", "&#13;", "&#0;", "<![CDATA[x]]>", "<!--x-->"),
    ]
)


@how(max_examples=300, deadline=None)
@given(st.lists(PIEZAS, max_size=30).map("".join))
@example('<v>1</v><c r="B1"><row/></c>')
def test_any_elements_of_a_sheet_add_up(piezas: str) -> None:
    assert_adds_up(pack(sheet1=sheet(TITULOS + piezas)))


@pytest.fixture
def empresa(db: Database) -> None:
    with db.empresa(1) as session:
        session.add(Empresa(id=1, nombre="Tienda"))


@how(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(FILAS, min_size=1, max_size=2), st.sampled_from(["reemplazar", "actualizar"]))
def test_the_same_file_twice_is_the_same_file_once(
    db: Database, settings: Settings, empresa: None, archivos: list[list[list[str]]], modo: str
) -> None:
    """Also over what an earlier file has left."""
    few = settings.model_copy(update={"importacion_paso_filas": 3})
    everything = ("id", "clave", "nombre", "precio", "stock", "activo", "version", "actualizado_en")
    for filas in archivos:
        lines = [",".join(TITULOS_CSV), "SIEMPRE,Siempre,1,1,", *map(",".join, filas)]
        raw = "\n".join(lines).encode(errors="replace")
        once = run(db, few, raw, modo=modo)
        after = catalogue(db, *everything)
        twice = run(db, few, raw, modo=modo)
        assert (once.estado, twice.estado) == ("completada", "completada")
        assert catalogue(db, *everything) == after
        assert (twice.creados, twice.actualizados, twice.desactivados) == (0, 0, 0)
        assert (twice.filas_total, twice.con_error) == (once.filas_total, once.con_error)
        assert twice.filas_procesadas == twice.filas_total


# --- the same as examples, with their codes ------------------------------------------------------


@pytest.mark.parametrize(
    ("linea", "codigo"),
    [
        ("Uno,NaN,1", "numero_invalido"),
        ("Uno,inf,1", "numero_invalido"),
        ("Uno,-Infinity,1", "numero_invalido"),
        ("Uno,1e308,1", "numero_invalido"),
        (f"Uno,{10**30},1", "demasiado_grande"),
        (f"Uno,{10**308},1", "numero_invalido"),
        ("Uno,-1,1", "negativo"),
        ("Uno,1,-1", "negativo"),
        ("U\0no,1,1", "caracter_invalido"),
        ("Uno,=1+1,1", "numero_invalido"),
        ("Uno,1,1,1", "columnas_de_mas"),
        ("Uno,1", "requerido"),
        ("Dos,1,1", "duplicado"),
        ("#N/A,1,1", "celda_con_error"),
        ('"Uno,1,1', "comillas"),
    ],
)
def test_what_is_wrong_with_a_line_has_a_name(linea: str, codigo: str) -> None:
    lectura = read(f"nombre,precio,stock\nDos,1,1\n{linea}\n")
    assert [(fila, c) for fila, _, c in fallas(lectura)] == [(3, codigo)]
    assert [f.nombre for f in lectura.filas] == ["Dos"]


@pytest.mark.parametrize(
    ("contenido", "codigo"),
    [
        (b"", "vacio"),
        (b" \r\n", "vacio"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0", "no_es_tabla"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "no_es_tabla"),
        (b"%PDF-1.7\n", "no_es_tabla"),
        (b"PK\x05\x06" + bytes(18), "no_es_tabla"),
    ],
)
def test_what_is_no_table_has_a_name(contenido: bytes, codigo: str) -> None:
    assert refusal(contenido) == codigo
