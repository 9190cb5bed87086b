"""Figures as people say them: docena y media, ciento veinte, tres cuartos, metro y medio, 15 o 20.

Also the words for what is counted (caja, metro) and what only measures (oz, pulgada).
"""

from decimal import Decimal

from core.agente.lexico import RELLENO, VERBO
from core.agente.palabras import Ficha


def _table(pairs: dict[str, str]) -> dict[str, str]:
    spelt = {word: name for name, words in pairs.items() for word in [name, *words.split()]}
    return {**{word.replace("ñ", "n"): name for word, name in spelt.items()}, **spelt}


# What a customer may count or measure an order in → one name for it.
UNIDADES = _table(
    {
        "unidad": "unidades und unds uds ud unid unids pieza piezas pza pzas pz pzs",
        "metro": "metros mts mt m mtr mtrs",
        "kg": "kilo kilos kgs kilogramo kilogramos kl",
        "litro": "litros lt lts l",
        "galón": "galon galones gal",
        "gramo": "gramos gr grs g",
        "libra": "libras lb lbs",
        "caja": "cajas cajita cajitas cja",
        "bolsa": "bolsas bolsita",
        "bulto": "bultos",
        "saco": "sacos costal costales",
        "paquete": "paquetes paq pack packs",
        "rollo": "rollos",
        "par": "pares",
        "juego": "juegos set sets kit kits",
        "lata": "latas",
        "bote": "botes tarro tarros pote potes",
        "cubeta": "cubetas",
        "cuñete": "cuñetes caneca canecas",
        "plancha": "planchas",
        "lámina": "lamina laminas",
        "hoja": "hojas",
        "pliego": "pliegos",
        "tira": "tiras",
        "cartucho": "cartuchos",
        "frasco": "frascos",
        "botella": "botellas",
        "cuarto": "cuartos",
    }
)
# Counted whole, so "cemento 3 bultos" is an order; "manguera 15 metros" is a size.
CONTABLES = frozenset(UNIDADES.values()) - {"metro", "kg", "litro", "galón", "gramo", "libra"}

# Only ever part of a product's description.
MEDIDAS = frozenset(
    "mm cm cms milimetro milimetros centimetro centimetros pulgada pulgadas pulg plg pulgs in "
    "oz onza onzas w watt watts wats vatio vatios watios v volt volts voltio voltios a amp amps "
    "amper amperio amperios amperes hp caballos cc ml peldaño peldaños escalon escalones pasos "
    "dientes psi rpm awg ft pie pies ah mah lm lumenes k ° grados puestos vias polos servicios m2 "
    "m3 mm2 puntas canales hilos velocidades".split()
)
# Words after which a figure is a model or a size, never a quantity.
MARCAN_MEDIDA = frozenset("calibre cal numero nro num # talla grano tipo modelo ref".split())

_VALORES = {
    "un": 1, "una": 1, "uno": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6,
    "siete": 7, "ocho": 8, "nueve": 9, "diez": 10, "once": 11, "doce": 12, "trece": 13,
    "catorce": 14, "quince": 15, "dieciseis": 16, "diecisiete": 17, "dieciocho": 18,
    "diecinueve": 19, "veinte": 20, "veintiun": 21, "veintiuno": 21, "veintiuna": 21,
    "veintidos": 22, "veintitres": 23, "veinticuatro": 24, "veinticinco": 25, "veintiseis": 26,
    "veintisiete": 27, "veintiocho": 28, "veintinueve": 29, "treinta": 30, "cuarenta": 40,
    "cincuenta": 50, "sesenta": 60, "setenta": 70, "ochenta": 80, "noventa": 90, "cien": 100,
    "ciento": 100, "doscientos": 200, "doscientas": 200, "trescientos": 300, "trescientas": 300,
    "cuatrocientos": 400, "cuatrocientas": 400, "quinientos": 500, "quinientas": 500,
    "seiscientos": 600, "seiscientas": 600, "setecientos": 700, "setecientas": 700,
    "ochocientos": 800, "ochocientas": 800, "novecientos": 900, "novecientas": 900,
}  # fmt: skip
_COLECTIVOS = {
    "docena": 12, "docenas": 12, "decena": 10, "decenas": 10, "veintena": 20, "quincena": 15,
    "treintena": 30, "centena": 100, "centenas": 100, "centenar": 100, "centenares": 100,
    "docenita": 12, "docenitas": 12, "cientos": 100, "millar": 1000, "millares": 1000,
    "gruesa": 144,
}  # fmt: skip
_MILES = {"mil": 1000, "millon": 1_000_000, "millones": 1_000_000}
_ARTICULOS = frozenset({"un", "una", "uno"})
_MEDIO = frozenset({"medio", "media"})
_ESCRITOS = {Decimal("0.5"): "1/2", Decimal("0.25"): "1/4", Decimal("0.75"): "3/4"}


def numerar(tokens: list[Ficha]) -> list[Ficha]:
    """`tokens` with the figures that are said in words, joined and valued."""
    out: list[Ficha] = []
    i = 0
    while i < len(tokens):
        found, i = _figure(tokens, i, out)
        out.append(found)
    return _ranges(_halves(out))


def escribir(valor: Decimal) -> str:
    """A value as a product's name would write it: 1/2, 12, 2.5."""
    whole, part = divmod(valor, 1)
    if part in _ESCRITOS:
        return f"{int(whole)} {_ESCRITOS[part]}" if whole else _ESCRITOS[part]
    return f"{valor.normalize():f}"


def _figure(tokens: list[Ficha], i: int, before: list[Ficha]) -> tuple[Ficha, int]:
    """The token at i, or the figure that begins there, and where the next one starts."""
    first = tokens[i]
    part = _fraction(tokens, i, before)
    if part is not None:
        return part
    if first.valor is None and first.t not in _VALORES and first.t != "mil":
        if first.t in _COLECTIVOS:
            return _collective(Ficha("1", Decimal(1), articulo=True), tokens, i)
        return first, i + 1
    figure, i = _cardinal(tokens, i)
    if i < len(tokens) and tokens[i].t in _COLECTIVOS:
        return _collective(figure, tokens, i)
    return figure, i


def _cardinal(tokens: list[Ficha], i: int) -> tuple[Ficha, int]:
    """ciento veinte, treinta y cinco, 2 mil, dos mil quinientos."""
    start, total, group = i, Decimal(0), Decimal(0)
    if tokens[i].valor is not None:
        group, i = tokens[i].valor or Decimal(0), i + 1
        if i == len(tokens) or tokens[i].t not in _MILES:
            return tokens[start], i
    while i < len(tokens):
        word = tokens[i].t
        if word in _MILES:
            total, group = (total + (group or 1)) * _MILES[word], Decimal(0)
        elif word in _VALORES and _adds(group, _VALORES[word]):
            group += _VALORES[word]
        elif not _joins(tokens, i, group):
            break
        i += 1
    value = total + group
    articulo = i == start + 1 and tokens[start].t in _ARTICULOS
    return Ficha(escribir(value), value, articulo=articulo), i


def _adds(group: Decimal, value: int) -> bool:
    """ciento + veinte, treinta + cinco; never dos + tres."""
    if not group:
        return True
    if value >= 100:
        return False
    tail = group % 100
    return tail == 0 if value >= 10 else tail % 10 == 0 and tail != 10


def _joins(tokens: list[Ficha], i: int, group: Decimal) -> bool:
    """The y of treinta y cinco, and of no list."""
    return (
        tokens[i].t == "y"
        and group % 100 >= 30
        and group % 10 == 0
        and i + 1 < len(tokens)
        and 0 < _VALORES.get(tokens[i + 1].t, 0) < 10
    )


def _collective(figure: Ficha, tokens: list[Ficha], i: int) -> tuple[Ficha, int]:
    """docena y media = 18."""
    each = _COLECTIVOS[tokens[i].t]
    value = (figure.valor or Decimal(0)) * each
    i += 1
    if i + 1 < len(tokens) and tokens[i].t == "y" and tokens[i + 1].t in _MEDIO:
        value, i = value + Decimal(each) / 2, i + 2
    return Ficha(escribir(value), value, docena=each == 12), i


def _fraction(tokens: list[Ficha], i: int, before: list[Ficha]) -> tuple[Ficha, int] | None:
    """medio kilo, media docena, de media, tres cuartos, un cuarto de kilo."""
    word = tokens[i].t
    nxt = tokens[i + 1].t if i + 1 < len(tokens) else ""
    if word in _MEDIO:
        if nxt in _COLECTIVOS or nxt == "ciento":
            value = Decimal(_COLECTIVOS.get(nxt, 100)) / 2
            return Ficha(escribir(value), value, docena=True), i + 2
        sized = nxt in UNIDADES or nxt in MEDIDAS or _halves_a_thing(nxt, before)
        named = bool(before) and before[-1].t in ("de", "del", "x", "por", "a")
        return (Ficha("1/2", Decimal("0.5")), i + 1) if sized or named else None
    if word == "tres" and nxt == "cuartos":
        return Ficha("3/4", Decimal("0.75")), i + 2
    return _quarter(tokens, i)


def _halves_a_thing(nxt: str, before: list[Ficha]) -> bool:
    """The half of "véndeme media carretilla", not of "llave de media"."""
    opens = not before or VERBO.fullmatch(before[-1].t) is not None
    return opens and nxt.isalpha() and nxt not in RELLENO


def _quarter(tokens: list[Ficha], i: int) -> tuple[Ficha, int] | None:
    j = i + 1 if tokens[i].t == "un" else i
    if j >= len(tokens) or tokens[j].t != "cuarto":
        return None
    j += 1
    unit = j + 1 if j < len(tokens) and tokens[j].t == "de" else j
    if unit < len(tokens) and (tokens[unit].t in UNIDADES or tokens[unit].t in MEDIDAS):
        return Ficha("1/4", Decimal("0.25")), unit
    return None


def _halves(tokens: list[Ficha]) -> list[Ficha]:
    """metro y medio → 1.5 metro; 2 pulgadas y media → 2 1/2 pulgadas."""
    out: list[Ficha] = []
    for token in tokens:
        out.append(token)
        if len(out) < 3 or out[-2].t != "y" or token.t not in (*_MEDIO, "1/2"):
            continue
        if len(out) > 3 and out[-3].valor is not None and out[-4].t in ("de", "del"):
            value = out[-3].valor + Decimal("0.5")  # "amoladora de 4 y media"
            out[-3:] = [Ficha(escribir(value), value)]
            continue
        if out[-3].t not in UNIDADES and out[-3].t not in MEDIDAS:
            continue
        unit = out[-3]
        del out[-3:]
        whole = out.pop().valor if out and out[-1].valor is not None else Decimal(1)
        value = (whole or Decimal(1)) + Decimal("0.5")
        out += [Ficha(escribir(value), value), unit]
    return out


def _consecutive(out: list[Ficha]) -> bool:
    """ "cinco, seis tornillos" said in one breath: one or the other."""
    if len(out) < 2 or out[-1].valor is None or out[-2].valor is None:
        return False
    return out[-1].valor == out[-2].valor + 1 and not out[-2].articulo and not out[-2].docena


def _ranges(tokens: list[Ficha]) -> list[Ficha]:
    """15 o 20, 10 a 15, entre 3 y 5: two figures and no quantity."""
    out: list[Ficha] = []
    for token in tokens:
        out.append(token)
        if _consecutive(out):
            out[-2:] = [Ficha(f"{out[-2].t} o {token.t}", token.valor, rango=True)]
        if len(out) < 3 or token.valor is None or out[-3].valor is None:
            continue
        between = len(out) > 3 and out[-4].t == "entre" and out[-2].t == "y"
        if out[-2].t in ("o", "u", "a", "-") or between:
            text = f"{out[-3].t} {out[-2].t} {token.t}"
            del out[-3:]
            out.append(Ficha(text, token.valor, rango=True))
    return out
