"""The promises, as rules over the client's ledger and the database's rows. No rule trusts itself:
tests/test_chaos_verificador.py shows each one a history that it must refuse.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.chaos import reglas_mensajes as mensajes
from tests.chaos import reglas_ventas as ventas
from tests.chaos.historia import Historia


@dataclass(frozen=True)
class Falta:
    """A broken promise."""

    regla: str
    detalle: str


REGLAS: dict[str, Callable[[Historia], Iterator[str]]] = {
    "lo acusado está": mensajes.acknowledged_is_stored,
    "un mensaje, una fila": mensajes.one_message_is_one_row,
    "todo terminado": mensajes.everything_is_finished,
    "contadores": mensajes.counters_are_right,
    "eventos": mensajes.live_pages_miss_nothing,
    "orden": mensajes.order_is_kept,
    "una respuesta": mensajes.one_answer_per_turn,
    "veneno": mensajes.poison_harms_only_itself,
    "una oferta, una venta": ventas.one_offer_is_one_sale,
    "no más de lo pedido": ventas.nobody_got_more_than_asked,
    "ventas por HTTP": ventas.http_sales_are_recorded_once,
    "stock = Σ movimientos": ventas.stock_is_the_sum_of_its_ledger,
    "nada de más vendido": ventas.nothing_is_sold_that_was_not_there,
    "ventas = salidas": ventas.sales_and_ledger_agree,
}


def judge(historia: Historia) -> list[Falta]:
    """Every broken promise of this history; none when it is as it should be."""
    return [Falta(name, told) for name, rule in REGLAS.items() for told in rule(historia)]
