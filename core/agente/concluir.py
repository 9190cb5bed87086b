"""What every decision gets, whichever rule made it: greeting, memory in order, state, summary."""

from dataclasses import replace

from core.agente.bajas import CALLAN
from core.agente.comprension import Acto
from core.agente.estado import Memoria
from core.agente.hechos import Decision, Hecho, Situacion
from core.agente.horas import con_hora
from core.agente.ofertar import recordar, repetir
from core.agente.personas import aviso
from core.agente.requisitos import anotar
from core.agente.resumir import resumir
from core.models import EstadoVenta

_NO_ENTENDIDOS_MAX = 3
_NO_ENTENDIDAS = frozenset({"no_entendi", "no_entendi_opcion", "cambio_no_claro"})
# Courtesy between two messages that nobody understands: neither counts nor forgives.
_NEUTRAS = frozenset({"saludar", "despedir", "esperar", "fuera"})
# What opens by itself, or has no room for a greeting.
_SIN_HOLA = frozenset({"saludar", "humano", "queja", "vender", "espera_persona"})


def concluir(s: Situacion, decision: Decision, nombre: str) -> Decision:
    """Complete the decision of rule `nombre`."""
    decision = _count(s, replace(decision, regla=decision.regla or nombre), nombre)
    decision = repetir(s, decision)
    if nombre != "sin_descuento":
        decision = replace(decision, memoria=replace(decision.memoria, descuentos=0))
    hechos = decision.hechos
    if s.chat.espera_humano:
        hechos = tuple(aviso(s) if h.clave == "sin_dato" else h for h in hechos)
    if s.turno.foto and s.turno.acto is Acto.CONSULTA_PRODUCTO:
        hechos = (Hecho("sin_fotos"), *hechos)
    if s.turno.saluda and nombre not in _SIN_HOLA:
        hechos = (Hecho("hola"), *hechos)
    decision = replace(
        decision,
        hechos=con_hora(hechos, s.chat),
        memoria=_in_order(decision.memoria),
        cliente={**anotar(s.turno.datos_cliente, s.chat.tienda), **decision.cliente},
        estado=decision.estado or _estado(s, decision.memoria),
        devuelve=decision.devuelve or s.memoria.reemplaza,
        baja=_baja(s, decision, nombre),
    )
    if not decision.humano or s.chat.espera_humano and nombre == "humano":
        return decision  # who asks again adds nothing to what is waited for
    return replace(decision, resumen=resumir(s, decision, decision.regla))


def _count(s: Situacion, decision: Decision, nombre: str) -> Decision:
    """Three turns in a row that were not understood call a person."""
    if nombre in _NEUTRAS:
        return decision
    if decision.regla not in _NO_ENTENDIDAS:
        return replace(decision, memoria=replace(decision.memoria, no_entendidos=0))
    times = s.memoria.no_entendidos + 1
    if times < _NO_ENTENDIDOS_MAX or s.chat.espera_humano:
        return replace(decision, memoria=replace(decision.memoria, no_entendidos=times))
    memoria = replace(decision.memoria, no_entendidos=0)
    hechos = (Hecho("derivado_no_entendi"), *recordar(memoria))
    return Decision(hechos, memoria, "no_entendi_derivado", humano=True)


def _in_order(memoria: Memoria) -> Memoria:
    """Without a carrito, and nothing asked that could fill it, no sale is being changed."""
    if memoria.carrito or memoria.pregunta is not None:
        return memoria
    return replace(memoria, reemplaza=None)


def _estado(s: Situacion, memoria: Memoria) -> EstadoVenta:
    if memoria.oferta is not None:
        return EstadoVenta.DATOS if memoria.oferta.aceptada else EstadoVenta.OFERTA
    before = EstadoVenta(s.chat.estado_venta)
    if s.memoria.reemplaza is not None and s.venta_vigente:
        return EstadoVenta.CONFIRMADA  # the change was dropped, or is still being asked about
    if before in (EstadoVenta.CONFIRMADA, EstadoVenta.CANCELADA):
        return before
    return EstadoVenta.NINGUNA


def _baja(s: Situacion, decision: Decision, nombre: str) -> bool | None:
    """Who asks or orders again wants to hear of us again."""
    if decision.baja is None and s.chat.baja and nombre not in CALLAN:
        return False
    return decision.baja
