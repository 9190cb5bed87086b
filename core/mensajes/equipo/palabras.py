"""What the shop's own people read. All its words are in avisos.yaml."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from core.settings import Settings

_ARCHIVO = Path(__file__).parent / "avisos.yaml"
_LINEA_MAX = 80  # of a subject: one line that a phone shows


@cache
def _textos() -> Mapping[str, str]:
    loaded: Mapping[str, str] = yaml.safe_load(_ARCHIVO.read_text(encoding="utf-8"))
    return loaded


def di(clave: str, **datos: object) -> str:
    return _textos()[clave].format(**datos)


def asunto(clave: str, **datos: object) -> str:
    """One line, whatever a customer calls themselves."""
    return " ".join(di(f"asunto_{clave}", **datos).split())[:_LINEA_MAX]


def nombre_de(cliente: Mapping[str, Any]) -> str:
    """What to call a customer; never empty."""
    return " ".join(str(cliente.get("nombre") or "").split())[:_LINEA_MAX] or "Un cliente"


def enlace_del_chat(settings: Settings, chat_id: str) -> str:
    """Where a person of the shop reads a conversation: the one place that knows."""
    base = (settings.public_url or f"http://localhost:{settings.port}").rstrip("/")
    return f"{base}/ir/chat/{quote(chat_id, safe='')}"
