"""The seller: understand, decide, word, verify. No I/O but the Fuentes and the Motor it is given.

Nothing here is recorded. core/agente/turno.py records the Resultado, and calls again with fresh
rows when the stock or a price moved in between.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from core.agente.botones import botones_de
from core.agente.comprension import Encargo
from core.agente.decidir import contexto_de, decidir
from core.agente.encargar import con_encargos
from core.agente.estado import Memoria
from core.agente.hechos import Decision
from core.agente.modelo.palabras import se_puede_enviar
from core.agente.motor import OFFLINE, Motor, Offline
from core.agente.permitir import ids_de, permitir
from core.agente.redactar import llano, redactar
from core.agente.registro import Registro, Testigo
from core.agente.verificar import Permitido, verificar
from core.models import EstadoVenta
from core.ports import ChatVisto, Fuentes, Resultado


def respond(
    fuentes: Fuentes,
    chat: ChatVisto,
    textos: Sequence[str],
    motor: Motor | None = None,
    *,
    encargos: Sequence[Encargo] = (),
) -> Resultado:
    """One turn: the reply to `textos` (a burst is one turn) and what is to be recorded with it.
    `encargos`: what it orders by sku; then there may be no textos.

    With the same inputs and no model, the same Resultado, times apart. A draft that says anything
    else than the facts is replaced by the template, and that one, should it ever fail, by a
    sentence without figures; then nothing stays offered that the customer has not read.
    """
    motor = motor or Offline()
    testigo = Testigo(fuentes)
    clock = _Reloj()
    memoria = Memoria.from_json(chat.memoria)
    contexto = contexto_de(memoria, chat)
    read = motor.leer(textos, contexto, chat, testigo.fuentes) if textos else None
    turno = con_encargos(read, encargos)
    clock.mark("leer")
    decision = decidir(turno, memoria, chat, testigo.fuentes)
    decidido = decision
    filas = testigo.fuentes.catalogo.por_id(ids_de(decision))
    pasajes = [p for b in testigo.busquedas for p in b.pasajes]
    facts = permitir(
        decision, memoria, chat, filas, turno.texto, testigo.productos, pasajes=pasajes
    )
    clock.mark("decidir")

    borrador = motor.redactar(decision, chat)
    clock.mark("redactar")
    de_modelo = motor.redactor != OFFLINE
    respuesta, decision = _checked(borrador, decision, chat, facts, de_modelo=de_modelo)
    clock.mark("verificar")
    registro = Registro(
        textos=tuple(textos),
        contexto=contexto,
        chat=chat,
        turno=turno,
        decision=decidido,
        respuesta=respuesta,
        borrador=None if borrador == respuesta else borrador,
        corregido=borrador != respuesta,
        lector=motor.lector,
        redactor=motor.redactor,
        llamadas=motor.llamadas,
        productos=testigo.productos,
        consultas=tuple(testigo.consultas),
        lecturas=tuple(testigo.lecturas),
        busquedas=tuple(testigo.busquedas),
        ms=clock.ms,
    )
    return _resultado(registro, decision)


def _checked(
    borrador: str, decision: Decision, chat: ChatVisto, facts: Permitido, *, de_modelo: bool
) -> tuple[str, Decision]:
    """What may be sent, and the decision that goes with it."""
    template = redactar(decision, chat) if de_modelo else ""
    if de_modelo and se_puede_enviar(borrador, template, facts, decision):
        return borrador, decision
    if not de_modelo and verificar(borrador, facts):
        return borrador, decision
    template = template or redactar(decision, chat)
    if template != borrador and verificar(template, facts):
        return template, decision
    # A shop's own wording that says no fact: it must not cost the shop the sale.
    ours = redactar(decision, replace(chat, tienda=replace(chat.tienda, propios={})))
    if ours not in (template, borrador) and verificar(ours, facts):
        return ours, decision
    return llano(decision, chat.tienda), _unread(decision)


def _resultado(r: Registro, decision: Decision) -> Resultado:
    return Resultado(
        respuesta=r.respuesta,
        memoria=decision.memoria.to_json(),
        estado_venta=decision.estado.value if decision.estado else r.chat.estado_venta,
        vender=decision.vender,
        oferta_n=decision.oferta_n,
        cancelar_venta_id=decision.cancelar_venta_id,
        humano=decision.humano,
        resumen=decision.resumen,
        baja=decision.baja,
        cliente=dict(decision.cliente),
        no_encontrado=tuple(
            h.cita for h in decision.hechos if h.clave == "no_encontrado" and h.cita
        ),
        botones=botones_de(decision.memoria),
        acto=r.turno.acto.value,
        regla=decision.regla,
        corregido=r.corregido,
        registro=r.to_json(),
        motor=next((m for m in (r.lector, r.redactor) if m != OFFLINE), OFFLINE),
        tokens_entrada=sum(x.tokens_entrada for x in r.llamadas),
        tokens_salida=sum(x.tokens_salida for x in r.llamadas),
        costo=sum((x.costo for x in r.llamadas), Decimal(0)),
    )


def _unread(decision: Decision) -> Decision:
    """An offer whose words were not sent was never made."""
    if decision.memoria.oferta is None:
        return decision
    memoria = replace(decision.memoria, oferta=None, pregunta=None)
    return replace(decision, memoria=memoria, estado=EstadoVenta.NINGUNA)


class _Reloj:
    """Whole milliseconds between marks."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self.ms: dict[str, int] = {}

    def mark(self, paso: str) -> None:
        now = time.monotonic()
        self.ms[paso] = round((now - self._last) * 1000)
        self._last = now
