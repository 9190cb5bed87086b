"""Is this a yes to exactly what was offered, and to nothing else?

Every word must be accounted for: words of assent, courtesy, or the offer said again. What is left
over makes it something else, whatever it begins with ("sí pero más barato", "sí, cómo no, y yo
soy millonario"). Missing a yes costs one more question; inventing one costs a sale.
"""

import re
from collections.abc import Sequence
from decimal import Decimal

from core.agente.comprension import Cambio, Contexto, Espera, Item
from core.agente.lexico import (
    CONDICION_SI,
    CORTESIA,
    PEDIR,
    PELIGRO,
    RASGOS,
    SI_DEBIL,
    SI_FUERTE,
    Rasgo,
)
from core.agente.numeros import numerar
from core.agente.palabras import fichas
from core.agente.pedido import leer_items, sin_ruido
from core.catalogo.texto import terms

_BLOQUEAN = (
    Rasgo.ATAQUE, Rasgo.HUMANO, Rasgo.QUEJA, Rasgo.DESCUENTO, Rasgo.PRECIO, Rasgo.AGREGAR,
    Rasgo.QUITAR, Rasgo.CONDICION, Rasgo.APLAZA, Rasgo.DUDA, Rasgo.CANCELA, Rasgo.RECHAZA,
)  # fmt: skip
_MODISMOS = (
    (re.compile(r"\n"), " "),
    (re.compile(r"\bno (?:hay|importa|pasa nada)(?: (?:problema|lio|drama|cuidado))?"), " "),
    (re.compile(r"\b(si|bueno|pues|ok)(?: ,)? ni modo\b"), r"\1"),
    (re.compile(r"\bcomo no(?= ?[.!]*$)"), "claro"),
    (re.compile(r"\bdale que va\b"), "dale"),
)
_ORDEN = re.compile(rf"^(?:pues )?(?:ya que )?{PEDIR.pattern}")
_GRACIAS = re.compile(
    r"\b(?:muchas |mil )?graci\w*|\bmuy amable\b|\bte agradezco\b|\ble agradezco\b"
)
_SOLO_QUE = re.compile(r"\bya que\b")


def confirma(linea: str, contexto: Contexto) -> tuple[Item, ...] | None:
    """The offer's items as far as the line says them again, when it authorises exactly the
    pending offer of `contexto`; else None."""
    if contexto.espera not in (Espera.OFERTA, Espera.DATOS) or not contexto.lineas:
        return None
    linea = _plain(linea)
    if _says_more(linea):
        return None
    rest = SI_DEBIL.sub(" ", SI_FUERTE.sub(" ", linea))
    items = tuple(i for i in leer_items(numerar(fichas(sin_ruido(rest)))) if _says_thing(i))
    again = _repeats_offer(items, contexto)
    if items and not again:
        return None
    strong = bool(SI_FUERTE.search(linea))
    weak = bool(SI_DEBIL.search(linea))
    if not strong and _GRACIAS.search(linea):
        return None
    if not (strong or weak or again and _takes(linea, items)):
        return None
    return items if len(_left_over(linea, contexto)) <= (1 if strong else 0) else None


def afirma(linea: str) -> bool:
    """Whether the line is a yes and nothing else, to whatever was asked."""
    linea = _plain(linea)
    strong = bool(SI_FUERTE.search(linea))
    if _says_more(linea) or not (strong or SI_DEBIL.search(linea) and not _GRACIAS.search(linea)):
        return False
    return not re.search(r"\d", linea) and not _left_over(linea, Contexto())


def _plain(linea: str) -> str:
    """The line with idioms that contain a no, and mean none, put as the yes that they are."""
    for patron, said in _MODISMOS:
        linea = patron.sub(said, linea)
    return linea


def _says_more(linea: str) -> bool:
    """Something in it is no assent: a doubt, a condition, a question, a wish."""
    said = _SOLO_QUE.sub(" ", linea)
    if PELIGRO.search(said) or CONDICION_SI.search(said):
        return True
    return any(RASGOS[r].search(said) for r in _BLOQUEAN)


def _takes(linea: str, items: tuple[Item, ...]) -> bool:
    """ "dame los 7", "los 7": the offer said again is a yes by itself."""
    stated = all(item.cantidad is not None for item in items)
    return (
        stated and bool(items) and (bool(_ORDEN.search(linea)) or linea.startswith(("los", "las")))
    )


def _says_thing(item: Item) -> bool:
    """Not the cantidad of "esa cantidad está bien"."""
    return item.cantidad is not None or any(
        w not in CORTESIA for w in (item.producto or "").split()
    )


def _repeats_offer(items: tuple[Item, ...], contexto: Contexto) -> bool:
    """Whether the items are the offer, all of it and in its quantities."""
    left = list(contexto.lineas)
    for item in items:
        match = next((n for n in left if _same_line(item, n, len(contexto.lineas))), None)
        if match is None or item.cambio is not Cambio.FIJAR:
            return False
        left.remove(match)
    return bool(items) and not left


def _same_line(item: Item, linea: tuple[str, Decimal], lineas: int) -> bool:
    nombre, cantidad = linea
    if item.cantidad is not None and item.cantidad != cantidad:
        return False
    if item.producto is None:
        return lineas == 1
    named = set(terms(nombre))
    return all(t in named for t in terms(item.producto))


def _left_over(linea: str, contexto: Contexto) -> Sequence[str]:
    """The words that are neither assent, courtesy, ordering, nor the offer itself."""
    for patron in (SI_FUERTE, _GRACIAS, SI_DEBIL, PEDIR):
        linea = patron.sub(" ", linea)
    named = {t for nombre, _ in contexto.lineas for t in terms(nombre)}
    return [
        f.t
        for f in numerar(fichas(linea))
        if f.t[0].isalpha()
        and f.valor is None
        and f.t not in CORTESIA
        and not any(t in named for t in terms(f.t))
    ]
