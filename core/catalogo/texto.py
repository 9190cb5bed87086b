"""Words and sizes of a text, folded so that accents, case and plurals do not matter.

Sizes are kept whole (1/2", 1 1/2, 9W, PH2, 2x50): half an inch is a word of its own, not a 1 and
a 2. Search and the import's row keys fold with the same functions.
"""

import re
import unicodedata
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

# Words that say nothing about a producto, in its name or in a question.
_VACIAS = frozenset(
    "a al ante bajo con de del desde e el en entre es esa ese eso esta este esto la las le les lo "
    "los mas mi mis muy no o para pero por que se si sin su sus te tu u un una unas uno unos y ya x"
    " the of for and with to in on or".split()
)

_SIGNOS = str.maketrans(
    {
        "×": "x", "✕": "x", "º": "°", "⁄": "/", "’": "'", "‘": "'", "′": "'", "´": "'",
        "“": '"', "”": '"', "″": '"', "‟": '"', "\u00a0": " ",
        "½": " 1/2", "¼": " 1/4", "¾": " 3/4", "⅛": " 1/8", "⅜": " 3/8", "⅝": " 5/8", "⅞": " 7/8",
        "⅓": " 1/3", "⅔": " 2/3",
        # What Spanish needs most, so that few texts must be decomposed.
        **dict(zip("áéíóúüñÁÉÍÓÚÜÑ", "aeiouunAEIOUUN", strict=True)),
    }
)  # fmt: skip


def fold(texto: str) -> str:
    """Lower case without accents, signs unified, spaces single: what two spellings share."""
    if texto.isascii():
        return " ".join(texto.lower().replace("''", '"').split())
    plain = texto.translate(_SIGNOS).casefold()
    if not plain.isascii():
        # Twice: what one letter stands for ("℠") may itself have a capital, an accent or a sign.
        for _ in range(2):
            opened = unicodedata.normalize("NFKD", plain).translate(_SIGNOS).casefold()
            plain = "".join(c for c in opened if not unicodedata.combining(c))
    return " ".join(plain.replace("''", '"').split())


def fold_key(sku: str | None, nombre: str) -> str:
    """What recognises a producto from one file to the next: its sku, else its folded nombre."""
    return f"s:{fold(sku)}" if sku else f"n:{fold(nombre)}"


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """A folded word without its plural: the same for llave and llaves, color and colores, battery
    and batteries."""
    if len(word) > 3 and word.endswith("s"):
        word = word[:-1]
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    if len(word) > 2 and word[-1] in "zy":
        word = word[:-1] + ("c" if word[-1] == "z" else "i")
    return word


# --- sizes -------------------------------------------------------------------------------------

# What people write → (unit, how many of the unit that equality is judged in, that unit).
_UNIDADES: dict[str, tuple[str, Fraction, str]] = {}


def _unit(unidad: str, factor: str, canonica: str, escrituras: str) -> None:
    for escritura in escrituras.split():
        _UNIDADES[escritura] = (unidad, Fraction(factor), canonica)


_unit("in", "1", "in", '" pulgada pulgadas pulg plg pulgs in inch inches')
_unit("ft", "1", "ft", "' pie pies ft")
_unit("m", "1000", "mm", "m mt mts metro metros")
_unit("cm", "10", "mm", "cm cms centimetro centimetros")
_unit("mm", "1", "mm", "mm milimetro milimetros")
_unit("m2", "1", "m2", "m2")
_unit("mm2", "1", "mm2", "mm2")
_unit("kg", "1000", "g", "kg kgs kilo kilos kilogramo kilogramos")
_unit("g", "1", "g", "g gr grs gramo gramos")
_unit("lb", "1", "lb", "lb lbs libra libras")
_unit("oz", "1", "oz", "oz onza onzas")
_unit("l", "1000", "ml", "l lt lts litro litros")
_unit("ml", "1", "ml", "ml cc mililitro mililitros")
_unit("gal", "1", "gal", "gal galon galones gl")
_unit("v", "1", "v", "v volt volts voltio voltios vdc vac")
_unit("w", "1", "w", "w watt watts wats vatio vatios watio watios")
_unit("amp", "1", "amp", "amp amps amper amperio amperios ampere amperes")
_unit("ah", "1", "ah", "ah")
_unit("hp", "1", "hp", "hp caballos")
_unit("#", "1", "#", "awg")
_unit("°", "1", "°", "° grados")
_unit("%", "1", "%", "%")
_unit("lm", "1", "lm", "lm lumen lumenes")
_unit("psi", "1", "psi", "psi")
_unit("gb", "1", "gb", "gb")
_unit("u", "1", "u", "und unds unidad unidades pza pzas pz pcs pieza piezas uds ud servicios")

_NUMEROS = {
    "medio": "1/2", "media": "1/2", "un cuarto": "1/4", "tres cuartos": "3/4", "cuarto": "1/4",
    "un": "1", "una": "1", "uno": "1", "dos": "2", "tres": "3", "cuatro": "4", "cinco": "5",
    "seis": "6", "siete": "7", "ocho": "8", "nueve": "9", "diez": "10", "once": "11",
    "doce": "12", "quince": "15", "veinte": "20", "treinta": "30", "cincuenta": "50", "cien": "100",
}  # fmt: skip

_ESCRITAS = "|".join(sorted((re.escape(u) for u in _UNIDADES), key=len, reverse=True))
_PALABRAS_UNIDAD = "|".join(sorted((u for u in _UNIDADES if len(u) > 2), key=len, reverse=True))
_HABLADO = re.compile(
    rf"\b({'|'.join(sorted(_NUMEROS, key=len, reverse=True))}) (?:de )?({_PALABRAS_UNIDAD})\b"
    r"(?: y (media|medio|un cuarto|cuarto|tres cuartos)\b)?"
)
# "de 10 pulgadas", "3/4 de pulgada": the word between a fraction and its unit says nothing.
_DE_UNIDAD = re.compile(rf"(\d/\d+) de (?=(?:{_PALABRAS_UNIDAD})\b)")
_PULGADA_Y = re.compile(
    r"(?<!\d )\b(?:una )?pulgada y (media|medio|un cuarto|cuarto|tres cuartos)\b"
)
# A plumber's "de media", "de tres cuartos": inches, left unsaid.
_FRACCIONES = {
    "tres cuartos": "3/4", "tres octavos": "3/8", "cinco octavos": "5/8", "siete octavos": "7/8",
    "un cuarto": "1/4", "tres dieciseisavos": "3/16", "cinco dieciseisavos": "5/16",
}  # fmt: skip
_SIN_UNIDAD = re.compile(
    rf"(?<=\bde )({'|'.join(_FRACCIONES)}|media(?=$|[ ]?[.,;?!)]|[ ]x|[ ]pvc))\b"
)
_Y_MEDIA = re.compile(r"\b(\d+) (pulgadas?|metros?|kilos?|litros?) y (media|medio|cuarto)\b")

# Whether any of the rewritings above could apply: most names have no such word.
_HABLADO_TAL_VEZ = re.compile(
    rf"\b(?:{'|'.join(w for w in _NUMEROS if ' ' not in w)}|octavos|pulgada)\b|\d de "
)

# Longer figures (telephones, bar codes) are codes, not amounts.
_CANTIDAD = r"\d{1,9}[ -]\d{1,2}/\d{1,2}(?!\d)|\d{1,9}/\d{1,9}|\d{1,9}(?!\d)(?:[.,]\d{1,9})*(?!\d)"
_FIN = r"(?![a-wyz0-9]|x(?!\d))"  # the x of 3/8"x2" is no letter of a unit
# An "a" after a space is a preposition, not ampere.
_MEDIDA = (
    rf"(?:{_CANTIDAD})(?:(?:{_ESCRITAS}){_FIN}"
    rf"|[ -](?:{_ESCRITAS})(?![a-z0-9'\"])|a(?![a-z]))?"
)
_TERMINO = re.compile(
    rf"""
    # Most words by far, at once; those that may belong to a figure come further down.
    (?P<simple>(?!numero|calibre)[a-z]{{4,}}(?![a-zß-ÿ0-9-]))
    | (?P<compuesta>(?:{_MEDIDA})(?:\ ?x\ ?(?:{_MEDIDA}))+(?![a-z0-9]))
    | (?:no|nro|num|numero|n°|cal|calibre|\#)\.?\ ?(?P<calibre>\d{{1,9}})(?![a-z0-9/.,]*\d)
    | (?P<codigo>(?<![a-z0-9])
        (?:[a-z]{{1,5}}\d{{2,9}}[a-z]{{1,4}}|[a-z]{{1,4}}-?\d{{1,9}}[a-z]?
            |(?:ph|pz|sl|tx|wd|sds)[ ]\d{{1,9}}|\d{{10,30}})
        (?![a-z0-9]))
    | (?P<medida>{_MEDIDA})
    | (?P<palabra>[a-zß-ÿ]+(?:-[a-z]+)*)
    """,
    re.VERBOSE,
)
_PARTE = re.compile(rf"({_CANTIDAD})[ -]?({_ESCRITAS}|a)?{_FIN}")
_UNA = re.compile(r"\buñ(as?)\b", re.IGNORECASE)
_FRACCION = re.compile(r"(?:(\d+)[ -])?(\d+)/(\d+)$")


class Medida(NamedTuple):
    """A size. clave: equal sizes have equal ones, whatever the unit they were written in;
    familia: sizes of one familia may contradict each other ("" for a bare number);
    numero: the figure alone, for those who leave the unit out; parte: one side of a 2x50."""

    clave: str
    familia: str
    numero: str
    parte: bool = False


Termino = str | Medida


def terms(texto: str) -> list[Termino]:
    """The stems and sizes of `texto`, in order, without empty words."""
    found: list[Termino] = []
    if not texto.isascii():
        # Before the tilde goes: a claw hammer's uña is no "una".
        texto = _UNA.sub(r"unn\1", unicodedata.normalize("NFC", texto))
    folded = fold(texto)
    if _HABLADO_TAL_VEZ.search(folded):
        folded = _spoken_to_figures(folded)
    for match in _TERMINO.finditer(folded):
        kind, text = match.lastgroup, match.group()
        if kind in ("simple", "palabra"):
            found += [stem(w) for w in text.split("-") if w not in _VACIAS]
        elif kind == "compuesta":
            found += _compound(text)
        elif kind == "calibre":
            found.append(Medida(f"{int(match['calibre'])}#", "#", str(int(match["calibre"]))))
        elif kind == "codigo":
            found.append(_code(text))
        else:
            found += _sizes(text)
    return found


def words(texto: str) -> list[str]:
    return [t for t in terms(texto) if isinstance(t, str)]


def _spoken_to_figures(folded: str) -> str:
    """ "media pulgada" → 1/2 pulgada, "pulgada y media" → 1 1/2 pulgada, "cinco metros" → 5."""

    def figures(match: re.Match[str]) -> str:
        number, unit, more = match.groups()
        return f"{_NUMEROS[number]}{' ' + _NUMEROS[more] if more else ''} {unit}"

    folded = _PULGADA_Y.sub(lambda m: f"1 {_NUMEROS[m[1]]} pulgada", folded)
    folded = _HABLADO.sub(figures, folded)
    folded = _Y_MEDIA.sub(lambda m: f"{m[1]} {_NUMEROS[m[3]]} {m[2]}", folded)
    folded = _DE_UNIDAD.sub(r"\1 ", folded)
    folded = _SIN_UNIDAD.sub(lambda m: _FRACCIONES.get(m[1], "1/2"), folded)
    return re.sub(r"(?<!\d )\bde pulgada\b", "de 1 pulgada", folded)


def _compound(text: str) -> list[Termino]:
    """2x50, 1/4 x 6": its parts, and the whole, which only an equal whole matches."""
    parts = [m for piece in re.split(r"(?<=.) ?x ?(?=\d)", text) for m in _sizes(piece)]
    whole = "x".join(p.numero for p in parts)
    sides = (Medida(p.clave, p.familia, p.numero, True) for p in parts)
    return [*sides, Medida(f"x:{whole}", "x", whole)]


def _code(text: str) -> Medida:
    """PH2, E27, WD-40: letters and figure together; another figure is another thing."""
    letters = re.match(r"[a-z]+", text)
    familia = letters.group() if letters else ""
    clave = text.replace("-", "").replace(" ", "")
    return Medida(clave, f"{familia}:", clave)


@lru_cache(maxsize=20_000)
def _sizes(text: str) -> tuple[Medida, ...]:
    match = _PARTE.match(text)
    if match is None:
        return ()
    unit = _UNIDADES.get("amp" if match[2] == "a" else match[2] or "")
    fraction = _FRACCION.match(match[1])
    if fraction is None:
        return (_size(_value(match[1]), unit),)
    whole, over, under = (int(g or 0) for g in fraction.groups())
    if under in (2, 3, 4, 8, 16, 32, 64) and over < under:
        return (_size(whole + Fraction(over, under), unit or _UNIDADES['"']),)
    # 110/220V: two figures of one unit, not a fraction.
    return (_size(Fraction(over), unit), _size(Fraction(under), unit))


def _size(value: Fraction, unit: tuple[str, Fraction, str] | None) -> Medida:
    if unit is None:
        return Medida(str(value), "", str(value))
    familia, factor, canonical = unit
    # What is weighed or poured has one size, whatever it is written in; lengths have several.
    familia = canonical if canonical in ("g", "ml") else familia
    return Medida(f"{value * factor}{canonical}", familia, str(value))


def _value(text: str) -> Fraction:
    """2,5 and 2.5 are decimals; 1.000 and 1,000 are thousands."""
    if re.fullmatch(r"[1-9]\d{0,2}(?:[.,]\d{3})+", text):
        return Fraction(re.sub(r"[.,]", "", text))
    head, *rest = re.split(r"[.,]", text)
    return Fraction(Decimal(f"{head}.{''.join(rest)}" if rest else head))
