"""The files that an exam is written in, checked: which entry is wrong, and in which field.

What a file has beside the known fields is left alone and told, since a misspelt field examines
nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from core.errors import Invalid, explain

# So many complaints are enough to begin with.
_QUEJAS_MAX = 10
# What pydantic calls the kinds of a union, in between the fields.
_CLASES = frozenset({"int", "str"})


def _a_text(value: object) -> object:
    """A figure may stand without quotes; of `no` and `2.50` YAML makes something else than text."""
    if isinstance(value, bool | float):
        raise ValueError("es un texto: escríbalo entre comillas")
    return str(value) if isinstance(value, int) else value


def _a_fact(value: object) -> object:
    if isinstance(value, bool | float):
        raise ValueError("es un texto entre comillas o un número entero")
    return value


def _a_list(value: object) -> object:
    return value if isinstance(value, list | None) else [value]


def _a_venta(value: object) -> object:
    """[sku, cantidad] or {sku, cantidad}."""
    if isinstance(value, list) and len(value) == 2:
        return {"sku": value[0], "cantidad": value[1]}
    return value


class Leido(BaseModel):
    """An object of a file; `model_extra` is what we do not know."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)


Texto = Annotated[str, BeforeValidator(_a_text)]
# A word that must be said, or a figure however it is written.
Dato = Annotated[int | str, BeforeValidator(_a_fact)]
Datos = Annotated[list[Dato], BeforeValidator(_a_list)]


class VentaLeida(Leido):
    sku: Texto
    cantidad: Decimal
    precio_unitario: Any = None


class FinalLeido(Leido):
    ventas: list[Annotated[VentaLeida, BeforeValidator(_a_venta)]]
    humano: bool | None = None
    nota: Any = None


class EsperadoLeido(FinalLeido):
    alternativas: list[FinalLeido] | None = None
    max_ventas_registradas: int = 1
    total: Any = None
    stock_final: Any = None


class FraseLeida(Leido):
    cliente: Texto
    rapido: bool | None = None
    mismo_message_id: bool | None = None
    debe_contener: Datos | None = None
    debe_contener_alguno: Annotated[list[Datos], BeforeValidator(_a_list)] | None = None
    no_debe_contener: Datos | None = None
    venta_permitida: bool | None = None


class AutoLeido(Leido):
    si_pide_datos: Texto | None = None
    si_pide_aclarar: Texto | None = None
    si_pide_confirmar_al_final: Texto | None = None
    max_extra: int | None = None


class DialogoLeido(Leido):
    id: Texto
    tema: Annotated[list[Texto], BeforeValidator(_a_list)] | None = None
    turnos: list[FraseLeida] = Field(min_length=1)
    esperado: EsperadoLeido
    auto: AutoLeido | None = None
    nota: Any = None
    split: Any = None


def read_guion(leido: Any) -> list[DialogoLeido]:
    """The dialogues of a parsed YAML. Raises Invalid that names entries and fields."""
    if not leido:
        raise Invalid("El archivo de diálogos está vacío: no tiene el formato esperado.")
    try:
        return TypeAdapter(list[DialogoLeido]).validate_python(leido)
    except ValidationError as e:
        raise Invalid(
            "El archivo de diálogos no tiene el formato esperado.",
            errores=list(_complaints(e, leido)),
        ) from e


def _complaints(failure: ValidationError, leido: Any) -> Iterator[dict[str, str]]:
    problems = failure.errors()
    # Of a union, pydantic tells of each of its kinds: once is enough.
    said = dict.fromkeys((_place(p["loc"], leido), explain(p)) for p in problems)
    for n, (campo, mensaje) in enumerate(said):
        if n == _QUEJAS_MAX:
            yield {"campo": "y", "mensaje": f"{len(said) - n} más"}
            return
        yield {"campo": campo, "mensaje": mensaje}


def _place(loc: Sequence[int | str], leido: Any) -> str:
    """Where it is, as a person counts: `diálogo 3 (p07), turnos[2].cliente`."""
    if not loc:
        return "archivo"
    n = loc[0]
    assert isinstance(n, int)  # the file is a list
    entry = leido[n]
    id_ = entry.get("id") if isinstance(entry, Mapping) else None
    named = f"diálogo {n + 1}" + (f" ({id_})" if id_ is not None else "")
    path = _path([x for x in loc[1:] if x not in _CLASES])
    return f"{named}, {path}" if path else named


def _path(loc: Sequence[int | str]) -> str:
    said = "".join(f"[{x + 1}]" if isinstance(x, int) else f".{x}" for x in loc)
    return said.removeprefix(".")


def unknown_fields(leido: Any) -> list[str]:
    """What is written there and examines nothing, each with the name that may have been meant.
    Raises Invalid as read_guion does."""
    told = []
    for n, dialogo in enumerate(read_guion(leido), 1):
        for path, parent, name in _extras(dialogo):
            near = get_close_matches(name, type(parent).model_fields, n=1, cutoff=0.8)
            meant = f"; ¿quiso decir «{near[0]}»?" if near else ""
            where = f", {path}" if path else ""
            told.append(f"diálogo {n} ({dialogo.id}){where}: no se conoce «{name}»{meant}")
    return told


def _extras(leido: Leido, path: str = "") -> Iterator[tuple[str, Leido, str]]:
    for name in leido.model_extra or {}:
        yield path, leido, name
    for name in type(leido).model_fields:
        value = getattr(leido, name)
        here = f"{path}.{name}" if path else name
        if isinstance(value, Leido):
            yield from _extras(value, here)
        elif isinstance(value, list):
            for n, each in enumerate(value, 1):
                if isinstance(each, Leido):
                    yield from _extras(each, f"{here}[{n}]")
