"""What a shop may set of its seller: one model, its defaults, and why they are so.

The row (empresa.ajustes) keeps only what was set, beside keys of our own such as "demo". What is
read is always whole: whatever an older release or a hand left there that we cannot use counts as
not set, since a shop must go on selling.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Literal

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    ValidationError,
)
from pydantic_core import from_json, to_json
from sqlalchemy.orm import Session

from core.bitacora import audit
from core.cuentas.horario import Horario, HorarioCambios, zona_de
from core.cuentas.horario import zona as _zona
from core.models import Empresa
from core.ports import Tienda

Trato = Literal["tu", "usted", "vos"]
Tono = Literal["cercano", "neutro", "formal"]
# What may be asked of who buys, and what a shop may write down about itself; the seller knows the
# same names (a test holds them together).
Campo = Literal["nombre", "telefono", "documento", "direccion", "email"]
Tema = Literal[
    "horario",
    "ubicacion",
    "envio",
    "pago",
    "factura",
    "garantia",
    "devoluciones",
    "parqueadero",
    "contacto",
    "servicios",
    "privacidad",
]

# Where a currency is spent: its country gives separators, sign and telephones.
_PAISES = {
    "ARS": "AR", "BOB": "BO", "BRL": "BR", "CLP": "CL", "COP": "CO", "CRC": "CR", "CUP": "CU",
    "DOP": "DO", "EUR": "ES", "GTQ": "GT", "HNL": "HN", "MXN": "MX", "NIO": "NI", "PAB": "PA",
    "PEN": "PE", "PYG": "PY", "USD": "US", "UYU": "UY", "VES": "VE",
}  # fmt: skip
# Where a shop that says "tú" sounds foreign. Elsewhere both are heard, and "tú" offends nobody.
_VOSEAN = frozenset({"ARS", "PYG", "UYU"})
# A reply carries it whole, beside an offer; Telegram cuts at 4,096.
_TEXTO_MAX = 1000
# A month: what left the shop is no longer the customer's to change.
_MINUTOS_MAX = 30 * 24 * 60
_HORAS_MAX = 30 * 24
_MINUTOS_SILENCIO_MAX = 7 * 24 * 60
_FESTIVOS_MAX = 400


def _locale(value: str) -> str:
    try:
        return str(Locale.parse(value.strip().replace("-", "_")))
    except (ValueError, UnknownLocaleError) as e:
        raise ValueError("no es un idioma con país, como es_CO") from e


def _pais(value: str) -> str:
    if value.upper() not in get_global("territory_currencies"):
        raise ValueError("es el código de un país, como CO")
    return value.upper()


def _storable(value: str) -> str:
    if any(c < " " and c != "\n" for c in value):
        raise ValueError("contiene caracteres que no son texto")
    return value


def _each_once(values: list[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


Texto = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=_TEXTO_MAX),
    AfterValidator(_storable),
]


_Minutos = Annotated[int, Field(ge=0, le=_MINUTOS_SILENCIO_MAX, strict=True)]
_Festivos = Annotated[list[date], Field(max_length=_FESTIVOS_MAX), AfterValidator(_each_once)]


class Ajustes(BaseModel):
    """What was set; None is the default, which the shop's currency may decide."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    locale: Annotated[str, AfterValidator(_locale)] | None = Field(
        default=None, description="Cómo se escriben cifras y dinero. Sin él, el de su país."
    )
    pais: Annotated[str, AfterValidator(_pais)] | None = Field(
        default=None,
        description="ISO 3166 de dos letras, para los teléfonos. Sin él, el de su moneda.",
    )
    trato: Trato | None = Field(
        default=None,
        description="Cómo se habla al cliente. Sin él, vos donde se paga en ARS, PYG o UYU; en los "
        "demás, tú.",
    )
    # The wording as it was always written: friendly, without exaggeration.
    tono: Tono = "neutro"
    # Nothing: who buys at a counter says no name either, and each question loses buyers.
    datos_requeridos: Annotated[list[Campo], AfterValidator(_each_once)] = Field(
        default_factory=list, description="Sin qué no se registra una venta."
    )
    informacion: dict[Tema, Texto] = Field(
        default_factory=dict, description="Lo que se contesta, tal cual, a quien lo pregunta."
    )
    # An hour: long enough for a change of mind, short enough that nothing was packed yet.
    minutos_para_cambiar: int = Field(
        default=60,
        ge=0,
        le=_MINUTOS_MAX,
        strict=True,
        description="Cuánto puede el cliente mismo cancelar o cambiar una venta. 0: nunca.",
    )
    # Who went to look at the shelf, or to lunch, is back by then; the customer is still there.
    minutos_silencio_persona: _Minutos = Field(
        default=120,
        description="Sin que la persona que tomó un chat escriba, el bot vuelve a atenderlo y "
        "contesta lo que quedó sin respuesta. 0: nunca.",
    )
    bot_activo: StrictBool = Field(
        default=True,
        description="false: el bot calla en todas partes. Lo que escriban se guarda, y se avisa "
        "una vez por conversación.",
    )
    horario_atencion: Horario | None = Field(
        default=None,
        description="Cuándo contesta una persona: por día, intervalos como 08:00-12:30. Sin él no "
        "se promete ninguna hora.",
    )
    zona_horaria: Annotated[str, AfterValidator(_zona)] | None = Field(
        default=None, description="Como America/Bogota. Sin ella, la de la capital de su país."
    )
    festivos: _Festivos = Field(default_factory=list, description="Días en que no se atiende.")
    # A yes of the next day is to prices that nobody remembers.
    oferta_horas: int = Field(
        default=24,
        ge=1,
        le=_HORAS_MAX,
        strict=True,
        description="Cuánto vale una oferta; después se revisa con los precios de ahora.",
    )
    politica_descuento: Texto | None = Field(
        default=None, description="Lo que se contesta, tal cual, a quien pide descuento."
    )
    tope_modelo_mensual: Decimal | None = Field(
        default=None,
        ge=0,
        max_digits=14,
        decimal_places=2,
        description="Lo que el modelo puede costar al mes, en la moneda de su lista de precios; "
        "después se atiende sin modelo. Sin él, sin tope.",
    )

    def con_moneda(self, moneda: str) -> "Ajustes":
        """With what the currency decides filled in."""
        pais = self.pais or _PAISES.get(moneda)
        return self.model_copy(
            update={
                "pais": pais,
                "locale": self.locale or _locale_of(pais),
                "zona_horaria": self.zona_horaria or zona_de(pais),
                "trato": self.trato or ("vos" if moneda in _VOSEAN else "tu"),
            }
        )


class AjustesCambios(Ajustes):
    """Lo que no se nombra queda como está; null vuelve al valor por defecto, también dentro de
    `informacion`."""

    model_config = ConfigDict(extra="forbid")

    tono: Tono | None = None  # type: ignore[assignment]
    datos_requeridos: Annotated[list[Campo], AfterValidator(_each_once)] | None = None  # type: ignore[assignment]
    informacion: dict[Tema, Texto | None] | None = None  # type: ignore[assignment]
    minutos_para_cambiar: Annotated[int, Field(ge=0, le=_MINUTOS_MAX, strict=True)] | None = None  # type: ignore[assignment]
    oferta_horas: Annotated[int, Field(ge=1, le=_HORAS_MAX, strict=True)] | None = None  # type: ignore[assignment]
    minutos_silencio_persona: _Minutos | None = None  # type: ignore[assignment]
    bot_activo: StrictBool | None = None  # type: ignore[assignment]
    horario_atencion: HorarioCambios | None = None  # type: ignore[assignment]
    festivos: _Festivos | None = None  # type: ignore[assignment]


def _locale_of(pais: str | None) -> str:
    """Spanish as it is written there; babel's es_BR writes figures as nobody there does."""
    if pais == "BR":
        return "pt_BR"
    try:
        return str(Locale.parse(f"es_{pais}")) if pais else "es"
    except UnknownLocaleError:
        return "es"


def read_ajustes(guardados: Mapping[str, Any], moneda: str) -> Ajustes:
    """The settings in force, whole. Never raises."""
    return _read(to_json(guardados, fallback=str), moneda)


def ajustes_de(tienda: Tienda) -> Ajustes:
    return read_ajustes(tienda.ajustes, tienda.moneda)


@lru_cache(maxsize=512)
def _read(guardados: bytes, moneda: str) -> Ajustes:
    """Asked several times a turn, and seldom another."""
    try:
        found = Ajustes.model_validate_json(guardados)
    except ValidationError as e:
        # A key that is none is told as (…, key, "[key]").
        bad = {tuple(x for x in err["loc"] if x != "[key]") for err in e.errors()}
        found = Ajustes.model_validate(_without(guardados, bad))
    return found.con_moneda(moneda)


def _without(guardados: bytes, bad: Iterable[tuple[Any, ...]]) -> Any:
    """The tree without what stands at the places `bad`."""
    kept = from_json(guardados)
    for *where, last in sorted(bad, key=str, reverse=True):  # from the end: lists get shorter
        branch = kept
        for step in where:
            branch = branch[step]
        del branch[last]
    return kept


def update_empresa(
    session: Session,
    *,
    empresa_id: int,
    actor: str,
    nombre: str | None = None,
    cambios: AjustesCambios | None = None,
) -> Empresa:
    """Change what is named and leave the rest, keys of our own included; null forgets what was
    set. Written down in the log, without any text, when something changed."""
    empresa = session.get_one(Empresa, empresa_id, with_for_update=True)
    asked = cambios.model_dump(mode="json", exclude_unset=True) if cambios else {}
    ajustes = _merged(empresa.ajustes, asked)
    changed = sorted(k for k in asked if ajustes.get(k) != empresa.ajustes.get(k))
    if nombre is not None and nombre != empresa.nombre:
        empresa.nombre = nombre
        changed.append("nombre")
    if changed:
        empresa.ajustes = ajustes
        audit(
            session,
            empresa_id=empresa_id,
            accion="empresa.ajustar",
            actor=actor,
            objeto=f"empresa:{empresa_id}",
            campos=changed,
        )
    return empresa


def _merged(kept: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """RFC 7396: a JSON merge patch."""
    out = dict(kept)
    for key, value in changes.items():
        if isinstance(value, Mapping):
            before = out.get(key)
            out[key] = _merged(before if isinstance(before, Mapping) else {}, value)
        elif value is None:
            out.pop(key, None)
        else:
            out[key] = value
    return out
