"""The offline seller: understand, decide, word, verify. Pure: no I/O but the Catalogo it is given.

Nothing here is recorded. core/agente/turno.py records the Resultado, and calls again with fresh
rows when the stock or a price moved in between.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from core.agente.decidir import contexto_de, decidir
from core.agente.entender import entender
from core.agente.estado import Memoria
from core.agente.hechos import Decision
from core.agente.redactar import llano, redactar
from core.agente.verificar import ids_de, permitir, verificar
from core.models import EstadoVenta
from core.ports import Catalogo, ChatVisto, Resultado

Redactor = Callable[[Decision, ChatVisto], str]


def respond(
    catalogo: Catalogo,
    chat: ChatVisto,
    textos: Sequence[str],
    redactor: Redactor = redactar,
) -> Resultado:
    """One turn: the reply to `textos` (a burst is one turn) and what is to be recorded with it.

    The same inputs give the same Resultado. `redactor` drafts the words; a draft that says
    anything else than the facts is replaced by the template, and that one, should it ever fail,
    by a sentence without figures; then nothing stays offered that the customer has not read.
    """
    memoria = Memoria.from_json(chat.memoria)
    turno = entender(textos, contexto_de(memoria, chat))
    decision = decidir(turno, memoria, chat, catalogo)
    filas = catalogo.por_id(ids_de(decision))
    facts = permitir(decision, memoria, chat, filas, turno.texto)

    respuesta = redactor(decision, chat)
    corregido = not verificar(respuesta, facts)
    if corregido:
        respuesta = redactar(decision, chat)
        if redactor is redactar or not verificar(respuesta, facts):
            respuesta, decision = llano(decision), _unread(decision)
    return Resultado(
        respuesta=respuesta,
        memoria=decision.memoria.to_json(),
        estado_venta=decision.estado.value if decision.estado else chat.estado_venta,
        vender=decision.vender,
        oferta_n=decision.oferta_n,
        cancelar_venta_id=decision.cancelar_venta_id,
        humano=decision.humano,
        cliente=dict(decision.cliente),
        no_encontrado=tuple(
            h.cita for h in decision.hechos if h.clave == "no_encontrado" and h.cita
        ),
        acto=turno.acto.value,
        regla=decision.regla,
        corregido=corregido,
    )


def _unread(decision: Decision) -> Decision:
    """An offer whose words were not sent was never made."""
    if decision.memoria.oferta is None:
        return decision
    memoria = replace(decision.memoria, oferta=None, pregunta=None)
    return replace(decision, memoria=memoria, estado=EstadoVenta.NINGUNA)
