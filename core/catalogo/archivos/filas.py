"""The records of a table → rows fit for the catalogue, and what is wrong with the others.

Works by column with pandas: each distinct cell is understood once. Only workers import this.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple

from core.catalogo import reglas
from core.catalogo.archivos.celdas import plain_cell
from core.catalogo.archivos.claves import Claves
from core.catalogo.archivos.numeros import parse_numero
from core.catalogo.archivos.registro import Registro
from core.catalogo.archivos.tabla import Tabla
from core.catalogo.reglas import Falla
from core.catalogo.texto import fold


class Fila(NamedTuple):
    """A row to apply. None: the file does not say, what the producto has stays. Its order is the
    order of the columns that importing copies."""

    fila: int
    clave: str
    sku: str | None
    nombre: str
    descripcion: str | None
    categoria: str | None
    marca: str | None
    unidad: str | None
    precio: Decimal
    stock: Decimal
    activo: bool


@dataclass(frozen=True, slots=True)
class Tramo:
    """What some lines of a file say, up to line `hasta`. Both lists are in the order of the file;
    each line is in one of them."""

    filas: list[Fila]
    fallas: list[tuple[int, Falla]]
    hasta: int


_SI = frozenset("si s true verdadero 1 x activo yes y habilitado sim t on v".split())
_NO = frozenset("no n false falso 0 inactivo nao f off inactiva deshabilitado".split())


class Lector:
    """Understands a table piece by piece; of the earlier ones it remembers the keys.

    `moneda` is the empresa's: another one is a fault of its row, and in the title of the prices a
    fault of every row.
    """

    def __init__(self, tabla: Tabla, *, moneda: str) -> None:
        self.claves = Claves(tabla.columnas, tabla.lineas.separador)
        self._tabla = tabla
        self._lectores = {name: _reader(name, moneda) for name in tabla.columnas}
        if tabla.moneda not in (None, moneda):
            falla = _other_moneda("precio", moneda)
            self._lectores["precio"] = lambda _: falla

    def tramos(self, registros: int, *, desde: int = 0) -> Iterator[Tramo]:
        """What the lines after `desde` say, that many records at a time; of those before it only
        the keys are taken. To be gone through once."""
        left = self._tabla.registros()
        while piece := list(islice(left, registros)):
            later = [r for r in piece if r.fila > desde]
            self.claves.note(piece[: len(piece) - len(later)])
            if later:
                yield self._read(later)

    def _read(self, registros: list[Registro]) -> Tramo:
        bad = {r.fila: [r.falla] for r in registros if r.falla is not None}
        whole = [r for r in registros if r.falla is None]
        lineas = [r.fila for r in whole]
        columnas = {}
        for name, read in self._lectores.items():
            at = self._tabla.columnas[name]
            columnas[name] = _read_columna([r.celdas[at] for r in whole], lineas, read, bad)
        claves = []
        for fila, (clave, falla) in zip(lineas, self.claves.note(registros), strict=True):
            claves.append(clave)
            if falla is not None:
                bad.setdefault(fila, []).append(falla)
        filas = _rows(columnas, lineas, claves, bad)
        fallas = [(fila, falla) for fila in sorted(bad) for falla in bad[fila]]
        return Tramo(filas, fallas, registros[-1].fila)


def _read_columna(
    cells: list[str],
    lineas: list[int],
    read: Callable[[str], object],
    bad: dict[int, list[Falla]],
) -> list[Any]:
    """Each distinct cell read once; what cannot be read is added to the faults of its lines."""
    import pandas as pd

    codes, distinct = pd.factorize(pd.Series(cells, dtype=object))
    values = [read(plain_cell(cell)) for cell in distinct]
    wrong = {n: value for n, value in enumerate(values) if isinstance(value, Falla)}
    if wrong:
        for fila, code in zip(lineas, codes.tolist(), strict=True):
            if code in wrong:
                bad.setdefault(fila, []).append(wrong[code])
    return [values[code] for code in codes.tolist()]


def _reader(columna: str, moneda: str) -> Callable[[str], object]:
    if columna in reglas.MAXIMOS:
        return lambda cell: _read_numero(columna, cell, moneda)
    if columna == "moneda":
        return lambda cell: _read_moneda(cell, moneda)
    if columna == "activo":
        return _read_activo
    return lambda cell: _read_texto(columna, cell)


def _read_texto(columna: str, cell: str) -> object:
    text = reglas.tidy(columna, cell)
    return reglas.check_texto(columna, text) or text


def _read_numero(columna: str, cell: str, moneda: str) -> object:
    if not cell:
        return Falla(columna, "requerido", f"Falta el {columna}.")
    found = parse_numero(cell)
    if found is None:
        return Falla(columna, "numero_invalido", f"«{_short(cell)}» no es un número.")
    if found.moneda not in (None, moneda):
        return _other_moneda(columna, moneda)
    return reglas.check_numero(columna, found.valor) or found.valor


def _read_moneda(cell: str, moneda: str) -> object:
    return "" if cell.upper() in ("", "$", moneda) else _other_moneda("moneda", moneda)


def _other_moneda(columna: str, moneda: str) -> Falla:
    return Falla(columna, "moneda", f"La moneda de la empresa es {moneda}.")


def _read_activo(cell: str) -> object:
    folded = fold(cell)
    if not folded or folded in _SI:
        return True
    if folded in _NO:
        return False
    return Falla("activo", "activo_invalido", f"«{_short(cell)}» no es sí ni no.")


def _short(cell: str) -> str:
    kept = "".join(c if c.isprintable() else "�" for c in cell[:30])
    return kept + ("…" if len(cell) > 30 else "")


# --- rows --------------------------------------------------------------------------------------

_TEXTOS = ("sku", "nombre", "descripcion", "categoria", "marca", "unidad")


def _rows(
    columnas: dict[str, list[Any]],
    lineas: list[int],
    claves: list[str | None],
    bad: dict[int, list[Falla]],
) -> list[Fila]:
    """The good lines; what is only seen by looking at two cells together is added to `bad`."""

    def values(name: str, absent: object) -> list[Any]:
        return columnas[name] if name in columnas else [absent] * len(lineas)

    texts = [values(name, None) for name in _TEXTOS]
    rest = [values(name, None) for name in reglas.MAXIMOS] + [values("activo", True)]
    filas: list[Fila] = []
    for (
        fila,
        clave,
        sku,
        nombre,
        descripcion,
        categoria,
        marca,
        unidad,
        precio,
        stock,
        activo,
    ) in zip(lineas, claves, *texts, *rest, strict=True):
        if fila in bad or clave is None:
            continue
        if unidad and stock % 1 and (falla := reglas.check_fraccion(unidad, stock)):
            bad[fila] = [falla]
            continue
        sku, unidad = sku or None, unidad or None
        texts_of_it = (sku, nombre, descripcion, categoria, marca, unidad)
        filas.append(Fila(fila, clave, *texts_of_it, precio, stock, activo))
    return filas
