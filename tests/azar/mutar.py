"""Bodies that a provider could be made to send: real ones, bent with the structure in mind.

All of it hangs on one seed: the same `semilla` is the same bodies, byte for byte.
"""

import copy
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.azar.muestras import Muestra

MAX_BYTES = 500_000
_CHATS = 40
_ENTEROS, _GRANDES, _CRUDOS, _VIEJOS = 0.12, 0.015, 0.2, 0.06


@dataclass(frozen=True)
class Cuerpo:
    """`entero`: as the provider made it, not bent at all."""

    datos: bytes
    entero: bool


# What json.dumps cannot write, or not without help: replaced in the bytes.
_HONDO = re.compile(rb'"@hondo:(\d+):(lista|objeto)@"')
_DIGITOS = re.compile(rb'"@digitos:(\d+)@"')
_PARES = {b"lista": (b"[", b"]"), b"objeto": (b'{"a":', b"}")}
_PALABRAS = (
    "", " ", "0", "-1", "true", "null", "NaN", "\0", "hay\0martillos", "\ud83d", "\udc00x", "🛠️" * 9,
    "مرحبا", "\u202eolleuq", "e\u0301" * 50, "<b>hola</b>", "' OR 1=1 --", "%00", "../../etc",
    "{{texto}}", "Sí. " * 300, "10 " * 2000, "quiero 1e9 martillos", "9" * 400, "a" * 5000,
)  # fmt: skip
_NUMEROS: tuple[Any, ...] = (
    0, -1, 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 2**64, 10**40, 10**400,
    0.5, -0.0, 1e308, 1e-308, float("inf"), float("-inf"), float("nan"), True, False,
)  # fmt: skip


def cuerpos(muestras: Sequence[Muestra], *, n: int, semilla: int, desde: int) -> Iterator[Cuerpo]:
    """`n` bodies whose updates are numbered from `desde` on; some of them come again, or bent."""
    rng = random.Random(semilla)
    sent: list[bytes] = []
    for k in range(n):
        chat = 1 + rng.randrange(_CHATS)
        if sent and rng.random() < _VIEJOS:
            yield Cuerpo(_redelivered(rng, rng.choice(sent))[:MAX_BYTES], entero=False)
            continue
        made = rng.choice(muestras)(desde + k, chat)
        entero = rng.random() < _ENTEROS
        datos = json.dumps(made).encode() if entero else _bent(rng, made)
        datos = datos[:MAX_BYTES]
        sent = [*sent[-50:], datos]
        yield Cuerpo(datos, entero)


def _redelivered(rng: random.Random, datos: bytes) -> bytes:
    """The very same again, or with the same ids and something else in it."""
    return datos if rng.random() < 0.5 else _as_bytes(rng, datos)


def _bent(rng: random.Random, made: dict[str, Any]) -> bytes:
    tree: Any = copy.deepcopy(made)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5))):
        tree = rng.choice(_BENDS)(rng, tree)
    if rng.random() < _GRANDES:
        tree = _swell(rng, tree)
    datos = _dump(rng, tree)
    return _as_bytes(rng, datos) if rng.random() < _CRUDOS else datos


def _dump(rng: random.Random, tree: Any) -> bytes:
    if rng.random() < 0.5:
        datos = json.dumps(tree).encode()
    else:
        text = json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
        datos = text.encode("utf-8", "surrogatepass")
    datos = _DIGITOS.sub(lambda m: b"9" * int(m[1]), datos)
    return _HONDO.sub(
        lambda m: _PARES[m[2]][0] * int(m[1]) + b"0" + _PARES[m[2]][1] * int(m[1]), datos
    )


# --- the tree ----------------------------------------------------------------------------------

Lugar = tuple[Any, Any]  # a dict or list, and a key or index of it


def _places(tree: Any) -> list[Lugar]:
    found: list[Lugar] = []
    pending = [tree] if isinstance(tree, dict | list) else []
    while pending:
        node = pending.pop()
        keys = list(node) if isinstance(node, dict) else range(len(node))
        for key in keys:
            found.append((node, key))
            if isinstance(node[key], dict | list):
                pending.append(node[key])
    return found


def _anything(rng: random.Random) -> Any:
    kinds: tuple[Callable[[], Any], ...] = (
        lambda: rng.choice(_PALABRAS),
        lambda: rng.choice(_NUMEROS),
        lambda: rng.choice((None, [], {}, [[]], [{}], {"": None}, [None] * 50)),
        lambda: (
            f"@hondo:{rng.choice((5, 60, 200, 500, 900, 980, 3000, 60_000))}:"
            f"{rng.choice(('lista', 'objeto'))}@"
        ),
        lambda: f"@digitos:{rng.choice((20, 400, 4299, 4301, 9000))}@",
        lambda: {rng.choice(_PALABRAS): rng.choice(_NUMEROS) for _ in range(4)},
    )
    return rng.choices(kinds, (6, 6, 4, 2, 1, 1))[0]()


def _swap_type(rng: random.Random, tree: Any) -> Any:
    places = _places(tree)
    if not places:
        return _anything(rng)
    node, key = rng.choice(places)
    node[key] = _anything(rng)
    return tree


def _drop(rng: random.Random, tree: Any) -> Any:
    if places := _places(tree):
        node, key = rng.choice(places)
        del node[key]
    return tree


def _rename(rng: random.Random, tree: Any) -> Any:
    if places := [p for p in _places(tree) if isinstance(p[0], dict)]:
        node, key = rng.choice(places)
        node[rng.choice((key.upper(), f"{key}\0", f" {key}", "id", "text", "message"))] = node.pop(
            key
        )
    return tree


def _wrap(rng: random.Random, tree: Any) -> Any:
    places = _places(tree)
    if not places or rng.random() < 0.1:
        return rng.choice(([tree], {"a": tree}, [tree, tree]))
    node, key = rng.choice(places)
    node[key] = rng.choice(([node[key]], {"id": node[key]}, str(node[key])))
    return tree


def _cross(rng: random.Random, tree: Any) -> Any:
    """Two values change places, or one is copied over another."""
    if places := _places(tree):
        (a, i), (b, j) = rng.choice(places), rng.choice(places)
        a[i] = copy.deepcopy(b[j])
    return tree


def _repeat(rng: random.Random, tree: Any) -> Any:
    """A list with its items again and again: the same ids in one body."""
    lists = [n[k] for n, k in _places(tree) if isinstance(n[k], list) and n[k]]
    if lists:
        chosen = rng.choice(lists)
        chosen.extend(copy.deepcopy(chosen[:3]) * rng.choice((1, 2, 5, 20)))
    return tree


def _scar(rng: random.Random, tree: Any) -> Any:
    """Something that no text should have, in the middle of a text."""
    if places := [p for p in _places(tree) if isinstance(p[0][p[1]], str)]:
        node, key = rng.choice(places)
        cut = rng.randint(0, len(node[key]))
        node[key] = node[key][:cut] + rng.choice(_PALABRAS) + node[key][cut:]
    return tree


def _more(rng: random.Random, tree: Any) -> Any:
    if places := [p for p in _places(tree) if isinstance(p[0], dict)]:
        node, _ = rng.choice(places)
        for _ in range(rng.choice((1, 1, 30))):
            node[f"nuevo_{rng.randrange(1000)}"] = _anything(rng)
    return tree


def _swell(rng: random.Random, tree: Any) -> Any:
    """Hundreds of kilobytes: one long text, thousands of items, or thousands of fields."""
    places = _places(tree)
    if not places:
        return ["x" * 300_000]
    node, key = rng.choice(places)
    how = rng.randrange(4)
    if how == 0:
        words = ("martillo ", "a", "10 ", "¿hay palas? ", "sí\n", ", ", "1.", "ñ́ ")
        node[key] = rng.choice(words) * rng.choice((9_000, 40_000))
    elif how == 1 and isinstance(node[key], list):
        node[key] = (node[key] or [0]) * rng.choice((300, 2000))
    elif how == 2:
        node[key] = {f"k{i}": node[key] if i < 9 else i for i in range(20_000)}
    else:
        node[key] = [rng.choice(_NUMEROS) for _ in range(30_000)]
    return tree


_BENDS = (
    _swap_type,
    _swap_type,
    _swap_type,
    _drop,
    _drop,
    _rename,
    _wrap,
    _cross,
    _repeat,
    _scar,
    _more,
)


# --- the bytes ---------------------------------------------------------------------------------


def _as_bytes(rng: random.Random, datos: bytes) -> bytes:
    return rng.choice(_BYTES)(rng, datos)


def _encoded(rng: random.Random, datos: bytes) -> bytes:
    text = datos.decode("utf-8", "replace")
    how = rng.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp1252", "utf-7"))
    return text.encode(how, "replace")


def _cut(rng: random.Random, datos: bytes) -> bytes:
    return datos[: rng.randint(0, len(datos))]


def _flipped(rng: random.Random, datos: bytes) -> bytes:
    bent = bytearray(datos)
    for _ in range(rng.choice((1, 2, 20))):
        if bent:
            bent[rng.randrange(len(bent))] = rng.randrange(256)
    return bytes(bent)


def _padded(rng: random.Random, datos: bytes) -> bytes:
    pad = rng.choice((b" ", b"\n", b"\t ")) * rng.choice((10, 1000, 100_000))
    return rng.choice((pad + datos, datos + pad))


def _garbage(rng: random.Random, datos: bytes) -> bytes:
    return rng.choice(
        (b"", rng.randbytes(rng.choice((1, 40, 3000))), datos + datos, b"null", b"[]")
    )


def _doubled_keys(rng: random.Random, datos: bytes) -> bytes:
    """An object that says everything twice; whoever reads it keeps the last."""
    inner = datos.strip()[1:-1]
    return b"{" + inner + b"," + inner + b"}"


_BYTES = (_encoded, _cut, _flipped, _flipped, _padded, _garbage, _doubled_keys)
