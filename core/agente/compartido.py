"""What a phone shares instead of writing it, a place or a telephone, in words: a door writes them,
core.agente.datos reads them back, and the shop reads them as they are."""

import re

UBICACION = re.compile(r"^Ubicación: [^\n]*\d[^\n]*$", re.MULTILINE)
# Somebody else's telephone is no answer to "what is yours?".
CONTACTO = re.compile(r"^Contacto compartido: [^\n]*$", re.MULTILINE)


def ubicacion(latitud: float, longitud: float, *nombres: str) -> str:
    """To the metre; `nombres`: what the place is called and its address, where they are known."""
    punto = f"{latitud:.5f}, {longitud:.5f}"
    called = ", ".join(n for n in map(_line, nombres) if n)
    return f"Ubicación: {called} ({punto})" if called else f"Ubicación: {punto}"


def contacto(nombre: str, telefono: str, *, propio: bool) -> str:
    """`propio`: it is the one of who sends it."""
    if propio:
        return f"Teléfono: {_line(telefono)}"
    return f"Contacto compartido: {_line(nombre)}, {_line(telefono)}"


def _line(texto: str) -> str:
    return " ".join(texto.split())
