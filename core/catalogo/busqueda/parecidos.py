"""Which words of a catalogue an unknown word may have meant: misspelt, cut short, derived."""

import re
from bisect import bisect_left

from rapidfuzz import process
from rapidfuzz.distance import OSA

_SONIDOS = (
    ("ch", "6"), ("sh", "6"), ("ll", "y"), ("qu", "k"), ("gue", "ge"), ("gui", "gi"), ("ph", "f"),
    ("v", "b"), ("w", "u"), ("z", "s"), ("ce", "se"), ("ci", "si"), ("c", "k"), ("h", ""),
    ("ge", "je"), ("gi", "ji"), ("x", "s"),
)  # fmt: skip
_TERMINACION = re.compile(r"(?:ar|er|ir|ando|iendo|ado|ada|dor|dora|adora?)$")
_DIMINUTIVO = re.compile(r"([a-z]{3,}?)(?:ec|c)?it[oa]")
_MAX = 12  # candidates per word; more would say nothing


def sound(word: str) -> str:
    """How it sounds in Latin America: vaca and baca, cinta and sinta are one."""
    for written, heard in _SONIDOS:
        word = word.replace(written, heard)
    return re.sub(r"(.)\1+", r"\1", word)


class Vocabulario:
    """Every word of one catalogue. Not thread safe: its index is locked by its owner."""

    def __init__(self) -> None:
        self._by_sound: dict[str, list[str]] = {}
        self._sounds: list[str] = []
        self._sorted: list[str] = []
        self._known: set[str] = set()
        self._fresh = True

    def add(self, word: str) -> None:
        if word in self._known:
            return
        self._known.add(word)
        heard = sound(word)
        if heard not in self._by_sound:
            self._by_sound[heard] = []
            self._sounds.append(heard)
        self._by_sound[heard].append(word)
        self._fresh = False

    def __contains__(self, word: str) -> bool:
        return word in self._known

    def variants(self, word: str) -> dict[str, float]:
        """The other gender of a known or unknown word: galvanizado, galvanizada."""
        if len(word) > 3 and word[-1] in "ao":
            other = word[:-1] + ("o" if word[-1] == "a" else "a")
            if other in self._known:
                return {other: 0.85}
        return {}

    def guess(self, word: str) -> dict[str, float]:
        """What an unknown `word` may have meant, with how sure; the surest kind of guess only."""
        return (
            self.respelt(word)
            or self._diminutive(word)
            or self._parts(word)
            or self._starting(word)
            or self._derived(word)
        )

    def respelt(self, word: str) -> dict[str, float]:
        """The words that sound like it, else those a letter or two away."""
        alike = self._by_sound.get(sound(word))
        return dict.fromkeys(alike, 0.9) if alike else self._misspelt(word)

    def _misspelt(self, word: str) -> dict[str, float]:
        heard = sound(word)
        allowed = 0 if len(heard) < 5 else 1 if len(heard) < 9 else 2
        if not allowed:
            return {}
        near = process.extract(
            heard, self._sounds, scorer=OSA.distance, score_cutoff=allowed, limit=_MAX
        )
        found: dict[str, float] = {}
        for candidate, distance, _ in near:
            if len(candidate) < 4:
                continue
            sure = 0.95 - 0.9 * distance / len(heard) - (0.12 if candidate[0] != heard[0] else 0)
            for other in self._by_sound[candidate]:
                found[other] = sure
        return found

    def _diminutive(self, word: str) -> dict[str, float]:
        """rueda for ruedita, cable for cablecito, foco for foquito."""
        match = _DIMINUTIVO.fullmatch(word)
        if match is None:
            return {}
        root = re.sub(r"qu$", "c", match[1])
        return {w: 0.85 for end in ("", "a", "o") if (w := root + end) in self._known}

    def _parts(self, word: str) -> dict[str, float]:
        """superbonder for a catalogue that writes super bonder."""
        for cut in range(3, len(word) - 2):
            head, tail = word[:cut], word[cut:]
            if head in self._known and tail in self._known:
                return {head: 0.6, tail: 0.7}
        return {}

    def _starting(self, word: str) -> dict[str, float]:
        if len(word) < 3:
            return {}
        return dict.fromkeys(self._with_prefix(word)[:_MAX], 0.75)

    def _derived(self, word: str) -> dict[str, float]:
        """lijar → lija, impermeable → impermeabilizante: a shared root of 4 letters or more."""
        root = _TERMINACION.sub("", word)
        found = {}
        if len(root) >= 4 and root != word:
            found = dict.fromkeys(self._with_prefix(root)[:_MAX], 0.6)
        if not found and len(word) >= 8:
            found = dict.fromkeys(self._with_prefix(word[: len(word) * 3 // 4])[:_MAX], 0.55)
        return found

    def _with_prefix(self, prefix: str) -> list[str]:
        if not self._fresh:
            self._sorted = sorted(self._known)
            self._fresh = True
        start = bisect_left(self._sorted, prefix)
        end = bisect_left(self._sorted, prefix + "\U0010ffff")
        return sorted(self._sorted[start:end], key=len)
