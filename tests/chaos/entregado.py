"""What providers showed against what the shop wrote: all of it, in order, each at least once."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from tests.chaos.instalacion import Instalacion
from tests.chaos.tiendas import Numero, Tienda

_SAID = """SELECT c.externo, m.texto FROM mensaje m
    JOIN chat c ON c.empresa_id = m.empresa_id AND c.id = m.chat_id
    WHERE m.empresa_id = %s AND m.canal_id = %s AND m.remitente <> 'usuario'
    ORDER BY c.id, m.orden"""


def undelivered(instalacion: Instalacion, tiendas: Sequence[Tienda]) -> Iterator[str]:
    """Chats in which Telegram showed anything but the replies in their order; a reply shown again
    right away is allowed (P6), one shown late is not."""
    yield from (f"Bot API: {what}" for what in instalacion.telegram.violaciones)
    for tienda in tiendas:
        shown: dict[str, list[str]] = defaultdict(list)
        for a in instalacion.telegram.aceptados:
            if a.token == tienda.bot.token:
                shown[str(a.chat)].append(a.texto.strip())
        yield from _differences(instalacion, tienda.empresa_id, tienda.bot.canal_id, shown)


def undelivered_whatsapp(
    instalacion: Instalacion, empresa_id: int, numeros: Sequence[Numero]
) -> Iterator[str]:
    """The same of these numbers' chats, as WhatsApp showed them."""
    yield from (f"Graph API: {what}" for what in instalacion.whatsapp.violaciones)
    for numero in numeros:
        shown: dict[str, list[str]] = defaultdict(list)
        for a in instalacion.whatsapp.aceptados:
            if a.numero == numero.numero:
                shown[a.para].append(a.texto.strip())
        yield from _differences(instalacion, empresa_id, numero.canal_id, shown)


def _differences(
    instalacion: Instalacion, empresa_id: int, canal_id: int, shown: dict[str, list[str]]
) -> Iterator[str]:
    said: dict[str, list[str]] = defaultdict(list)
    for externo, texto in instalacion.sql(_SAID, empresa_id, canal_id):
        said[externo].append(texto.strip())
    for externo in said.keys() | shown.keys():
        if not in_order(said[externo], shown.get(externo, [])):
            yield (
                f"chat {externo} del canal {canal_id}: se escribieron {len(said[externo])} "
                f"respuestas y se mostraron {len(shown.get(externo, []))}"
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
