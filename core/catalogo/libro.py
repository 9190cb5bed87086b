"""An XLSX → the records of its first sheet that is a table of productos.

A sheet is parsed once, into a temporary file that has the form of a CSV; its records are read from
there as often as wanted.
"""

import csv
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import IO

from core.catalogo.hoja import Formatos, Hoja, Textos
from core.catalogo.paquete import Paquete
from core.catalogo.partes import describe
from core.catalogo.registro import ArchivoInvalido, Registro
from core.catalogo.titulos import OBLIGATORIAS, rank_titulos
from core.settings import Settings

_TEXTOS_POR_FILA = 10


@dataclass(frozen=True, slots=True)
class Libro:
    """The records of one sheet, as text with their row first."""

    copia: IO[str]

    def registros(self) -> Iterator[Registro]:
        """The titles first, blank rows left out. One call at a time: they share the file."""
        self.copia.seek(0)
        for fila, *celdas in csv.reader(self.copia):
            yield Registro(int(fila), celdas)


@contextmanager
def open_libro(contenido: bytes, limites: Settings) -> Iterator[Libro]:
    """Raises ArchivoInvalido when no visible sheet begins with titles that we know."""
    paquete = Paquete(contenido, limites)
    descrito = describe(paquete)
    # One more than is allowed, so that what is too long or too wide can be seen to be.
    largo = min(limites.importacion_max_celda + 1, csv.field_size_limit())
    textos = Textos(largo=largo, most=limites.importacion_max_filas * _TEXTOS_POR_FILA)
    if descrito.textos in paquete:
        for _ in paquete.parse(descrito.textos, textos):
            pass
    lector = _Lector(
        paquete, textos, descrito.formatos, largo, limites.importacion_max_columnas + 1
    )
    hoja = _choose(lector, descrito.hojas)
    with tempfile.TemporaryFile(
        "w+", encoding="utf-8", errors="surrogatepass", newline=""
    ) as copia:
        writer = csv.writer(copia)
        # The titles, and one more than may be: what is beyond need not be seen.
        for registro in islice(lector.read(hoja), limites.importacion_max_filas + 2):
            writer.writerow([registro.fila, *registro.celdas])
        yield Libro(copia)


@dataclass(frozen=True, slots=True)
class _Lector:
    paquete: Paquete
    textos: Textos
    formatos: Formatos
    largo: int
    ancho: int

    def read(self, parte: str) -> Iterator[Registro]:
        """The rows of a sheet that are not blank."""
        hoja = Hoja(self.textos, self.formatos, largo=self.largo, ancho=self.ancho)
        for _ in self.paquete.parse(parte, hoja):
            for fila, celdas in hoja.filas:
                registro = Registro(fila, celdas)
                if not registro.blank:
                    yield registro
            hoja.filas.clear()


def _choose(lector: _Lector, hojas: list[str]) -> str:
    """The first sheet whose titles name all that must be there, else the one that comes nearest."""
    best, chosen = (0, 0), ""
    for parte in hojas:
        first = next(lector.read(parte), None)
        rank = rank_titulos(first.celdas) if first else (0, 0)
        if rank[0] == len(OBLIGATORIAS):
            return parte
        if rank > best:
            best, chosen = rank, parte
    if not chosen:
        detalle = "No es una tabla de productos: ninguna hoja comienza con los títulos."
        raise ArchivoInvalido("no_es_tabla", detalle)
    return chosen
