"""What another site loads to show a shop's chat: the script, and how its button looks there."""

from flask import Response, current_app, json, make_response, request
from flask_openapi3 import APIBlueprint

from core.cuentas.origenes import allows
from core.errors import OrigenNoPermitido
from web.auth import publica
from web.colores import make_tema
from web.datos import servicios
from web.origen import is_own
from web.pagina import Clave, Tienda, find_tienda
from web.textos import WIDGET

api = APIBlueprint("widget", __name__, doc_ui=False)

_JS = "text/javascript; charset=utf-8"
# For everybody: neither holds a secret, and whoever isolates their site (COEP) may load them too.
_ABIERTAS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Allow-Origin": "*",
}
_MINUTOS = 5  # until a change of colour, or a release, reaches every page


@api.get("/widget.js")
@publica
def show_script() -> Response:
    """The one script of the tag; it imports the button's looks and, once asked, the chat."""
    answer: Response = current_app.send_static_file("widget.js")
    answer.headers.update(_ABIERTAS)
    answer.headers["Cache-Control"] = f"public, max-age={_MINUTOS * 60}"
    return answer


@api.get("/widget/<clave>/boton.js")
@publica
def show_boton(path: Clave) -> Response:
    """The button's colour, place and words as a module. A site that the channel does not name gets
    none, so no button appears there that opens nothing. Raises NotFound, OrigenNoPermitido."""
    tienda = find_tienda(servicios().db, clave=path.clave)
    origin = request.headers.get("Origin")
    own = is_own(servicios().settings)
    if origin and not own and not allows(tienda.ajustes.origenes, origin):
        raise OrigenNoPermitido("Ese sitio no está entre los orígenes del canal.")
    return make_boton(tienda)


def make_boton(tienda: Tienda) -> Response:
    ajustes = tienda.ajustes
    tema = make_tema(ajustes.color)
    claro = tema["claro"] if tema else {"--marca": "#0f766e", "--sobre-marca": "#ffffff"}
    titulo = ajustes.titulo or tienda.nombre
    looks = {
        "color": claro["--marca"],
        "tinta": claro["--sobre-marca"],
        "lado": "left" if ajustes.posicion == "izquierda" else "right",
        "textos": {clave: texto.format(tienda=titulo, n="{n}") for clave, texto in WIDGET.items()},
    }
    # A module that another origin imports is served to it by name or to all; who may was decided.
    answer = make_response(f"export default {json.dumps(looks)};\n")
    answer.headers.update(_ABIERTAS, Vary="Origin")
    answer.content_type = _JS
    answer.headers["Cache-Control"] = f"private, max-age={_MINUTOS * 60}"
    return answer
