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
    CORTESIA_FUERTE,
    PEDIR,
    PELIGRO,
    PRECIOS,
    RASGOS,
    RELLENO,
    SI_DEBIL,
    SI_FUERTE,
    TEMAS,
    VERBO,
    Rasgo,
)
from core.agente.numeros import UNIDADES, numerar
from core.agente.palabras import fichas, frase
from core.agente.pedido import leer_items, sin_ruido
from core.catalogo.texto import terms

_BLOQUEAN = (
    Rasgo.ATAQUE, Rasgo.HUMANO, Rasgo.QUEJA, Rasgo.DESCUENTO, Rasgo.PRECIO, Rasgo.AGREGAR,
    Rasgo.QUITAR, Rasgo.CONDICION, Rasgo.APLAZA, Rasgo.DUDA, Rasgo.CANCELA, Rasgo.RECHAZA,
)  # fmt: skip
_MODISMOS = (
    (re.compile(r"\n"), " "),
    (re.compile(r"\bno (?:hay (?:problema|lio|drama|cuidado|bronca)|importa|pasa nada)\b"), " "),
    (re.compile(r"\bsin (?:problemas?|dudas?|lio)\b"), " "),
    (
        re.compile(
            r"\bno ,? ?(?:le |l[oa]s? |me |tengo )?"
            r"(?:(?:cambi|muev|toqu|agreg|falt)\w+ nada|(?:quiero|necesito) nada mas"
            r"|nada mas|nada que (?:agregar|cambiar|añadir|corregir))\b"
        ),
        " ",
    ),
    (
        re.compile(
            r"\b(?:ya )?que (?:ya )?(?:me tengo que ir|tengo prisa|voy tarde|ando de prisa"
            r"|estoy apurad[oa]|llevo prisa)\b"
        ),
        " ",
    ),
    (re.compile(r"\b(?:lo|la) de siempre\b"), " "),
    (re.compile(r"\bni modo(?= ?,? (?:pues )?(?:dame|deme|mand\w+|ech\w+|me |esos|los|las))"), " "),
    (re.compile(r"\b(si|bueno|pues|ok)(?: ,)? ni modo\b"), r"\1"),
    (re.compile(r"\bni modo(?= ?,? si\b)"), " "),
    (re.compile(r"\b((?:es|est)[oa]s(?: \w+)?) tambien\b"), r"\1"),
    (re.compile(r"\b((?:es|est)[oa]s) otr[oa]s\b"), r"\1"),
    (re.compile(r"\bcomo no(?= ?[.!]*$)"), "claro"),
    (re.compile(r"\bdale que va\b"), "dale"),
)
_ORDEN = re.compile(
    r"^(?:(?:pues|ya que|ni modo|entonces|y|ok|bueno|bueh|bien|ya|va|si|para mi|sirven|listo"
    r"|[,.]) )*"
    rf"(?:{PEDIR.pattern}|l[oa]s\b|es[oa]s\b)"
)
_SOLO_ESOS = re.compile(rf"^(?:pues |ya |ok |bueno |entonces )*{PEDIR.pattern} es[oa]s\b")
_ESOS = re.compile(r"\b(?:l[oa]s|es[oa]s|est[oa]s)\b")
_POINTS = re.compile(r"\b(?:es[aeo]s?|est[aeo]s?|aquell\w+|un[oa]|\d+)\b")
_GRACIAS = re.compile(
    r"\b(?:muchas |mil )?graci\w*|\bmuy amable\b|\bte agradezco\b|\ble agradezco\b"
)
_SI_LLANO = re.compile(r"(?:si|dale|claro|listo|hagale|hecho|de una|por supuesto|confirm\w+)\b")
# Of a verb of ordering only "dame", "llevo", "mándalos" go with a yes; not "regalados", "quieres".
_OTRA_FORMA = re.compile(r"(?:[ai]d[oa]s?|[ae]?r|ria\w*|ba[ns]?|ndo|[ae]s)$")
_SOLO_QUE = re.compile(r"\bya que\b")


def confirma(linea: str, contexto: Contexto) -> tuple[Item, ...] | None:
    """The offer's items as far as the line says them again, when it authorises exactly the
    pending offer of `contexto`; else None."""
    if contexto.espera not in (Espera.OFERTA, Espera.DATOS) or not contexto.lineas:
        return None
    linea = _plain(linea)
    if contexto.opciones and _POINTS.search(linea):
        return None  # "esa sí, dame una", with something else shown since the offer
    if _says_more(linea) or PRECIOS.search(frase(numerar(fichas(linea)))):
        return None  # "dale, a 20 mil pesos": their price may be another
    rest = SI_DEBIL.sub(" ", SI_FUERTE.sub(" ", linea))
    items = tuple(i for i in leer_items(numerar(fichas(sin_ruido(rest)))) if _says_thing(i))
    again = _repeats_offer(items, contexto)
    if items and not again:
        return None
    strong = bool(SI_FUERTE.search(linea))
    weak = bool(SI_DEBIL.search(linea))
    if not strong and RASGOS[Rasgo.ADIOS].search(linea):
        return None  # "ok gracias", "eso es todo": no answer
    points = not items and len(contexto.lineas) == 1 and _SOLO_ESOS.search(linea)
    if not (strong or weak or points or again and _takes(linea, items)):
        return None
    over = _left_over(linea, contexto, CORTESIA_FUERTE if strong else CORTESIA)
    return items if not over or strong and _calls_somebody(linea, over) else None


def afirma(linea: str) -> bool:
    """Whether the line is a yes and nothing else, to whatever was asked."""
    linea = _plain(linea)
    strong = bool(SI_FUERTE.search(linea))
    weak = SI_DEBIL.search(linea) and not RASGOS[Rasgo.ADIOS].search(linea)
    if _says_more(linea) or not (strong or weak) or re.search(r"\d", linea):
        return False
    return not _left_over(linea, Contexto(), CORTESIA_FUERTE if strong else CORTESIA)


def _calls_somebody(linea: str, over: Sequence[str]) -> bool:
    """One unknown word at the end of a plain yes is whom it is said to: "dale, Marta"."""
    if len(over) != 1 or VERBO.fullmatch(over[0]) or over[0] in RELLENO:
        return False
    if re.search(rf"\b(?:el|la|los|las|un|una|en|a|de|con) {over[0]}\b", linea):
        return False  # "sí, las rojas"
    return bool(_SI_LLANO.match(linea)) and linea.rstrip(" .!").endswith(over[0])


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
    if any(tema.search(said) for tema in TEMAS.values()):
        return True
    return any(RASGOS[r].search(said) for r in _BLOQUEAN)


def _takes(linea: str, items: tuple[Item, ...]) -> bool:
    """ "dame los 7": the offer pointed at is a yes by itself. "quiero 7" is not: the same order
    may simply have been sent twice."""
    stated = bool(items) and all(item.cantidad is not None for item in items)
    return stated and bool(_ESOS.search(linea)) and bool(_ORDEN.search(linea))


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


def _left_over(linea: str, contexto: Contexto, cortesia: frozenset[str]) -> Sequence[str]:
    """The words that are neither assent, courtesy, ordering, nor the offer itself."""
    for patron in (SI_FUERTE, _GRACIAS, SI_DEBIL):
        linea = patron.sub(" ", linea)
    linea = PEDIR.sub(lambda m: m[0] if _OTRA_FORMA.search(m[0]) else " ", linea)
    named = {t for nombre, _ in contexto.lineas for t in terms(nombre)}
    return [
        f.t
        for f in numerar(fichas(linea))
        if f.t[0].isalpha()
        and f.valor is None
        and f.t not in cortesia
        and UNIDADES.get(f.t) not in named
        and not any(t in named for t in terms(f.t))
    ]
