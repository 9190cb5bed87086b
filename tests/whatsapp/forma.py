"""What the Cloud API accepts as a message, as strictly as Meta or stricter. A body that no client
should send raises Malformado."""

import re
from typing import Any

_TELEFONO = re.compile(r"\d{5,20}")
_USUARIO = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")
_COMMON = {"messaging_product", "recipient_type", "to", "recipient", "type"}


class Malformado(Exception):
    """No client should send this."""


def check_message(body: Any) -> str:
    """Whom it is for, or "" for a read mark."""
    body = _object(body, "body")
    _need(body.get("messaging_product") == "whatsapp", "messaging_product")
    if "status" in body:
        return _check_read(body)
    to, recipient = body.get("to"), body.get("recipient")
    _need((to is None) != (recipient is None), "exactly one of to and recipient")
    _need(to is None or _matches(_TELEFONO, to), "to is no telephone")
    _need(recipient is None or _matches(_USUARIO, recipient), "recipient is no user id")
    _need(body.get("recipient_type") == "individual", "recipient_type")
    opaque = body.get("biz_opaque_callback_data", "-")
    _need(isinstance(opaque, str) and 0 < len(opaque) <= 512, "biz_opaque_callback_data")
    kind = body.get("type")
    check = {"text": _check_text, "interactive": _check_interactive, "template": _check_template}
    _need(kind in check, "type")
    _only(body, _COMMON | {"biz_opaque_callback_data", str(kind)}, "body")
    check[str(kind)](_object(body.get(str(kind)), str(kind)))
    return str(to or recipient)


def _check_read(body: dict[str, Any]) -> str:
    _only(body, {"messaging_product", "status", "message_id", "typing_indicator"}, "read mark")
    _need(body["status"] == "read", "status")
    _need(isinstance(body.get("message_id"), str) and bool(body["message_id"]), "message_id")
    _need(body.get("typing_indicator", {"type": "text"}) == {"type": "text"}, "typing_indicator")
    return ""


def _check_text(text: dict[str, Any]) -> None:
    _only(text, {"body", "preview_url"}, "text")
    _string(text.get("body"), 4096, "text.body")
    _need(text.get("preview_url", False) is False, "preview_url")


def _check_interactive(part: dict[str, Any]) -> None:
    _only(part, {"type", "body", "action"}, "interactive")
    body = _object(part.get("body"), "interactive.body")
    _only(body, {"text"}, "interactive.body")
    _string(body.get("text"), 1024, "interactive.body.text")
    action = _object(part.get("action"), "action")
    if part.get("type") == "button":
        _check_buttons(action)
    else:
        _need(part.get("type") == "list", "interactive.type")
        _check_list(action)


def _check_buttons(action: dict[str, Any]) -> None:
    _only(action, {"buttons"}, "action")
    buttons = _list(action.get("buttons"), 3, "buttons")
    for button in buttons:
        _only(button, {"type", "reply"}, "button")
        _need(button.get("type") == "reply", "button.type")
        _only(_object(button.get("reply"), "reply"), {"id", "title"}, "reply")
        _string(button["reply"].get("id"), 256, "reply.id")
        _string(button["reply"].get("title"), 20, "reply.title")
    _unique([b["reply"]["title"] for b in buttons], "button titles")
    _unique([b["reply"]["id"] for b in buttons], "button ids")


def _check_list(action: dict[str, Any]) -> None:
    _only(action, {"button", "sections"}, "action")
    _string(action.get("button"), 20, "action.button")
    rows = []
    for section in _list(action.get("sections"), 10, "sections"):
        _only(section, {"title", "rows"}, "section")
        _string(section.get("title"), 24, "section.title")
        rows += _list(section.get("rows"), 10, "rows")
    _need(len(rows) <= 10, "more than 10 rows")
    for row in rows:
        _only(row, {"id", "title", "description"}, "row")
        _string(row.get("id"), 200, "row.id")
        _string(row.get("title"), 24, "row.title")
        _string(row.get("description", "-"), 72, "row.description")
    _unique([r["title"] for r in rows], "row titles")
    _unique([r["id"] for r in rows], "row ids")


def _check_template(template: dict[str, Any]) -> None:
    _only(template, {"name", "language", "components"}, "template")
    _need(_matches(re.compile(r"[a-z0-9_]{1,512}"), template.get("name")), "template.name")
    _only(_object(template.get("language"), "language"), {"code"}, "language")
    _string(template["language"].get("code"), 10, "language.code")
    for component in template.get("components", []):
        _only(component, {"type", "parameters"}, "component")
        _need(component.get("type") == "body", "component.type")
        for parameter in _list(component.get("parameters"), 10, "parameters"):
            _only(parameter, {"type", "text"}, "parameter")
            _need(parameter.get("type") == "text", "parameter.type")
            _string(parameter.get("text"), 1024, "parameter.text")
            _need(not re.search(r"[\n\t]| {4}", parameter["text"]), "white space in a parameter")


def _need(fine: bool, what: str) -> None:
    if not fine:
        raise Malformado(what)


def _only(part: dict[str, Any], known: set[str], what: str) -> None:
    _need(not set(part) - known, f"{what}: unknown {sorted(set(part) - known)}")


def _object(value: Any, what: str) -> dict[str, Any]:
    _need(isinstance(value, dict), f"{what} is no object")
    found: dict[str, Any] = value
    return found


def _list(value: Any, most: int, what: str) -> list[Any]:
    _need(isinstance(value, list) and 0 < len(value) <= most, f"{what}: 1 to {most}")
    found: list[Any] = value
    return found


def _string(value: Any, most: int, what: str) -> None:
    _need(isinstance(value, str) and bool(value.strip()), f"{what} is empty")
    _need(len(value) <= most, f"{what} is longer than {most}")


def _unique(values: list[str], what: str) -> None:
    _need(len(set(values)) == len(values), f"{what} are not unique")


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
