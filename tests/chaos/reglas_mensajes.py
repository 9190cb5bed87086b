"""What was promised about messages. Each rule yields what breaks it, in words."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from tests.chaos.foto import Mensaje
from tests.chaos.historia import Clave, Historia
from tests.chaos.libro import VENENO


def acknowledged_is_stored(h: Historia) -> Iterator[str]:
    for a in h.cuentas.acuses:
        rows = h.por_id[a.empresa_id, a.chat_id, a.id_externo]
        if not rows:
            yield f"{a.chat_id}/{a.id_externo} acusado y no está"
        elif a.mensaje_id is not None and a.mensaje_id not in {m.id for m in rows}:
            yield f"{a.chat_id}/{a.id_externo} acusado como {a.mensaje_id}, guardado como otro"


def one_message_is_one_row(h: Historia) -> Iterator[str]:
    for (_, chat, externo), rows in h.por_id.items():
        if len(rows) > 1:
            yield f"{chat}/{externo} está {len(rows)} veces"


def everything_is_finished(h: Historia) -> Iterator[str]:
    for m in h.foto.mensajes:
        if m.estado == "pendiente":
            yield f"mensaje {m.id} sigue pendiente"
        if m.entrega in ("pendiente", "enviando", "incierta"):
            yield f"respuesta {m.id} sigue {m.entrega}"
        if m.estado == "cuarentena" and h.acto(m) != VENENO:
            yield f"mensaje {m.id} en cuarentena sin ser veneno"
    for c in h.foto.chats:
        if c.tomado:
            yield f"chat {c.id} sigue tomado"
        if c.solo and not c.pendientes:
            yield f"chat {c.id} sigue solo sin nada pendiente"


def counters_are_right(h: Historia) -> Iterator[str]:
    for c in h.foto.chats:
        rows = h.por_chat[c.empresa_id, c.id]
        waiting = sum(m.estado == "pendiente" for m in rows)
        if c.pendientes != waiting:
            yield f"chat {c.id} dice {c.pendientes} pendientes y hay {waiting}"
        if [m.orden for m in rows] != list(range(1, c.ultimo_orden + 1)):
            yield f"chat {c.id} tiene huecos o repetidos hasta el orden {c.ultimo_orden}"


def live_pages_miss_nothing(h: Historia) -> Iterator[str]:
    told: dict[Clave, list[tuple[int, str, int]]] = defaultdict(list)
    for e in h.foto.eventos:
        told[e.empresa_id, e.chat].append((e.n, e.tipo, e.ref_id))
    for c in h.foto.chats:
        events = told[c.empresa_id, c.id]
        if [n for n, _, _ in events] != list(range(1, c.ultimo_evento + 1)):
            yield f"chat {c.id} tiene huecos en sus eventos"
        shown = sorted(ref for _, kind, ref in events if kind == "mensaje")
        if shown != sorted(m.id for m in h.por_chat[c.empresa_id, c.id]):
            yield f"chat {c.id}: sus eventos no son sus mensajes, uno a uno"


def order_is_kept(h: Historia) -> Iterator[str]:
    """By the client's clock: acknowledged before the next was even sent means stored before it.
    And answers come in the order of the questions, each after all of its own."""
    first_ack: dict[tuple[int, str, str], float] = {}
    for a in h.cuentas.acuses:
        key = (a.empresa_id, a.chat_id, a.id_externo)
        first_ack[key] = min(a.acusado, first_ack.get(key, a.acusado))
    said: dict[tuple[int, str], list[tuple[float, float, int, str]]] = defaultdict(list)
    for key, acked in first_ack.items():
        for m in h.por_id[key][:1]:
            said[key[:2]].append((h.dichos[key].enviado, acked, m.orden, key[2]))
    for (_, chat), rows in said.items():
        rows.sort()
        for before, after in pairwise(rows):
            if before[1] < after[0] and before[2] > after[2]:
                yield f"{chat}: {before[3]} se acusó antes de enviar {after[3]} y quedó después"
    for rows_of_chat in h.por_chat.values():
        yield from _answers_in_order(h, rows_of_chat)


def _answers_in_order(h: Historia, rows: list[Mensaje]) -> Iterator[str]:
    asked = [(m, h.mensajes.get((m.empresa_id, m.respuesta_id or 0))) for m in rows]
    pairs = [(m, r) for m, r in asked if r is not None]
    for m, r in pairs:
        if r.orden < m.orden:
            yield f"respuesta {r.id} está antes que su mensaje {m.id}"
    for (a, ra), (b, rb) in pairwise(pairs):
        # A provider with an order of its own may overtake the arrival, in its order only.
        by_provider = (a.orden_externo or 0) > (b.orden_externo or 0)
        if ra.orden > rb.orden and not by_provider:
            yield f"mensaje {a.id} llegó antes que {b.id} y se contestó después"


def one_answer_per_turn(h: Historia) -> Iterator[str]:
    for rows in h.por_chat.values():
        linked = {m.respuesta_id for m in rows if m.remitente == "usuario"}
        for m in rows:
            if m.remitente == "usuario" and m.estado != "pendiente":
                reply = h.mensajes.get((m.empresa_id, m.respuesta_id or 0))
                if reply is None or reply.remitente != "bot" or reply.chat != m.chat:
                    yield f"mensaje {m.id} {m.estado} sin su respuesta"
            elif m.remitente == "bot" and m.id not in linked:
                yield f"respuesta {m.id} no contesta a ningún mensaje: el turno habló dos veces"


def poison_harms_only_itself(h: Historia) -> Iterator[str]:
    for key, said in h.dichos.items():
        if said.acto != VENENO:
            continue
        for m in h.por_id[key]:
            if (m.estado, m.intentos) != ("cuarentena", h.intentos):
                yield f"veneno {m.id}: {m.estado} con {m.intentos} intentos"
