"""Which pasaje answers a question, and how surely: subject, words and nearness in meaning.

A question says what it is about in its subject ("abren" is about the hours) and in its words; a
model's cosine says little by itself, since a greeting is as near as many a right answer, and more
as the distance of one pasaje from all others. The weights were fitted on labelled questions of two
shops and judged on a third (docs/adr/0013, tests/evals/documentos).
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.catalogo.texto import fold, stem, terms
from core.ports import Pasaje, Vector

# From here on a pasaje is quoted as the answer; below it the shop has none.
SEGURO = 0.35


@dataclass(frozen=True)
class Habla:
    """How people speak. temas: what a question is about; temas_de_titulo, temas_de_texto: what a
    heading and a text of the shop are; vacias: folded words that ask and name nothing ("tienen",
    "cuál")."""

    temas: Callable[[str], frozenset[str]]
    temas_de_titulo: Callable[[str], frozenset[str]]
    temas_de_texto: Callable[[str], frozenset[str]]
    vacias: frozenset[str]


@dataclass(frozen=True)
class Texto:
    """A pasaje as it is indexed. encabezado: the nearest heading or question, for its subject."""

    id: int
    documento_id: int
    documento: str
    encabezado: str
    texto: str
    vector: Vector | None = None


@dataclass(frozen=True)
class _Pesos:
    """Of the logarithm of the odds that a pasaje is the answer."""

    nada: float
    tema: float  # the heading is about what they ask
    tema_dentro: float  # only the text is
    tema_propio: float  # the text is, under a heading that is about nothing
    otro_tema: float  # they ask about something, and this is not about it
    parte: float  # which part of their words it has, by how telling each is
    fuerza: float  # how telling the words are that it has
    encabezado: float  # of those, the ones in the heading
    cerca: float = 0.0  # how much nearer in meaning than the others


_PALABRAS = _Pesos(-4.7, 6.0, 0.0, 5.0, -2.5, 2.5, 4.5, 2.0)
_CON_VECTORES = _Pesos(-5.6, 6.2, 0.2, 5.6, -2.0, 2.2, 1.5, 0.5, 3.4)
# What the strongest word of a large documento would count; more of it says no more.
_FUERZA_MAX, _ENCABEZADO_MAX = 4.0, 2.0
# Some words of other documentos, so that in one of three pasajes a word is not called common.
_FONDO = 20
_COSENO = 30.0  # cosines of one question lie within some hundredths


class Indice:
    """The pasajes of one empresa. Immutable, so that any thread may search."""

    def __init__(self, textos: Sequence[Texto], habla: Habla) -> None:
        self._textos = textos
        self._habla = habla
        self._vacias = frozenset(stem(fold(w)) for w in habla.vacias)
        self._en: dict[str, set[int]] = defaultdict(set)
        self._en_encabezado: dict[str, set[int]] = defaultdict(set)
        for n, t in enumerate(textos):
            for word in self._words(t.texto):
                self._en[word].add(n)
            for word in self._words(t.encabezado):
                self._en[word].add(n)
                self._en_encabezado[word].add(n)
        self._de_prefijo: dict[str, list[str]] = defaultdict(list)
        for word in self._en:
            self._de_prefijo[word[:_RAIZ]].append(word)
        self._temas = [
            (habla.temas_de_titulo(t.encabezado), habla.temas_de_texto(t.texto)) for t in textos
        ]
        self._vectores = _Vectores([t.vector for t in textos])

    def __len__(self) -> int:
        return len(self._textos)

    def search(self, texto: str, n: int, vector: Vector | None = None) -> list[Pasaje]:
        """Best first, at most n, each with how surely it answers; none of no likeness at all."""
        cerca = self._vectores.nearer(vector) if vector is not None else None
        pesos = _PALABRAS if cerca is None else _CON_VECTORES
        temas = self._habla.temas(texto)
        dicho = self._weigh(texto)
        todo = sum(idf for idf, _, _ in dicho)
        scored = []
        for place in self._candidates(dicho, temas, cerca):
            odds = pesos.nada + self._about(place, temas, pesos)
            hits = sum(idf * en.get(place, 0.0) for idf, en, _ in dicho)
            heads = sum(idf * en.get(place, 0.0) for idf, _, en in dicho)
            odds += pesos.parte * hits / todo if todo else 0.0
            odds += pesos.fuerza * min(hits / _FUERZA_MAX, 1)
            odds += pesos.encabezado * min(heads / _ENCABEZADO_MAX, 1)
            odds += pesos.cerca * _COSENO * cerca[place] if cerca is not None else 0.0
            scored.append((1 / (1 + math.exp(-odds)), place))
        scored.sort(key=lambda s: (-s[0], s[1]))
        return [self._pasaje(place, puntaje) for puntaje, place in scored[:n]]

    def _candidates(
        self, dicho: "Sequence[_Palabra]", temas: frozenset[str], cerca: Sequence[float] | None
    ) -> Iterable[int]:
        if cerca is not None:
            return range(len(self._textos))
        found = {place for _, en, _ in dicho for place in en}
        return found | {n for n, (a, b) in enumerate(self._temas) if temas & (a | b)}

    def _about(self, place: int, temas: frozenset[str], pesos: _Pesos) -> float:
        if not temas:
            return 0.0
        encabezado, dentro = self._temas[place]
        if temas & encabezado:
            return pesos.tema
        if temas & dentro:
            return pesos.tema_dentro if encabezado else pesos.tema_propio
        return pesos.otro_tema

    def _weigh(self, texto: str) -> "list[_Palabra]":
        """Of each word of a question: how telling it is, and in which pasajes and headings it or
        its like is found, and how alike. What is found nowhere is as telling as what is rarest."""
        found: list[_Palabra] = []
        for word in self._words(texto):
            similar = {w: a for w in self._de_prefijo[word[:_RAIZ]] if (a := alike(word, w))}
            places = _best(similar, self._en)
            idf = math.log(1 + (_FONDO + len(self._textos)) / (len(places) + 2))
            found.append((idf, places, _best(similar, self._en_encabezado)))
        return found

    def _words(self, texto: str) -> list[str]:
        """Stems that name something, once each."""
        said = (w for w in terms(texto) if isinstance(w, str) and len(w) > 2)
        return list(dict.fromkeys(w for w in said if w not in self._vacias))

    def _pasaje(self, place: int, puntaje: float) -> Pasaje:
        t = self._textos[place]
        return Pasaje(t.id, t.documento_id, t.documento, t.texto, round(puntaje, 4))


_Palabra = tuple[float, Mapping[int, float], Mapping[int, float]]
_RAIZ = 4  # letters that two forms of a word share at least


def alike(a: str, b: str) -> float:
    """1 for the same stem, less for what shares its root (cambio, cambiar, cambiamos), else 0."""
    if a == b:
        return 1.0
    shared = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), None)
    n = min(len(a), len(b)) if shared is None else shared
    longest = max(len(a), len(b))
    if n >= _RAIZ and n >= 0.55 * longest:
        return 0.8
    return 0.6 if n > _RAIZ and n >= 0.45 * longest else 0.0


def _best(similar: Mapping[str, float], en: Mapping[str, set[int]]) -> dict[int, float]:
    best: dict[int, float] = {}
    for word, how in similar.items():
        for place in en.get(word, ()):
            best[place] = max(how, best.get(place, 0.0))
    return best


class _Vectores:
    """numpy is imported only where there are vectors: the web has none and must not load it."""

    def __init__(self, vectores: Sequence[Vector | None]) -> None:
        self._known = [n for n, v in enumerate(vectores) if v is not None]
        self._size = len(vectores)
        self._matrix = None
        if self._known:
            import numpy as np

            rows = [np.frombuffer(vectores[n] or b"", dtype="<f2") for n in self._known]
            self._matrix = np.stack(rows).astype(np.float32)

    def nearer(self, vector: Vector) -> list[float] | None:
        """Of each pasaje its cosine less the mean of all; 0 for one without a vector. None where
        there is nothing to compare."""
        if self._matrix is None:
            return None
        import numpy as np

        question = np.frombuffer(vector, dtype="<f2").astype(np.float32)
        if question.shape[0] != self._matrix.shape[1]:
            return None
        cosines = self._matrix @ question
        out = [0.0] * self._size
        for n, distance in zip(self._known, (cosines - cosines.mean()).tolist(), strict=True):
            out[n] = distance
        return out
