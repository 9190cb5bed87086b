"""What we post to a WhatsApp number, as the Cloud API wants it, within its limits.

They count characters; we count UTF-16 units, which is never less.
"""

from collections.abc import Sequence
from typing import Any

from core.adapters.whatsapp_json import get_usuario
from core.ports import Plantilla, Tecla

MAX_TEXTO = 4096
# Of what stands above buttons or a list.
MAX_CUERPO = 1024
MAX_BOTONES = 3
MAX_FILAS = 10
_TITULO_BOTON = 20
_TITULO_FILA = 24
_DESCRIPCION = 72
_ABRIR_LISTA = "Ver opciones"
# A template's whole body may be so long, its own words included.
MAX_PARAMETRO = 900


def message_of(
    externo: str,
    texto: str,
    teclas: Sequence[Tecla] = (),
    *,
    referencia: str = "",
    plantilla: Plantilla | None = None,
) -> dict[str, Any]:
    """The body of POST /{number}/messages."""
    body: dict[str, Any] = {"messaging_product": "whatsapp", "recipient_type": "individual"}
    # `to` must be a telephone; `recipient` is for those who do not show theirs.
    body["to" if get_usuario(externo) is None else "recipient"] = externo
    if referencia:
        body["biz_opaque_callback_data"] = referencia
    if plantilla is not None:
        return body | {"type": "template", "template": _template(plantilla, texto)}
    if teclas and _units(texto) <= MAX_CUERPO:
        return body | {"type": "interactive", "interactive": _interactive(texto, teclas)}
    # Whoever can press nothing can still write: the numbers are in the text.
    return body | {"type": "text", "text": {"body": texto, "preview_url": False}}


def read_message(id_externo: str) -> dict[str, Any]:
    """Two blue ticks, and "is writing…" for 25 seconds or until we answer."""
    return {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": id_externo,
        "typing_indicator": {"type": "text"},
    }


def _template(plantilla: Plantilla, texto: str) -> dict[str, Any]:
    template: dict[str, Any] = {
        "name": plantilla.nombre,
        "language": {"code": plantilla.idioma},
    }
    if plantilla.con_texto:
        # A parameter may hold neither line breaks nor four spaces in a row.
        said = {"type": "text", "text": " ".join(texto.split())}
        template["components"] = [{"type": "body", "parameters": [said]}]
    return template


def _interactive(texto: str, teclas: Sequence[Tecla]) -> dict[str, Any]:
    if len(teclas) <= MAX_BOTONES:
        titles = _titles([t.texto for t in teclas], _TITULO_BOTON)
        buttons = [
            {"type": "reply", "reply": {"id": t.id, "title": title}}
            for t, title in zip(teclas, titles, strict=True)
        ]
        return {"type": "button", "body": {"text": texto}, "action": {"buttons": buttons}}
    shown = teclas[:MAX_FILAS]
    titles = _titles([t.texto for t in shown], _TITULO_FILA)
    rows = [_row(t, title) for t, title in zip(shown, titles, strict=True)]
    sections = [{"title": "Opciones", "rows": rows}]
    return {
        "type": "list",
        "body": {"text": texto},
        "action": {"button": _ABRIR_LISTA, "sections": sections},
    }


def _row(tecla: Tecla, title: str) -> dict[str, str]:
    row = {"id": tecla.id, "title": title}
    whole = _cut(" ".join(tecla.texto.split()), _DESCRIPCION)
    return row if whole in ("", title) else row | {"description": whole}


def _titles(textos: Sequence[str], maximo: int) -> list[str]:
    """Cut to `maximo`, and each another than those before it: WhatsApp refuses two alike."""
    made: list[str] = []
    for n, texto in enumerate(textos, 1):
        whole = title = _cut(" ".join(texto.split()) or str(n), maximo)
        again = n
        while title in made:
            mark = f" ({again})"
            title = _cut(whole, maximo - len(mark)) + mark
            again += 1
        made.append(title)
    return made


def _cut(texto: str, maximo: int) -> str:
    if _units(texto) <= maximo:
        return texto
    kept = texto
    while _units(kept) > maximo - 1:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def _units(texto: str) -> int:
    return len(texto) + sum(c > "\uffff" for c in texto)
