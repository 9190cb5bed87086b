"""The answer to the one datum that was asked for: there a bare figure is no quantity.

Read leniently: whether it serves is for core.agente.requisitos to say, so that the customer hears
what is wrong with it.
"""

import re

from core.agente.comprension import Contexto, Espera
from core.agente.datos import extraer
from core.agente.lexico import RASGOS, Rasgo
from core.agente.palabras import fichas, frase, plegar

_ANTES = re.compile(
    r"^\W*(?:(?:es|mi|el|la|su|este|n[uú]mero|nro|tel[eé]fono|tel|cel|celular|m[oó]vil|whats?app"
    r"|documento|c[eé]dula|dni|rut|rfc|nit|ruc|correo|email|e-mail|direcci[oó]n|de|:|sería|ok|s[ií]"
    r"|claro|dale)\b[\s:,.]*)*",
    re.IGNORECASE,
)
_FORMAS = {
    "telefono": re.compile(r"\+?\(?\d[\d\s().-]{2,24}"),
    "documento": re.compile(r"(?=(?:.*\d){3})[A-Za-zÑñ&]{0,6}[\s.-]?\d[\dA-Za-z.\s-]{2,22}"),
    "email": re.compile(r"\S*@\S*|\S+ ?arroba ?\S+|[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|es|co|mx)"),
    "direccion": re.compile(
        r"(?=.*\b(?:barrio|casa|manzana|mz|vereda|frente|esquina|sector|urbanizaci[oó]n|edificio"
        r"|apto|torre|km|v[ií]a|colonia|conjunto|lote|villa|comuna|parque|calle|cra|av|avenida"
        r"|carrera|jir[oó]n|pasaje)\b)[^?¿]{5,200}",
        re.IGNORECASE | re.DOTALL,
    ),
}


# What does one of these is no name and no address, though it be a bare word ("cancela").
_OTRA_COSA = (
    Rasgo.CANCELA, Rasgo.RECHAZA, Rasgo.RESERVA, Rasgo.HUMANO, Rasgo.QUEJA, Rasgo.ATAQUE,
    Rasgo.DESCUENTO, Rasgo.PRECIO, Rasgo.PREGUNTA, Rasgo.QUITAR, Rasgo.CAMBIAR, Rasgo.APLAZA,
    Rasgo.DUDA,
)  # fmt: skip


def _bare(campo: str, crudo: str) -> bool:
    """Whether words by themselves may be the answer."""
    line = frase(fichas(plegar(crudo)))
    return campo in ("nombre", "direccion") and not any(RASGOS[r].search(line) for r in _OTRA_COSA)


def leer_datos(crudo: str, contexto: Contexto) -> tuple[dict[str, str], str]:
    """(what they tell of themselves, the text without it)."""
    campo = contexto.campo
    loosely = contexto.espera is Espera.DATOS and (campo is None or _bare(campo, crudo))
    datos, resto = extraer(crudo, esperados=loosely)
    if campo is None or campo in datos:
        return datos, resto
    said = _ANTES.sub("", crudo).strip(" ,.;\n")
    forma = _FORMAS.get(campo)
    if forma is not None and forma.fullmatch(said):
        return {campo: said}, ""
    return datos, resto
