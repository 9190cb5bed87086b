"""Decide: one table of rules, read from the top, first match wins. Deterministic.

No rule but `vender` sells, and it sells only the pending offer, only to a yes to it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from core.agente.bajas import dar_de_alta, dar_de_baja
from core.agente.comprension import Acto, Contexto, Espera, Turno
from core.agente.concluir import concluir
from core.agente.consultar import (
    describir,
    es_consulta,
    mostrar,
    precio_ofrecido,
    que_venden,
    seguimiento,
    sin_descuento,
    sobre_la_tienda,
)
from core.agente.documentar import del_documento
from core.agente.encargar import encargar
from core.agente.estado import Memoria
from core.agente.hechos import Decision, Hecho, Situacion
from core.agente.modificar import modificar
from core.agente.ofertar import ofertar, pedir_dato, recordar, vender
from core.agente.opciones import elegir_opcion
from core.agente.pedir import otra_vez, pedir, sin_pregunta
from core.agente.personas import esperar_persona, llamar, solo_conversa
from core.agente.posventa import (
    cambiar,
    cambio_perdido,
    cancelar,
    quiere_cambiar,
    quiere_cancelar,
    se_puede_cancelar,
    vendible,
)
from core.agente.requisitos import es_valido, faltan, requeridos
from core.models import EstadoVenta
from core.ports import ChatVisto, Fuentes


def contexto_de(memoria: Memoria, chat: ChatVisto) -> Contexto:
    """What the bot's last words left open, for understanding the answer."""
    oferta, pregunta = memoria.oferta, memoria.pregunta
    opciones = pregunta.nombres if pregunta else ()
    if oferta is not None:
        espera = Espera.DATOS if oferta.aceptada else Espera.OFERTA
        lineas = tuple((x.nombre, x.cantidad) for x in oferta.lineas)
        return Contexto(espera, lineas, opciones, oferta.falta)
    if pregunta is not None:
        asked_one = len(opciones) <= 1 and not pregunta.abierta
        return Contexto(Espera.CANTIDAD if asked_one else Espera.OPCIONES, (), opciones)
    sold = chat.estado_venta == EstadoVenta.CONFIRMADA
    return Contexto(Espera.VENDIDO if sold else Espera.NADA)


def decidir(turno: Turno, memoria: Memoria, chat: ChatVisto, fuentes: Fuentes) -> Decision:
    """Facts and effects of this turn. The same inputs give the same Decision."""
    if not chat.espera_humano:
        memoria = replace(memoria, avisado=False)  # whoever was to come has been here
    catalogo = vendible(fuentes.catalogo, memoria, chat)
    s = Situacion(turno, memoria, chat, catalogo, fuentes.documentos)
    perdido = cambio_perdido(s)
    if perdido is None:
        return concluir(s, *_first(s))
    # The sale that was to be changed is another by now: the yes to that change buys nothing.
    s = replace(s, memoria=memoria.sin_pedido(), catalogo=fuentes.catalogo)
    decision, nombre = _first(s)
    decision = replace(decision, hechos=(perdido, *decision.hechos))
    if perdido.clave == "plazo_vencido":  # which says that a person comes
        decision = replace(decision, humano=True)
        decision = replace(decision, regla=perdido.clave) if turno.confirma else decision
    return concluir(s, decision, nombre)


def _first(s: Situacion) -> tuple[Decision, str]:
    """What the first rule that fits and does not pass decides, and its name."""
    for rule in REGLAS:
        decision = rule.entonces(s) if rule.cuando(s) else None
        if decision is not None and decision.hechos:  # who has nothing to say decides nothing
            return decision, rule.nombre
    raise AssertionError("the last rule always decides")


# --- what the small rules do -------------------------------------------------------------------


def _sin_leer(s: Situacion) -> Decision:
    """The yes was written before the offer was read: say the offer again and wait for another."""
    return Decision(recordar(s.memoria), s.memoria)


def _fuera(s: Situacion) -> Decision:
    return Decision((Hecho("fuera"), *recordar(s.memoria)), s.memoria)


def _esperar(s: Situacion) -> Decision:
    return Decision((Hecho("sin_prisa"), *recordar(s.memoria)), s.memoria)


def _descartar(s: Situacion) -> Decision:
    """A no: nothing is pending any more. What was sold before stays sold."""
    memoria = replace(s.memoria.sin_pedido(), no_entendidos=0)
    of_the_sale = s.memoria.oferta is None or s.memoria.oferta.reemplaza is not None
    clave = "sigue_registrada" if s.venta_vigente and of_the_sale else "rechazo"
    return Decision((Hecho(clave),), memoria)


def _vaciar(s: Situacion) -> Decision:
    """Begin anew, with what the same message orders. What was sold before stays sold."""
    before, empty = s.memoria, s.memoria.sin_pedido()
    if s.turno.acto is Acto.PEDIDO and any(i.producto for i in s.turno.items):
        return pedir(replace(s, memoria=empty))
    if before.reemplaza is not None:
        return Decision((Hecho("sigue_registrada"),), empty)
    clave = "pedido_vacio" if before.carrito or before.pregunta else "que_buscas"
    return Decision((Hecho(clave),), empty)


def _insiste(s: Situacion) -> Decision:
    """ "no, necesito los 10": there are no more, and nothing is registered."""
    assert s.memoria.oferta is not None
    hechos = (Hecho("no_hay_mas"), *recordar(s.memoria))
    return Decision(hechos, s.memoria)


def _datos(s: Situacion) -> Decision:
    """What they tell of themselves; it completes a sale that waited for nothing else."""
    oferta = s.memoria.oferta
    if oferta is None or not oferta.aceptada:
        return Decision((Hecho("datos_anotados"), *recordar(s.memoria)), s.memoria)
    told, tienda = s.turno.datos_cliente, s.chat.tienda
    wrong = [c for c in requeridos(tienda) if c in told and not es_valido(c, told[c], tienda)]
    if wrong:
        return pedir_dato(s, wrong[0], Hecho(f"invalido_{wrong[0]}"), fallo=True)
    return vender(s)


def _pedir_datos(s: Situacion) -> Decision:
    assert s.memoria.oferta is not None
    return pedir_dato(s, s.memoria.oferta.falta or faltan(s.chat.tienda, s.chat.cliente)[0])


def _niega_dato(s: Situacion) -> Decision:
    """They do not want to tell: the offer waits, and three such turns call a person."""
    assert s.memoria.oferta is not None
    campo = s.memoria.oferta.falta or faltan(s.chat.tienda, s.chat.cliente)[0]
    asked = pedir_dato(s, campo, fallo=True)
    return asked if asked.humano else replace(asked, hechos=(Hecho("dato_necesario", cita=campo),))


def _ya_vendida(s: Situacion) -> Decision:
    return Decision((Hecho("ya_vendida"),), s.memoria)


def _reofertar(s: Situacion) -> Decision:
    return ofertar(s, s.memoria.carrito, regla="reofertar")


def _sin_nada(s: Situacion) -> Decision:
    return Decision((Hecho("nada_pendiente"),), s.memoria)


def _saludar(s: Situacion) -> Decision:
    return Decision((Hecho("saludo"), *recordar(s.memoria)), s.memoria)


def _despedir(s: Situacion) -> Decision:
    if s.memoria.oferta is not None:
        return Decision((Hecho("gracias_oferta"), *recordar(s.memoria)), s.memoria)
    return Decision((Hecho("despedida"),), sin_pregunta(s.memoria))


def _no_entendi(s: Situacion) -> Decision:
    """Say so, and ask again; who waits for a person is told that they come."""
    if s.chat.espera_humano:
        return replace(esperar_persona(s), regla="")
    if s.memoria.pregunta is not None and s.memoria.pregunta.opciones:
        return otra_vez(s, "no_entendi_opcion", "no_entendi")
    return Decision((Hecho("no_entendi"), *recordar(s.memoria)), s.memoria)


# --- the table ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Regla:
    """`entonces` may pass by returning None: then the next rule that fits decides."""

    nombre: str
    cuando: Callable[[Situacion], bool]
    entonces: Callable[[Situacion], Decision | None]


def _is(*actos: Acto) -> Callable[[Situacion], bool]:
    return lambda s: s.turno.acto in actos


def _nothing_open(s: Situacion) -> bool:
    return s.memoria.oferta is None and s.memoria.pregunta is None


def _answers_question(s: Situacion) -> bool:
    t = s.turno
    if s.memoria.pregunta is None or t.acto in (Acto.RECHAZAR, Acto.CONSULTA_EMPRESA):
        return False
    if es_consulta(s):
        return False
    picks = t.preferencia is not None or t.afirma or t.senala
    chosen = bool(t.opciones) or t.todas
    return bool(t.items) or chosen or picks and s.memoria.oferta is None


def _follows_up(s: Situacion) -> bool:
    t = s.turno
    if not t.seguimiento or t.cancela or t.acto in (Acto.MODIFICAR, Acto.CONFIRMAR):
        return False
    return all(i.cantidad is None for i in t.items)


def _asks(s: Situacion) -> bool:
    return es_consulta(s) or s.turno.acto is Acto.CONSULTA_EMPRESA


def _listed(s: Situacion) -> bool:
    return s.memoria.pregunta is not None and bool(s.memoria.pregunta.opciones)


def _cancels_again(s: Situacion) -> bool:
    """ "cancela la compra", of one that is cancelled already."""
    gone = s.chat.ultima_venta is not None and not s.venta_viva
    return s.turno.cancela and _nothing_open(s) and not s.memoria.carrito and gone


def _waits_for_data(s: Situacion) -> bool:
    return s.memoria.oferta is not None and s.memoria.oferta.aceptada


REGLAS = (
    Regla("baja", lambda s: s.turno.baja, dar_de_baja),
    Regla("alta", lambda s: s.chat.baja and s.turno.alta, dar_de_alta),
    Regla("humano", _is(Acto.HABLAR_HUMANO), llamar),
    Regla("queja", _is(Acto.QUEJA), llamar),
    Regla("encargo", lambda s: bool(s.turno.encargos), encargar),
    Regla("fuera", lambda s: s.turno.ataque and not s.turno.descuento, _fuera),
    Regla("datos", lambda s: s.turno.acto is Acto.DAR_DATOS, _datos),
    Regla("sin_leer", lambda s: s.turno.confirma and s.memoria.oferta is not None
          and not s.chat.leida, _sin_leer),
    Regla("niega_dato", lambda s: _waits_for_data(s) and s.turno.reserva, _niega_dato),
    Regla("esperar_datos", lambda s: _waits_for_data(s) and s.turno.confirma, _pedir_datos),
    Regla("vender", lambda s: s.turno.confirma and s.memoria.oferta is not None, vender),
    Regla("vaciar", lambda s: s.turno.vacia, _vaciar),
    Regla("seguimiento", _follows_up, seguimiento),
    Regla("cancelar_venta", lambda s: quiere_cancelar(s) and _is(Acto.RECHAZAR)(s), cancelar),
    Regla("se_puede_cancelar", quiere_cancelar, se_puede_cancelar),
    Regla("ya_cancelada", _cancels_again, seguimiento),
    Regla("esperar", lambda s: s.turno.aplaza and not s.turno.items
          and not _asks(s), _esperar),
    Regla("insiste", lambda s: s.turno.insiste and s.memoria.oferta is not None, _insiste),
    Regla("rechazar", _is(Acto.RECHAZAR), _descartar),
    Regla("tienda", _is(Acto.CONSULTA_EMPRESA), sobre_la_tienda),
    Regla("cambiar_venta", lambda s: quiere_cambiar(s) and s.turno.retoma, cambiar),
    Regla("sin_descuento", lambda s: s.turno.descuento and es_consulta(s), sin_descuento),
    Regla("mostrar", lambda s: es_consulta(s) and bool(s.turno.items), mostrar),
    Regla("precio_ofrecido", _is(Acto.CONSULTA_PRECIO), precio_ofrecido),
    Regla("elegir_opcion", _answers_question, elegir_opcion),
    Regla("cambiar_venta", quiere_cambiar, cambiar),
    Regla("modificar", lambda s: _is(Acto.MODIFICAR)(s) and bool(s.memoria.carrito), modificar),
    Regla("pedir", lambda s: _is(Acto.PEDIDO, Acto.MODIFICAR)(s) and bool(s.turno.items), pedir),
    Regla("documento", lambda s: s.turno.busca and _is(Acto.CONSULTA_PRODUCTO, Acto.OTRO)(s),
          del_documento),
    Regla("describir", lambda s: _is(Acto.CONSULTA_PRODUCTO)(s)
          and bool(s.memoria.carrito or s.memoria.tema or _listed(s)), describir),
    Regla("que_venden", lambda s: _is(Acto.CONSULTA_PRODUCTO)(s)
          and (s.turno.busca or not s.turno.items), que_venden),
    Regla("espera_persona", solo_conversa, esperar_persona),
    Regla("despedir", _is(Acto.DESPEDIDA), _despedir),
    Regla("saludar", _is(Acto.SALUDO), _saludar),
    Regla("cual", lambda s: s.turno.afirma and s.memoria.pregunta is not None
          and s.memoria.oferta is None and bool(s.memoria.pregunta.opciones),
          lambda s: otra_vez(s, "cual_otra_vez", "cual")),
    Regla("reofertar", lambda s: s.turno.afirma and _nothing_open(s)
          and bool(s.memoria.carrito), _reofertar),
    Regla("ya_vendida", lambda s: s.turno.afirma and _nothing_open(s) and s.venta_vigente,
          _ya_vendida),
    Regla("sin_nada", lambda s: s.turno.afirma and _nothing_open(s), _sin_nada),
    Regla("fuera", lambda s: s.turno.ajeno, _fuera),
    Regla("no_entendi", lambda _: True, _no_entendi),
)  # fmt: skip
