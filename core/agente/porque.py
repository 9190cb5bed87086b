"""A turn's record for people: what was understood, found, decided and said, as plain JSON.

Reads the stored JSON itself, whatever version wrote it, and loads nothing of the seller: the web
shows records without it.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_Json = Mapping[str, Any]


def explain_registro(registro: _Json) -> dict[str, Any]:
    """What GET /chats/{chat_id}/turnos says of a registro. Whatever it lacks is empty."""
    decision: _Json = registro.get("decision") or {}
    return {
        "lector": registro.get("lector", "offline"),
        "redactor": registro.get("redactor", "offline"),
        "textos": registro.get("textos", []),
        "entendido": _understood(registro.get("turno") or {}),
        "encontrado": _found(registro),
        "decidido": [_fact(h) for h in decision.get("hechos", ())],
        "respuesta": registro.get("respuesta", ""),
        "borrador": registro.get("borrador") if registro.get("corregido") else None,
        "fuentes": _sources(registro, decision),
        "llamadas": [_call(x) for x in registro.get("llamadas", ())],
        "ms": registro.get("ms", {}),
    }


def hide_cliente(registro: _Json) -> dict[str, Any]:
    """The record whole, but of what was known of the customer before only which data they were:
    the chat itself shows the rest to whom it may."""
    chat: _Json = registro.get("chat") or {}
    if not chat.get("cliente"):
        return dict(registro)
    return {**registro, "chat": {**chat, "cliente": sorted(chat["cliente"])}}


def _understood(turno: _Json) -> dict[str, Any]:
    """What the turn has, its figures as numbers; the words themselves are in `textos`."""
    shown = _as_numbers({k: v for k, v in turno.items() if k != "texto"}, "factor", "resto")
    if "items" in shown:
        shown["items"] = [_as_numbers(item, "cantidad") for item in shown["items"]]
    return shown


def _as_numbers(kept: _Json, *names: str) -> dict[str, Any]:
    return {k: _number(v) if k in names and v is not None else v for k, v in kept.items()}


def _found(registro: _Json) -> list[dict[str, Any]]:
    """Each search with its hits, best first."""
    productos = registro.get("productos", [])
    return [
        {
            "texto": consulta["texto"],
            "hallados": [
                {
                    "sku": productos[lugar].get("sku"),
                    "nombre": productos[lugar]["nombre"],
                    "puntaje": puntaje,
                    "motivo": motivo,
                }
                for lugar, puntaje, motivo in consulta.get("hallados", ())
            ],
        }
        for consulta in registro.get("consultas", ())
    ]


def _fact(hecho: _Json) -> dict[str, Any]:
    """One thing that was to be said; only what it has."""
    shown: dict[str, Any] = {"clave": hecho["clave"]}
    if hecho.get("lineas"):
        shown["lineas"] = [_line(x) for x in hecho["lineas"]]
    if hecho.get("productos"):
        shown["productos"] = [_row(x) for x in hecho["productos"]]
    if hecho.get("cantidad") is not None:
        shown["cantidad"] = _number(hecho["cantidad"])
    for name in ("unidad", "antes", "cita"):
        if hecho.get(name):
            shown[name] = hecho[name]
    return shown


def _line(linea: _Json) -> dict[str, Any]:
    return {
        "sku": linea.get("sku"),
        "nombre": linea["nombre"],
        "cantidad": _number(linea["cantidad"]),
        "precio_unitario": linea["precio_unitario"],
    }


def _row(producto: _Json) -> dict[str, Any]:
    return {
        "sku": producto.get("sku"),
        "nombre": producto["nombre"],
        "precio": producto["precio"],
        "stock": _number(producto["stock"]),
    }


def _sources(registro: _Json, decision: _Json) -> list[dict[str, Any]]:
    """The passages of the shop's documents that a fact quotes, each once, in that order."""
    quoted = [h.get("fuente") or h.get("cita") for h in decision.get("hechos", ())]
    passages = [p for b in registro.get("busquedas", ()) for p in b.get("pasajes", ())]
    found: dict[int, dict[str, Any]] = {}
    for what in filter(None, quoted):
        for p in passages:
            if _quotes(what, p):
                found.setdefault(p["id"], {k: p[k] for k in ("documento_id", "documento", "texto")})
                found[p["id"]]["puntaje"] = p["puntaje"]
    return list(found.values())


def _quotes(what: Any, pasaje: _Json) -> bool:
    """`what` is the passage: itself, its id or its very words."""
    if isinstance(what, Mapping):
        return bool(what.get("id") == pasaje["id"])
    return bool(what in (pasaje["id"], pasaje["texto"]))


def _call(llamada: _Json) -> dict[str, Any]:
    """Without defaults as it was kept; with them as it is shown."""
    return {
        "paso": llamada["paso"],
        "modelo": llamada["modelo"],
        "ms": llamada["ms"],
        "tokens_entrada": llamada.get("tokens_entrada", 0),
        "tokens_salida": llamada.get("tokens_salida", 0),
        "costo": str(llamada.get("costo", "0")),
        "recordada": llamada.get("recordada", False),
    }


def _number(kept: Any) -> int | float:
    value = Decimal(str(kept))
    return int(value) if value == value.to_integral_value() else float(value)
