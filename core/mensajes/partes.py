"""A long reply in pieces that a provider accepts, cut where a reader would pause."""

import re

# Where a piece may end, best first. The "3." of a list's third line ends no sentence.
_LINE_END = re.compile(r"(?=\n)")
_SENTENCE_END = re.compile(r"(?m)(?<!^\d)(?<!^\d\d)[.!?…]+[)\]\"'»”]*(?=\s)")
_SPACE = re.compile(r"(?=\s)")
# Letters that lean on the one before them are not torn from it.
_LEANS = re.compile("[\u0300-\u036f\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")


def split_texto(texto: str, maximo: int) -> list[str]:
    """Pieces of at most `maximo` UTF-16 units (>= 2), at least one, in order.

    The same text gives the same pieces, so a count of those accepted is enough to resume. Only
    white space at the cuts is lost. Cuts at a sentence's end, else between words, else anywhere.
    """
    pieces = []
    rest = texto.strip()
    while _units(rest) > maximo:
        window = rest[: _fit(rest, maximo)]
        cut = _cut(rest, window)
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*pieces, rest] if rest or not pieces else pieces


def _units(texto: str) -> int:
    return len(texto) + sum(c > "\uffff" for c in texto)


def _fit(texto: str, maximo: int) -> int:
    """How many characters of `texto` fit."""
    used = 0
    for i, c in enumerate(texto):
        used += 2 if c > "\uffff" else 1
        if used > maximo:
            return i
    return len(texto)


def _cut(rest: str, window: str) -> int:
    """Where the next piece ends. A sentence that ends in the first half leaves too much behind."""
    half = len(window) // 2
    for pattern, least in ((_LINE_END, half), (_SENTENCE_END, half), (_SPACE, 0)):
        found = pattern.finditer(rest, 0, len(window) + 1)
        ends = [m.end() for m in found if least < m.end() <= len(window)]
        if ends:
            return ends[-1]
    return _tear(rest, window)


def _tear(rest: str, window: str) -> int:
    cut = len(window)
    while cut > 1 and (_LEANS.match(rest[cut]) or rest[cut - 1] == "\u200d"):
        cut -= 1
    return cut if cut > 1 else len(window)
