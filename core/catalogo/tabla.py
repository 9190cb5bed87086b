"""A file's bytes → the records of a table, with the physical line where each begins.

Reads what spreadsheets of different countries write: UTF-8 or Windows-1252, comma, semicolon or
tab, headers in Spanish, English or Portuguese. A record that is damaged is told and skipped; what
follows it is read. Only a file that is no table at all is refused whole.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from core.catalogo.reglas import Falla
from core.catalogo.texto import fold
from core.errors import Invalid
from core.settings import Settings

OBLIGATORIAS = ("nombre", "precio", "stock")
_SEPARADORES = ",;\t|"
_LINEA_MAX = 1_000_000

_NOMBRES = {
    "sku": "sku codigo cod referencia ref code clave id_producto codigo_producto "
    "codigo_de_producto codigo_del_producto codigo_articulo codigo_interno product_code item_code",
    "nombre": "nombre producto articulo item name product product_name nombre_producto "
    "nombre_del_producto nombre_articulo title titulo nome produto nome_do_produto denominacion",
    "precio": "precio precio_venta precio_de_venta precio_unitario precio_publico "
    "precio_al_publico precio_final pvp valor valor_unitario valor_venta price unit_price "
    "sale_price preco preco_de_venda preco_unitario",
    "stock": "stock existencia existencias cantidad inventario disponible disponibles "
    "stock_actual cantidad_disponible qty quantity inventory on_hand available estoque "
    "quantidade saldo",
    "descripcion": "descripcion detalle detalles description descricao caracteristicas",
    "categoria": "categoria category linea familia grupo rubro departamento seccion tipo",
    "marca": "marca brand fabricante manufacturer",
    "unidad": "unidad unidad_de_medida unidad_medida um u_m und unit uom unidade",
    "moneda": "moneda currency divisa moeda",
    "activo": "activo active habilitado ativo enabled",
}
_CANONICAS = {alias: name for name, aliases in _NOMBRES.items() for alias in aliases.split()}

# How other formats begin; who sends one gets told so instead of "no header found".
_XLSX, _XLS = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


class ArchivoInvalido(Invalid):
    """The file as a whole is refused. `codigo` says why; nothing of it was applied."""

    def __init__(self, codigo: str, detalle: str) -> None:
        super().__init__(detalle)
        self.codigo = codigo


@dataclass(frozen=True, slots=True)
class Registro:
    """One record. celdas: as many as the table's columnas, in their order; falla: why it could
    not be read as it stands."""

    fila: int
    celdas: tuple[str, ...]
    falla: Falla | None = None


@dataclass(frozen=True, slots=True)
class Tabla:
    columnas: tuple[str, ...]
    registros: list[Registro]


def read_tabla(contenido: bytes, limites: Settings) -> Tabla:
    """Raises ArchivoInvalido for what is no table of productos."""
    lines = _lines(_decode(contenido), limites)
    start = 0
    separators = _SEPARADORES
    if lines and (told := re.fullmatch(r"sep=(.)\s*", lines[0], re.IGNORECASE)):
        separators, start = told[1], 1
    while start < len(lines) and not lines[start].strip(" \t\r\n,;|"):
        start += 1
    header, separator = _find_header(lines, start, separators)
    columns = _columns(header.celdas, limites)
    registros: list[Registro] = []
    for raw in _records(lines, header.siguiente, separator):
        if not any(c.strip() for c in raw.celdas) and raw.falla is None:
            continue
        if len(registros) >= limites.importacion_max_filas:
            detalle = f"El archivo tiene más de {limites.importacion_max_filas} filas."
            raise ArchivoInvalido("demasiadas_filas", detalle)
        registros.append(_named(raw, columns, len(header.celdas), limites))
    return Tabla(tuple(columns), registros)


def _lines(text: str, limites: Settings) -> list[str]:
    """Physical lines with their ends; a cell may span several, but not ten each on average."""
    most = 10 * limites.importacion_max_filas
    lines = list(islice(io.StringIO(text, newline=""), most + 1))
    if len(lines) > most:
        raise ArchivoInvalido("demasiadas_filas", f"El archivo tiene más de {most} líneas.")
    return lines


def _decode(contenido: bytes) -> str:
    if not contenido.strip():
        raise ArchivoInvalido("vacio", "El archivo está vacío.")
    if contenido.startswith((_XLSX, _XLS)):
        detalle = "Los archivos de Excel aún no se leen: guárdelo como CSV y envíelo de nuevo."
        raise ArchivoInvalido("formato_no_soportado", detalle)
    if contenido.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return contenido.decode("utf-16", errors="replace")
    if contenido.startswith(codecs.BOM_UTF8):
        return contenido.decode("utf-8-sig", errors="replace")
    try:
        return contenido.decode("utf-8")
    except UnicodeDecodeError:
        # Five of its bytes mean nothing; they become the replacement character.
        return contenido.decode("cp1252", errors="replace")


# --- records -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Crudo:
    fila: int
    celdas: list[str]
    siguiente: int
    falla: Falla | None = None


def _records(lines: list[str], start: int, separator: str) -> Iterator[_Crudo]:
    """Records from line index `start` on. After a damaged one, reading goes on at the very next
    line: an unclosed quote must not swallow the rest of the file."""
    while start < len(lines):
        reader = csv.reader(
            _from(lines, start), delimiter=separator, strict=True, skipinitialspace=True
        )
        begun = start
        try:
            for cells in reader:
                end = start + reader.line_num
                yield _Crudo(begun + 1, cells, end)
                begun = end
            return
        except csv.Error as e:
            yield _Crudo(
                begun + 1, _guess_cells(lines[begun], separator), begun + 1, _damage(str(e))
            )
            start = begun + 1


def _from(lines: list[str], start: int) -> Iterator[str]:
    for n in range(start, len(lines)):
        if len(lines[n]) > _LINEA_MAX:
            raise csv.Error("field larger than any line may be")
        yield lines[n]


def _damage(told: str) -> Falla:
    if "field larger" in told:
        return Falla(None, "demasiado_largo", "Una celda es demasiado larga.")
    return Falla(None, "comillas", "Las comillas de la línea no cierran como deben.")


def _guess_cells(line: str, separator: str) -> list[str]:
    """What a damaged line probably says; enough to know which producto it names."""
    return [cell.strip().strip('"') for cell in line[:5000].split(separator)]


# --- the header --------------------------------------------------------------------------------


def _find_header(lines: list[str], start: int, separators: str) -> tuple[_Crudo, str]:
    """The first record, read with the separator that makes the best sense of it."""
    best: tuple[tuple[int, int], _Crudo, str] | None = None
    for separator in separators:
        record = next(_records(lines, start, separator), None)
        if record is None or record.falla is not None:
            continue
        known = len({_canonical(c) for c in record.celdas} - {None})
        rank = (known, len(record.celdas))
        if best is None or rank > best[0]:
            best = (rank, record, separator)
    if best is None or best[0][0] == 0:
        detalle = "No es una tabla de productos: la primera línea no tiene los títulos."
        raise ArchivoInvalido("no_es_tabla", detalle)
    return best[1], best[2]


def _columns(header: list[str], limites: Settings) -> dict[str, int]:
    """Canonical name → position. Of two columns with the same meaning, the one called exactly so
    counts, else the first."""
    if len(header) > limites.importacion_max_columnas:
        detalle = f"El archivo tiene más de {limites.importacion_max_columnas} columnas."
        raise ArchivoInvalido("demasiadas_columnas", detalle)
    exact = [_plain(title) for title in header]
    for name in _NOMBRES:
        if exact.count(name) > 1:
            raise ArchivoInvalido("columna_repetida", f"La columna {name} está repetida.")
    found: dict[str, int] = {}
    for position, plain in enumerate(exact):
        meant = _CANONICAS.get(plain)
        if meant and (meant not in found or plain == meant):
            found[meant] = position
    missing = [name for name in OBLIGATORIAS if name not in found]
    if missing:
        raise ArchivoInvalido("faltan_columnas", f"Faltan columnas: {', '.join(missing)}.")
    return found


def _canonical(title: str) -> str | None:
    return _CANONICAS.get(_plain(title))


def _plain(title: str) -> str:
    """ "Precio (COP)" → precio, "Unidad-de Medida*" → unidad_de_medida."""
    folded = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", fold(title.removeprefix("\ufeff")[:200]))
    return "_".join(re.findall(r"[a-z0-9]+", folded))


def _named(raw: _Crudo, columns: dict[str, int], width: int, limites: Settings) -> Registro:
    """The record by column. More cells than titles means a separator inside an unquoted cell, so
    nobody knows what belongs where; fewer means that the last ones are empty."""
    cells = raw.celdas
    falla = raw.falla
    if falla is None and len(cells) > width and any(c.strip() for c in cells[width:]):
        falla = Falla(
            None, "columnas_de_mas", f"Tiene {len(cells)} celdas; los títulos son {width}."
        )
    named = tuple(_cell(cells[at]) if at < len(cells) else "" for at in columns.values())
    if falla is None:
        longest = limites.importacion_max_celda
        if any(len(cell) > longest for cell in named):
            too_long = next(n for n, c in zip(columns, named, strict=True) if len(c) > longest)
            falla = Falla(too_long, "demasiado_largo", f"Pasa de {longest} caracteres.")
    return Registro(raw.fila, named, falla)


def _cell(cell: str) -> str:
    """="00123" is how spreadsheets keep the zeros of a code."""
    cell = cell.strip()
    if cell.startswith('="') and cell.endswith('"') and len(cell) > 3:
        return cell[2:-1]
    return cell
