"""A person of the shop is called, and what the bot says until they come: it still sells, and does
not chat as if nobody were waiting."""

from dataclasses import replace

from core.agente.comprension import Acto
from core.agente.hechos import Decision, Hecho, Situacion
from core.agente.ofertar import recordar


def llamar(s: Situacion) -> Decision:
    """The offer is put aside: a yes after this is a yes to waiting."""
    memoria = replace(s.memoria, oferta=None, pregunta=None, cola=())
    if s.turno.acto is Acto.QUEJA:
        return Decision((Hecho("queja"),), memoria, humano=True)
    if s.chat.espera_humano:
        return replace(esperar_persona(replace(s, memoria=memoria)), humano=True)
    return Decision((Hecho("derivado"),), memoria, humano=True)


def solo_conversa(s: Situacion) -> bool:
    """They wait for a person and say nothing that a seller could act upon."""
    if not s.chat.espera_humano:
        return False
    idle = s.memoria.oferta is None and s.memoria.pregunta is None
    return s.turno.acto in (Acto.SALUDO, Acto.OTRO) or s.turno.afirma and idle


def esperar_persona(s: Situacion) -> Decision:
    """Say once more that a person will come; after that in few words."""
    hechos = (aviso(s), *recordar(s.memoria))
    return Decision(hechos, replace(s.memoria, avisado=True), "espera_persona")


def aviso(s: Situacion) -> Hecho:
    return Hecho("espera_persona_corta" if s.memoria.avisado else "espera_persona")
