"""Values out of Meta's JSON; what is of another type or shape is as good as not there."""

import re
from typing import Any

_TELEFONO = re.compile(r"\+?(\d{5,20})", re.ASCII)
# A business-scoped id, which is no telephone: "CO.13491208655302741918".
_USUARIO = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")
_ID_MAX = 512


def get_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def get_dicts(value: Any) -> list[dict[str, Any]]:
    return [x for x in value if isinstance(x, dict)] if isinstance(value, list) else []


def get_text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def get_id(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= _ID_MAX else None


def get_telefono(value: Any) -> str | None:
    found = _TELEFONO.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else None


def get_usuario(value: Any) -> str | None:
    return value if isinstance(value, str) and _USUARIO.fullmatch(value) else None


def get_seconds(value: Any) -> int | None:
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return int(text) if re.fullmatch(r"[0-9]{1,11}", text) else None
