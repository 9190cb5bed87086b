"""What a model saw in a photo, and the little of it that reaches the seller.

A description is not what the customer said: whatever is written in a photo, it can confirm, cancel,
order and tell nothing. It becomes a question of our own, made of words that stand in the names of
this shop's productos, and only if the rules read it as a question and nothing else.
"""

import re

from pydantic import BaseModel, Field

from core.agente.comprension import Acto, Contexto
from core.agente.entender import entender
from core.agente.modelo.indicaciones import indicaciones
from core.catalogo.texto import fold, stem
from core.ports import Catalogo, Hallazgo, Peticion

MIRAR = "mirar"
_PALABRA = re.compile(r"[^\W\d_]+")
_PALABRAS_MAX = 6
_HALLADOS = 5
# Found by other words than its own (a synonym, meaning): only when it is sure.
_SEGURO = 0.5
_PREGUNTAS = frozenset({Acto.CONSULTA_PRODUCTO, Acto.CONSULTA_PRECIO})
_TEXTO_MAX = 2000  # of what was seen, for the shop


class Visto(BaseModel):
    """What the model says of a photo, before anybody believes it."""

    descripcion: str = Field(max_length=600)
    producto: str | None = Field(max_length=200)
    texto: str | None = Field(max_length=2000)


def para_mirar(jpeg: bytes) -> Peticion:
    table = indicaciones()
    return Peticion(
        MIRAR, (str(table["mirar"]),), (("user", str(table["foto"])),), Visto, imagen=jpeg
    )


def told(visto: Visto) -> str:
    """What the shop reads beside the photo."""
    clave = "visto_con_texto" if visto.texto else "visto"
    text = str(indicaciones()[clave])
    return text.format(descripcion=visto.descripcion, texto=visto.texto)[:_TEXTO_MAX]


def question_of(visto: Visto, catalogo: Catalogo) -> str | None:
    """What a customer who sent this photo asks; None where the shop has nothing like it."""
    words = _PALABRA.findall(visto.producto or "")[: 2 * _PALABRAS_MAX]
    if not words:
        return None
    hits = catalogo.buscar(" ".join(words), _HALLADOS)
    own = _words_of_the_shop(words, hits)
    if not own:
        return None
    question = str(indicaciones()["pregunta_de_foto"]).format(producto=" ".join(own))
    return question if _only_asks(question) else None


def _words_of_the_shop(words: list[str], hits: list[Hallazgo]) -> list[str]:
    """Those of `words` that name what was found; else the name of what was surely found."""
    named = {stem(w) for h in hits for w in _PALABRA.findall(fold(h.producto.nombre))}
    own = [w for w in words if len(w) > 2 and stem(fold(w)) in named]
    if not own and hits and hits[0].puntaje >= _SEGURO:
        own = _PALABRA.findall(hits[0].producto.nombre)
    return own[:_PALABRAS_MAX]


def _only_asks(question: str) -> bool:
    read = entender([question], Contexto())
    does = read.confirma or read.cancela or read.afirma or read.vacia or read.baja or read.alta
    counts = any(item.cantidad is not None for item in read.items)
    return read.acto in _PREGUNTAS and not does and not counts and not read.datos_cliente
