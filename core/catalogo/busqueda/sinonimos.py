"""What people call the same thing: words and phrases that lead to one concept.

A list for each trade is shipped, and a shop adds its own. All of them serve every shop: a concept
that none of its productos names leads nowhere there, so the taco of a zapatería and the one of a
ferretería do not meet.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml
from sqlalchemy.orm import Session

from core.bitacora import audit
from core.catalogo.busqueda.parecidos import Vocabulario
from core.catalogo.texto import terms
from core.errors import Invalid
from core.models import Empresa

_SHIPPED = sorted((Path(__file__).parent / "palabras").glob("*.yaml"))


class Mencion(NamedTuple):
    """`largo` words from `inicio` name `concepto`. Only the words of a question may be
    `ambigua`: they name it there, and something else inside a producto's name. An `interna` one
    stands inside a longer phrase: the loro of a pico de loro. One that `comienza` begins it: a
    martillo de uña is a martillo, though a tornillo de banco is no tornillo."""

    inicio: int
    largo: int
    concepto: str
    ambigua: bool
    interna: bool
    comienza: bool


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
        covered, begun = 0, -1
        for start, first in enumerate(stems):
            for phrase, concept, ambiguous in self._by_first.get(first, ()):
                if ambiguous and not pregunta:
                    continue
                if tuple(stems[start : start + len(phrase)]) == phrase:
                    longer = start + len(phrase) < covered
                    inside = start < covered and start != begun
                    begins = longer and start == begun
                    found.append(Mencion(start, len(phrase), concept, ambiguous, inside, begins))
                    if start + len(phrase) > covered:
                        covered, begun = start + len(phrase), start
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


def names_good(texto: str) -> bool:
    """Whether a thing of the trade is named in `texto`, by any of the shipped names."""
    stems = [t for t in terms(texto) if isinstance(t, str)]
    return bool(sinonimos().find(stems, pregunta=False))


def with_own(grupos: Sequence[Sequence[str]]) -> Sinonimos:
    """The shipped lists and a shop's own groups of words. What a later release no longer takes for
    a word is passed over: it must not cost the shop its search."""
    if not grupos:
        return sinonimos()
    own = ({"es": [p for p in grupo if _has_word(p)]} for grupo in grupos)
    return Sinonimos([*_shipped(), *own])


def _has_word(frase: str) -> bool:
    return any(isinstance(t, str) for t in terms(frase))


# A shop's own words are few; each group is looked through with every question.
_GRUPOS_MAX, _PALABRAS_MAX, _LARGO_MAX = 500, 20, 60


def replace_sinonimos(
    session: Session, *, empresa_id: int, grupos: Sequence[Sequence[str]], actor: str
) -> list[list[str]]:
    """The shop's own groups from now on, as they are kept. Raises Invalid, naming each that cannot
    be."""
    tidy = [[" ".join(p.split()) for p in grupo] for grupo in grupos]
    errores = [
        {"campo": f"grupos.{n}", "mensaje": said}
        for n, grupo in enumerate(tidy)
        if (said := _complaint(grupo))
    ]
    if len(tidy) > _GRUPOS_MAX:
        errores = [{"campo": "grupos", "mensaje": f"son {_GRUPOS_MAX} como máximo"}]
    if errores:
        raise Invalid("Hay grupos que no son válidos.", errores=errores)
    row = session.get_one(Empresa, empresa_id, with_for_update=True)
    if row.sinonimos != tidy:
        row.sinonimos, row.sinonimos_version = tidy, row.sinonimos_version + 1
        audit(
            session,
            empresa_id=empresa_id,
            accion="sinonimos.cambiar",
            actor=actor,
            objeto=f"empresa:{empresa_id}",
            grupos=len(tidy),
        )
    return tidy


def _complaint(grupo: Sequence[str]) -> str:
    if not 2 <= len(grupo) <= _PALABRAS_MAX:
        return f"tiene de 2 a {_PALABRAS_MAX} palabras o frases"
    if any(len(p) > _LARGO_MAX for p in grupo):
        return f"cada una tiene {_LARGO_MAX} caracteres como máximo"
    if not all(_has_word(p) for p in grupo):
        return "cada una tiene al menos una palabra"
    return ""
