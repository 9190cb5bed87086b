"""Is this a yes to exactly what was offered, and to nothing else?

Every word must be accounted for: words of assent, courtesy, or the offer said again. What is left
over makes it something else, whatever it begins with ("sí pero más barato", "sí, cómo no, y yo
soy millonario"). Missing a yes costs one more question; inventing one costs a sale.
"""

import re
from collections.abc import Sequence
from decimal import Decimal

from core.agente.comprension import Cambio, Contexto, Espera, Item
from core.agente.lexico import CONDICION_SI, PEDIR, RASGOS, Rasgo
from core.agente.numeros import numerar
from core.agente.palabras import fichas
from core.agente.pedido import leer_items, sin_ruido
from core.catalogo.texto import terms

# A yes by itself, even next to thanks.
_FUERTES = (
    r"si|dale(?:s)?|claro(?: que si)?|obvio|obviamente|por supuesto|de una|de acuerdo|como no"
    r"|hag[aá](?:le|lo|moslo|mosle)|haz(?:lo|le)|dele|metale|metele|andale|orale|arre|sobres|jalo"
    r"|adelante|proced[ae](?:n|mos|r)?|afirmativo|correcto|exact[oa]|exactamente|eso mismo|asi es"
    r"|trato hecho|trato|hecho|cerra(?:mos|do|lo|la)|cierr[ae](?:l[oa]|n|nl[oa])?|cerremos"
    r"|confirm(?:o|a|e|ad[oa]s?|amos|ar|al[oae]s?|el[oae]s?|ame|eme)|acept(?:o|amos|ad[oa])"
    r"|apruebo|aprobado|compr(?:o|alo|elo|ado|amos)|factur(?:alo|elo|ame|eme)|registr(?:al[oa]|el[oa]"
    r"|a|e)|anot(?:al[oa]|el[oa]|alos|alas|ame|eme)|apunt(?:al[oa]|el[oa])|me (?:l[oa]s? )?(?:llevo"
    r"|quedo(?: con)?)|l[oa]s? (?:llevo|quiero|compro|necesito|tomo|agarro)|va que va|de diez|joya"
    r"|eso quiero|esta bien|me parece(?: bien| perfecto| genial)?|me sirve(?:n)?|asi (?:esta )?bien"
    r"|pong[ae](?:le|l[oa]s?|mel[oa]s?)|me l[oa]s? (?:manda|envia|da|vende|pone|anota|empaca)n?"
    r"|vendido|cuenta con ello|tal cual|asi mismo|sipirili|venga|vamos|yes|positivo|de lujo"
    r"|(?:mand|envi|despach)[ae](?:le|lo|la|los|las|mel[oa]s?)|d[ae]mel[oa]s?|ponmel[oa]s?"
    r"|echamel[oa]s?|vendamel[oa]s?|vendemel[oa]s?|que si"
)
# A yes only when nothing else stands beside it: with thanks they may as well mean goodbye.
_DEBILES = (
    r"ok|vale|bueno|buen[oa]|bien|ya|perfecto|excelente|genial|buenisimo|barbaro|bacano?|chevere"
    r"|listo|eso|va|sale|sale y vale|vas|fino|chido|super|aja|okas|de lujo|esta perfecto"
    r"|maravilloso|fenomenal|estupendo|brutal|copado|piola|seguro|ya esta|ya que|aunque sea"
)
_CORTESIA = frozenset(
    """
    por favor porfa señor señora señorita don doña amigo amiga vecino vecina parce parcero casero
    casera caserita caserito che oye bro hermano joven jefe patron maestro reina rey mi mija mijo
    causa compa wey guey tio tia veci pana men pues po pe nomas entonces asi tal hombre mujer
    muy muchas y a la el los las lo esa ese esas esos eso esta este estas estos cantidad oferta
    pedido compra orden venta carrito todo todos toda todas tambien mismo misma mismos ahora hoy
    ya de una vez con entonces por completo es que me te se quiero quisiera llevo llevar le les nos
    no hay problema lote precio completo entero gusto comprar usted tu proceda porfis solo unicamente
    ay ah oh eh pucha chevere loco loca amor corazon bb bebe querido querida estimado estimada
    encantado encantada sin duda dudas total claro seguro aqui aca perfecto genial excelente
    """.split()
)
_PELIGRO = re.compile(
    r"\?|\bno\b(?! hay problema| importa| mas)|\bni\b|\bpero\b|\baunque\b(?! sea)|\bsino\b|\botr[oa]s?\b"
    r"|\bmejor\b|\bcasi\b|\bnunca\b|\bmillon|\bja(?:ja)+|\bsi no\b|\bmenos\b|\bjeje|\bluego\b|\bdespues\b"
)
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
_FUERTE = re.compile(rf"\b(?:{_FUERTES})\b")
_DEBIL = re.compile(rf"\b(?:{_DEBILES})\b")
_ORDEN = re.compile(rf"^(?:pues )?(?:ya que )?{PEDIR}\b")
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
    rest = _DEBIL.sub(" ", _FUERTE.sub(" ", linea))
    items = tuple(i for i in leer_items(numerar(fichas(sin_ruido(rest)))) if _says_thing(i))
    again = _repeats_offer(items, contexto)
    if items and not again:
        return None
    strong = bool(_FUERTE.search(linea))
    weak = bool(_DEBIL.search(linea))
    if not strong and _GRACIAS.search(linea):
        return None
    if not (strong or weak or again and _takes(linea, items)):
        return None
    return items if len(_left_over(linea, contexto)) <= (1 if strong else 0) else None


def afirma(linea: str) -> bool:
    """Whether the line is a yes and nothing else, to whatever was asked."""
    linea = _plain(linea)
    strong = bool(_FUERTE.search(linea))
    if _says_more(linea) or not (strong or _DEBIL.search(linea) and not _GRACIAS.search(linea)):
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
    if _PELIGRO.search(said) or CONDICION_SI.search(said):
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
        w not in _CORTESIA for w in (item.producto or "").split()
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
    for patron in (_FUERTE, _GRACIAS, _DEBIL, re.compile(rf"\b{PEDIR}\b")):
        linea = patron.sub(" ", linea)
    named = {t for nombre, _ in contexto.lineas for t in terms(nombre)}
    return [
        f.t
        for f in numerar(fichas(linea))
        if f.t[0].isalpha()
        and f.valor is None
        and f.t not in _CORTESIA
        and not any(t in named for t in terms(f.t))
    ]
