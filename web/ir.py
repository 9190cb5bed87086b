"""Where the links of avisos lead: a page that says how to open that conversation. It knows nothing
of any shop; who may read is asked by what it leads to."""

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel

from web.auth import publica
from web.pagina import show_cartel
from web.textos import IR

api = APIBlueprint("ir", __name__, url_prefix="/ir", doc_ui=False)


class ChatNombrado(BaseModel):
    chat_id: str


@api.get("/chat/<path:chat_id>")
@publica
def show_way(path: ChatNombrado) -> Response:
    """The same for a chat that exists, for another shop's, and for one that never was."""
    return show_cartel(IR["titulo"], IR["detalle"].format(chat_id=path.chat_id))
