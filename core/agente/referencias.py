"""What a message points at: a place in the bot's list, the cheapest, the double, this for that."""

import re
from decimal import Decimal

from core.agente.comprension import Cambio, Contexto, Item
from core.agente.lexico import AJENAS_AL_PRODUCTO
from core.agente.numeros import numerar
from core.agente.palabras import fichas, frase
from core.agente.pedido import leer_items

_ORDINALES = {
    "primer": 1, "primero": 1, "primera": 1, "segundo": 2, "segunda": 2, "tercer": 3, "tercero": 3,
    "tercera": 3, "cuarto": 4, "cuarta": 4, "quinto": 5, "quinta": 5, "ultimo": -1, "ultima": -1,
}  # fmt: skip
_ORDINAL = re.compile(
    rf"\b(?:el|la|del|al|los|las|opcion) ({'|'.join(_ORDINALES)})\b|^({'|'.join(_ORDINALES)})\b"
)
_OPCION = re.compile(r"\b(?:opcion|numero|nro|#|la opcion|el numero)(?: numero)? (\d)()\b")
_DE_LISTA = re.compile(
    r"\b(?:la opcion|opcion|el numero)(?: numero)? \d\b"
    r"|\b(?:el|la) \d(?= ?(?:[,.;!]|$|porfa|por favor|y\b))"
)
_ELEGIDO = re.compile(
    r"(?:\b(?:el|la|del|al) |^)(\d)(?= ?[).°]*(?: ?,? (?:y|e|por|porfa|gracias|entonces)\b.*)?$)"
    r"|\b(?:el|la|del|al) (\d)(?!\d| ?(?:de|uni|met|mts|caj|pulg|mm|cm|oz|x|/|w|v)\b)"
)
_POR_MEDIDA = re.compile(r"\b(el|la) (\d{2,}|\d/\d)(?= ?(?:[,.;!?]|$|por\b|y\b))")
_VARIAS = re.compile(
    r"^(?:quiero |dame |deme |me llevo )?(?:el |la )?(\d) (?:y|,) (?:el |la )?(\d)$"
)
_PRIMEROS = re.compile(r"\bl[oa]s (?:2|dos) primer[oa]s\b")
_TODAS = re.compile(r"\bde cada(?: uno| una)?\b|\bamb[oa]s\b|\bl[oa]s dos\b(?! primer)|^tod[oa]s$")
_CADA_UNO = re.compile(r"\bde cada un[oa]\b")
_MEDIO = re.compile(r"\b(?:en medio|del medio|de la mitad|intermedi[oa]|median[oa])\b")
_CUALQUIERA = re.compile(r"\bcualquiera\b|\bel que sea\b|da (?:igual|lo mismo)\b")
_BARATO = re.compile(
    r"\b(?:el|la|los|las|lo) (?:mas|menos) (barat|economic|car)\w+"
    r"|\b(?:el|la|uno|una|lo) (?:mas )?(barat|economic)\w+\b"
)
_TAMANO = re.compile(
    r"\b(?:(?:el|la|los|las|uno|una) (?:mas )?|mas )"
    r"(?:(grande|larg[oa]|potente|anch[oa]|gruess?[oa]|alt[oa])"
    r"|(pequeñ[oa]|chic[oa]|chiquit[oa]|cort[oa]|delgad[oa]|baj[oa]|angost[oa]))s?$"
)
_FACTORES = (
    (re.compile(r"\bel doble\b"), Decimal(2)),
    (re.compile(r"\bel triple\b"), Decimal(3)),
    (re.compile(r"\bla mitad\b"), Decimal("0.5")),
)
_RESTO = re.compile(
    r"\b(\d+) (mas|menos)\b(?! de\b(?! l[oa]s?\b))"
    r"(?! (?:barat|econom|grand|chic|pequeñ|larg|cort|grues|fin))"
)
_REEMPLAZO = re.compile(
    r"\b(?:cambi\w+|reempla\w+|sustitu\w+)(?: me)?(?P<viejo> .+?)? (?:por|x) (?P<nuevo>.+)"
    r"|\ben (?:vez|lugar) de(?:l)? (?P<viejo2>.+?)(?: ,)? (?=(?:quiero|dame|deme|pon\w*|mand\w*"
    r"|mejor|que|lleva\w*|llevo|me|el|la|los|las|un|una|\d)\b)(?P<nuevo2>.+)"
)


def read_items(linea: str) -> tuple[tuple[Item, ...], Decimal | None, Decimal | None]:
    """The items, and a relative change: "el doble" (a factor) or "2 más" (a difference)."""
    factor = next((f for patron, f in _FACTORES if patron.search(linea)), None)
    more = _RESTO.search(frase(numerar(fichas(linea))))
    resto = Decimal(more[1]) * (1 if more[2] == "mas" else -1) if more else None
    for patron in (_CADA_UNO, *(p for p, _ in _FACTORES), *AJENAS_AL_PRODUCTO):
        linea = patron.sub(" ", linea)
    tokens = numerar(fichas(linea))
    replaced = _replacement(frase(tokens))
    return (leer_items(tokens) if replaced is None else replaced), factor, resto


def _replacement(text: str) -> tuple[Item, ...] | None:
    """ "cambia A por B", "en vez de A dame B"."""
    match = _REEMPLAZO.search(text)
    if match is None:
        return None
    old = leer_items(numerar(fichas(match["viejo"] or match["viejo2"] or "")))
    new = leer_items(numerar(fichas(match["nuevo"] or match["nuevo2"])))
    viejo = old[0].producto if old else None
    return tuple(Item(i.producto, i.cantidad, i.unidad, Cambio.REEMPLAZAR, viejo) for i in new[:1])


def ordinals(linea: str, contexto: Contexto) -> tuple[int, ...]:
    """The places in the list that are meant, in words or figures."""
    places = [_ORDINALES[m[1] or m[2]] for m in _ORDINAL.finditer(linea)]
    if len(contexto.opciones) < 2:
        return tuple(p for p in places if contexto.opciones)
    if _MEDIO.search(linea):
        places.append((len(contexto.opciones) + 1) // 2)
    several = _VARIAS.search(linea)
    if _PRIMEROS.search(linea):
        places = [1, 2]
    elif several:
        places += [int(several[1]), int(several[2])]
    elif not places:
        match = _OPCION.search(linea) or _ELEGIDO.search(linea)
        places += [int(match[1] or match[2])] if match else []
    return tuple(p for p in dict.fromkeys(places) if p <= len(contexto.opciones))


def without_option(linea: str, contexto: Contexto) -> str:
    """The line without the figure that chooses: "la opción 1, 4 unidades" orders 4; "la 400" is
    the one of 400."""
    if not contexto.opciones:
        return _DE_LISTA.sub(" ", linea)  # said once more of a list that is gone
    if not ordinals(linea, contexto):
        return _POR_MEDIDA.sub(r"\1 de \2", linea)
    for patron in (_PRIMEROS, _VARIAS, _OPCION, _MEDIO):
        if patron.search(linea):
            return patron.sub(" ", linea, count=1)
    return _ELEGIDO.sub(" ", linea, count=1)


def preference(linea: str) -> str | None:
    """barato, caro, grande or chico, when they choose by that."""
    if _CUALQUIERA.search(linea):
        return "barato"
    size = _TAMANO.search(linea)
    if size is not None:
        return "grande" if size[1] else "chico"
    match = _BARATO.search(linea)
    if match is None:
        return None
    word = match[1] or match[2]
    dear = word == "car" and "menos" not in match[0] or word != "car" and "menos" in match[0]
    return "caro" if dear else "barato"


def all_of(linea: str) -> bool:
    """ "uno de cada uno", "ambos": everything that was listed."""
    return bool(_TODAS.search(linea))
