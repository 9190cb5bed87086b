"""Our own labelled messages (mensajes.yaml): what is understood of each."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.agente.comprension import Contexto, Espera, Item
from core.agente.entender import entender
from core.catalogo.texto import terms

MENSAJES = yaml.safe_load(Path(__file__).with_name("mensajes.yaml").read_text(encoding="utf-8"))

_MARTILLO = "Martillo de uña 16 oz"
_CONTEXTOS = {
    "nada": Contexto(),
    "oferta": Contexto(Espera.OFERTA, ((_MARTILLO, Decimal(7)),)),
    "pedido": Contexto(
        Espera.OFERTA,
        (
            (_MARTILLO, Decimal(10)),
            ('Brocha de cerda 2"', Decimal(3)),
            ('Clavo con cabeza 2" (caja)', Decimal(2)),
        ),
    ),
    "lista": Contexto(Espera.OPCIONES, (), ("Flexómetro 3 m", "Flexómetro 5 m", "Flexómetro 8 m")),
    "datos": Contexto(Espera.DATOS),
}


@pytest.mark.parametrize("caso", MENSAJES, ids=lambda caso: f"{caso['d']}: {caso['t']}")
def test_a_message_is_understood(caso: dict[str, Any]) -> None:
    turno = entender([caso["t"]], _CONTEXTOS[caso["d"]])

    acts = caso["a"] if isinstance(caso["a"], list) else [caso["a"]]
    assert turno.acto.value in acts
    assert turno.confirma is caso.get("c", False)
    if "x" in caso:
        assert dict(turno.datos_cliente) == caso["x"]
    if "i" in caso:
        assert len(turno.items) == len(caso["i"])
        for item, wanted in zip(turno.items, caso["i"], strict=True):
            assert _is(item, *wanted)


def _is(item: Item, producto: str | None, cantidad: float | None, unidad: str = "") -> bool:
    """The quantity exactly, and at least the words of the producto."""
    if (item.producto is None) != (producto is None) or (item.cantidad is None) != (
        cantidad is None
    ):
        return False
    same = cantidad is None or item.cantidad == Decimal(str(cantidad))
    named = producto is None or set(terms(producto)) <= set(terms(item.producto or ""))
    return same and named and unidad in ("", item.unidad)


def test_a_burst_is_one_turn_and_corrects_itself() -> None:
    turno = entender(["hola, necesito 6 metros", "perdón, brochas", "de 3 pulgadas"], Contexto())
    assert [(i.producto, i.cantidad) for i in turno.items] == [("brochas de 3 pulgadas", 6)]


def test_a_yes_in_a_burst_with_a_doubt_confirms_nothing() -> None:
    turno = entender(["sí", "no, espera"], _CONTEXTOS["oferta"])
    assert not turno.confirma


@pytest.mark.parametrize(
    "texto", ["", " ", "\n", "🤷", "…", "1/0", "x" * 4000, "?¿!" * 500, '"' * 50, "9" * 300]
)
def test_nothing_that_can_be_typed_breaks_it(texto: str) -> None:
    for contexto in _CONTEXTOS.values():
        assert not entender([texto], contexto).confirma
