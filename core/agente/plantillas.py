"""The files of prompts/ that a shop may write anew, and how their texts are made up.

`respuestas` is respuestas.yaml, of which a shop writes the keys that it wants otherwise; every
modelo*.md is one whole.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import yaml

from core.catalogo.texto import fold

CARPETA = Path(__file__).parent / "prompts"
RESPUESTAS = "respuestas"
TRATOS = ("tu", "usted", "vos")
TONOS = "tonos"
RESERVADAS = "reservadas"
# Ours, not wording.
_NUESTRAS = (TONOS, RESERVADAS)

_ELIGE = re.compile(r"\[([^\[\]|]*)\|([^\[\]|]*)(?:\|([^\[\]|]*))?\]")

Arbol = Mapping[str, Any]


def nombres() -> list[str]:
    """Of the prompts that a shop may write, found by their files."""
    return [RESPUESTAS, *sorted(p.stem for p in CARPETA.glob("modelo*.md"))]


@cache
def original(nombre: str) -> str:
    """The file as it comes with the installation. `nombre` is one of `nombres`."""
    suffix = "yaml" if nombre == RESPUESTAS else "md"
    return (CARPETA / f"{nombre}.{suffix}").read_text(encoding="utf-8")


@cache
def por_defecto() -> Arbol:
    loaded: Arbol = yaml.load(original(RESPUESTAS), yaml.CSafeLoader)
    return loaded


def frases() -> dict[str, Any]:
    """The wording by itself, as it may be overridden."""
    return {k: v for k, v in por_defecto().items() if k not in _NUESTRAS}


# --- trees of texts ----------------------------------------------------------------------------


def merge(under: Arbol, over: Arbol) -> dict[str, Any]:
    """`under` with the texts of `over` in their places."""
    out = dict(under)
    for key, value in over.items():
        before = out.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            out[key] = merge(before, value)
        else:
            out[key] = value
    return out


def leaves(tree: Any) -> Iterator[str]:
    if isinstance(tree, Mapping):
        for value in tree.values():
            yield from leaves(value)
    else:
        yield str(tree)


def pick(text: str, trato: str) -> str:
    """ "[Confirmas|Confirma|Confirmás]" as this trato says it; of two, vos says the first."""

    def choose(match: re.Match[str]) -> str:
        tu, usted, vos = match.groups()
        said: str = {"tu": tu, "usted": usted, "vos": tu if vos is None else vos}[trato]
        return said

    return _ELIGE.sub(choose, text)


def stray_brackets(text: str) -> bool:
    return bool(re.search(r"[\[\]|]", _ELIGE.sub("", text)))


def campos_de(text: str) -> set[str]:
    """The {campos} of a template. Raises ValueError for what is no plain campo."""
    found = set()
    for _, name, spec, conversion in Formatter().parse(text):
        if name is None:
            continue
        if spec or conversion or not re.fullmatch(r"[a-z_]+", name):
            raise ValueError(f"{{{name}}} no es un campo")
        found.add(name)
    return found


@cache
def reservadas() -> Mapping[str, frozenset[str]]:
    """Groups of words that claim something of the sale."""
    groups: Arbol = por_defecto()[RESERVADAS]
    return {name: frozenset(fold(said).split()) for name, said in groups.items()}
