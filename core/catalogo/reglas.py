"""What a producto may hold, whoever writes it: a person over HTTP or a row of a file."""

import re
import unicodedata
from decimal import Decimal
from typing import NamedTuple

from core.unidades import allows_fraction


class Falla(NamedTuple):
    """Why one value is refused. `codigo` is stable; `mensaje` is for the shopkeeper."""

    columna: str | None
    codigo: str
    mensaje: str


LARGOS = {
    "sku": 64,
    "nombre": 300,
    "descripcion": 5000,
    "categoria": 120,
    "marca": 120,
    "unidad": 40,
}
UNIDAD = "unidad"

# Well inside numeric(14, 2) and numeric(14, 3), so that a line's subtotal still fits.
MAXIMOS = {"precio": Decimal("9999999999.99"), "stock": Decimal("99999999.999")}
DECIMALES = {"precio": 2, "stock": 3}

# What a spreadsheet shows instead of a value that it cannot work out, as Spanish ones do too.
_ERRORES = frozenset(
    "#N/A #REF! #VALUE! #DIV/0! #NAME? #NUM! #NULL! #SPILL! #CALC! "
    "#N/D #¡REF! #¡VALOR! #¡DIV/0! #¿NOMBRE? #¡NUM! #¡NULO! #¡DESBORDAMIENTO! #¡CALC!".split()
)


_SALTO = re.compile("\r\n?|\u2028")


def tidy(columna: str, texto: str) -> str:
    """Single spaces and no line breaks, but for a description, which may have paragraphs."""
    if columna == "descripcion":
        return _SALTO.sub("\n", texto).strip()
    return " ".join(texto.split())


def check_texto(columna: str, texto: str) -> Falla | None:
    if columna == "nombre" and not texto:
        return Falla(columna, "requerido", "Falta el nombre.")
    if texto in _ERRORES:
        return Falla(columna, "celda_con_error", f"La hoja de cálculo dice {texto}.")
    if len(texto) > LARGOS[columna]:
        return Falla(columna, "demasiado_largo", f"Pasa de {LARGOS[columna]} caracteres.")
    if not texto.isprintable() and any(_unprintable(c) for c in texto):
        return Falla(columna, "caracter_invalido", "Contiene caracteres que no son texto.")
    return None


def _unprintable(char: str) -> bool:
    """Control characters and halves of surrogate pairs, which no text column can keep."""
    return unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\r\t"


def check_numero(columna: str, valor: Decimal) -> Falla | None:
    if not valor.is_finite():
        return Falla(columna, "numero_invalido", "No es un número.")
    if valor < 0:
        return Falla(columna, "negativo", "No puede ser negativo.")
    if valor > MAXIMOS[columna]:
        return Falla(columna, "demasiado_grande", f"Pasa de {MAXIMOS[columna]}.")
    places = DECIMALES[columna]
    if valor != round(valor, places):
        return Falla(columna, "decimales", f"Tiene más de {places} decimales.")
    return None


def check_fraccion(unidad: str, stock: Decimal) -> Falla | None:
    """2.5 m may be; 2.5 of what is sold by the unit may not."""
    if stock % 1 and not allows_fraction(unidad):
        return Falla("stock", "fraccion", f"Se vende por {unidad}: el stock debe ser entero.")
    return None
