"""A customer's text as tokens: folded words, figures with their value, signs.

Unlike search (core.catalogo.texto) this keeps every small word, since "de 5" and "5 de" differ,
keeps ñ (uña is no una), and undoes what chats do to words: q, xfa, siiii, ½.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from core.agente.lexico import ESCRITURAS

_SIGNOS = str.maketrans(
    {
        "½": " 1/2", "¼": " 1/4", "¾": " 3/4", "⅛": " 1/8", "⅜": " 3/8", "⅝": " 5/8", "⅞": " 7/8",
        "×": "x", "”": '"', "“": '"', "″": '"', "’": "'", "´": "'", "‘": "'", "⁄": "/",
        "\u00a0": " ", "º": "°",
    }
)  # fmt: skip

# Emoji that answer a question; all others say nothing.
_EMOJI = {
    "👍": "si", "👌": "si", "✅": "si", "✔": "si", "☑": "si", "🆗": "ok", "🤝": "si",
    # Whoever laughs or rolls their eyes says no yes.
    "😂": "mentira", "🤣": "mentira", "🙄": "mentira", "🤡": "mentira", "🤔": "mentira",
    "🖕": "mentira", "😒": "mentira", "🤷": "mentira", "😏": "mentira",
    "👎": "no", "❌": "no", "🚫": "no", "✖": "no", "❎": "no",
}  # fmt: skip

_TOKEN = re.compile(
    r"""
    (?P<mixta>\d+[ -]\d{1,2}/\d{1,2}(?!\d))
  | (?P<fraccion>\d+/\d+)
  | (?P<numero>\d+(?:[.,]\d+)*)
  | (?P<codigo>[a-zñ]+-?\d+[a-zñ\d]*)
  | (?P<palabra>[a-zñ]+(?:-[a-zñ]+)*)
  | (?P<pulgada>"|'')
  | (?P<signo>[?¿!,;:.%$€\#°+*\n()=…-])
    """,
    re.VERBOSE,
)
_PEGADO = re.compile(r"(\d)(?=x\d)|(?<=\dx)(?=\d)|(?<= x)(?=\d)")
_CIFRAS_MAX = 15
_NUMERO = re.compile(r"\b[nN][°º](?= ?\d)")
# "-5 martillos" orders nothing; "10-15" is a range and 1-1/2 a size.
_NEGATIVO = re.compile(r"(?:(?<=^)|(?<=[a-zA-Z] ))-\d+\b(?! ?[\d/])")
_NO_MAS = re.compile(r"\bno ?mas\b")


@dataclass(frozen=True, slots=True)
class Ficha:
    """One token. valor: what a figure is worth; a word's own value is found by `numeros`.

    articulo: "un" and "una", which may be no number at all. docena: counted in dozens.
    rango: "15 o 20", a figure that says no quantity.
    """

    t: str
    valor: Decimal | None = None
    articulo: bool = False
    docena: bool = False
    rango: bool = False


def plegar(texto: str) -> str:
    """Lower case without accents (ñ stays), signs unified."""
    out = []
    texto = _NEGATIVO.sub("0", _NUMERO.sub(" numero ", texto))
    for char in unicodedata.normalize("NFC", texto.translate(_SIGNOS).lower()):
        if char == "ñ":
            out.append(char)
        elif char in _EMOJI:
            out.append(f" {_EMOJI[char]} ")
        else:
            plain = unicodedata.normalize("NFKD", char)
            out.append("".join(c for c in plain if not unicodedata.combining(c)))
    return "".join(out)


def fichas(plegado: str) -> list[Ficha]:
    """The tokens of a folded text, in order."""
    found: list[Ficha] = []
    spaced = _PEGADO.sub(r"\1 ", _NO_MAS.sub("nomas", plegado))
    for match in _TOKEN.finditer(spaced):
        kind, text = match.lastgroup, match.group()
        if kind == "palabra":
            found += [Ficha(w) for w in _escritura(text).split()]
        elif kind in ("numero", "fraccion", "mixta"):
            found.append(Ficha(text, _valor(text)))
        elif kind == "pulgada":
            if found and found[-1].valor is not None:  # else they only quote something
                found.append(Ficha("pulgada"))
        else:
            found.append(Ficha(text))
    return [_por(found, i) for i in range(len(found))]


def _por(tokens: list[Ficha], i: int) -> Ficha:
    """x between words is "por"; beside a figure it multiplies."""
    beside = tokens[max(i - 1, 0) : i + 2]
    if tokens[i].t != "x" or any(f.valor is not None for f in beside):
        return tokens[i]
    return Ficha("por")


def frase(tokens: list[Ficha]) -> str:
    """Tokens back to one line, for rules that look for whole phrases."""
    return " ".join("\n" if f.t == "\n" else f.t for f in tokens)


def _escritura(word: str) -> str:
    """siiii → si, holaaa → hola, q → que."""
    if re.fullmatch(r"s+e{2,}", word):
        return "si"
    if len(word) > 1 and len(set(word)) == 1:
        return word  # AAA is a battery
    shrunk = re.sub(r"([a-zñ])\1{2,}|([aiosuz])\2$", r"\1\2", word)
    if shrunk in ESCRITURAS:
        return str(ESCRITURAS[shrunk])
    if re.fullmatch(r"s+i+|n+o+|o+k+|d+a+l+e+|v+a+l+e+|l+i+s+t+o+|c+l+a+r+o+", shrunk):
        shrunk = re.sub(r"([a-z])\1+", r"\1", shrunk)
    return shrunk


def _valor(text: str) -> Decimal | None:
    """None for what counts nothing: 12/0, or more digits than any shop has things. One separator
    before three digits is thousands."""
    if len(text) > _CIFRAS_MAX:
        return None
    if "/" in text:
        whole, _, part = text.replace("-", " ").rpartition(" ")
        over, under = part.split("/")
        if not int(under):
            return None
        return Decimal(whole or 0) + Decimal(over) / Decimal(under)
    if re.fullmatch(r"[1-9]\d{0,2}([.,]\d{3})+([.,]\d{1,2})?", text):
        last = re.search(r"[.,](\d{1,2})$", text)
        whole = re.sub(r"[.,]", "", text[: last.start()] if last else text)
        return Decimal(f"{whole}.{last[1]}" if last else whole)
    head, *rest = re.split(r"[.,]", text)
    return Decimal(f"{head}.{''.join(rest)}" if rest else head)
