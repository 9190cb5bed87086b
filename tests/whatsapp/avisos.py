"""Webhooks as Meta words them: the written examples, and any that a test puts together."""

import itertools
import json
import time
from pathlib import Path
from typing import Any

NUMERO = "100200300400"
TELEFONO = "573001112233"
USUARIO = "CO.13491208655302741918"
_EJEMPLOS = Path(__file__).parent / "ejemplos"
_N = itertools.count(1)


def ejemplo(nombre: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((_EJEMPLOS / f"{nombre}.json").read_text())
    return found


def nombres() -> list[str]:
    return sorted(p.stem for p in _EJEMPLOS.glob("*.json"))


def sobre(value: dict[str, Any], campo: str = "messages", numero: str = NUMERO) -> dict[str, Any]:
    metadata = {"display_phone_number": "576015550100", "phone_number_id": numero}
    whole = {"messaging_product": "whatsapp", "metadata": metadata, **value}
    entry = {"id": "900800700", "changes": [{"value": whole, "field": campo}]}
    return {"object": "whatsapp_business_account", "entry": [entry]}


def mensaje(
    texto: str | None = "¿Tienen martillos?",
    *,
    de: str | None = TELEFONO,
    usuario: str | None = None,
    wamid: str | None = None,
    hace: float = 0,
    numero: str = NUMERO,
    **mas: Any,
) -> dict[str, Any]:
    """Somebody wrote `hace` seconds ago. `mas` goes into the message, its type included."""
    who = {"from": de, "from_user_id": usuario}
    message = {
        **{k: v for k, v in who.items() if v},
        "id": wamid or f"wamid.ENTRANTE{next(_N)}==",
        "timestamp": str(int(time.time() - hace)),
        **({} if texto is None else {"type": "text", "text": {"body": texto}}),
        **mas,
    }
    contact = {"profile": {"name": "Ana Paz"}, "wa_id": de, "user_id": usuario}
    known = {k: v for k, v in contact.items() if v}
    return sobre({"contacts": [known], "messages": [message]}, numero=numero)


def wamid_de(aviso: dict[str, Any]) -> str:
    return str(aviso["entry"][0]["changes"][0]["value"]["messages"][0]["id"])


def estado(
    cuerpo: dict[str, Any], wamid: str, status: str, *, codigo: int | None = None
) -> dict[str, Any]:
    """News of a message whose posted body was `cuerpo`."""
    told: dict[str, Any] = {
        "id": wamid,
        "status": status,
        "timestamp": str(int(time.time())),
        "recipient_id": cuerpo.get("to", ""),
    }
    if "biz_opaque_callback_data" in cuerpo:
        told["biz_opaque_callback_data"] = cuerpo["biz_opaque_callback_data"]
    if codigo is not None:
        told["errors"] = [{"code": codigo, "title": "x", "message": "x"}]
    return sobre({"statuses": [told]})


def eco(texto: str, *, para: str = TELEFONO, wamid: str | None = None) -> dict[str, Any]:
    told = {
        "from": "576015550100",
        "to": para,
        "id": wamid or f"wamid.ECO{next(_N)}==",
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": texto},
    }
    return sobre({"message_echoes": [told]}, "smb_message_echoes")
