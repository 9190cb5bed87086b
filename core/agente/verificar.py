"""Verify (P8): every figure and every name in a reply is a fact of the turn, or it is not sent.

What is allowed is built apart (permitir.py), never from what the draft says. A text is refused when

- a figure in it, in digits or in words, is no fact: money must be a price, a subtotal or a total of
  those rows, marked as such; what counts must be a quantity or a stock, in the unit it is sold by;
- a line that names a producto carries another producto's figures, or one that is offered or sold
  carries any but its own quantity and money and the totals;
- a numbered option is not the one that its number would choose;
- it names a producto that the turn saw and does not speak of;
- a word, a sign or an emoji in it belongs neither to the shop's wording, nor to a fact, nor to the
  customer;
- it claims of the sale what the wording of its facts does not claim, or denies what that says.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from core.agente.cifras import CITA, NOMBRE, ULTIMO_NOMBRE, Clase, Forma, Pieza, leer
from core.agente.numeros import UNIDADES
from core.catalogo.texto import fold

_OPCION = re.compile(r"\s*(\d{1,2})\) ")
_FRASE = re.compile(r"[.!?](?=\s|$)|[¡¿;:]")
_ENTRE_COMILLAS = re.compile(r"«[^«»]*»")
_NIEGAN = frozenset("no ni sin nunca tampoco ningun ninguna ninguno nada".split())
# What a sentence needs whatever it says. Not "%", nor any sign of money: those come with a figure.
_SIGNOS = frozenset(".,;:!?¡¿()«»\"'*_-–—•&/#°")
_MARCAS = frozenset((NOMBRE, CITA, ULTIMO_NOMBRE))
_EXISTEN = frozenset("hay queda quedan tengo tenemos existencias stock".split())
AGOTADO = frozenset("agotado agotada agotados agotadas".split())


@dataclass(frozen=True)
class Propio:
    """What may be said of one producto. precios: of one of it, now and as offered; montos: of a
    line of it; cantidades: as agreed; existencias: in stock, where that is spoken of; unidades: the
    words it is counted in."""

    precios: frozenset[Decimal] = frozenset()
    montos: frozenset[Decimal] = frozenset()
    cantidades: frozenset[Decimal] = frozenset()
    existencias: frozenset[Decimal] = frozenset()
    unidades: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Permitido:
    """propios: producto's folded name → its own. acordados: names of those on offer or sold.
    ajenos: names that the turn saw and does not speak of. sumas: totals. opciones: the names that
    each number may choose. numeros, escritos: the customer's own figures, as meant and as typed.
    citas: texts that may be quoted whole. pasajes: lines of the shop's documentos, which stand
    alone. palabras: the customer's words and the facts'.
    vocabulario, signos: the wording's. reservadas: groups of words that claim; afirmado: those
    claimed, with whether denied."""

    propios: Mapping[str, Propio] = field(default_factory=dict)
    acordados: frozenset[str] = frozenset()
    ajenos: frozenset[str] = frozenset()
    sumas: frozenset[Decimal] = frozenset()
    opciones: Sequence[frozenset[str]] = ()
    numeros: frozenset[Decimal] = frozenset()
    escritos: frozenset[str] = frozenset()
    citas: tuple[str, ...] = ()
    pasajes: frozenset[str] = frozenset()
    palabras: frozenset[str] = frozenset()
    vocabulario: frozenset[str] = frozenset()
    signos: frozenset[str] = frozenset()
    reservadas: Mapping[str, frozenset[str]] = field(default_factory=dict)
    afirmado: frozenset[tuple[str, bool]] = frozenset()
    forma: Forma = field(default_factory=Forma)


@dataclass(frozen=True)
class Renglon:
    """One line of a reply: the option it numbers, the productos it names (folded), and the figures
    and words that are left once names and quotes are taken out."""

    opcion: int | None
    nombres: frozenset[str]
    cifras: frozenset[Decimal | None]
    palabras: frozenset[str]


def renglones(texto: str, permitido: Permitido) -> list[Renglon]:
    """What each line of `texto` says, true or not."""
    return [_renglon(line, permitido) for line in texto.split("\n") if line.strip()]


def _renglon(line: str, p: Permitido) -> Renglon:
    option = _OPCION.match(line)
    folded, names = _take_names(fold(line[option.end() :] if option else line), p)
    pieces = leer(folded, p.forma)
    return Renglon(
        opcion=int(option[1]) if option else None,
        nombres=frozenset(names),
        cifras=frozenset(x.valor for x in pieces if x.es_cifra),
        palabras=frozenset(x.texto for x in pieces if x.clase is Clase.PALABRA),
    )


def verificar(texto: str, permitido: Permitido) -> bool:
    """Whether everything in `texto` is a fact."""
    if not _MARCAS.isdisjoint(texto) or any(NOMBRE <= c <= CITA for c in texto):
        return False
    return all(_line_is_true(line, permitido) for line in texto.split("\n") if line.strip())


def _line_is_true(line: str, p: Permitido) -> bool:
    option = _OPCION.match(line)
    folded = fold(line[option.end() :] if option else line)
    if option is None and folded in p.pasajes:
        return True  # beside other words a figure of it would be said of something else
    folded, names = _take_names(folded, p)
    if option is not None and not _chooses(int(option[1]), names, p):
        return False
    if any(stands_in(folded, name) for name in p.ajenos):
        return False
    pieces = leer(folded, p.forma)
    return (
        _words_are_known(pieces, p)
        and _Cifras(pieces, names, p).figures_are_facts()
        and _claims_are_made(folded, names, p)
    )


def _take_names(folded: str, p: Permitido) -> tuple[str, list[str]]:
    """The line with a mark for each name and each quote; the names by their mark."""
    names: list[str] = []
    for name in sorted(p.propios, key=len, reverse=True):
        mark = chr(ord(NOMBRE) + len(names))
        marked = replace_whole(folded, name, mark)
        if marked != folded:
            names.append(name)
            folded = marked
    for quote in sorted(p.citas, key=len, reverse=True):
        folded = replace_whole(folded, quote, CITA)
    return folded, names


def replace_whole(text: str, what: str, mark: str) -> str:
    """`text` with `mark` wherever `what` stands whole."""
    at = _find(text, what)
    while at >= 0:
        text = f"{text[:at]}{mark}{text[at + len(what) :]}"
        at = _find(text, what, at + len(mark))
    return text


def stands_in(text: str, what: str) -> bool:
    """Whether folded `what` stands whole in folded `text`: no part of a longer word or figure."""
    return _find(text, what) >= 0


def _find(text: str, what: str, start: int = 0) -> int:
    at = text.find(what, start) if what else -1
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(what) : at + len(what) + 2]
        cut = re.match(r"\w|[./,]\d", after) if what[-1].isalnum() else None
        if not cut and not (what[0].isalnum() and re.match(r"\w|/", before)):
            return at
        at = text.find(what, at + 1)
    return -1


def _chooses(n: int, names: list[str], p: Permitido) -> bool:
    return 0 < n <= len(p.opciones) and bool(names) and set(names) <= p.opciones[n - 1]


def _words_are_known(pieces: Iterable[Pieza], p: Permitido) -> bool:
    for piece in pieces:
        if piece.clase is Clase.PALABRA:
            if piece.texto not in p.palabras and piece.texto not in p.vocabulario:
                return False
        elif piece.clase is Clase.SIGNO and piece.texto not in _SIGNOS | p.signos:
            return False
    return True


class _Cifras:
    """The figures of one line, each with the producto that it speaks of."""

    def __init__(self, pieces: list[Pieza], names: list[str], p: Permitido) -> None:
        self._pieces = pieces
        self._names = names
        self._p = p
        self._agreed = not p.acordados.isdisjoint(names)

    def figures_are_facts(self) -> bool:
        return all(self._is_fact(i) for i, piece in enumerate(self._pieces) if piece.es_cifra)

    def _is_fact(self, i: int) -> bool:
        piece = self._pieces[i]
        if piece.clase is Clase.DINERO:
            return piece.valor is not None and self._is_money(i, piece.valor)
        if piece.clase is Clase.PORCENTAJE:
            return False
        if self._customers_own(piece, self._unit(i)):
            return True
        return piece.valor is not None and self._is_quantity(i, piece.valor)

    def _is_money(self, i: int, value: Decimal) -> bool:
        """Several names in a line: what follows a name is of it."""
        owner = self._before(i) or self._after(i)
        if self._is_total(i):
            return value in self._p.sumas
        if owner is None:
            return not self._names and value in self._p.sumas
        if self._is_of_one(i):
            return value in owner.precios
        if i and self._pieces[i - 1].texto == "por":  # "2 por $x" is what two cost
            return value in owner.montos
        return value in owner.precios or value in owner.montos

    def _is_quantity(self, i: int, value: Decimal) -> bool:
        """What stands between two names may count either."""
        unit = self._unit(i)
        owners = [o for o in (self._before(i), self._after(i)) if o is not None]
        there = not _EXISTEN.isdisjoint(x.texto for x in self._pieces[max(0, i - 2) : i])
        return any(
            (value in o.existencias or value in o.cantidades and not there) and _counts(unit, o)
            for o in owners
        )

    def _customers_own(self, piece: Pieza, unit: str) -> bool:
        """A figure of theirs may be said again, but never beside what is on offer or sold."""
        if self._agreed:
            return False
        known = piece.valor in self._p.numeros or piece.texto in self._p.escritos
        return known and (not unit or unit in self._p.palabras)

    def _is_total(self, i: int) -> bool:
        before = [x.texto for x in self._pieces[max(0, i - 2) : i]]
        after = [x.texto for x in self._pieces[i + 1 : i + 3]]
        return "total" in before or after == ["en", "total"]

    def _is_of_one(self, i: int) -> bool:
        """ "$x c/u", "$x cada uno", "$x por metro"."""
        after = [x.texto for x in self._pieces[i + 1 : i + 4]]
        return after == ["c", "/", "u"] or after[:1] in (["cada"], ["por"])

    def _unit(self, i: int) -> str:
        after = self._pieces[i + 1] if i + 1 < len(self._pieces) else None
        is_unit = after is not None and after.clase is Clase.PALABRA and after.texto in UNIDADES
        return after.texto if after is not None and is_unit else ""

    def _before(self, i: int) -> Propio | None:
        return self._owner(reversed(self._pieces[:i]))

    def _after(self, i: int) -> Propio | None:
        return self._owner(self._pieces[i:])

    def _owner(self, pieces: Iterable[Pieza]) -> Propio | None:
        mark = next((x.texto for x in pieces if x.clase is Clase.NOMBRE), None)
        return None if mark is None else self._p.propios[self._names[ord(mark) - ord(NOMBRE)]]


def _counts(unit: str, owner: Propio) -> bool:
    return not unit or unit in owner.unidades


# --- what is claimed ---------------------------------------------------------------------------


def claims(folded: str, reservadas: Mapping[str, frozenset[str]]) -> set[tuple[str, bool]]:
    """(group, whether denied) of every claim in a folded text, sentence by sentence; what is
    quoted claims nothing."""
    found = set()
    folded = _ENTRE_COMILLAS.sub(" ", folded)
    for sentence in _FRASE.split(folded):
        words = set(re.findall(r"[^\W\d_]+", sentence))
        denied = not words.isdisjoint(_NIEGAN)
        found |= {(g, denied) for g, says in reservadas.items() if not says.isdisjoint(words)}
    return found


def _claims_are_made(folded: str, names: list[str], p: Permitido) -> bool:
    if not claims(folded, p.reservadas) <= p.afirmado:
        return False
    gone = not AGOTADO.isdisjoint(re.findall(r"[^\W\d_]+", folded))
    return not (gone and names) or any(Decimal(0) in p.propios[n].existencias for n in names)
