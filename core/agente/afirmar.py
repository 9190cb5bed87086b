"""Is this a yes to exactly what was offered, and to nothing else?

The line is read phrase by phrase, the longest first: assent, an order, courtesy, or the offer said
again. All of it must be read so, with nothing between; what is left over makes it something else,
whatever it begins with ("sí pero más barato", "sí, cómo no, y yo soy millonario", "sí, mi jefe
compra"). Missing a yes costs one more question; inventing one costs a sale.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from core.agente.comprension import Cambio, Contexto, Espera, Item
from core.agente.lexico import (
    ASENTIR,
    CONDICION_SI,
    PELIGRO,
    PRECIOS,
    RASGOS,
    TEMAS,
    VOCATIVOS,
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
# Idioms with a no in them that mean none, and small words that turn assent into something else.
_MODISMOS = (
    (re.compile(r"\n"), " , "),
    (
        re.compile(r"\bno (?:hay (?:problema|lio|drama|cuidado|bronca)|importa|pasa nada)\b"),
        "sin problema",
    ),
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
            r"\bni modo(?= ?,? (?:pues )?(?:si\b|dame|deme|mand\w+|ech\w+|me |es[oa]s|los|las))"
        ),
        " ",
    ),
    (re.compile(r"\b(si|bueno|pues|ok)(?: ,)? ni modo\b"), r"\1"),
    (re.compile(r"\bdale que va\b"), "dale"),
    (re.compile(r"\b((?:es|est)[oa]s(?: \w+)?) tambien\b"), r"\1"),
    (re.compile(r"\b((?:es|est)[oa]s) otr[oa]s\b"), r"\1"),
)
_SOLO_QUE = re.compile(r"\bya que\b|\bcien por ciento\b|\bsi (?:es|eres) tan amable\b")
# "como no" is a yes, unless more follows: "sí, cómo no, y yo soy millonario" is left over anyway.
_COMO_NO = re.compile(r"\bcomo no\b")
_POINTS = re.compile(r"\b(?:es[aeo]s?|est[aeo]s?|aquell\w+|un[oa]|\d+)\b")
_ESOS = re.compile(r"\b(?:l[oa]s|es[oa]s|est[oa]s)\b")
_ENLACES = frozenset("y , de del con x por en".split())
_DETERMINAN = frozenset({"el", "la", "los", "las"})
_SENALA = re.compile(r"(?:es|est)[oa]s|tod[oa]s?|cosas?|articulos?|productos?")
# Adjectives that one may be called by as well: "sí, el chico" chooses.
_LLAMADOS = VOCATIVOS - frozenset(
    "chico chica chicos chicas gordo gorda flaco flaca viejo vieja linda lindo mayor menor".split()
)
_TITULO = re.compile(
    r"(?:don|doña|señor|señora|estimad[oa]|mi(?= (?:amor|rey|reina|vida|cielo|amig|estimad|pana"
    r"|parce|buen))) "
)
_PALABRA = re.compile(r"[a-zñ]+\b")
_COSAS = re.compile(r"\b(?:tod[oa]s?|cosas?|articulos?|productos?)\b")


@dataclass
class _Leido:
    """What the phrases of a line were; `oferta`: the words that say the offer again."""

    tipos: list[str] = field(default_factory=list)
    oferta: list[str] = field(default_factory=list)

    def has(self, tipo: str) -> bool:
        return tipo in self.tipos


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
    leido = _read(linea, _named(contexto))
    if leido is None:
        return None
    items = _items(leido, contexto)
    if items is None or items and not _repeats_offer(items, contexto):
        return None
    return items if _assents(linea, leido, items, contexto) else None


def afirma(linea: str) -> bool:
    """Whether the line is a yes and nothing else, to whatever was asked."""
    linea = _plain(linea)
    if _says_more(linea) or re.search(r"\d", linea):
        return False
    leido = _read(linea, frozenset())
    if leido is None or leido.oferta:
        return False
    return leido.has("fuerte") or leido.has("debil") and not _thanks(linea)


def _assents(linea: str, leido: _Leido, items: tuple[Item, ...], contexto: Contexto) -> bool:
    """A strong yes; a weak one that is no goodbye ("ok gracias"); or an order for those ("dame los
    7", "deme esos"). "quiero 7" is not: the same order may simply have been sent twice."""
    if leido.has("fuerte"):
        return True
    if _thanks(linea) or leido.has("reposo"):
        return False
    if leido.has("debil"):
        return True
    said = " ".join(leido.oferta)
    pointed = bool(_ESOS.search(said)) and leido.tipos[-1] in ("oferta", "cortesia")
    stated = bool(items) and all(item.cantidad is not None for item in items)
    those = not items and len(contexto.lineas) == 1 and re.search(r"\bes[oa]s\b", said) is not None
    return pointed and (stated or those and leido.has("orden"))


def _thanks(linea: str) -> bool:
    return RASGOS[Rasgo.ADIOS].search(linea) is not None


def _plain(linea: str) -> str:
    """The line with idioms that contain a no, and mean none, put as the yes that they are."""
    for patron, said in _MODISMOS:
        linea = patron.sub(said, linea)
    return linea


def _says_more(linea: str) -> bool:
    """Something in it is no assent: a doubt, a condition, a question, a wish."""
    said = _COMO_NO.sub("claro", _SOLO_QUE.sub(" ", linea))
    if PELIGRO.search(said) or CONDICION_SI.search(said):
        return True
    if any(tema.search(said) for tema in TEMAS.values()):
        return True
    return any(RASGOS[r].search(said) for r in _BLOQUEAN)


# --- phrase by phrase --------------------------------------------------------------------------


def _read(linea: str, named: frozenset[str]) -> _Leido | None:
    """The line as phrases; None when anything is left over."""
    leido = _Leido()
    rest = linea
    while rest := rest.lstrip(" ,.;:!¡()-…\n"):
        tipo, largo = max(_phrases(rest, named), key=lambda found: found[1], default=("", 0))
        if not largo:
            return None
        leido.tipos.append(tipo)
        if tipo == "oferta":
            leido.oferta.append(rest[:largo])
        rest = rest[largo:]
    return leido


def _phrases(rest: str, named: frozenset[str]) -> Iterator[tuple[str, int]]:
    """What may begin here, and how long it is; of equal length the first counts."""
    for tipo, patron in ASENTIR:
        found = patron.match(rest)
        if found:
            yield tipo, found.end()
    title = _TITULO.match(rest)
    for start in (0, title.end()) if title else (0,):
        called = _PALABRA.match(rest, start)
        if called and called.group() in _LLAMADOS:
            yield "cortesia", called.end()
    yield "oferta", _offer_said(rest, named)


def _offer_said(rest: str, named: frozenset[str]) -> int:
    """How far from here the words say the offer again: its things, figures, "los", "esos"."""
    end, begun, says = 0, False, False
    for word in re.finditer(r"\S+", rest):
        token = word.group()
        ficha = numerar(fichas(token))
        figure = bool(ficha) and ficha[0].valor is not None
        if figure or _SENALA.fullmatch(token) or _of_the_offer(token, named):
            end, says = word.end(), True
        elif token not in _DETERMINAN and (token not in _ENLACES or not begun and token != "y"):
            break
        begun = True
    return end if says else 0  # "el fino", "los chicos" name nothing of the offer


def _of_the_offer(token: str, named: frozenset[str]) -> bool:
    unit = UNIDADES.get(token)
    found = [str(t) for t in terms(token)]
    return (
        unit is not None and (unit in named or unit == "unidad") or any(t in named for t in found)
    )


def _named(contexto: Contexto) -> frozenset[str]:
    return frozenset(str(t) for nombre, _ in contexto.lineas for t in terms(nombre))


def _items(leido: _Leido, contexto: Contexto) -> tuple[Item, ...] | None:
    """What the offer was said again as; None for a figure that is none of it: "7 o 8", "24/7"."""
    said = _COSAS.sub(" ", " , ".join(leido.oferta))
    figures = [f for f in numerar(fichas(said)) if f.valor is not None]
    own = {cantidad for _, cantidad in contexto.lineas} | {Decimal(len(contexto.lineas))}
    named = _named(contexto)
    if any(f.rango or f.valor not in own and not _of_the_offer(f.t, named) for f in figures):
        return None
    tokens = numerar(fichas(sin_ruido(said)))
    return tuple(i for i in leer_items(tokens) if i.cantidad is not None or i.producto)


def _repeats_offer(items: tuple[Item, ...], contexto: Contexto) -> bool:
    """Whether the items are the offer, all of it and in its quantities."""
    left = list(contexto.lineas)
    if len(left) > 1 and len(items) == 1 and items[0].producto is None:
        return items[0].cantidad == len(left)  # "dame los tres", of three lines
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
    named = terms(nombre)
    head = item.cantidad is not None or named[:1] == terms(item.producto)[:1]
    return head and all(t in set(named) for t in terms(item.producto))  # "bueno, el mango" is none
