"""The records of a table → rows fit for the catalogue, and what is wrong with the others.

Works by column with pandas: each distinct cell is understood once. Only workers import this.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from core.catalogo import reglas
from core.catalogo.numeros import parse_numero
from core.catalogo.reglas import Falla
from core.catalogo.tabla import Tabla
from core.catalogo.texto import fold, fold_key


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
class Lectura:
    """What a file says. Both lists are in the order of the file.

    claves: keys of every line that names a producto, bad lines included: it is left as it is.
    sueltas: nombres of lines too damaged to be sure of, without their quotes.
    """

    filas: list[Fila]
    fallas: list[tuple[int, Falla]]
    claves: frozenset[str]
    sueltas: frozenset[str]
    total: int


_SI = frozenset("si s true verdadero 1 x activo yes y habilitado sim t on v".split())
_NO = frozenset("no n false falso 0 inactivo nao f off inactiva deshabilitado".split())


def read_filas(tabla: Tabla, *, moneda: str) -> Lectura:
    """Understand every cell. `moneda` is the empresa's: another one is a fault of its row."""
    import pandas as pd

    registros = [r for r in tabla.registros if r.falla is None]
    damaged = [(r, r.falla) for r in tabla.registros if r.falla is not None]
    lineas = pd.Index([r.fila for r in registros])
    columnas = {
        name: _column(pd, [r.celdas[n] for r in registros], lineas, _reader(name, moneda))
        for n, name in enumerate(tabla.columnas)
    }
    bad: dict[int, list[Falla]] = {}
    for values in columnas.values():
        for fila, value in values[values.map(type) == Falla].items():
            bad.setdefault(int(str(fila)), []).append(value)
    claves = [_key(tabla.columnas, r.celdas) for r in registros]
    _refuse_repeated(pd.Series(claves, index=lineas, dtype=object), bad)
    filas = _rows(columnas, lineas.tolist(), claves, bad)
    fallas = [(r.fila, falla) for r, falla in damaged]
    fallas += [(fila, falla) for fila, found in bad.items() for falla in found]
    unsure = {key for r, _ in damaged if (key := _key(tabla.columnas, r.celdas)) is not None}
    return Lectura(
        filas,
        sorted(fallas, key=lambda f: f[0]),
        frozenset(k for k in claves if k) | unsure,
        frozenset(loosen(key) for key in unsure),
        len(tabla.registros),
    )


def loosen(clave: str) -> str:
    """A key as it looks when its quotes cannot be trusted."""
    return clave.replace('"', "")


def _column(pd: Any, cells: list[str], lineas: Any, read: Callable[[str], object]) -> Any:
    """Each distinct cell read once; values and Fallas, side by side."""
    codes, distinct = pd.factorize(pd.Series(cells, dtype=object))
    values = pd.Series([read(cell) for cell in distinct], dtype=object)
    return pd.Series(values.to_numpy()[codes], index=lineas, dtype=object)


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


# --- keys --------------------------------------------------------------------------------------


def _key(columnas: tuple[str, ...], celdas: tuple[str, ...]) -> str | None:
    """What the line calls its producto; None when it names none."""
    named = dict(zip(columnas, celdas, strict=True))
    if sku := reglas.tidy("sku", named.get("sku", "")):
        return fold_key(sku, "")
    nombre = reglas.tidy("nombre", named["nombre"])
    return fold_key(None, nombre) if nombre else None


def _refuse_repeated(claves: Any, bad: dict[int, list[Falla]]) -> None:
    """The first line with a key is the one that counts, even when it is a bad one."""
    named = claves.dropna()
    repeated = named[named.duplicated()]
    if not len(repeated):
        return
    first = {key: fila for fila, key in reversed(list(named.items()))}
    for fila, key in repeated.items():
        columna = "sku" if key.startswith("s:") else "nombre"
        falla = Falla(columna, "duplicado", f"Repite el producto de la fila {first[key]}.")
        bad.setdefault(int(fila), []).append(falla)


# --- rows --------------------------------------------------------------------------------------

_TEXTOS = ("sku", "nombre", "descripcion", "categoria", "marca", "unidad")


def _rows(
    columnas: dict[str, Any],
    lineas: list[int],
    claves: Sequence[str | None],
    bad: dict[int, list[Falla]],
) -> list[Fila]:
    """The good lines; what is only seen by looking at two cells together is added to `bad`."""

    def values(name: str, absent: object) -> list[Any]:
        return columnas[name].tolist() if name in columnas else [absent] * len(lineas)

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
