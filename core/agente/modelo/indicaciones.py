"""The questions that a model is asked: instructions, the shop, and the rest as data."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from core.agente.comprension import Contexto, Turno
from core.agente.hechos import Decision
from core.agente.lexico import TEMAS
from core.agente.modelo.forma import Leido
from core.agente.modelo.historia import recientes, resumir
from core.mensajes.charla import Charla
from core.ports import ChatVisto, Peticion

_DICHO_MAX = 1000  # of a long message: the tone is in its beginning
LEER, REDACTAR = "leer", "redactar"
_ARCHIVO = Path(__file__).parent.parent / "prompts" / "modelo.yaml"


@cache
def indicaciones() -> Mapping[str, Any]:
    """prompts/modelo.yaml, read once per process."""
    loaded: Mapping[str, Any] = yaml.safe_load(_ARCHIVO.read_text(encoding="utf-8"))
    return loaded


def para_leer(
    turno: Turno, contexto: Contexto, chat: ChatVisto, charla: Charla, hallados: Sequence[str]
) -> Peticion:
    """What does this message mean? No price and no stock in it: a reader needs none, and what it
    is asked stays the same when they move."""
    static = str(indicaciones()["leer"]).replace("{temas}", ", ".join(TEMAS))
    data = {
        "resumen": resumir(charla, chat),
        "ultimos": recientes(charla),
        "ofrecido": [f"{q.normalize():f} de {n}" for n, q in contexto.lineas],
        "opciones": list(contexto.opciones),
        "catalogo": list(hallados),
        "mensaje": turno.texto,
    }
    return Peticion(LEER, (static, _shop(chat)), (("user", _as_data(data)),), Leido)


def para_redactar(dicho: str, respuesta: str, chat: ChatVisto) -> Peticion:
    """How would a good seller say `respuesta`?"""
    data = {"cliente": dicho[:_DICHO_MAX], "respuesta": respuesta}
    static = str(indicaciones()["redactar"])
    return Peticion(REDACTAR, (static, _shop(chat)), (("user", _as_data(data)),))


def se_redacta(decision: Decision) -> bool:
    """Whether a model's words would be worth their price here (`redacta`, `nunca`)."""
    claves = {h.clave for h in decision.hechos}
    if decision.vender or decision.cancelar_venta_id is not None or decision.humano:
        return False
    table = indicaciones()
    return bool(claves & set(table["redacta"])) and not claves & set(table["nunca"])


def _shop(chat: ChatVisto) -> str:
    text = str(indicaciones()["tienda"])
    return text.format(nombre=chat.tienda.nombre, moneda=chat.tienda.moneda)


def _as_data(data: Mapping[str, Any]) -> str:
    """JSON, so that nothing a customer writes can end the quotes around it."""
    return json.dumps(data, ensure_ascii=False)
