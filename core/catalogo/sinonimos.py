"""What people call the same thing: words and phrases that lead to one concept.

A list for each trade is shipped, and a shop adds its own. All of them serve every shop: a concept
that none of its productos names leads nowhere there, so the taco of a zapatería and the one of a
ferretería do not meet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from core.catalogo.parecidos import Vocabulario
from core.catalogo.texto import terms

_SHIPPED = sorted((Path(__file__).parent / "palabras").glob("*.yaml"))


@dataclass(frozen=True, slots=True)
class Mencion:
    """`largo` words from `inicio` name `concepto`. Only the words of a question may be
    `ambigua`: they name it there, and something else inside a producto's name. An `interna` one
    stands inside a longer phrase: the pico of a pico de loro."""

    inicio: int
    largo: int
    concepto: str
    ambigua: bool
    interna: bool


class Sinonimos:
    def __init__(self, grupos: Sequence[dict[str, list[str]]]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], str, bool]]] = {}
        self.palabras = Vocabulario()
        for n, grupo in enumerate(grupos):
            for ambigua, key in ((False, "es"), (True, "tambien")):
                for phrase in grupo.get(key, ()):
                    self._add(phrase, f"~{n}", ambigua)
        for options in self._by_first.values():
            options.sort(key=lambda o: -len(o[0]))

    def _add(self, phrase: str, concept: str, ambiguous: bool) -> None:
        stems = tuple(t for t in terms(phrase) if isinstance(t, str))
        if not stems:
            raise ValueError(f"synonym {phrase!r} has no word")
        options = self._by_first.setdefault(stems[0], [])
        if (stems, concept) not in [o[:2] for o in options]:
            options.append((stems, concept, ambiguous))
        for word in stems:
            self.palabras.add(word)

    def find(self, stems: Sequence[str], *, pregunta: bool) -> list[Mencion]:
        """Every mention in `stems`, in order."""
        found: list[Mencion] = []
        covered = 0
        for start, first in enumerate(stems):
            for phrase, concept, ambiguous in self._by_first.get(first, ()):
                if ambiguous and not pregunta:
                    continue
                if tuple(stems[start : start + len(phrase)]) == phrase:
                    inside = start < covered
                    found.append(Mencion(start, len(phrase), concept, ambiguous, inside))
                    covered = max(covered, start + len(phrase))
        return found


@cache
def _shipped() -> list[dict[str, list[str]]]:
    return [
        grupo
        for file in _SHIPPED
        for grupo in yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    ]


@cache
def sinonimos() -> Sinonimos:
    """The shipped lists, read once per process."""
    return Sinonimos(_shipped())


def with_own(grupos: Sequence[Sequence[str]]) -> Sinonimos:
    """The shipped lists and a shop's own groups of words."""
    return Sinonimos([*_shipped(), *({"es": list(g)} for g in grupos)]) if grupos else sinonimos()
