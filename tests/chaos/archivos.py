"""Files of a shop, the same every time: what it has, and then what it wants to have."""

import random

_COSAS = (
    "Martillo Taladro Serrucho Alicate Pala Llave Broca Tornillo Bisagra Candado Manguera Cable"
).split()
_CLASES = "de acero|de bronce|galvanizada|para madera|industrial".split("|")
_CABECERA = "sku,nombre,descripcion,categoria,precio,stock"
# What only its meaning finds: no word of the question is in the catalogue.
POR_SIGNIFICADO = (
    ("SIG-1", "Bicicleta de montaña", "mountain bike"),
    ("SIG-2", "Reloj despertador digital", "alarm clock"),
)


def _line(n: int, precio: int, stock: int) -> str:
    """Few names for many productos: what is embedded is not what is tried here."""
    nombre = f"{_COSAS[n % len(_COSAS)]} {_CLASES[n // 7 % len(_CLASES)]}"
    return f"K-{n:05d},{nombre},,Herramientas,{precio},{stock}"


def before(n: int = 4_000) -> bytes:
    """A catalogue of n productos."""
    return _file([_line(i, 1_000 + i, i % 50) for i in range(n)])


def after(n: int = 5_000, had: int = 4_000) -> bytes:
    """n lines over `before`: changed, unchanged and new ones, errors of each kind and repeated
    ones among them; a fifth of what there was is not named. The last two fifths have no errors:
    there a line that is counted twice meets no key that would refuse it."""
    rng = random.Random(5)
    named = [i for i in range(had) if i % 5]
    lines = []
    for i in (*named, *range(had, had + n - len(named) - n // 25)):
        changed = i >= had or rng.random() < 0.6
        lines.append(_line(i, 2_000 + i if changed else 1_000 + i, i % 37 if changed else i % 50))
    for bad in range(n // 25):
        lines.insert(rng.randrange(len(lines) * 3 // 5), _bad(bad, rng))
    return _file(lines)


def _bad(n: int, rng: random.Random) -> str:
    return (
        f"M-{n:05d},Malo,,Herramientas,gratis,3",
        f"M-{n:05d},,,Herramientas,1000,3",
        f"M-{n:05d},Malo,,Herramientas,1000,-3",
        f"M-{n:05d},Malo,,Herramientas,1000,2.5",
        f"M-{n:05d},Malo,de más,Herramientas,1000,3,4,5",
        f'M-{n:05d},"Malo,,Herramientas,1000,3',
        _line(rng.choice([i for i in range(4_000) if i % 5]), 9_000 + n, 7),  # a second time
    )[n % 7]


def for_vectors(n: int) -> bytes:
    """n productos, each with a text of its own, and those that only meaning finds."""
    lines = [f"V-{i:05d},{_COSAS[i % 12]} modelo {i},,Herramientas,1000,1" for i in range(n)]
    lines += [f"{sku},{nombre},,Varios,1000,1" for sku, nombre, _ in POR_SIGNIFICADO]
    return _file(lines)


def _file(lines: list[str]) -> bytes:
    return "\n".join([_CABECERA, *lines, ""]).encode()
