"""Whether a message is worth a model: only where the rules are not sure by themselves."""

from collections.abc import Callable

from core.agente.comprension import Acto, Contexto, Espera, Item, Turno
from core.agente.palabras import fichas, plegar

# A yes of so many words says perhaps more than yes: somebody else may look at it, and only doubt.
_SI_LARGO = 12
# Fewer words are a sound, a name or a typo: nothing that a model could know better.
_FRASE = 2
_PREGUNTA_LARGA = 4

_CON_COSAS = (Acto.CONSULTA_PRODUCTO, Acto.CONSULTA_PRECIO, Acto.PEDIDO, Acto.MODIFICAR)


def merece(turno: Turno, contexto: Contexto, hallado: Callable[[Item], bool]) -> bool:
    """`turno` is the rules' reading; `hallado` says whether the shop has what an item names.

    A plain yes, a number, an option, a greeting, data, a complaint, an attack, and an order of
    things that are found: all these are understood already.
    """
    n = _words(turno.texto)
    if turno.ataque or n < _FRASE:
        return False
    if turno.confirma:
        return n > _SI_LARGO
    if _points(turno) or turno.datos_cliente:
        return False
    if turno.acto is Acto.OTRO:
        return not (turno.ajeno or turno.aplaza or turno.condicional)
    if turno.acto not in _CON_COSAS:
        return False
    things = [i for i in turno.items if i.producto]
    if not things:
        return _asks_vaguely(turno, contexto, n)
    return not all(hallado(i) for i in things)


def _points(turno: Turno) -> bool:
    """At the bot's list, at the offer, or at the till."""
    chosen = bool(turno.opciones) or turno.todas or turno.preferencia is not None
    relative = turno.factor is not None or turno.resto is not None
    plain = turno.afirma or turno.insiste or turno.senala or turno.descuento or turno.cancela
    return chosen or relative or plain


def _asks_vaguely(turno: Turno, contexto: Contexto, n: int) -> bool:
    """ "¿qué me recomiendas para una gotera?": a need, and no thing that was named."""
    counted = any(i.cantidad is not None for i in turno.items)
    return not counted and contexto.espera is Espera.NADA and n > _PREGUNTA_LARGA


def _words(texto: str) -> int:
    return sum(f.t.isalpha() and f.valor is None for f in fichas(plegar(texto)))
