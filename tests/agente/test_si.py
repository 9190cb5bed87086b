"""Yes, and what only sounds like one: 1,300 near misses that must sell nothing, written by somebody
who had read the grammar in order to fool it."""

from decimal import Decimal
from pathlib import Path

from core.agente.comprension import Contexto, Espera
from core.agente.entender import entender

_UNA = Contexto(Espera.OFERTA, (("Martillo de uña 16 oz mango de madera", Decimal(7)),))
_TRES = Contexto(
    Espera.OFERTA,
    (
        ("Martillo de uña 20 oz", Decimal(10)),
        ('Brocha de cerda 2"', Decimal(3)),
        ('Clavo con cabeza 2" (caja)', Decimal(2)),
    ),
)


def lines(nombre: str) -> list[list[str]]:
    text = Path(__file__).with_name(nombre).read_text(encoding="utf-8")
    return [line.split("|") for line in text.splitlines() if line and not line.startswith("#")]


def test_what_only_sounds_like_a_yes_sells_nothing() -> None:
    sold = [
        burst
        for burst in lines("no_son_si.txt")
        for contexto in (_UNA, _TRES)
        if entender(burst, contexto).confirma
    ]
    assert sold == []


def test_a_plain_yes_is_understood_wherever_it_is_said() -> None:
    missed = [
        burst
        for burst in lines("son_si.txt")
        if not any(entender(burst, contexto).confirma for contexto in (_UNA, _TRES))
    ]
    assert missed == []
