"""The words of one catalogue, and which productos answer a question best.

Like BM25 in that rare words weigh more, unlike it in that the score is the share of the question
that was answered: 1 is all of it, and half of it is about where a match becomes plausible.
"""

import math
import re
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import NamedTuple

from core.catalogo.busqueda.parecidos import Vocabulario
from core.catalogo.busqueda.pregunta import Pregunta, Unidad, parse_pregunta
from core.catalogo.busqueda.sinonimos import Mencion, Sinonimos
from core.catalogo.texto import Medida, Termino, fold, terms, words

MINIMO = 0.15  # below this a match is chance

# nombre, marca, categoria, descripcion; a word that the nombre says twice: what it is about; one
# whose name goes on to say which: better than another thing made for it, less than it alone.
_CAMPOS = (1.0, 0.8, 0.6, 0.5, 1.08, 0.88)
_PEOR, _REPETIDA, _COMIENZA = 3, 4, 5
_CAMPO_BITS, _MASCARA = 3, 0b111
_PARTE, _INTERNA = 1, 2  # a side of a 2x50, a word inside a phrase: as weak as those fields
_DESCRIPCION_MAX = 400  # characters; beyond it a description names half the catalogue
_CABEZA = 1.5  # the first word of a question says what thing it is
_OTRA_CABEZA = 0.8  # the mango of a martillo is no martillo
_DESCONOCIDA = 0.65  # a further word that no producto has counts less against those found
_MEDIDA = 0.75
_CONTRADICE = 0.35
_SEGURO = 0.72  # a respelling at least this sure stands for the word that was written
_COMIENZO = 0.9  # what begins with the code that was written: sure, unless there are several
_COMIENZO_MIN = 3
# One word or two, letters before figures: "hm-12", "hm 12", "7702". No size is written so.
_SUELTOS = str.maketrans("", "", "-_ ")
_CODIGO = re.compile(r"[a-z]{1,8}[-_ ]?\d[a-z0-9-]*|\d{4,}[a-z0-9-]*")
_CANDIDATOS = 300  # of these the sizes are compared one by one


@dataclass(frozen=True, slots=True)
class Texto:
    """What a search reads of a producto's row."""

    id: int
    sku: str | None
    nombre: str
    marca: str
    categoria: str
    descripcion: str
    activo: bool


class _Ficha(NamedTuple):
    id: int
    activo: bool
    cabeza: frozenset[str]
    largo: int
    medidas: tuple[Medida, ...]
    nombre: str
    sku: str | None


@lru_cache(maxsize=5_000)
def _field_words(texto: str) -> tuple[str, ...]:
    """Of a marca or a categoria, which many productos share."""
    return tuple(words(texto))


def _keys(
    texto: Texto,
    stems: list[str],
    more: list[Termino],
    sizes: list[Medida],
    mentions: list[Mencion],
) -> dict[str, int]:
    """What a producto answers to, each with the best field that says it."""
    keys = dict.fromkeys((t for t in more if isinstance(t, str)), _PEOR)
    keys.update(dict.fromkeys(_field_words(texto.categoria), 2))
    keys.update(dict.fromkeys(_field_words(texto.marca), 1))
    for mention in mentions:
        campo = _INTERNA if mention.interna else _COMIENZA if mention.comienza else 0
        if keys.get(mention.concepto) != 0:
            keys[mention.concepto] = campo
    for stem in stems:
        keys[stem] = _REPETIDA if keys.get(stem) in (0, _REPETIDA) else 0
    for size in sizes:
        for key in (size.clave, f"n:{size.numero}"):
            keys[key] = min(keys.get(key, _PEOR), _PARTE if size.parte else 0)
    return keys


@dataclass(slots=True)
class Acierto:
    id: int
    puntaje: float
    motivo: str


class Indice:
    """Not thread safe: whoever keeps it locks it."""

    def __init__(self, sinonimos: Sinonimos) -> None:
        self._sinonimos = sinonimos
        self._clear()

    def _clear(self) -> None:
        self._fichas: list[_Ficha | None] = []
        self._slots: dict[int, int] = {}
        self._postings: defaultdict[str, array[int]] = defaultdict(lambda: array("Q"))
        self._literal: dict[str, int] = {}
        self._skus: dict[str, set[int]] = {}
        self._sorted_skus: list[str] | None = None
        self._vocabulario = Vocabulario()

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def worn(self) -> bool:
        """More replaced entries than live ones: building anew is cheaper than carrying them."""
        return len(self._fichas) > 1000 + 2 * len(self._slots)

    def put(self, texto: Texto) -> None:
        """Add a producto, or replace what was known of it."""
        self.remove(texto.id)
        slot = len(self._fichas)
        name = terms(texto.nombre)
        stems = [t for t in name if isinstance(t, str)]
        more = terms(texto.descripcion[:_DESCRIPCION_MAX]) if texto.descripcion else []
        sizes = [t for t in (*name, *more) if isinstance(t, Medida)]
        mentions = self._sinonimos.find(stems, pregunta=False)
        keys = _keys(texto, stems, more, sizes, mentions)
        for key, campo in keys.items():
            self._postings[key].append(slot << _CAMPO_BITS | campo)
            if key.isalpha():
                self._vocabulario.add(key)
        head = {m.concepto for m in mentions if m.inicio == 0} | set(stems[:1])
        sku = fold(texto.sku) if texto.sku else None
        if sku:
            self._literal[sku] = texto.id
            self._skus.setdefault(_bare(sku), set()).add(texto.id)
            self._sorted_skus = None
        self._slots[texto.id] = slot
        self._fichas.append(
            _Ficha(
                id=texto.id,
                activo=texto.activo,
                cabeza=frozenset(head),
                largo=len(stems),
                medidas=tuple(sizes),
                nombre=fold(texto.nombre),
                sku=sku,
            )
        )

    def remove(self, id_: int) -> None:
        slot = self._slots.pop(id_, None)
        if slot is None:
            return
        ficha = self._fichas[slot]
        self._fichas[slot] = None
        if ficha is not None and ficha.sku:
            self._skus[_bare(ficha.sku)].discard(id_)
            if self._literal.get(ficha.sku) == id_:
                del self._literal[ficha.sku]

    # --- asking --------------------------------------------------------------------------------

    def search(self, texto: str, n: int, *, inactivos: bool = False) -> list[Acierto]:
        """Best first, at most n; none when nothing is like `texto`."""
        exact = self._by_code(texto, inactivos)
        pregunta = parse_pregunta(texto, self._sinonimos, self._correct)
        self._widen(pregunta)
        found = self._rank(pregunta, fold(texto), inactivos)
        first = {a.id for a in exact}
        return (exact + [a for a in found if a.id not in first])[:n]

    def _by_code(self, texto: str, inactivos: bool) -> list[Acierto]:
        """A code, whatever its dashes; else what begins with it; inside a sentence it must be whole
        and look like one."""
        folded = fold(texto)
        bare = _bare(folded)
        found = [Acierto(id_, 1.0, "código") for id_ in self._coded(folded)]
        if not found and _looks_like_code(folded):
            found = [Acierto(id_, _COMIENZO, "comienzo del código") for id_ in self._begun(bare)]
        if not found:
            for word in folded.split():
                word = word.strip(".,;:!?¡¿()\"'")
                if len(_bare(word)) > 3 and any(c.isdigit() for c in word):
                    found += [Acierto(id_, 0.99, "código") for id_ in self._coded(word)]
        return [a for a in found if inactivos or self.is_sold(a.id)]

    def _coded(self, code: str) -> list[int]:
        """The one that is written so; else those that differ in dashes and spaces alone."""
        exact = self._literal.get(code)
        return [exact] if exact is not None else sorted(self._skus.get(_bare(code), ()))

    def _begun(self, bare: str) -> list[int]:
        """Of the codes that begin so, in their order."""
        if self._sorted_skus is None:
            self._sorted_skus = sorted(self._skus)
        start = bisect_left(self._sorted_skus, bare)
        end = bisect_left(self._sorted_skus, bare + "\U0010ffff")
        some = self._sorted_skus[start : min(end, start + _CANDIDATOS)]
        return [id_ for sku in some for id_ in sorted(self._skus[sku])]

    def is_sold(self, id_: int) -> bool:
        slot = self._slots.get(id_)
        ficha = self._fichas[slot] if slot is not None else None
        return ficha is not None and ficha.activo

    def asks(self, texto: str) -> bool:
        """Whether `texto` names anything at all beyond courtesy."""
        pregunta = parse_pregunta(texto, self._sinonimos)
        return bool(pregunta.palabras or pregunta.medidas)

    def _widen(self, pregunta: Pregunta) -> None:
        """Give each word the catalogue's own spellings; join words that it writes together."""
        # One letter is a size (a pila D, a talla M) where the catalogue has it, else half a word.
        units = pregunta.palabras = [
            u for u in pregunta.palabras if len(u.texto) > 1 or u.texto in self._postings
        ]
        for left, right in zip(units, units[1:], strict=False):
            joined = left.texto + right.texto
            if joined in self._vocabulario and joined not in left.claves:
                left.claves[joined] = right.claves[joined] = 0.95
        for unit in units:
            for key, sure in self._vocabulario.variants(unit.texto).items():
                unit.claves.setdefault(key, sure)
            if unit.texto not in self._vocabulario:
                self._respell(unit)

    def _respell(self, unit: Unidad) -> None:
        """What a word may have meant that no producto has. Where a synonym of it is there, only the
        very word, misspelt: it would be better."""
        if not any(key in self._postings for key in unit.claves):
            unit.claves.update(self._vocabulario.guess(unit.texto))
            return
        for key, sure in self._vocabulario.respelt(unit.texto).items():
            if sure >= _SEGURO:
                unit.claves.setdefault(key, sure)

    def _correct(self, word: str) -> str:
        """The spelling that the catalogue or the trade knows; `word` itself when none is near."""
        known = (self._vocabulario, self._sinonimos.palabras)
        if any(word in v or v.variants(word) for v in known):
            return word
        guesses = [g for v in known for g in v.respelt(word).items()]
        best, sure = max(guesses, key=lambda g: g[1], default=(word, 0.0))
        return best if sure >= _SEGURO else word

    def _weight(self, unit: Unidad) -> float:
        total = max(1, len(self._slots))
        seen = max((len(self._postings.get(k, ())) for k in unit.claves), default=0)
        often = min(total, max(3, seen))
        return math.log(1 + (total - often + 0.5) / (often + 0.5))

    def _rank(self, pregunta: Pregunta, folded: str, inactivos: bool) -> list[Acierto]:
        words, sizes = pregunta.palabras, pregunta.medidas
        if not words and not sizes:
            return []
        scores: dict[int, float] = {}
        matched: list[dict[int, float]] = []
        total = 0.0
        unknown = 0
        for n, unit in enumerate(words):
            matches = self._matches(unit)
            unknown += not matches
            # The more words that nobody knows, the less each says: they are talk, not things.
            known = 1 if matches else _DESCONOCIDA / unknown
            weight = self._weight(unit) * (_CABEZA if n == 0 else known)
            total += weight
            _add(scores, matches, weight)
            matched.append(matches)
        size_weight = _MEDIDA * (total / len(words) if words else 1.0)
        for unit in sizes:
            matches = self._matches(unit)
            weight = size_weight if unit.medida and unit.medida.familia else size_weight / 2
            total += weight
            if words:
                matches = {slot: q for slot, q in matches.items() if slot in scores}
            _add(scores, matches, weight)
        found = [
            self._judge(pregunta, ficha, score / total, sum(slot in m for m in matched), folded)
            for slot, score, ficha in self._candidates(scores, inactivos)
        ]
        found = [a for a in found if a.puntaje >= MINIMO]
        return sorted(found, key=lambda a: (-a.puntaje, a.id))

    def _candidates(
        self, scores: dict[int, float], inactivos: bool
    ) -> list[tuple[int, float, _Ficha]]:
        """(slot, score, ficha) of the best, of those that there still are."""
        alive = (
            (slot, score, ficha)
            for slot, score in sorted(scores.items(), key=itemgetter(1), reverse=True)
            if (ficha := self._fichas[slot]) is not None and (inactivos or ficha.activo)
        )
        return list(islice(alive, _CANDIDATOS))

    def _matches(self, unit: Unidad) -> dict[int, float]:
        """slot → how well it answers this unit, in its best field."""
        found: dict[int, float] = {}
        for key, quality in unit.claves.items():
            values = [quality * campo for campo in _CAMPOS]
            postings = self._postings.get(key, ())
            if not found:
                found = {p >> _CAMPO_BITS: values[p & _MASCARA] for p in postings}
                continue
            for posting in postings:
                slot, value = posting >> _CAMPO_BITS, values[posting & _MASCARA]
                if value > found.get(slot, 0.0):
                    found[slot] = value
        return found

    def _judge(
        self, pregunta: Pregunta, ficha: _Ficha, share: float, matched: int, folded: str
    ) -> Acierto:
        """The share answered, less what makes it another thing: size, head noun, extra words."""
        if ficha.nombre == folded:
            return Acierto(ficha.id, 0.99, "nombre")
        reason = "nombre"
        if pregunta.palabras:
            head = pregunta.palabras[0].claves
            if ficha.cabeza.isdisjoint(head):
                share *= _OTRA_CABEZA
            elif pregunta.palabras[0].texto not in ficha.cabeza:
                reason = "parecido o sinónimo"
        share /= 1 + 0.012 * max(0, ficha.largo - matched)
        against = sum(contradicts(u.medida, ficha.medidas) for u in pregunta.medidas if u.medida)
        if against:
            share *= _CONTRADICE if against == 1 else _CONTRADICE / 2
            reason = "otra medida"
        return Acierto(ficha.id, round(min(1.0, share), 4), reason)


def _add(scores: dict[int, float], matches: dict[int, float], weight: float) -> None:
    if not scores:
        scores.update((slot, weight * quality) for slot, quality in matches.items())
        return
    known = scores.get
    for slot, quality in matches.items():
        scores[slot] = known(slot, 0.0) + weight * quality


def _bare(code: str) -> str:
    """HM-101, hm.101 and hm101 are one code; neither 1/4 nor 1.4 is a code 14."""
    plain = code.translate(_SUELTOS)
    return plain if plain.replace(".", "").isdigit() else plain.replace(".", "")


def _looks_like_code(folded: str) -> bool:
    return bool(_CODIGO.fullmatch(folded)) and len(_bare(folded)) >= _COMIENZO_MIN


_PULGADA_MM = 25.4
_CASI = 0.08  # 6 mm is sold for 1/4", 10 mm for 3/8"


def _of_another_measure(asked: Medida, has: Iterable[Medida]) -> bool:
    """Inches asked of what is made in millimetres, or the other way round, and far from it."""
    if asked.familia not in ("in", "mm"):
        return False
    wanted = _millimetres(asked)
    there = [mm for m in has if m.familia in ("in", "mm") and (mm := _millimetres(m))]
    return bool(there) and all(abs(mm - wanted) > _CASI * wanted for mm in there)


def _millimetres(medida: Medida) -> float:
    value = float(Fraction(medida.numero))
    return value * _PULGADA_MM if medida.familia == "in" else value


def contradicts(asked: Medida, has: Iterable[Medida]) -> bool:
    """Whether a thing of sizes `has` is certainly not of size `asked`: it states that kind of
    size, and only others."""
    same_kind = [m for m in has if m.familia == asked.familia]
    if not asked.familia:  # "cable 10": a gauge is what is said without its unit
        gauges = [m for m in has if m.familia == "#"]
        return bool(gauges) and all(m.numero != asked.numero for m in has)
    if not same_kind:
        return _of_another_measure(asked, has)
    if asked.familia == "x":
        parts = set(asked.numero.split("x"))
        return not any(
            parts <= (have := set(m.numero.split("x"))) or have <= parts for m in same_kind
        )
    return all(m.clave != asked.clave for m in has)
