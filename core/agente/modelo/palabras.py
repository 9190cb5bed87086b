"""May a model's draft be sent? Stricter than for our own templates (core/agente/verificar.py).

A draft says the template of the same decision again. Its words are those of that template, of the
names in it, and of prompts/habla.yaml; the customer's own words and numbers are no licence, or they
could say a price through the model's mouth. And all that the template tells is still told.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from core.agente.hechos import Decision
from core.agente.lexico import terminaciones
from core.agente.redactar import plural
from core.agente.verificar import Permitido, Renglon, renglones, verificar
from core.catalogo.texto import fold
from core.ports import Tienda

_ARCHIVO = Path(__file__).parent.parent / "prompts" / "habla.yaml"
_OFRECEN = frozenset({"oferta", "oferta_menor", "oferta_varias", "pendiente"})
# How an offer's draft must end: the next yes is to that question.
_CONFIRMA = re.compile(r"¿[^¿?]*\b(?:confirm|llev|registr)[a-z]*\b[^¿?]*\?$")
_LARGO_MAX, _LARGO_MAS = 2, 200  # times the template's length, and characters beyond that
_SIGNOS = frozenset(" \n\t¡!¿?.,;:()«»\"'’-–—•/°#&+*·…")
# Folding changes the angle of no quote: a customer's words are quoted, never said.
_CITA = "«{}»"


def se_puede_enviar(
    borrador: str, plantilla: str, permitido: Permitido, decision: Decision
) -> bool:
    """`permitido`: what a template of ours may say in this turn."""
    p = _strict(permitido, plantilla, decision)
    if len(borrador) > _LARGO_MAX * len(plantilla) + _LARGO_MAS or not _plain(borrador, p):
        return False
    told, must = renglones(borrador, p), renglones(plantilla, p)
    return (
        verificar(borrador, p)
        and _complete(told, must)
        and not _mixes(told, must)
        and _denies_alike(told, must)
        and _asks(borrador, plantilla, decision)
        and _dated(borrador, decision)
    )


def _strict(p: Permitido, plantilla: str, decision: Decision) -> Permitido:
    """The same figures by name, none of the customer's, and only the words of this reply."""
    quotes = tuple(_CITA.format(fold(h.cita)) for h in decision.hechos if h.cita)
    none: frozenset[Any] = frozenset()
    closed = replace(p, numeros=none, escritos=none, citas=(*p.citas, *quotes))
    said = {w for line in renglones(plantilla, closed) for w in line.palabras}
    return replace(
        closed,
        palabras=frozenset(said) | _heads(p.propios),
        vocabulario=habla(),
        signos=p.signos | _emoji(),
    )


def _heads(nombres: Iterable[str]) -> frozenset[str]:
    """The martillo and martillos of "Martillo de uña 16 oz"."""
    heads = {w[0] for n in nombres if (w := re.findall(r"[a-z]+", n))}
    return frozenset(heads | {fold(plural(h, Tienda("", ""))) for h in heads})


def _plain(borrador: str, p: Permitido) -> bool:
    """No letters, digits or signs but ordinary ones: a word in other letters would be read by
    people, and by no rule."""
    text = fold(borrador)
    for known in sorted((*p.propios, *p.citas), key=len, reverse=True):
        text = text.replace(known, " ")
    allowed = _SIGNOS | _emoji()
    return all(
        c in allowed or c.isascii() and c.isalnum() or unicodedata.category(c) == "Sc" for c in text
    )


def _complete(told: list[Renglon], must: list[Renglon]) -> bool:
    """Each name with its figures, each option with its number, each total."""
    return all(any(_holds(t, m) for t in told) for m in must if m.nombres or m.cifras)


def _holds(told: Renglon, must: Renglon) -> bool:
    same = told.opcion == must.opcion and told.nombres >= must.nombres
    return same and told.cifras >= must.cifras


def _mixes(told: list[Renglon], must: list[Renglon]) -> bool:
    """Two names and figures in one line: whose are they?"""
    known = {m.nombres for m in must}
    return any(len(t.nombres) > 1 and t.cifras and t.nombres not in known for t in told)


def _denies_alike(told: list[Renglon], must: list[Renglon]) -> bool:
    """What the shop has not is still not there. (A no of its own a draft cannot say: the words
    that deny come with the template only.)"""
    deny = frozenset(str(_archivo()["niegan"]).split())
    return any(m.palabras & deny for m in must) is any(t.palabras & deny for t in told)


def _asks(borrador: str, plantilla: str, decision: Decision) -> bool:
    """A reply that asks ends by asking, a smile after it apart; an offer's asks for the yes."""
    end = borrador.rstrip(" \n" + "".join(_emoji()))
    if any(h.clave in _OFRECEN for h in decision.hechos):
        return bool(_CONFIRMA.search(fold(end)))
    return end.endswith("?") or not plantilla.rstrip().endswith("?")


def _dated(borrador: str, decision: Decision) -> bool:
    """Who promises a person while the shop is closed says when."""
    hours = (fold(h.cita) for h in decision.hechos if h.clave == "cerrado")
    return all(cuando in fold(borrador) for cuando in hours)


@cache
def habla() -> frozenset[str]:
    """Every word of prompts/habla.yaml, its verbs in all their forms."""
    loaded = _archivo()
    verbs = {fold(stem + end) for stem in str(loaded["verbos"]).split() for end in terminaciones()}
    words = {fold(w) for w in str(loaded["palabras"]).split()}
    return frozenset(words | verbs)


@cache
def _emoji() -> frozenset[str]:
    return frozenset(str(_archivo()["emoji"]).replace(" ", "") + "\ufe0f")


@cache
def _archivo() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(_ARCHIVO.read_text(encoding="utf-8"))
    return loaded
