"""When a person answers: an honest hour beside every promise of one, while the shop is closed."""

from collections.abc import Sequence

from core.agente.hechos import Hecho
from core.agente.textos import textos_de
from core.cuentas.ajustes import ajustes_de
from core.cuentas.horario import decir_cuando, decir_horario, proxima_apertura
from core.ports import ChatVisto, Tienda

# The facts that promise a person. `ilegible`, which no decision says, is the turn's own.
PROMETEN = frozenset(
    "derivado derivado_no_entendi derivado_datos queja sin_dato plazo_vencido venta_cerrada "
    "espera_persona espera_persona_corta".split()
)


def cuando_responden(chat: ChatVisto) -> str:
    """ "mañana viernes 27 de noviembre desde las 8:00"; "" while somebody is there, or where the
    shop set no hours: then no hour is promised."""
    ajustes = ajustes_de(chat.tienda)
    opens = proxima_apertura(
        ajustes.horario_atencion, ajustes.zona_horaria, ajustes.festivos, chat.ahora
    )
    return decir_cuando(opens, chat.ahora) if opens else ""


def con_hora(hechos: Sequence[Hecho], chat: ChatVisto) -> tuple[Hecho, ...]:
    """`hechos`, with when they answer right after the last that promises that they do."""
    promise = [n for n, h in enumerate(hechos, 1) if h.clave in PROMETEN]
    cuando = cuando_responden(chat) if promise else ""
    if not cuando:
        return tuple(hechos)
    return (*hechos[: promise[-1]], Hecho("cerrado", cita=cuando), *hechos[promise[-1] :])


def ilegible(chat: ChatVisto) -> str:
    """What is said of a message that nobody could read: a person will."""
    textos, cuando = textos_de(chat.tienda), cuando_responden(chat)
    said = str(textos["ilegible"])
    return f"{said} {str(textos['cerrado']).format(cita=cuando)}" if cuando else said


def horario_dicho(tienda: Tienda) -> str:
    """The hours as people say them; "" where none are set."""
    return decir_horario(ajustes_de(tienda).horario_atencion)
