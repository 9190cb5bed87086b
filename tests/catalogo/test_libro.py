"""XLSX files: read as the CSV they could have been, whatever is in the archive."""

import io
import struct
from datetime import date, datetime
from decimal import Decimal
from zipfile import ZIP_BZIP2, ZipFile

import pytest
from openpyxl import Workbook
from openpyxl.styles import Font

from tests.catalogo.lecturas import LIMITES, fallas, read, refusal, rows
from tests.catalogo.libros import LIBRO, MAIN, RELS, TITULOS, book, pack, save, sheet

MARTILLO = [("M-1", "Martillo de uña", Decimal(28900), Decimal(7))]
CABECERA = ("sku", "nombre", "precio", "stock")


def row(n: int, *cells: str) -> str:
    """A row by hand. cells: their attributes and content, like `t="b"><v>1</v>`."""
    letters = "ABCDEFGH"
    made = "".join(f'<c r="{letters[at]}{n}" {cell}</c>' for at, cell in enumerate(cells))
    return f'<row r="{n}">{made}</row>'


def test_a_book_is_a_table_like_any_other() -> None:
    assert rows(read(book([CABECERA, ("M-1", "Martillo de uña", 28900, 7)]))) == MARTILLO


def test_rows_are_counted_as_the_program_shows_them() -> None:
    made = Workbook()
    hoja = made.active
    for at, title in enumerate(("Producto", "", "Precio de venta", "Existencias"), start=2):
        hoja.cell(4, at, title)
    hoja.cell(6, 2, "Uno"), hoja.cell(6, 4, 1), hoja.cell(6, 5, 1)
    hoja.cell(9, 2, "Dos"), hoja.cell(9, 4, "x"), hoja.cell(9, 5, 1)
    hoja.cell(11, 2, "Tres")
    hoja.cell(300, 1).font = Font(bold=True)
    lectura = read(save(made))
    assert [(f.fila, f.nombre) for f in lectura.filas] == [(6, "Uno")]
    assert fallas(lectura) == [
        (9, "precio", "numero_invalido"),
        (11, "precio", "requerido"),
        (11, "stock", "requerido"),
    ]
    assert lectura.total == 3


def test_a_break_within_a_cell_moves_no_line() -> None:
    lectura = read(
        book(
            [
                ("nombre", "precio", "stock", "descripcion"),
                ("Uno\nde dos", 1, 1, "Primero\nsegundo\n\ntercero"),
                (None, None, None, "\n"),
                ("Dos", "x\n", 1, 'Con "comillas", y coma'),
                ("Tres", 1, 1, None),
            ]
        )
    )
    assert [(f.fila, f.nombre, f.descripcion) for f in lectura.filas] == [
        (2, "Uno de dos", "Primero\nsegundo\n\ntercero"),
        (5, "Tres", ""),
    ]
    assert fallas(lectura) == [(4, "precio", "numero_invalido")]


def test_what_openpyxl_cannot_keep_is_no_fault_of_the_cells() -> None:
    """It warns of a date beyond its calendar and of extensions."""
    made = Workbook()
    made.active.append((*CABECERA, "descripcion"))
    made.active.append(("M-1", "Martillo de uña", 28900, 7, 9e9))
    made.active["E2"].number_format = "yyyy-mm-dd"
    assert fallas(read(save(made))) == [(2, "descripcion", "celda_con_error")]


def test_cells_beyond_the_titles_are_told() -> None:
    lectura = read(
        book([("nombre", "precio", "stock"), ("Uno", 1, 1, None, "nota"), ("Dos", 1, 1)])
    )
    assert fallas(lectura) == [(2, None, "columnas_de_mas")]
    assert [f.nombre for f in lectura.filas] == ["Dos"]


@pytest.mark.parametrize(
    ("valor", "precio"),
    [
        (28900, "28900"),
        (28900.0, "28900"),
        (0.1 + 0.2, "0.3"),
        (1234.56, "1234.56"),
        (1e3, "1000"),
        ("$ 12.500", "12500"),
        ("1.234,56", "1234.56"),
    ],
)
def test_figures_come_without_dirt(valor: object, precio: str) -> None:
    lectura = read(book([("nombre", "precio", "stock"), ("Uno", valor, 1)]))
    assert [f.precio for f in lectura.filas] == [Decimal(precio)]


def test_three_decimals_are_no_thousands() -> None:
    lectura = read(book([("nombre", "precio", "stock", "unidad"), ("Cable", 12, 2.125, "m")]))
    assert [f.stock for f in lectura.filas] == [Decimal("2.125")]


def test_three_decimals_of_what_is_no_figure_stay_as_they_are() -> None:
    made = Workbook()
    made.active.append(("Cantidad mínima", *CABECERA, "marca", "moneda", "Existencias"))
    made.active.append((2.125, 1.125, 2.125, 2, 3, 3.125, None, 1.125))
    made.active.append((2.125, "9.125", "Dos", "2.125", 3, 4.5, None, None))
    made.active.append((2.125, 7.125, "Tres", 2.5, 3.0, 120.0, None, None))
    textos = [(f.sku, f.nombre, f.marca, f.precio) for f in read(save(made)).filas]
    assert textos == [
        ("1.125", "2.125", "3.125", 2),
        ("9.125", "Dos", "4.5", 2125),
        ("7.125", "Tres", "120", Decimal("2.5")),
    ]


@pytest.mark.parametrize(
    ("celda", "codigo"),
    [
        ("><v>1E+308</v>", "numero_invalido"),
        ("><v>1E+999999999</v>", "numero_invalido"),
        ("><v>1E+15</v>", "demasiado_grande"),
        ("><v>99999999999</v>", "demasiado_grande"),
        ("><v>-5</v>", "negativo"),
        ("><v>1.2345</v>", "decimales"),
        ('t="e"><v>#N/A</v>', "numero_invalido"),
        ('t="b"><v>1</v>', "numero_invalido"),
        ("><f>1+1</f>", "requerido"),
    ],
)
def test_what_is_no_price_in_a_book(celda: str, codigo: str) -> None:
    name, one = 't="str"><v>Uno</v>', "><v>1</v>"
    assert fallas(read(pack(TITULOS + row(2, name, celda, one)))) == [(2, "precio", codigo)]


@pytest.mark.parametrize(
    "celda",
    ["><v>NaN</v>", "><v>INF</v>", "><v>x</v>", 't="s"><v>7</v>', f"><v>{'9' * 5000}</v>"],
)
def test_a_value_that_no_program_writes_is_damage_of_the_whole_book(celda: str) -> None:
    """Also in the last row: it is found before anything is applied."""
    good = "".join(row(n, f't="str"><v>P {n}</v>', "><v>1</v>", "><v>1</v>") for n in range(2, 99))
    bad = row(99, 't="str"><v>Uno</v>', celda, "><v>1</v>")
    assert refusal(pack(TITULOS + good)) is None
    assert refusal(pack(TITULOS + good + bad)) == "archivo_danado"


def test_codes_kept_as_numbers_have_all_their_digits() -> None:
    codes = ("7702004003508", "7.702004003508E12", "12345678901234567890", "42.0")
    made = "".join(
        row(n, f"><v>{code}</v>", f't="str"><v>P {n}</v>', "><v>1</v>", "><v>1</v>")
        for n, code in enumerate(codes, start=2)
    )
    titles = row(1, *(f't="str"><v>{t}</v>' for t in CABECERA))
    lectura = read(pack(titles + made))
    assert [f.sku for f in lectura.filas] == ["7702004003508", "12345678901234567890", "42"]
    assert fallas(lectura) == [(3, "sku", "duplicado")]


def test_every_kind_of_cell() -> None:
    made = Workbook()
    hoja = made.active
    hoja.append(("nombre", "precio", "stock", "marca", "activo", "descripcion", "categoria"))
    hoja.append(("Uno", 0.19, 1, True, False, date(2024, 5, 1), "=1+1"))
    hoja.append(("Dos", 1500, 1, 3, True, datetime(2024, 5, 1, 10, 30), "  a \n b  "))  # noqa: DTZ001
    hoja["B2"].number_format = "0%"
    hoja["B3"].number_format = '"COP" #,##0.00 [$mdh-240A]'
    lectura = read(save(made))
    assert [(f.precio, f.marca, f.activo, f.descripcion, f.categoria) for f in lectura.filas] == [
        (Decimal("0.19"), "VERDADERO", False, "2024-05-01", ""),
        (Decimal(1500), "3", True, "2024-05-01 10:30:00", "a b"),
    ]


def test_an_error_in_a_text_is_told() -> None:
    lectura = read(book([CABECERA, ("#N/A", "Uno", 1, 1), ("2", "#REF!", 1, 1)]))
    assert fallas(lectura) == [(2, "sku", "celda_con_error"), (3, "nombre", "celda_con_error")]
    assert fallas(read("nombre,precio,stock\n#¿NOMBRE?,1,1\n")) == [
        (2, "nombre", "celda_con_error")
    ]


def test_texts_are_shared_rich_escaped_and_pronounced() -> None:
    texts = (
        f'<sst xmlns="{MAIN}">'
        "<si><t>Uno</t></si>"
        "<si><r><rPr><b/></rPr><t>Do</t></r><r><t xml:space='preserve'>s </t></r></si>"
        "<si><t>東京</t><rPh sb='0' eb='2'><t>トウキョウ</t></rPh></si>"
        "<si><t>a_x000D__x0042_</t></si><si><t>mal_xD800_o</t></si></sst>"
    )
    made = "".join(row(n + 2, f't="s"><v>{n}</v>', "><v>1</v>", "><v>1</v>") for n in range(5))
    lectura = read(pack(TITULOS + made, sharedStrings=texts))
    assert [f.nombre for f in lectura.filas] == ["Uno", "Dos", "東京", "a B", "mal?o"]


def test_prefixes_are_anybodys_choice() -> None:
    made = sheet(TITULOS + row(2, 't="str"><v>Uno</v>', "><v>1</v>", "><v>1</v>"))
    prefixed = made.replace("</", "\0").replace("<", "<x:").replace("\0", "</x:")
    assert len(read(pack(sheet1=prefixed.replace("xmlns=", "xmlns:x="))).filas) == 1


def test_the_sheet_that_is_a_table_is_found() -> None:
    made = Workbook()
    made.active.append(("Resumen", "Cantidad", "Total"))
    hidden = made.create_sheet("Vieja")
    hidden.append(CABECERA)
    hidden.sheet_state = "hidden"
    for name in ("Lista", "Otra"):
        made.create_sheet(name).append(CABECERA)
        made[name].append((name, name, 1, 1))
    assert [f.nombre for f in read(save(made)).filas] == ["Lista"]


def test_a_sheet_whose_nombre_is_called_descripcion_is_a_table() -> None:
    made = Workbook()
    made.active.append(("Producto", "Precio"))
    made.create_sheet("Caja").append(("Código", "Descripción", "Precio", "Existencia"))
    made["Caja"].append(("M-1", "Martillo de uña", 28900, 7))
    assert rows(read(save(made))) == MARTILLO


def test_merged_cells_say_it_once() -> None:
    made = Workbook()
    made.active.append(CABECERA)
    made.active.append(("M-1", "Martillo de uña", 28900, 7))
    made.active.append((None, None, 5, 5))
    made.active.merge_cells("A2:A3")
    lectura = read(save(made))
    assert (rows(lectura), fallas(lectura)) == (MARTILLO, [(3, "nombre", "requerido")])


# --- what no program would write ----------------------------------------------------------------

BOMBA = f'<!DOCTYPE x [<!ENTITY a "{"ja" * 50}"><!ENTITY b "{"&a;" * 100}">]>'
FUERA = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def zipped(**parts: str) -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name.replace("__", "/"), part)
    return file.getvalue()


def locked() -> bytes:
    """As a program that encrypts would mark it."""
    raw = bytearray(pack())
    at = raw.index(b"PK\x01\x02")
    raw[at + 8] |= 1
    return bytes(raw)


def lying() -> bytes:
    """Its directory says that the sheet has ten bytes."""
    raw = bytearray(pack(TITULOS * 1000))
    name = raw.rindex(b"xl/worksheets/sheet1.xml")
    struct.pack_into("<L", raw, name - 46 + 24, 10)
    return bytes(raw)


def bzipped() -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_BZIP2) as archive:
        archive.writestr("xl/workbook.xml", LIBRO)
    return file.getvalue()


HOSTILES = [
    ("no archive", b"PK\x03\x04whatever", "formato_no_soportado"),
    ("any archive", zipped(a="b"), "formato_no_soportado"),
    ("a docx", zipped(word__document="x"), "formato_no_soportado"),
    ("an ods", zipped(mimetype="application/vnd.oasis.opendocument"), "formato_no_soportado"),
    ("an xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "formato_no_soportado"),
    ("a password", locked(), "formato_no_soportado"),
    ("another compression", bzipped(), "archivo_danado"),
    ("a lie", lying(), "archivo_danado"),
    ("cut", pack(TITULOS * 50)[:-300], "formato_no_soportado"),
    ("zeros", pack(sheet1=sheet(" " * 40_000_000)), "demasiado_grande"),
    ("many parts", zipped(**{f"p{n}": "" for n in range(6000)}), "demasiado_grande"),
    ("entities", pack(sheet1=BOMBA + sheet(TITULOS)), "archivo_danado"),
    ("entities of the book", pack(workbook=BOMBA + LIBRO), "archivo_danado"),
    ("entities from outside", pack(sheet1=FUERA + sheet(TITULOS)), "archivo_danado"),
    ("entities in UTF-16", pack(sheet1=(BOMBA + sheet("")).encode("utf-16")), "archivo_danado"),
    *(
        (name, pack(sheet1=f"<?xml version='1.0' encoding='{name}'?>{sheet('')}"), "archivo_danado")
        for name in ("hex_codec", "shift_jis", "unicode_escape", "idna", "xyz")
    ),
    ("elements in elements", pack(sheet1="<a>" * 50_000), "demasiado_grande"),
    ("elements in elements of the book", pack(workbook="<a>" * 50_000), "demasiado_grande"),
    ("elements in elements of texts", pack(sharedStrings="<a>" * 50_000), "demasiado_grande"),
    (
        "ever other names",
        pack(sheet1=sheet("".join(f"<a{n} b{n}='1'/>" for n in range(20_000)))),
        "demasiado_grande",
    ),
    ("no XML", pack(sheet1="nombre,precio,stock"), "archivo_danado"),
    ("no sheet", pack(rels=f'<Relationships xmlns="{RELS}"/>'), "archivo_danado"),
    ("a part that is not there", zipped(**{"xl/workbook.xml": LIBRO}), "archivo_danado"),
    ("no title", pack(row(1, 't="str"><v>hola</v>')), "no_es_tabla"),
    ("nothing", pack(""), "no_es_tabla"),
    ("titles only", pack(), None),
    *(
        (
            f"only {name}",
            pack(sheet1=f"<worksheet>{part * 400_000}</worksheet>"),
            "demasiado_grande",
        )
        for name, part in (("elements", "<a/>"), ("rows of nothing", "<row/>"))
    ),
    ("a row without end", pack(f"<row>{'<c/>' * 200_000}</row>"), "demasiado_grande"),
    ("rows without end", pack("<row/>" * 2_100_000), "demasiado_grande"),
    ("a long tag", pack(sheet1=f'<worksheet a="{"é1" * 2_000_000}"/>'), "demasiado_grande"),
]


@pytest.mark.parametrize(
    ("contenido", "codigo"), [h[1:] for h in HOSTILES], ids=[h[0] for h in HOSTILES]
)
def test_an_archive_that_is_no_book_is_refused(contenido: bytes, codigo: str | None) -> None:
    assert refusal(contenido) == codigo


def test_limits_are_those_of_a_csv() -> None:
    few = LIMITES.model_copy(update={"importacion_max_filas": 5, "importacion_max_columnas": 4})
    table = [CABECERA, *((str(n), f"P {n}", 1, 1) for n in range(6))]
    assert refusal(book(table[:-1]), few) is None
    assert refusal(book(table), few) == "demasiadas_filas"
    assert refusal(book([(*CABECERA, "a")]), few) == "demasiadas_columnas"
    long = read(book([CABECERA, ("1", "x" * 10_001, 1, 1)]))
    assert fallas(long) == [(2, "nombre", "demasiado_largo")]


def test_one_long_text_in_every_cell_does_not_fill_the_memory() -> None:
    little = LIMITES.model_copy(update={"importacion_xlsx_max_bytes": 1_000_000})
    texts = f'<sst xmlns="{MAIN}"><si><t>{"a" * 10_000}</t></si></sst>'
    cells = ('t="s"><v>0</v>',) * 3
    made = pack(TITULOS + "".join(row(n, *cells) for n in range(2, 40)), sharedStrings=texts)
    assert refusal(made) is None
    assert refusal(made, little) == "demasiado_grande"


def test_a_sheet_that_lies_about_its_size_ends() -> None:
    empty = "".join(f'<row r="{n}"/>' for n in range(2, 200_000))
    one = row(3, 't="str"><v>Uno</v>', "><v>1</v>", "><v>1</v>")
    dimension = '<dimension ref="A1:XFD1048576"/>'
    made = sheet(TITULOS + one + empty).replace("<sheetData>", f"{dimension}<sheetData>")
    assert [f.fila for f in read(pack(sheet1=made)).filas] == [3]


def test_rows_and_cells_that_lie_about_their_place_are_bounded() -> None:
    cells = '<c t="str"><v>P {0}</v></c><c><v>1</v></c><c><v>1</v></c>'
    told = ("3", "9", "9", "3", "10", "99999999999999999999")
    made = "".join(f'<row r="{r}">{cells.format(n)}</row>' for n, r in enumerate(told))
    lectura = read(pack(TITULOS + made))
    assert [f.fila for f in lectura.filas] == [3, 9, 10]
    assert refusal(pack(TITULOS + '<row r="x"/>')) == "archivo_danado"
    wide = "".join(f'<c t="str"><v>{n * n}</v></c>' for n in range(16_400))
    assert refusal(pack(TITULOS.replace("</row>", f"{wide}</row>"))) == "demasiadas_columnas"
    far = row(2, 't="str"><v>Uno</v>', "><v>1</v>", "><v>1</v>").replace(
        "</row>", '<c r="XFD2"><v>1</v></c></row>'
    )
    assert fallas(read(pack(TITULOS + far))) == [(2, None, "columnas_de_mas")]


def test_rows_within_rows_are_not_read_twice() -> None:
    inner = row(5, 't="str"><v>Uno</v>', "><v>1</v>", "><v>1</v>")
    made = f'<row r="2">{inner}<c r="A2" t="str"><v>Dos</v></c></row>'
    assert [f.fila for f in read(pack(TITULOS + made)).filas] == [5]
