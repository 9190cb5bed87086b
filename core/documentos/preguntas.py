"""A CSV of questions and answers → its sections, one a row."""

import csv
import io

from core.catalogo.texto import fold
from core.documentos.secciones import DocumentoIlegible, Seccion

_SEPARADORES = ",;\t|"
_PREGUNTA = frozenset("pregunta preguntas question q titulo tema consulta".split())
_RESPUESTA = frozenset("respuesta respuestas answer a texto contenido detalle".split())


def read_preguntas(texto: str) -> list[Seccion]:
    """The rows that have both. Raises DocumentoIlegible where no row does, or nothing is called
    pregunta and respuesta."""
    for separator in _SEPARADORES:
        try:
            rows = list(csv.reader(io.StringIO(texto), delimiter=separator, skipinitialspace=True))
        except csv.Error as e:
            raise DocumentoIlegible("csv_danado", "El CSV tiene comillas que no cierran.") from e
        rows = [row for row in rows if any(c.strip() for c in row)]
        titles = [fold(c) for c in rows[0]] if rows else []
        q = next((n for n, t in enumerate(titles) if t in _PREGUNTA), None)
        a = next((n for n, t in enumerate(titles) if t in _RESPUESTA), None)
        if q is not None and a is not None:
            pairs = [(_cell(row, q), _cell(row, a)) for row in rows[1:]]
            return [Seccion(p, (r,), pregunta=True) for p, r in pairs if p and r]
    raise DocumentoIlegible(
        "sin_columnas", "La primera línea del CSV debe decir pregunta y respuesta."
    )


def _cell(row: list[str], n: int) -> str:
    return " ".join(row[n].split()) if n < len(row) else ""
