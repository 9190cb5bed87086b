"""A file's bytes → a table of productos whose records can be read as a stream.

Only a file that is no table at all, or larger than any may be, is refused whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from core.catalogo.archivos.lineas import Lineas, open_lineas
from core.catalogo.archivos.registro import ArchivoInvalido, Registro
from core.catalogo.archivos.titulos import find_columnas, name_moneda
from core.catalogo.reglas import Falla
from core.settings import Settings

# How the formats of old programs begin, which some still write.
_OLE = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class Tabla:
    """columnas: canonical name → position in a record; ancho: how many titles there are;
    moneda: the one that the title of the prices names; total: records that are not blank."""

    lineas: Lineas
    columnas: dict[str, int]
    ancho: int
    celda_max: int
    moneda: str | None = None
    total: int = 0

    def registros(self) -> Iterator[Registro]:
        """What follows the titles and is not blank, each with at least `ancho` cells."""
        records = self.lineas.registros()
        next(records)
        for record in records:
            if not record.blank:
                yield self._check(record)

    def _check(self, record: Registro) -> Registro:
        """More cells than titles means a separator inside an unquoted cell, so nobody knows what
        belongs where; fewer means that the last ones are empty."""
        fila, cells, falla = record
        if len(cells) < self.ancho:
            record = Registro(fila, cells + [""] * (self.ancho - len(cells)), falla)
        elif len(cells) > self.ancho and falla is None and any(map(str.strip, cells[self.ancho :])):
            detalle = f"Tiene {len(cells)} celdas; los títulos son {self.ancho}."
            return Registro(fila, cells, Falla(None, "columnas_de_mas", detalle))
        if falla is None and len(max(cells, key=len)) > self.celda_max:
            return Registro(fila, record.celdas, self._find_too_long(record.celdas))
        return record

    def _find_too_long(self, cells: list[str]) -> Falla | None:
        for name, at in self.columnas.items():
            if len(cells[at].strip()) > self.celda_max:
                return Falla(name, "demasiado_largo", f"Pasa de {self.celda_max} caracteres.")
        return None


def open_tabla(contenido: bytes, limites: Settings) -> Tabla:
    """Read the file once, to know that it can be read and how much it holds. Raises
    ArchivoInvalido for what is no table of productos."""
    lineas = _open(contenido, limites)
    titulos = next(lineas.registros()).celdas
    columnas = find_columnas(titulos, most=limites.importacion_max_columnas)
    moneda = name_moneda(titulos[columnas["precio"]])
    tabla = Tabla(lineas, columnas, len(titulos), limites.importacion_max_celda, moneda)
    total = 0
    for total, _ in enumerate(tabla.registros(), start=1):
        if total > limites.importacion_max_filas:
            detalle = f"El archivo tiene más de {limites.importacion_max_filas} filas."
            raise ArchivoInvalido("demasiadas_filas", detalle)
    return replace(tabla, total=total)


def _open(contenido: bytes, limites: Settings) -> Lineas:
    if not contenido or contenido.isspace():
        raise ArchivoInvalido("vacio", "El archivo está vacío.")
    if contenido.startswith(_OLE):
        detalle = (
            "Es un archivo de Excel antiguo (.xls) o con contraseña: guárdelo como XLSX o CSV, "
            "sin contraseña, y envíelo de nuevo."
        )
        raise ArchivoInvalido("formato_no_soportado", detalle)
    # A cell may span several lines, but not ten each on average.
    return open_lineas(contenido, lineas_max=10 * limites.importacion_max_filas)
