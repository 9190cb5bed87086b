"""What went before, for a model that sees only the end of a chat: the last words as they were
said, and the rest in a few sentences that always come out the same."""

from collections import Counter
from typing import Any

from core.agente.comprension import Acto
from core.agente.estado import Memoria
from core.mensajes.charla import Charla, TurnoPasado
from core.ports import ChatVisto

_COSAS_MAX = 12
_PIDE = {Acto.PEDIDO.value, Acto.MODIFICAR.value}
_PREGUNTA = {Acto.CONSULTA_PRODUCTO.value, Acto.CONSULTA_PRECIO.value}
_HIZO = {
    Acto.CONFIRMAR.value: "confirmó",
    Acto.RECHAZAR.value: "rechazó o canceló",
    Acto.DAR_DATOS.value: "dio sus datos",
    Acto.CONSULTA_EMPRESA.value: "preguntó por la tienda",
    Acto.QUEJA.value: "se quejó",
    Acto.HABLAR_HUMANO.value: "pidió hablar con una persona",
}


def resumir(charla: Charla, chat: ChatVisto) -> list[str]:
    """Sentences without a price: those are the shop's to say, and they move."""
    memoria = Memoria.from_json(chat.memoria)
    lines = _before(charla)
    if memoria.carrito:
        lines.append(f"En el pedido: {_lines(memoria)}.")
    if memoria.pregunta is not None and memoria.pregunta.por.texto:
        lines.append(f"La tienda preguntó a cuál se refiere con «{memoria.pregunta.por.texto}».")
    lines += [f"Última compra, {_sale(chat)}."] if chat.ultima_venta else []
    if nombre := chat.cliente.get("nombre"):
        lines.append(f"El cliente se llama {nombre}.")
    return lines


def recientes(charla: Charla) -> list[dict[str, str]]:
    return [
        {"de": "cliente" if d.remitente == "usuario" else "tienda", "texto": d.texto}
        for d in charla.ultimos
    ]


def _before(charla: Charla) -> list[str]:
    """What the older turns did, with the things that were spoken of, in the order of the chat."""
    if not charla.antes:
        return []
    lines = [f"Antes hubo {len(charla.antes)} turnos más."]
    for said, actos in (("pidió", _PIDE), ("preguntó por", _PREGUNTA)):
        things = _things(charla.antes, actos)
        if things:
            lines.append(f"El cliente {said}: {', '.join(things)}.")
    done = Counter(_HIZO[t.acto] for t in charla.antes if t.acto in _HIZO)
    if done:
        lines.append("También " + ", ".join(f"{what} ({n})" for what, n in done.items()) + ".")
    return lines


def _things(antes: tuple[TurnoPasado, ...], actos: set[str]) -> list[str]:
    """The last ones, each once."""
    named = [p for t in antes if t.acto in actos for p in t.productos]
    return list(dict.fromkeys(reversed(named)))[:_COSAS_MAX][::-1]


def _lines(memoria: Memoria) -> str:
    return ", ".join(f"{x.cantidad.normalize():f} de {x.nombre}" for x in memoria.carrito)


def _sale(chat: ChatVisto) -> str:
    venta = chat.ultima_venta
    assert venta is not None
    return f"{venta.estado}: " + ", ".join(_sold(line) for line in venta.lineas)


def _sold(line: dict[str, Any]) -> str:
    return f"{line['cantidad']} de {line['nombre']}"
