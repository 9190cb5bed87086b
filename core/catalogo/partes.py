"""What an XLSX says of itself: where its sheets and texts are, and which styles show dates."""

import posixpath
import re
from typing import NamedTuple

from core.catalogo.hoja import DIA_CERO, DIA_CERO_1904, Formatos
from core.catalogo.paquete import LIBRO, Paquete, local

_BYTES_MAX = 8 << 20  # of each of these parts, whose elements are held in memory
# Numbers of the formats for dates that every program knows and no book describes.
_FECHAS = frozenset(map(str, (*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59))))
# What may hold the letters of a date without showing one: quoted, coloured, escaped, padding.
_ADORNO = re.compile(r'"[^"]*"|\[[^\]]*\]|[\\_*].')


class Descripcion(NamedTuple):
    """hojas: parts of the visible sheets, in the order in which they are shown."""

    hojas: list[str]
    textos: str
    formatos: Formatos


def describe(paquete: Paquete) -> Descripcion:
    """Raises ArchivoInvalido."""
    book = _read(paquete, LIBRO, "sheet", "workbookPr")
    related = [r for _, r in _read(paquete, "xl/_rels/workbook.xml.rels", "Relationship")]
    by_id = {r.get("Id"): _part(r) for r in related}
    by_kind = {r.get("Type", "").rpartition("/")[2]: _part(r) for r in related}
    visible = [s for name, s in book if name == "sheet" and s.get("state") in (None, "visible")]
    hojas = [by_id.get(sheet.get("id"), "") for sheet in visible]
    since_1904 = any(told.get("date1904") in ("1", "true") for _, told in book)
    formatos = Formatos(
        _find_fechas(paquete, by_kind.get("styles", "")),
        DIA_CERO_1904 if since_1904 else DIA_CERO,
    )
    return Descripcion(
        [parte for parte in hojas if parte in paquete], by_kind.get("sharedStrings", ""), formatos
    )


def _part(relation: dict[str, str]) -> str:
    """Where it leads, as the archive calls it: relative to xl/ unless it begins with a slash."""
    return posixpath.normpath(posixpath.join("/xl", relation.get("Target", ""))).lstrip("/")


def _find_fechas(paquete: Paquete, parte: str) -> frozenset[str]:
    if parte not in paquete:
        return frozenset()
    told = _read(paquete, parte, "numFmts/numFmt", "cellXfs/xf")
    written = {
        style.get("numFmtId"): style.get("formatCode", "")
        for name, style in told
        if name == "numFmts/numFmt"
    }
    styles = [style.get("numFmtId", "") for name, style in told if name == "cellXfs/xf"]
    return frozenset(str(n) for n, style in enumerate(styles) if _is_fecha(style, written))


def _is_fecha(numero: str, written: dict[str | None, str]) -> bool:
    if numero in written:
        return re.search("[dmyhs]", _ADORNO.sub("", written[numero].lower())) is not None
    return numero in _FECHAS


class _Elementos:
    """Implements core.catalogo.paquete.Manejador: the attributes of the elements with one of these
    names, "parent/name" or "name", in their order."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.found: list[tuple[str, dict[str, str]]] = []
        self.hondo = 0
        self._names = names
        self._path = [""]

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = local(name)
        for wanted in (name, f"{self._path[-1]}/{name}"):
            if wanted in self._names:
                self.found.append((wanted, {local(k): v for k, v in attributes.items()}))
        self._path.append(name)
        self.hondo += 1

    def end(self, name: str) -> None:
        self._path.pop()
        self.hondo -= 1

    def text(self, data: str) -> None:
        """None of these says anything in text."""


def _read(paquete: Paquete, parte: str, *names: str) -> list[tuple[str, dict[str, str]]]:
    elementos = _Elementos(names)
    for _ in paquete.parse(parte, elementos, most=_BYTES_MAX):
        pass
    return elementos.found
