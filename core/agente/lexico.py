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


def terminaciones() -> list[str]:
    """The endings that ~ stands for."""
    return str(_leido["terminaciones"]).split()


_FIN = f"(?:{'|'.join(sorted(_leido['terminaciones'].split(), key=len, reverse=True))})"

RASGOS = {r: re.compile(_any(_leido["rasgos"][r.value])) for r in Rasgo}
TEMAS = {tema: re.compile(_any(patrones)) for tema, patrones in _leido["temas"].items()}
CONDICION_SI = re.compile(rf"\bsi (?:{_any(_leido['condicion_si'])})\b")

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

SI_FUERTE = re.compile(rf"\b(?:{_any(_leido['si_fuerte'])})\b")
SI_DEBIL = re.compile(rf"\b(?:{_any(_leido['si_debil'])})\b")
_VOCATIVOS = frozenset(_leido["vocativos"].split())
CORTESIA = frozenset(_leido["cortesia"].split()) | _VOCATIVOS
CORTESIA_FUERTE = CORTESIA | frozenset(_leido["cortesia_fuerte"].split())
RELLENO = frozenset(_leido["relleno"].split()) | _VOCATIVOS
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
    )
)
