"""What a text is about, for finding the shop's own words on it."""

import re
from functools import lru_cache
from pathlib import Path

import yaml

from core.agente.lexico import RELLENO, TEMAS
from core.agente.palabras import fichas, frase, plegar
from core.documentos.indice import Habla

_ARCHIVO = Path(__file__).parent / "prompts" / "temas.yaml"
_DICHOS = {
    tema: re.compile("|".join(patrones))
    for tema, patrones in yaml.safe_load(_ARCHIVO.read_text(encoding="utf-8")).items()
}
# "servicios" is everything else that shops do: two of them need have nothing in common.
_SIN_TEMA = frozenset({"servicios"})
# Said of anything that a shop has or does, and so of nothing.
_PREGUNTAN = frozenset(
    "quiero quisiera necesito dan aceptan acepta reciben recibe sirve puede puedo hay tengo tiene "
    "tienes hacen hace cuanto gracias favor porfa amable hola".split()
)
# A text is about what it speaks of most, and about what it speaks of nearly as much.
_TANTO = 0.6


def temas_de(texto: str) -> frozenset[str]:
    """What a customer asks about."""
    linea = frase(fichas(plegar(texto)))
    return frozenset(t for t, patron in TEMAS.items() if patron.search(linea)) - _SIN_TEMA


@lru_cache(maxsize=10_000)  # a millisecond each, and all of a shop's again at each of its changes
def temas_dichos(texto: str) -> frozenset[str]:
    """What the shop mostly speaks of in a text of its own."""
    linea = frase(fichas(plegar(texto)))
    veces = {t: len(set(patron.findall(linea))) for t, patron in _DICHOS.items()}
    most = max(veces.values(), default=0)
    return frozenset(t for t, n in veces.items() if n and n >= _TANTO * most)


def temas_de_titulo(titulo: str) -> frozenset[str]:
    """A heading may be a question, or a word or two of the shop's."""
    return temas_de(titulo) | temas_dichos(titulo)


HABLA = Habla(
    temas=temas_de,
    temas_de_titulo=temas_de_titulo,
    temas_de_texto=temas_dichos,
    vacias=RELLENO | _PREGUNTAN,
)
