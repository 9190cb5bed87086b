"""What was promised about sales and stock. Each rule yields what breaks it, in words."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from tests.chaos.foto import Venta
from tests.chaos.historia import Clave, Historia
from tests.chaos.libro import PEDIDO, SI


def _agent_sales(h: Historia) -> dict[Clave, list[Venta]]:
    found: dict[Clave, list[Venta]] = defaultdict(list)
    for v in h.foto.ventas:
        if v.chat is not None and v.clave.startswith("oferta:"):
            found[v.empresa_id, v.chat].append(v)
    return found


def one_offer_is_one_sale(h: Historia) -> Iterator[str]:
    """Not by the sale's key, which is what is being tested: by what the customer was shown."""
    for chat, ventas in _agent_sales(h).items():
        rows = h.por_chat[chat]
        told = {v.id: [m for m in rows if m.venta_id == v.id] for v in ventas}
        before = 0
        for v in sorted(ventas, key=lambda v: told[v.id][0].orden if told[v.id] else 0):
            if not told[v.id]:
                yield f"venta {v.id} que ninguna respuesta cuenta"
                continue
            reply = told[v.id][0]
            offers = [
                m.orden
                for m in rows
                if m.remitente == "bot"
                and m.estado_venta == "oferta"
                and before < m.orden < reply.orden
            ]
            if not offers:
                yield f"venta {v.id} del chat {chat[1]} sin una oferta propia: venta doble"
            yes = [m.orden for m in rows if m.respuesta_id == reply.id and h.acto(m) == SI]
            if not yes:
                yield f"venta {v.id} sin un sí del cliente"
            elif offers and max(yes) < offers[-1]:
                yield f"venta {v.id}: el sí llegó antes que la oferta"
            before = reply.orden


def nobody_got_more_than_asked(h: Historia) -> Iterator[str]:
    asked: dict[tuple[int, str], int] = defaultdict(int)
    for d in h.cuentas.dichos:
        if d.acto == PEDIDO:
            asked[d.empresa_id, d.chat_id] += d.cantidad
    units: dict[Clave, Decimal] = defaultdict(Decimal)
    for line in h.foto.lineas:
        units[line.empresa_id, line.venta_id] += line.cantidad
    for (empresa_id, chat), ventas in _agent_sales(h).items():
        name = h.nombres[empresa_id, chat]
        sold = sum(units[empresa_id, v.id] for v in ventas if v.estado == "confirmada")
        if sold > asked[empresa_id, name]:
            yield f"{name} pidió {asked[empresa_id, name]} y se le vendieron {sold}"


def http_sales_are_recorded_once(h: Historia) -> Iterator[str]:
    """One key, one sale. What follows a # was added behind the shop's back, to blunt its own key
    (tests/chaos/mutaciones.py)."""
    stored: dict[tuple[int, str], list[int]] = defaultdict(list)
    for v in h.foto.ventas:
        if v.clave.startswith("http:"):
            given = v.clave.removeprefix("http:").partition("#")[0]
            stored[v.empresa_id, given].append(v.id)
    for a in h.cuentas.ventas:
        if stored[a.empresa_id, a.clave] != [a.venta_id]:
            yield f"venta {a.clave} acusada como {a.venta_id}: hay {stored[a.empresa_id, a.clave]}"
    tried = {(d.empresa_id, d.id_externo) for d in h.cuentas.dichos}
    for key, ids in stored.items():
        if ids and key not in tried:
            yield f"venta {ids[0]} que nadie pidió ({key[1]})"


def stock_is_the_sum_of_its_ledger(h: Historia) -> Iterator[str]:
    moved: dict[Clave, Decimal] = defaultdict(Decimal)
    for m in h.foto.movimientos:
        moved[m.empresa_id, m.producto_id] += m.cantidad
    for p in h.foto.productos:
        key = (p.empresa_id, p.id)
        if p.stock < 0:
            yield f"{p.sku} quedó en {p.stock}"
        if p.stock != moved[key]:
            yield f"{p.sku} tiene {p.stock} y su libro suma {moved[key]}"


def nothing_is_sold_that_was_not_there(h: Historia) -> Iterator[str]:
    given: dict[Clave, Decimal] = defaultdict(Decimal)
    for m in h.foto.movimientos:
        if m.motivo not in ("venta", "cancelacion"):
            given[m.empresa_id, m.producto_id] += m.cantidad
    confirmed = {(v.empresa_id, v.id) for v in h.foto.ventas if v.estado == "confirmada"}
    sold: dict[Clave, Decimal] = defaultdict(Decimal)
    for line in h.foto.lineas:
        if (line.empresa_id, line.venta_id) in confirmed:
            sold[line.empresa_id, line.producto_id] += line.cantidad
    for key, units in sold.items():
        if units > given[key]:
            yield f"producto {key[1]}: se vendieron {units} de {given[key]}"


def sales_and_ledger_agree(h: Historia) -> Iterator[str]:
    lines = sorted((x.empresa_id, x.venta_id, x.producto_id, -x.cantidad) for x in h.foto.lineas)
    moves = sorted(
        (m.empresa_id, m.venta_id or 0, m.producto_id, m.cantidad)
        for m in h.foto.movimientos
        if m.motivo == "venta"
    )
    if lines != moves:
        odd = sorted(set(lines) ^ set(moves))[:3]
        yield f"líneas de venta y salidas de stock no son las mismas: {odd or 'repetidas'}"
    totals: dict[Clave, Decimal] = defaultdict(Decimal)
    for line in h.foto.lineas:
        totals[line.empresa_id, line.venta_id] += line.subtotal
    for v in h.foto.ventas:
        if totals[v.empresa_id, v.id] != v.total:
            yield f"venta {v.id} dice {v.total} y sus líneas suman {totals[v.empresa_id, v.id]}"
