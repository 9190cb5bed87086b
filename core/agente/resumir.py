"""Sum up a chat for the person it is handed to. All its words are in prompts/resumen.yaml."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from core.agente.estado import Linea
from core.agente.hechos import Decision, Situacion
from core.agente.redactar import cuantos, dinero, numero
from core.agente.requisitos import CAMPOS

_ARCHIVO = Path(__file__).parent / "prompts" / "resumen.yaml"
_PALABRAS_MAX = 300  # characters of what they wrote last; the rest stands in the history


@cache
def _textos() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = yaml.safe_load(_ARCHIVO.read_text(encoding="utf-8"))
    return loaded


def resumir(s: Situacion, decision: Decision, regla: str) -> str:
    """Who it is, why a person is called, what they wanted and bought, in lines. Deterministic."""
    said = [
        _say("motivo", motivo=_textos()["motivos"].get(regla) or _textos()["motivos"]["otro"]),
        _say("cliente", datos=_who({**s.chat.cliente, **decision.cliente})),
        _wanted(s),
        _pending(s),
        _sold(s),
        _say("palabras", texto=" ".join(s.turno.texto.split())[:_PALABRAS_MAX]),
    ]
    return "\n".join(line for line in said if line)


def _say(clave: str, **datos: str) -> str:
    return str(_textos()[clave]).format(**datos)


def _who(cliente: Mapping[str, Any]) -> str:
    return ", ".join(str(cliente[c]) for c in CAMPOS if cliente.get(c)) or _textos()["anonimo"]


def _wanted(s: Situacion) -> str:
    """What was asked for and is no line of the order yet."""
    asked = s.memoria.pregunta
    cosas = [p.texto for p in ((asked.por,) if asked else ()) + s.memoria.cola if p.texto]
    return _say("buscaba", cosas=", ".join(cosas)) if cosas else ""


def _pending(s: Situacion) -> str:
    oferta, tienda = s.memoria.oferta, s.chat.tienda
    carrito = oferta.lineas if oferta else s.memoria.carrito
    if not carrito:
        return ""
    total = sum((line.subtotal for line in carrito), Decimal("0.00"))
    facts = {"lineas": _lines(carrito, s), "total": dinero(total, tienda)}
    if oferta is not None and oferta.falta is not None:
        return _say("aceptado", falta=_textos()["campos"][oferta.falta], **facts)
    return _say("pedido" if s.memoria.reemplaza is None else "cambio", **facts)


def _lines(carrito: tuple[Linea, ...], s: Situacion) -> str:
    tienda = s.chat.tienda
    return "; ".join(
        _say("linea", cantidad=cuantos(x.cantidad, x.unidad, tienda), nombre=x.nombre)
        for x in carrito
    )


def _sold(s: Situacion) -> str:
    venta, tienda = s.chat.ultima_venta, s.chat.tienda
    if venta is None:
        return ""
    lineas = [
        _say("linea", cantidad=numero(Decimal(str(x["cantidad"])), tienda), nombre=str(x["nombre"]))
        for x in venta.lineas
    ]
    return _say(
        "venta",
        estado=venta.estado,
        lineas="; ".join(lineas),
        total=dinero(Decimal(venta.total), tienda),
    )
