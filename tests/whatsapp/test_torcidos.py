"""Signed bodies that Meta never sent: taken or refused, never both, and nothing breaks."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core.adapters.whatsapp_avisos import read_avisos
from core.adapters.whatsapp_leer import parse_mensaje
from core.ports import Entrante
from tests.telegram.conftest import Bot
from tests.whatsapp.avisos import NUMERO, ejemplo, nombres
from tests.whatsapp.conftest import Post

_RARO: list[Any] = [
    None,
    True,
    -1,
    0,
    2**63,
    1e308,
    "",
    " ",
    "x" * 5000,
    "\0",
    "\ud83d",
    "573001112233",
    [],
    {},
    [[]],
    {"x": {}},
    [1, "a", None, {}],
]


def places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key) of everything in `tree`."""
    keys = tree.keys() if isinstance(tree, dict) else range(len(tree))
    for key in list(keys):
        yield tree, key
        if isinstance(tree[key], dict | list):
            yield from places(tree[key])


def twisted(azar: random.Random) -> Any:
    """An example with some of it replaced, dropped or put elsewhere."""
    made = copy.deepcopy(ejemplo(azar.choice(nombres())))
    for _ in range(azar.randint(1, 4)):
        where = list(places(made))
        if not where:
            break
        container, key = azar.choice(where)
        match azar.randrange(3):
            case 0 if isinstance(container, dict):
                del container[key]
            case 1:
                other, name = azar.choice(where)
                found = copy.deepcopy(other[name]) if _has(other, name) else None
                container[key] = found
            case _:
                container[key] = copy.deepcopy(azar.choice(_RARO))
    return made


def _has(container: Any, key: Any) -> bool:
    return key in container if isinstance(container, dict) else key < len(container)


@pytest.mark.parametrize("azar", range(20))
def test_no_body_breaks_the_reading(azar: int) -> None:
    dice = random.Random(azar)
    for _ in range(500):
        for llegada in read_avisos(twisted(dice), numero=NUMERO).llegadas:
            assert isinstance(parse_mensaje(llegada.crudo), Entrante | None)


def test_three_hundred_twisted_bodies_are_all_taken(post: Post, canal: Bot) -> None:
    dice = random.Random(7)
    codes = {post(json.dumps(twisted(dice)).encode()).status_code for _ in range(300)}
    assert codes == {200}


def test_the_twisted_ones_harm_no_turn(post: Post, work: Callable[[], None], canal: Bot) -> None:
    dice = random.Random(11)
    for _ in range(60):
        post(json.dumps(twisted(dice)).encode())
    work()
    assert {m.estado for m in canal.mensajes() if m.remitente == "usuario"} <= {"procesado"}
