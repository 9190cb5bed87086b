"""Sections → pasajes: pieces that a person can read in a chat and that can answer by themselves."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.documentos.secciones import VINETA, Seccion

LARGO = 600  # characters: a screen of a phone, and what the bundled model reads whole
_PALABRAS_MIN = 3  # "Bienvenidos" answers nothing
_ORACION = re.compile(r"(?<=[.!?…])\s+(?=[^\s\d.,;)])")


@dataclass(frozen=True)
class Trozo:
    titulo: str
    texto: str


def cut(secciones: Sequence[Seccion], *, largo: int = LARGO) -> list[Trozo]:
    """In the order of the documento. Under one heading paragraphs go together as far as they fit;
    without one each is by itself, for it may speak of something else."""
    return [
        Trozo(seccion.titulo, text)
        for seccion in secciones
        for text in _pieces(seccion, largo)
        if len(re.findall(r"\w+", text)) >= _PALABRAS_MIN or seccion.pregunta
    ]


def _pieces(seccion: Seccion, largo: int) -> Iterator[str]:
    held = ""
    for parrafo in seccion.parrafos:
        text = _introduced(seccion, parrafo)
        parts = [text] if len(text) <= largo else list(_split(text, largo))
        for part in parts:
            if held and (not seccion.titulo or len(held) + 1 + len(part) > largo):
                yield held
                held = ""
            held = f"{held}\n{part}" if held else part
    if held:
        yield held


def _introduced(seccion: Seccion, parrafo: str) -> str:
    """A list says of what it is one."""
    if seccion.pregunta or not seccion.titulo or not parrafo.startswith(VINETA):
        return parrafo
    return f"{seccion.titulo.rpartition(' › ')[2]}:\n{parrafo}"


def oraciones(texto: str) -> list[str]:
    """Sentences and points of a list, in order; nothing is lost but the space between them."""
    return [o for line in texto.split("\n") for o in _ORACION.split(line) if o.strip()]


def _split(texto: str, largo: int) -> Iterator[str]:
    """At the ends of sentences, else between words."""
    held = ""
    for line in texto.split("\n"):
        for n, oracion in enumerate(_ORACION.split(line)):
            gap = "\n" if n == 0 else " "
            for part in _fitting(oracion, largo):
                if held and len(held) + 1 + len(part) > largo:
                    yield held
                    held = part
                else:
                    held = f"{held}{gap}{part}" if held else part
    if held:
        yield held


def _fitting(oracion: str, largo: int) -> Iterator[str]:
    while len(oracion) > largo:
        cut_at = oracion.rfind(" ", 0, largo)
        cut_at = cut_at if cut_at > 0 else largo
        yield oracion[:cut_at]
        oracion = oracion[cut_at:].lstrip()
    yield oracion
