"""How much of what waits in a chat one turn reads.

Reading costs some 0.1 ms a character, and a slot that reads for a minute takes its whole process
with it. Nobody writes so much to a shop; a provider's update or a script might.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from core.mensajes.turnos import MensajePendiente

# Of one message: what the web's door takes at most, and what messengers let a person write.
MAX_TEXTO = 4096
# Of all that waits together: some ten pages.
MAX_TURNO = 16_384
# Of what is written without a space: reading takes the square of its length. Addresses fit.
MAX_SEGUIDO = 200
_SEGUIDO = re.compile(rf"(\S{{{MAX_SEGUIDO}}})\S+")


def legibles(mensajes: Sequence[MensajePendiente]) -> tuple[MensajePendiente, ...]:
    """The same, with what is too much left unread: the end of a long one or of an endless word, and
    of a long burst all but the newest, because the last word counts. What was written stays whole
    in its row."""
    read: list[MensajePendiente] = []
    left = MAX_TURNO
    for m in reversed(mensajes):
        words = _SEGUIDO.sub(r"\1", m.palabras[:MAX_TEXTO])
        if len(words) > left:
            words, left = "", 0
        left -= len(words)
        read.append(m if words == m.palabras else replace(m, leido=words))
    return tuple(reversed(read))
