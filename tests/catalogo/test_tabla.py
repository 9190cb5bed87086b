"""Nasty files: whatever bytes arrive, every line is accounted for and nothing crashes."""

import time
from decimal import Decimal
from importlib.resources import files

import pytest

from core.catalogo.archivos.numeros import parse_numero
from core.catalogo.archivos.registro import ArchivoInvalido
from tests.catalogo.lecturas import LIMITES, fallas, read, rows

MARTILLO = [("M-1", "Martillo de uña", Decimal(28900), Decimal(7))]
LINE = "sku{0}nombre{0}precio{0}stock\nM-1{0}Martillo de uña{0}28900{0}7\n"


@pytest.mark.parametrize("separador", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("fin", ["\n", "\r\n", "\r"])
def test_every_spreadsheet_of_the_world(separador: str, encoding: str, fin: str) -> None:
    text = LINE.format(separador).replace("\n", fin)
    assert rows(read(text.encode(encoding))) == MARTILLO


@pytest.mark.parametrize(
    "titulos",
    [
        "Código;Producto;Precio;Existencias",
        "REF.;ARTÍCULO;Precio de Venta;Cantidad",
        "code;Product Name;Unit Price;Qty",
        "Código;Nome do Produto;Preço;Estoque",
        "  sku ;nombre*;Precio (COP);STOCK [u]",
        "\ufeffsku;nombre;pvp;inventario",
        '"sku";"nombre";"precio";"stock"',
    ],
)
def test_titles_by_any_of_their_names(titulos: str) -> None:
    assert rows(read(f"{titulos}\nM-1;Martillo de uña;28.900;7\n")) == MARTILLO


def test_the_title_that_says_it_exactly_wins() -> None:
    lectura = read("valor,precio,nombre,producto,stock\n1,2,Nombre,Producto,3\n")
    assert [(f.nombre, f.precio) for f in lectura.filas] == [("Nombre", 2)]


def test_without_a_nombre_the_descripcion_is_the_nombre() -> None:
    lectura = read("Código;Descripción;Precio;Existencia\nM-1;Martillo  de uña;28.900;7\n")
    assert rows(lectura) == MARTILLO
    assert [f.descripcion for f in lectura.filas] == [None]
    assert fallas(read("descripcion;precio;stock\n;1;1\n")) == [(2, "nombre", "requerido")]
    both = read("descripcion;nombre;precio;stock\nD;N;1;1\n")
    assert [(f.nombre, f.descripcion) for f in both.filas] == [("N", "D")]


@pytest.mark.parametrize(
    "titulo",
    [
        *("Precio (COP)", "Precio COP", "precio [cop]", "Precio (en COP)", "Precio de venta cop*"),
        *("Precio (IVA incluido)", "Precio (COP o USD)", "Precio ($)", "Precio (ABC)"),
    ],
)
def test_a_title_that_names_the_shops_moneda_or_none(titulo: str) -> None:
    assert rows(read(f"nombre;{titulo};stock\nUno;5;1\n")) == [(None, "Uno", 5, 1)]


@pytest.mark.parametrize(
    "titulo",
    [
        *("Precio (USD)", "Precio USD", "USD precio", "Precio en EUR", "precio_venta_usd"),
        *("PVP [usd]", "Precio (en USD, sin IVA)", "Preço (BRL)", "Unit price MXN"),
    ],
)
def test_a_title_that_names_another_moneda_is_a_fault_of_every_line(titulo: str) -> None:
    lectura = read(f"nombre;{titulo};stock\nUno;5;1\nDos;$ 5;1\nTres;;1\n")
    assert fallas(lectura) == [(fila, "precio", "moneda") for fila in (2, 3, 4)]
    assert lectura.filas == []


def test_a_title_that_is_a_price_without_a_moneda_comes_first() -> None:
    lectura = read("nombre;precio usd;valor;stock\nUno;5;7;1\n")
    assert rows(lectura) == [(None, "Uno", 7, 1)]


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    lectura = read(
        "\n"
        "nombre,precio,stock,descripcion\n"
        'Uno,1,1,"dos\nlíneas"\n'
        "\n"
        "Dos,x,1,\n"
        ",,,\n"
        "   \n"
        'Tres,1,y,"otra\r\nvez"\n'
    )
    assert [(f.fila, f.nombre, f.descripcion) for f in lectura.filas] == [(3, "Uno", "dos\nlíneas")]
    assert fallas(lectura) == [(6, "precio", "numero_invalido"), (9, "stock", "numero_invalido")]
    assert lectura.total == 3


def test_quotes_where_they_should_not_be() -> None:
    lectura = read(
        "nombre,precio,stock\n"
        'Tubo 1/2" PVC,1,1\n'
        '"Codo 1/2"" x 90°",2,2\n'
        '"Sin cerrar,3,3\n'
        "Sigue,4,4\n"
        '"Mal" cerrada,5,5\n'
        "Final,6,6\n"
        '"Nunca cierra,7,7\n'
    )
    assert [f.nombre for f in lectura.filas] == [
        'Tubo 1/2" PVC',
        'Codo 1/2" x 90°',
        "Sigue",
        "Final",
    ]
    assert fallas(lectura) == [(n, None, "comillas") for n in (4, 6, 8)]
    assert lectura.total == 7


def test_ragged_lines() -> None:
    lectura = read(
        "nombre,precio,stock,marca\n"
        "Corta,1,2\n"
        "Muy corta\n"
        "Comas al final,1,2,x,,,\n"
        "Precio con coma,12,500,3,x\n"
    )
    assert [(f.nombre, f.marca) for f in lectura.filas] == [("Corta", ""), ("Comas al final", "x")]
    assert fallas(lectura) == [
        (3, "precio", "requerido"),
        (3, "stock", "requerido"),
        (5, None, "columnas_de_mas"),
    ]


@pytest.mark.parametrize(
    ("celda", "codigo"),
    [
        ("", "requerido"),
        ("abc", "numero_invalido"),
        ("NaN", "numero_invalido"),
        ("inf", "numero_invalido"),
        ("-inf", "numero_invalido"),
        ("1e308", "numero_invalido"),
        ("1e3", "numero_invalido"),
        ("#N/A", "numero_invalido"),
        ("=1+1", "numero_invalido"),
        ("12k", "numero_invalido"),
        ("5 %", "numero_invalido"),
        ("٣", "numero_invalido"),
        ("1.2.3", "numero_invalido"),
        ("9" * 40, "demasiado_grande"),
        ("9" * 400, "numero_invalido"),
        ("-5", "negativo"),
        ("(5)", "negativo"),
        ("-$ 1.000", "negativo"),
        ("1.2345", "decimales"),
        ("US$ 10", "moneda"),
        ("10 EUR", "moneda"),
        ("7\0", "numero_invalido"),
    ],
)
def test_what_is_no_price(celda: str, codigo: str) -> None:
    lectura = read(f"nombre\tprecio\tstock\nMartillo\t{celda}\t1\nOtro\t1\t1\n")
    assert fallas(lectura) == [(2, "precio", codigo)]
    assert [f.nombre for f in lectura.filas] == ["Otro"]


@pytest.mark.parametrize(
    ("celda", "valor"),
    [
        ("12500", "12500"),
        ("12.500", "12500"),
        ("12,500", "12500"),
        ("$ 12.500", "12500"),
        ("$12.500,50", "12500.50"),
        ("12,500.50", "12500.50"),
        ("1.234.567", "1234567"),
        ("1,234,567.8", "1234567.8"),
        ("1 234 567,8", "1234567.8"),
        ("1\u00a0234", "1234"),
        ("1'234.50", "1234.50"),
        ("2,5", "2.5"),
        ("2.50", "2.50"),
        (",5", "0.5"),
        ("0,500", "0.500"),
        ("COP 5.000", "5000"),
        ("5.000 cop", "5000"),
        ("7 und", "7"),
        ("+7", "7"),
        ("5.000,-", "5000"),
        ("1234.567", "1234.567"),
    ],
)
def test_figures_as_people_write_them(celda: str, valor: str) -> None:
    found = parse_numero(celda)
    assert found is not None
    assert found.valor == Decimal(valor)


def test_repeated_keys_count_once_the_first_time() -> None:
    lectura = read(
        "sku,nombre,precio,stock\n"
        "A,Uno,1,1\n"
        "a,Otra vez,2,2\n"
        ",Árbol  grande,x,3\n"
        ",arbol GRANDE,4,4\n"
        "B,Uno,5,5\n"
    )
    assert [(f.fila, f.nombre) for f in lectura.filas] == [(2, "Uno"), (6, "Uno")]
    assert fallas(lectura) == [
        (3, "sku", "duplicado"),
        (4, "precio", "numero_invalido"),
        (5, "nombre", "duplicado"),
    ]
    assert lectura.nombrados.claves == {"s:a", "s:b", "n:arbol grande"}


def test_all_that_is_wrong_with_a_line_is_told() -> None:
    lectura = read(
        "nombre;precio;stock;moneda;activo;unidad;sku\n"
        f";x;-1;USD;quizá;{'u' * 50};{'s' * 70}\n"
        "Bueno;1;1,5;cop;NO;metro;\n"
        "Entero;1;1,5;;;caja;\n"
    )
    assert sorted(fallas(lectura)) == [
        (2, "activo", "activo_invalido"),
        (2, "moneda", "moneda"),
        (2, "nombre", "requerido"),
        (2, "precio", "numero_invalido"),
        (2, "sku", "demasiado_largo"),
        (2, "stock", "negativo"),
        (2, "unidad", "demasiado_largo"),
        (4, "stock", "fraccion"),
    ]
    assert [(f.nombre, f.activo, f.unidad) for f in lectura.filas] == [("Bueno", False, "metro")]


def test_text_that_is_no_text() -> None:
    lectura = read(
        f"nombre,precio,stock,descripcion\nA\0b,1,1,\nLargo {'x' * 400},1,1,\nC,1,1,{'d' * 11000}\n"
    )
    assert fallas(lectura) == [
        (2, "nombre", "caracter_invalido"),
        (3, "nombre", "demasiado_largo"),
        (4, "descripcion", "demasiado_largo"),
    ]


def test_codes_keep_their_zeros() -> None:
    lectura = read('sku,nombre,precio,stock\n="00123",Uno,1,1\n00124,Dos,1,1\n')
    assert [f.sku for f in lectura.filas] == ["00123", "00124"]


def test_the_separator_may_be_told() -> None:
    lectura = read("sep=;\nnombre;precio;stock\nUno;1,5;1\n")
    assert [(f.fila, f.precio) for f in lectura.filas] == [(3, Decimal("1.5"))]


@pytest.mark.parametrize("told", ['sep="', "sep= ", "sep=x", "sep=", "sep=;;"])
def test_a_separator_that_can_be_none_is_not_believed(told: str) -> None:
    with pytest.raises(ArchivoInvalido):
        read(f"{told}\nnombre,precio,stock\nUno,1,1\n")


def test_a_file_whose_quotes_never_close_is_given_up() -> None:
    few = LIMITES.model_copy(update={"importacion_max_filas": 100})
    with pytest.raises(ArchivoInvalido) as refused:
        read("nombre,precio,stock\n" + 'a","\n' * 200, few)
    assert refused.value.codigo == "comillas"


def test_the_shipped_catalogue_has_no_error() -> None:
    lectura = read(files("core.catalogo").joinpath("demo.csv").read_bytes())
    assert lectura.fallas == []
    assert len(lectura.filas) >= 150
    assert [f.stock for f in lectura.filas if "martillo" in f.nombre.lower()] == [7]
    assert sum(f.stock == 0 for f in lectura.filas) >= 5


@pytest.mark.parametrize(
    "contenido",
    [
        b'"' * 3_000_000,
        b"nombre,precio,stock\n" + b'"\n' * 200_000,
        b"nombre,precio,stock\n" + b'x,"abc\n' * 100_000,
        b"nombre,precio,stock\n" + b'a","\n' * 400_000,
        b"nombre,precio,stock\n" + b'"' + b"a" * 3_000_000,
        b"nombre,precio,stock\n" + b"," * 3_000_000,
        b"nombre,precio,stock\n" + b"\n" * 3_000_000,
        b"," * 3_000_000,
        b"nombre,precio,stock\n" + b"a,1,1\n" * 150_000,
    ],
    ids=[
        "quotes",
        "quote lines",
        "open quotes",
        "never closed",
        "no end",
        "commas",
        "empty",
        "wide",
        "same",
    ],
)
def test_a_file_made_to_be_slow_is_not(contenido: bytes) -> None:
    begun = time.process_time()
    try:
        lectura = read(contenido)
        assert len(lectura.filas) + len({f for f, _ in lectura.fallas}) == lectura.total
    except ArchivoInvalido:
        pass
    assert time.process_time() - begun < 15
