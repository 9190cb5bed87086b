"""The seller's wording, as one shop speaks: prompts/respuestas.yaml in its trato and tono, with the
shop's own sentences over it (Tienda.propios)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core.agente.plantillas import (
    RESPUESTAS,
    TONOS,
    TRATOS,
    Arbol,
    frases,
    leaves,
    merge,
    original,
    pick,
    por_defecto,
)
from core.agente.propias import read_propio
from core.catalogo.texto import fold
from core.cuentas.ajustes import ajustes_de
from core.ports import Tienda

_CAMPO = re.compile(r"\{\w*\}")
_PALABRA = re.compile(r"[^\W\d_]+")
_SIGNO = re.compile(r"[^\w\s]")


@dataclass(frozen=True)
class Textos:
    """plantillas: by clave, a text or {inicio, fila, fin, uno}. palabras, signos: every folded word
    and sign of the wording in any trato, which a reply may be made of."""

    plantillas: Arbol
    palabras: frozenset[str]
    signos: frozenset[str]

    def __getitem__(self, clave: str) -> Any:
        return self.plantillas[clave]

    def lines(self, clave: str) -> list[str]:
        """Every text that a fact of this clave may be worded with."""
        return list(leaves(self.plantillas.get(clave, "")))


def textos_de(tienda: Tienda) -> Textos:
    """The wording of a shop. Cached by what decides it, so that a turn only looks it up."""
    ajustes = ajustes_de(tienda)
    return _textos(ajustes.trato or TRATOS[0], ajustes.tono, tienda.propios.get(RESPUESTAS, ""))


def prompt_de(tienda: Tienda, nombre: str) -> str:
    """A prompt of the model as this shop has it."""
    return tienda.propios.get(nombre) or original(nombre)


@lru_cache(maxsize=256)
def _textos(trato: str, tono: str, propio: str) -> Textos:
    """What a shop wrote and a later release cannot use any more is passed over: it must not cost
    the shop its seller."""
    whole = por_defecto()
    own = read_propio(propio)[0] if propio else {}
    merged = merge(merge(frases(), whole[TONOS].get(tono, {})), own)
    trees = (frases(), whole[TONOS], own)
    said = [pick(text, t) for tree in trees for text in leaves(tree) for t in TRATOS]
    bare = [fold(_CAMPO.sub(" ", text)) for text in said]
    return Textos(
        plantillas=_map(merged, trato),
        palabras=frozenset(w for text in bare for w in _PALABRA.findall(text)),
        signos=frozenset(c for text in bare for c in _SIGNO.findall(text)),
    )


def _map(tree: Arbol, trato: str) -> dict[str, Any]:
    return {
        k: _map(v, trato) if isinstance(v, Mapping) else pick(str(v), trato)
        for k, v in tree.items()
    }
