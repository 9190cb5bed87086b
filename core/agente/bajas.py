"""Who wants no messages: said to the bot or to a person, taken back by asking or ordering."""

from collections.abc import Sequence

from core.agente.comprension import Acto, Contexto
from core.agente.entender import entender
from core.agente.hechos import Decision, Hecho, Situacion

# After one of these the customer still wants nothing of us.
CALLAN = frozenset(
    "baja despedir rechazar saludar esperar fuera sin_nada espera_persona no_entendi".split()
)
_CALLAN = (Acto.DESPEDIDA, Acto.RECHAZAR, Acto.SALUDO, Acto.OTRO)


def dar_de_baja(s: Situacion) -> Decision:
    """One acknowledgement, and nothing is left open. Who complains besides gets a person."""
    called = s.turno.acto in (Acto.QUEJA, Acto.HABLAR_HUMANO)
    return Decision((Hecho("baja"),), s.memoria.sin_pedido(), humano=called, baja=True)


def dar_de_alta(s: Situacion) -> Decision:
    return Decision((Hecho("alta"),), s.memoria, baja=False)


def baja_en_silencio(textos: Sequence[str]) -> bool | None:
    """What was said of it while a person has the chat and nobody answers; None for nothing."""
    if not textos:
        return None
    turno = entender(textos, Contexto())
    if turno.baja:
        return True
    return False if turno.alta or turno.acto not in _CALLAN else None
