"""What a shop sets of a web channel: where it may be shown, its colour and its first words."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from core.cuentas.origenes import normalize_origen

ORIGENES_MAX = 50


def _printable(value: str) -> str:
    if any(ord(c) < 32 or 0xD800 <= ord(c) < 0xE000 for c in value):
        raise ValueError("es una sola línea de texto")
    return value


def _unique(value: list[str]) -> list[str]:
    return list(dict.fromkeys(value))


_Linea = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_printable)
]
_Origen = Annotated[str, StringConstraints(max_length=300), AfterValidator(normalize_origen)]


def _hex(value: str) -> str:
    if len(value) != 7 or value[0] != "#" or any(c not in "0123456789abcdef" for c in value[1:]):
        raise ValueError("es un color como #0f766e")
    return value


class AjustesWeb(BaseModel):
    """All optional. An empty `origenes` lets no other site show the chat."""

    model_config = ConfigDict(extra="forbid")

    origenes: Annotated[list[_Origen], Field(max_length=ORIGENES_MAX), AfterValidator(_unique)] = []
    color: (
        Annotated[
            str, StringConstraints(strip_whitespace=True, to_lower=True), AfterValidator(_hex)
        ]
        | None
    ) = None
    titulo: Annotated[_Linea, Field(max_length=60)] | None = None
    saludo: Annotated[_Linea, Field(max_length=160)] | None = None
    ejemplos: (
        Annotated[list[Annotated[_Linea, Field(max_length=80)]], Field(max_length=3)] | None
    ) = None
    posicion: Literal["izquierda", "derecha"] | None = None
