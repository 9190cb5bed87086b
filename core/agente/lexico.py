"""The vocabulary of understanding, compiled from prompts/lexico.yaml, where all of it stands."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

_ARCHIVO = Path(__file__).parent / "prompts" / "lexico.yaml"


class Rasgo(StrEnum):
    """Something that a message does, whatever else it does."""

    ATAQUE = "ataque"
    PRESUME = "presume"
    HUMANO = "humano"
    QUEJA = "queja"
    DESCUENTO = "descuento"
    PRECIO = "precio"
    PREGUNTA = "pregunta"
    PRODUCTO = "producto"
    PEDIR = "pedir"
    AGREGAR = "agregar"
    QUITAR = "quitar"
    CAMBIAR = "cambiar"
    SOLO = "solo"
    CONDICION = "condicion"
    APLAZA = "aplaza"
    DUDA = "duda"
    CANCELA = "cancela"
    RECHAZA = "rechaza"
    ADIOS = "adios"
    SALUDO = "saludo"
    AJENO = "ajeno"
    RETOMA = "retoma"
    RESERVA = "reserva"
    FOTO = "foto"
    SEGUIMIENTO = "seguimiento"
    VACIA = "vacia"
    BAJA = "baja"
    ALTA = "alta"


_leido: dict[str, Any] = yaml.safe_load(_ARCHIVO.read_text(encoding="utf-8"))


def _any(patrones: list[str]) -> str:
    """One alternation; longer first, since the first that fits wins."""
    return "|".join(_expand(p) for p in sorted(patrones, key=len, reverse=True))


def _expand(patron: str) -> str:
    """<name> is the forma of that name, ~ any ending of a verb."""
    named = re.sub(r"<(\w+)>", lambda m: f"(?:{_any(_leido['formas'][m[1]])})", patron)
    respelt = re.sub(r"([gcz])~", lambda m: f"(?:{m[1]}|{_ANTE_E[m[1]]})~", named)
    return respelt.replace("~", _FIN)


# What a stem's last letter becomes before e: agregar, agregue; sacar, saque; empezar, empiece.
_ANTE_E = {"g": "gu", "c": "qu", "z": "c"}


def _alternatives(entry: str) -> list[str]:
    """An entry's alternatives, cut at the bars outside its parentheses."""
    cut, depth, start = [], 0, 0
    for i, char in enumerate(entry):
        depth += (char == "(") - (char == ")")
        if char == "|" and not depth:
            cut.append(entry[start:i])
            start = i + 1
    return [*cut, entry[start:]]


def terminaciones() -> list[str]:
    """The endings that ~ stands for."""
    return str(_leido["terminaciones"]).split()


_FIN = f"(?:{'|'.join(sorted(_leido['terminaciones'].split(), key=len, reverse=True))})"

RASGOS = {r: re.compile(_any(_leido["rasgos"][r.value])) for r in Rasgo}
TEMAS = {tema: re.compile(_any(patrones)) for tema, patrones in _leido["temas"].items()}
CONDICION_SI = re.compile(rf"\bsi (?:{_any(_leido['condicion_si'])})\b")

# How a yes is said, phrase by phrase.
_asentir: dict[str, list[str]] = yaml.safe_load(
    _ARCHIVO.with_name("asentir.yaml").read_text(encoding="utf-8")
)
# One by one: which is longest decides, and an alternation would stop at the first that fits.
ASENTIR = tuple(
    (tipo, re.compile(rf"(?:{_expand(frase)})(?!\w)"))
    for tipo, frases in _asentir.items()
    for entry in frases
    for frase in _alternatives(entry)
)
SI_FUERTE = re.compile(rf"\b(?:{_any(_asentir['fuerte'])})\b")

PELIGRO = re.compile(_any(_leido["peligro"]))
SOBRE_LO_OFRECIDO = re.compile(rf"^(?:[¿,] |y |pero )*(?:{_any(_leido['sobre_lo_ofrecido'])})")
RUIDO = re.compile(_any(_leido["ruido"]))
PRECIOS = re.compile(_any(_leido["precios"]))

# Words by themselves: what orders, adds, removes or changes is no part of a product's name.
VERBO = re.compile(f"{_any(_leido['formas']['pedir'])}|{_any(_leido['formas']['cambiar'])}")
HACER = re.compile(_any(_leido["formas"]["hacer"]))
PEDIR = re.compile(rf"\b(?:{_any(_leido['formas']['pedir'])})\b")
AGREGAR = re.compile(_any(_leido["formas"]["agregar"]))
QUITAR = re.compile(_any(_leido["formas"]["quitar"]))

VOCATIVOS = frozenset(_leido["vocativos"].split())
RELLENO = frozenset(_leido["relleno"].split()) | VOCATIVOS
CALIFICATIVOS = frozenset(_leido["calificativos"].split())
ESCRITURAS = {typed: word for word, ways in _leido["escrituras"].items() for typed in ways.split()}

# Said about the sale, not about a product: taken out before looking for products.
AJENAS_AL_PRODUCTO = tuple(
    RASGOS[r]
    for r in (
        Rasgo.DESCUENTO,
        Rasgo.PRECIO,
        Rasgo.DUDA,
        Rasgo.APLAZA,
        Rasgo.ADIOS,
        Rasgo.CANCELA,
        Rasgo.PRESUME,
        Rasgo.VACIA,
    )
)
