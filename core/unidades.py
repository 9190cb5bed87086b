"""Units a producto may be sold by. What is measured may be divided; what is counted may not."""

import unicodedata
from decimal import Decimal

MILESIMA = Decimal("0.001")  # the finest quantity anything is kept in

_MEASURED = frozenset(
    "m metro metros ml cm mm m2 m3 kg kilo kilos kilogramo kilogramos g gr gramo gramos lb libra "
    "libras t tonelada toneladas l lt litro litros cc yd yarda yardas pie pies".split()
)


def allows_fraction(unidad: str) -> bool:
    """Whether something sold by `unidad` may be sold as 2.5 of it."""
    plain = unicodedata.normalize("NFD", unidad.strip().lower())
    folded = "".join(c for c in plain if unicodedata.category(c) != "Mn")
    return folded.replace("²", "2").replace("³", "3").rstrip(".") in _MEASURED
