"""A cell as a spreadsheet shows it, and what it says: each function undoes the other."""

import re

# A spreadsheet runs what begins like this, full-width signs included; an apostrophe makes it text.
# What has the apostrophe already gets another, so that exactly one can be taken away.
# U+2028 is what core.catalogo.archivos.libro makes of a line break.
_FORMULA = re.compile("'*[=+\\-@\t\r\n\u2028＝＋－＠]")


def harmless(texto: str) -> str:
    """`texto` for a cell that no spreadsheet will run."""
    return f"'{texto}" if _FORMULA.match(texto) else texto


def plain_cell(celda: str) -> str:
    """What a cell says, without the apostrophe of `harmless` and without surrounding space."""
    celda = celda.lstrip()
    if celda.startswith("'") and _FORMULA.match(celda):
        return celda[1:].strip()
    celda = celda.rstrip()
    if celda.startswith('="') and celda.endswith('"') and len(celda) > 3:
        return celda[2:-1]  # ="00123" is how spreadsheets keep the zeros of a code
    return celda
