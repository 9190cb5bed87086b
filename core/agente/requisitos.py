"""What a shop wants to know before it sells: whether what was told is one, and in which form.

ajustes["datos_requeridos"] names the fields; ajustes["pais"], or else the currency, says whose
telephones and documents are meant.
"""

import re
from collections.abc import Mapping
from typing import Any

import phonenumbers

from core.ports import Tienda

CAMPOS = ("nombre", "telefono", "documento", "direccion", "email")

# Where a currency is spent. With several countries a number of any of them is one.
_PAISES = {
    "ARS": ("AR",), "BOB": ("BO",), "CLP": ("CL",), "COP": ("CO",), "CRC": ("CR",), "DOP": ("DO",),
    "EUR": ("ES",), "GTQ": ("GT",), "HNL": ("HN",), "MXN": ("MX",), "NIO": ("NI",), "PEN": ("PE",),
    "PYG": ("PY",), "USD": ("EC", "US", "PA", "SV", "PR"), "UYU": ("UY",), "VES": ("VE",),
}  # fmt: skip
_DOCUMENTOS = {
    "AR": r"\d{7,8}|\d{11}",
    "CL": r"\d{7,8}[\dK]",
    "CO": r"\d{5,11}",
    "EC": r"\d{10}|\d{13}",
    "ES": r"\d{8}[A-Z]|[XYZ]\d{7}[A-Z]|[A-W]\d{7}[\dA-J]",
    "MX": r"[A-ZÑ&]{3,4}\d{6}[A-Z\d]{3}|[A-Z]{4}\d{6}[A-Z\d]{8}|[A-Z]{6}\d{8}[A-Z\d]{4}|\d{9,13}",
    "PE": r"\d{8,9}|\d{11}",
}
_PASAPORTE = r"[A-Z]{1,3}\d{5,9}"
_OTRO_DOCUMENTO = r"(?=(?:.*\d){4})[A-Z\d]{5,20}"
_EMAIL = re.compile(
    r"[a-z\d_](?:[\w.+-]*[\w+-])?@(?:[a-z\d](?:[a-z\d-]*[a-z\d])?\.)+[a-z]{2,}", re.IGNORECASE
)
_EMAIL_MAX = 254
_LETRA_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"


def requeridos(tienda: Tienda) -> list[str]:
    """The fields that the shop wants, often none, in the order in which they are asked."""
    wanted = tienda.ajustes.get("datos_requeridos") or []
    return [c for c in CAMPOS if c in wanted]


def faltan(tienda: Tienda, conocidos: Mapping[str, Any]) -> list[str]:
    """Which of them nobody has told yet in a form that serves."""
    return [c for c in requeridos(tienda) if not es_valido(c, conocidos.get(c), tienda)]


def es_valido(campo: str, valor: Any, tienda: Tienda) -> bool:
    if not isinstance(valor, str) or not valor.strip():
        return False
    if campo == "telefono":
        return a_e164(valor, tienda) is not None
    if campo == "documento":
        return _is_documento(valor, tienda)
    if campo == "email":
        return _is_email(valor.strip())
    letters = len(re.findall(r"[^\W\d_]", valor))
    return letters >= (2 if campo == "nombre" else 4)


def anotar(datos: Mapping[str, str], tienda: Tienda) -> dict[str, Any]:
    """What is kept of what they told: as written, a telephone also in its international form. What
    the shop requires is kept only in a form that serves."""
    wanted = requeridos(tienda)
    kept: dict[str, Any] = {
        campo: valor
        for campo, valor in datos.items()
        if campo not in wanted or es_valido(campo, valor, tienda)
    }
    if "telefono" in kept:
        kept["telefono_e164"] = a_e164(kept["telefono"], tienda)
    return kept


def a_e164(telefono: str, tienda: Tienda) -> str | None:
    """The number as it is dialled from anywhere; None when it is none of the shop's country, nor
    a whole one with its country's code."""
    for pais in paises(tienda):
        try:
            parsed = phonenumbers.parse(telefono, pais)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed):
            return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
    return None


def paises(tienda: Tienda) -> tuple[str, ...]:
    """ISO codes, the likeliest first."""
    own = tienda.ajustes.get("pais")
    if isinstance(own, str) and own:
        return (own.upper(),)
    return _PAISES.get(tienda.moneda, ("CO",))


def _is_documento(valor: str, tienda: Tienda) -> bool:
    """Of the shape of the country's, or a passport; where it has a check digit, that one too."""
    plain = re.sub(r"[\s.\-/]", "", valor).upper()
    if re.fullmatch(_PASAPORTE, plain):
        return True
    return any(_fits(plain, pais) for pais in paises(tienda))


def _fits(plain: str, pais: str) -> bool:
    if not re.fullmatch(_DOCUMENTOS.get(pais, _OTRO_DOCUMENTO), plain):
        return False
    if pais == "CL":
        return plain[-1] == _rut_digit(plain[:-1])
    if (
        pais == "ES"
        and plain[1:8].isdigit()
        and plain[-1].isalpha()
        and plain[0] in "0123456789XYZ"
    ):
        digits = plain[:-1].translate(str.maketrans("XYZ", "012"))
        return plain[-1] == _LETRA_DNI[int(digits) % len(_LETRA_DNI)]
    return True


def _rut_digit(cuerpo: str) -> str:
    """The last of a RUT: weights 2 to 7 from the right, modulo 11."""
    total = sum(int(d) * (2 + n % 6) for n, d in enumerate(reversed(cuerpo)))
    rest = 11 - total % 11
    return {11: "0", 10: "K"}.get(rest, str(rest))


def _is_email(valor: str) -> bool:
    return len(valor) <= _EMAIL_MAX and ".." not in valor and bool(_EMAIL.fullmatch(valor))
