"""The chaos checker accepts what happened as promised and refuses each way it can go wrong."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.entregado import in_order
from tests.chaos.foto import Chat, Evento, Foto, Linea, Mensaje, Movimiento, Producto, Venta
from tests.chaos.historia import Historia
from tests.chaos.libro import (
    CHARLA,
    PEDIDO,
    SI,
    VENENO,
    Acuse,
    Cuentas,
    Dicho,
    Fallo,
    Libro,
    VentaAcusada,
)
from tests.chaos.libro import Linea as Anotada
from tests.chaos.verificador import REGLAS, judge

E = 1  # the empresa of all of it


def _chat(id_: int, n: int, **how: Any) -> Chat:
    chat = Chat(E, id_, f"c{id_}", 0, n, n, token=n, solo=False, tomado=False)
    return replace(chat, **how)


def _mensaje(id_: int, chat: int, orden: int, **how: Any) -> Mensaje:
    mensaje = Mensaje(
        E, id_, chat, orden, "usuario", "procesado", 0, None, "ninguna", None, None, None, "ninguna"
    )
    return replace(mensaje, **how)


def _said(chat: str, externo: str, acto: str, at: float, cantidad: int = 0) -> Dicho:
    return Dicho(E, chat, externo, acto, at, cantidad)


def _acked(chat: str, externo: str, mensaje_id: int, at: float, vez: int = 1) -> Acuse:
    return Acuse(E, chat, externo, mensaje_id, at, 0.01, vez)


def good() -> tuple[Cuentas, Foto]:
    """c1 buys 2 of what it was offered; c2 talks, twice in one breath, and poisons once."""
    cuentas = Cuentas(
        dichos=[
            _said("c1", "a", PEDIDO, 1.0, 2),
            _said("c1", "b", SI, 3.0),
            _said("c2", "d", CHARLA, 1.0),
            _said("c2", "e", CHARLA, 2.0),
            _said("c2", "v", VENENO, 5.0),
            _said("", "k1", PEDIDO, 1.0, 1),
        ],
        acuses=[
            _acked("c1", "a", 11, 1.1),
            _acked("c1", "a", 11, 1.3, vez=2),
            _acked("c1", "b", 13, 3.1),
            _acked("c2", "d", 21, 1.2),
            _acked("c2", "e", 22, 2.2),
            _acked("c2", "v", 24, 5.2),
        ],
        ventas=[VentaAcusada(E, "k1", 92, 1.5), VentaAcusada(E, "k1", 92, 1.6, vez=2)],
    )
    mensajes = [
        _mensaje(11, 1, 1, id_externo="a", respuesta_id=12),
        _mensaje(12, 1, 2, remitente="bot", estado_venta="oferta", entrega="enviada"),
        _mensaje(13, 1, 3, id_externo="b", respuesta_id=14),
        _mensaje(14, 1, 4, remitente="bot", estado_venta="confirmada", venta_id=91),
        _mensaje(21, 2, 1, id_externo="d", respuesta_id=23),
        _mensaje(22, 2, 2, id_externo="e", respuesta_id=23),
        _mensaje(23, 2, 3, remitente="bot"),
        _mensaje(24, 2, 4, id_externo="v", estado="cuarentena", intentos=5, respuesta_id=25),
        _mensaje(25, 2, 5, remitente="bot"),
    ]
    eventos = [Evento(E, 1, n, "mensaje", id_) for n, id_ in enumerate((11, 12, 13), 1)]
    eventos += [Evento(E, 1, 4, "venta", 91), Evento(E, 1, 5, "mensaje", 14)]
    eventos += [Evento(E, 2, n, "mensaje", id_) for n, id_ in enumerate((21, 22, 23, 24, 25), 1)]
    return cuentas, Foto(
        chats=[_chat(1, 4, ultimo_evento=5), _chat(2, 5)],
        mensajes=mensajes,
        productos=[Producto(E, 5, "MAR", Decimal(4))],
        movimientos=[
            Movimiento(E, 5, Decimal(7), "alta", None),
            Movimiento(E, 5, Decimal(-2), "venta", 91),
            Movimiento(E, 5, Decimal(-1), "venta", 92),
        ],
        ventas=[
            Venta(E, 91, 1, "confirmada", "oferta:1:1", Decimal("200.00")),
            Venta(E, 92, None, "confirmada", "http:k1", Decimal("100.00")),
        ],
        lineas=[
            Linea(E, 91, 5, Decimal(2), Decimal("200.00")),
            Linea(E, 92, 5, Decimal(1), Decimal("100.00")),
        ],
        eventos=eventos,
    )


def change(foto: Foto, what: str, id_: int, **how: Any) -> None:
    """Put another value into the row `id_` of the list `what`."""
    rows = [replace(r, **how) if r.id == id_ else r for r in getattr(foto, what)]
    setattr(foto, what, rows)


def drop(foto: Foto, what: str, id_: int) -> None:
    setattr(foto, what, [r for r in getattr(foto, what) if r.id != id_])


def _answered_twice(_: Cuentas, foto: Foto) -> None:
    """The zombie's second answer: its row is there, and nobody asked for it any more."""
    foto.mensajes = [*foto.mensajes, _mensaje(29, 2, 6, remitente="bot")]
    foto.eventos = [*foto.eventos, Evento(E, 2, 6, "mensaje", 29)]
    change(foto, "chats", 2, ultimo_orden=6, ultimo_evento=6)


def _sold_twice(_: Cuentas, foto: Foto) -> None:
    """The same offer, recorded under another key by a turn that ran twice."""
    foto.ventas = [*foto.ventas, Venta(E, 93, 1, "confirmada", "oferta:1:1x", Decimal("200.00"))]
    foto.lineas = [*foto.lineas, Linea(E, 93, 5, Decimal(2), Decimal("200.00"))]
    foto.movimientos = [*foto.movimientos, Movimiento(E, 5, Decimal(-2), "venta", 93)]
    foto.mensajes = [
        *foto.mensajes,
        _mensaje(15, 1, 5, remitente="bot", estado_venta="confirmada", venta_id=93),
    ]
    change(foto, "productos", 5, stock=Decimal(2))


def _stored_twice(_: Cuentas, foto: Foto) -> None:
    foto.mensajes = [*foto.mensajes, _mensaje(19, 1, 5, id_externo="a", respuesta_id=12)]


def _oversold(_: Cuentas, foto: Foto) -> None:
    foto.movimientos = [
        replace(m, cantidad=Decimal(2)) if m.motivo == "alta" else m for m in foto.movimientos
    ]
    change(foto, "productos", 5, stock=Decimal(-1))


def _recorded_twice_by_http(_: Cuentas, foto: Foto) -> None:
    foto.ventas = [*foto.ventas, Venta(E, 94, None, "confirmada", "http:k1", Decimal(0))]


def _phantom_by_http(_: Cuentas, foto: Foto) -> None:
    change(foto, "ventas", 92, clave="http:nadie")


def _yes_before_the_offer(_: Cuentas, foto: Foto) -> None:
    change(foto, "mensajes", 13, orden=2)
    change(foto, "mensajes", 12, orden=3)


def _answered_backwards(_: Cuentas, foto: Foto) -> None:
    change(foto, "mensajes", 11, respuesta_id=14)
    change(foto, "mensajes", 13, respuesta_id=12)


def _stored_backwards(_: Cuentas, foto: Foto) -> None:
    change(foto, "mensajes", 21, orden=2)
    change(foto, "mensajes", 22, orden=1)


def _lost(_: Cuentas, foto: Foto) -> None:
    drop(foto, "mensajes", 21)


def _lost_with_its_counters(_: Cuentas, foto: Foto) -> None:
    """As if the commit had never been: only the client's ledger can know."""
    foto.mensajes = [m for m in foto.mensajes if m.chat != 2]
    foto.chats = [c for c in foto.chats if c.id != 2]
    foto.eventos = [e for e in foto.eventos if e.chat != 2]


def _event_lost(_: Cuentas, foto: Foto) -> None:
    foto.eventos = [e for e in foto.eventos if e.ref_id != 23]


def _stock_gone_without_a_sale(_: Cuentas, foto: Foto) -> None:
    change(foto, "productos", 5, stock=Decimal(3))


def _moved_twice(_: Cuentas, foto: Foto) -> None:
    foto.movimientos = [*foto.movimientos, Movimiento(E, 5, Decimal(-2), "venta", 91)]
    change(foto, "productos", 5, stock=Decimal(2))


def _promised_another_id(cuentas: Cuentas, _: Foto) -> None:
    cuentas.acuses = [*cuentas.acuses, _acked("c1", "b", 99, 9.0, vez=2)]


def _row(what: str, id_: int, **how: Any) -> Callable[[Cuentas, Foto], None]:
    return lambda _, foto: change(foto, what, id_, **how)


BAD: dict[str, tuple[str, Callable[[Cuentas, Foto], None]]] = {
    "an acknowledged message is gone": ("lo acusado está", _lost),
    "it is gone with every trace": ("lo acusado está", _lost_with_its_counters),
    "one id was promised two rows": ("lo acusado está", _promised_another_id),
    "a redelivery became a second row": ("un mensaje, una fila", _stored_twice),
    "a message waits for ever": ("todo terminado", _row("mensajes", 21, estado="pendiente")),
    "a lease is left": ("todo terminado", _row("chats", 1, tomado=True)),
    "a chat stays alone": ("todo terminado", _row("chats", 1, solo=True)),
    "a reply never left": ("todo terminado", _row("mensajes", 12, entrega="incierta")),
    "an innocent is quarantined": ("todo terminado", _row("mensajes", 21, estado="cuarentena")),
    "the counter drifted": ("contadores", _row("chats", 1, pendientes=1)),
    "an order was given twice": ("contadores", _row("mensajes", 22, orden=1)),
    "a live page missed a message": ("eventos", _event_lost),
    "stored in the wrong order": ("orden", _stored_backwards),
    "answered in the wrong order": ("orden", _answered_backwards),
    "an answer before its question": ("orden", _row("mensajes", 21, orden=9)),
    "a turn answered twice": ("una respuesta", _answered_twice),
    "a message without its reply": ("una respuesta", _row("mensajes", 21, respuesta_id=None)),
    "the reply of another chat": ("una respuesta", _row("mensajes", 21, respuesta_id=12)),
    "one offer sold twice": ("una oferta, una venta", _sold_twice),
    "a sale without an offer": (
        "una oferta, una venta",
        _row("mensajes", 12, estado_venta="ninguna"),
    ),
    "a sale nobody was told of": ("una oferta, una venta", _row("mensajes", 14, venta_id=None)),
    "a sale on another's word": ("una oferta, una venta", _row("mensajes", 13, id_externo="z")),
    "a yes to what was not yet offered": ("una oferta, una venta", _yes_before_the_offer),
    "more sold than asked": ("no más de lo pedido", _sold_twice),
    "a key sold twice over HTTP": ("ventas por HTTP", _recorded_twice_by_http),
    "a sale nobody asked for over HTTP": ("ventas por HTTP", _phantom_by_http),
    "stock below zero": ("stock = Σ movimientos", _oversold),
    "stock without a ledger row": ("stock = Σ movimientos", _stock_gone_without_a_sale),
    "more sold than there was": ("nada de más vendido", _oversold),
    "one sale moved stock twice": ("ventas = salidas", _moved_twice),
    "a total that is not its lines": (
        "ventas = salidas",
        _row("ventas", 91, total=Decimal("199.00")),
    ),
    "a poison given up too early": ("veneno", _row("mensajes", 24, intentos=2)),
    "a poison that was answered": ("veneno", _row("mensajes", 24, estado="procesado")),
}


def test_a_history_as_promised_has_no_fault() -> None:
    assert judge(Historia(*good())) == []


@pytest.mark.parametrize("name", BAD)
def test_a_bad_history_is_refused_by_its_rule(name: str) -> None:
    rule, spoil = BAD[name]
    cuentas, foto = good()
    spoil(cuentas, foto)
    assert rule in {falta.regla for falta in judge(Historia(cuentas, foto))}


def test_every_rule_has_a_history_that_it_refuses() -> None:
    assert {rule for rule, _ in BAD.values()} == set(REGLAS)


def test_a_provider_s_order_may_overtake_the_arrival() -> None:
    cuentas, foto = good()
    change(foto, "mensajes", 11, respuesta_id=14, orden_externo=8)
    change(foto, "mensajes", 13, respuesta_id=14, orden_externo=7)
    change(foto, "mensajes", 12, estado_venta="ninguna")
    assert "orden" not in {falta.regla for falta in judge(Historia(cuentas, foto))}


@pytest.mark.parametrize(
    ("shown", "fine"),
    [
        (["a", "b", "a"], True),
        (["a", "a", "b", "b", "a"], True),  # sent, and nobody lived to write it down
        (["a", "b"], False),
        (["b", "a", "a"], False),
        (["a", "b", "a", "b"], False),
        (["a", "b", "x", "a"], False),
        ([], False),
    ],
)
def test_replies_are_shown_in_order_each_at_least_once(shown: list[str], fine: bool) -> None:
    assert in_order(["a", "b", "a"], shown) is fine


def test_the_ledger_reads_back_what_it_wrote_to_the_disk(tmp_path: Path) -> None:
    cuentas, _ = good()
    cuentas.fallos = [Fallo(E, "texto", "503", 1.0, 0.2)]
    libro = Libro(tmp_path / "libro.jsonl")
    lineas: list[Anotada] = [*cuentas.dichos, *cuentas.acuses, *cuentas.ventas, *cuentas.fallos]
    for linea in lineas:
        libro.write(linea)
    libro.close()
    assert libro.read() == cuentas
    assert (cuentas.acusados, cuentas.duplicados) == (5, 2)
