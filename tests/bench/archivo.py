"""A large shop's file and what its customers ask: made up, and the same every time."""

import csv
import io
import random
from collections.abc import Iterator, Sequence
from itertools import accumulate

PRODUCTOS = 100_000
_COSAS = (
    "martillo taladro destornillador alicate serrucho llave broca tornillo tuerca arandela "
    "clavo puntilla chazo bisagra candado cerradura manija tubo codo unión tee válvula grifo "
    "manguera cable interruptor tomacorriente bombillo reflector extensión cinta brocha rodillo "
    "pintura vinilo esmalte thinner lija disco segueta espátula pala rastrillo carretilla "
    "balde guante casco gafas tapabocas silicona pegante sellante cemento yeso malla ángulo "
    "perfil lámina teja ladrillo"
).split()
_DETALLES = (
    "acero inoxidable galvanizado bronce cobre aluminio plástico madera caucho vidrio negro "
    "blanco rojo azul verde amarillo gris industrial profesional doméstico reforzado largo corto "
    "curvo recto ajustable magnético aislado hexagonal ranurado cementada percutor inalámbrico "
    "antioxidante impermeable económico premium universal sanitario presión"
).split()
_USOS = ("para madera", "para concreto", "para metal", "para pared", "de mano", "de banco")
_MEDIDAS = ('1/2"', '3/4"', '1"', "2 m", "5 m", "10mm", "2x50", "9W", "110V", "1 kg", "500 ml")
_LETRAS = ("ba", "ce", "di", "fo", "gu", "la", "me", "ni", "ro", "su", "ta", "ver", "zan", "pli")


def _pick(choices: Sequence[str], rng: random.Random) -> str:
    """Few of them often, most of them seldom: as words are."""
    weights = _zipf(len(choices))
    return rng.choices(choices, cum_weights=weights)[0]


_ZIPF: dict[int, list[float]] = {}


def _zipf(n: int) -> list[float]:
    if n not in _ZIPF:
        _ZIPF[n] = list(accumulate(1 / (i + 3) ** 0.8 for i in range(n)))
    return _ZIPF[n]


def _invented(n: int, rng: random.Random) -> list[str]:
    """Brands and models: words that no dictionary has."""
    return ["".join(rng.choices(_LETRAS, k=rng.randint(2, 4))).capitalize() for _ in range(n)]


def rows(n: int = PRODUCTOS) -> Iterator[tuple[str, str, str, str, str, str, str]]:
    """sku, nombre (4 to 8 words), descripcion (of a third), categoria, marca, precio, stock."""
    rng = random.Random(7)
    marcas, modelos = _invented(120, rng), _invented(3_000, rng)
    categorias = [f"{a.capitalize()} y {b}" for a, b in zip(_COSAS, _COSAS[30:], strict=False)]
    for i in range(n):
        words = [_pick(_COSAS, rng).capitalize(), *rng.sample(_DETALLES, rng.randint(1, 3))]
        words += [rng.choice(_USOS)] if rng.random() < 0.5 else []
        words += [rng.choice(_MEDIDAS)] if rng.random() < 0.6 else []
        words.append(_pick(modelos, rng))
        while len(" ".join(words).split()) < 4:
            words.insert(1, rng.choice(_DETALLES))
        nombre = " ".join(" ".join(words).split()[:8])
        told = " ".join(rng.choices(_DETALLES + _COSAS, k=rng.randint(6, 15)))
        descripcion = f"{told.capitalize()}." if i % 3 == 0 else ""
        precio, stock = str(rng.randint(5, 5_000) * 100), str(rng.randint(0, 200))
        yield (
            f"REF-{i:06d}", nombre, descripcion, _pick(categorias, rng), _pick(marcas, rng),
            precio, stock,
        )  # fmt: skip


def file(n: int = PRODUCTOS) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow("sku nombre descripcion categoria marca precio stock".split())
    writer.writerows(rows(n))
    return out.getvalue().encode()


def questions(n: int = 200, of: int = PRODUCTOS) -> list[str]:
    """One to four words of the catalogue; some with a size, some misspelt, some with a word that
    nobody knows."""
    rng = random.Random(11)
    names = [nombre for _, nombre, *_ in rows(of)]
    found = []
    for _ in range(n):
        words = [w for w in rng.choice(names).lower().split() if w.isalpha() and len(w) > 2]
        asked = words[:1] + rng.sample(words[1:], min(len(words) - 1, rng.randint(0, 3)))
        if rng.random() < 0.3:
            asked.append(rng.choice(_MEDIDAS))
        if rng.random() < 0.2:
            asked[0] = _misspelt(asked[0], rng)
        if rng.random() < 0.1:
            asked.append("xilófono")
        found.append(" ".join(asked))
    return found


def _misspelt(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
