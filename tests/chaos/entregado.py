"""What Telegram showed against what the shop wrote: all of it, in order, twice at most by name."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from tests.chaos.instalacion import Instalacion
from tests.chaos.tiendas import Tienda

_SAID = """SELECT c.externo, m.texto FROM mensaje m
    JOIN chat c ON c.empresa_id = m.empresa_id AND c.id = m.chat_id
    WHERE m.empresa_id = %s AND m.canal_id = %s AND m.remitente <> 'usuario'
    ORDER BY c.id, m.orden"""


def undelivered(instalacion: Instalacion, tiendas: Sequence[Tienda]) -> Iterator[str]:
    """Chats in which Telegram showed anything but the replies in their order; a reply shown again
    right away is allowed (P6), one shown late is not."""
    yield from (f"Bot API: {what}" for what in instalacion.telegram.violaciones)
    for tienda in tiendas:
        said: dict[str, list[str]] = defaultdict(list)
        for externo, texto in instalacion.sql(_SAID, tienda.empresa_id, tienda.bot.canal_id):
            said[externo].append(texto.strip())
        shown: dict[str, list[str]] = defaultdict(list)
        for a in instalacion.telegram.aceptados:
            if a.token == tienda.bot.token:
                shown[str(a.chat)].append(a.texto.strip())
        for externo in said.keys() | shown.keys():
            if not in_order(said[externo], shown[externo]):
                yield (
                    f"chat {externo} de la empresa {tienda.empresa_id}: se escribieron "
                    f"{len(said[externo])} respuestas y Telegram mostró {len(shown[externo])}"
                )


def in_order(said: Sequence[str], shown: Sequence[str]) -> bool:
    """Whether `shown` is `said`, each of it once or several times in a row."""
    place = 0  # how much of `said` has been shown
    for texto in shown:
        if place < len(said) and texto == said[place]:
            place += 1
        elif not place or texto != said[place - 1]:
            return False
    return place == len(said)
