"""Somebody's own web site, on another host and port, that shows the shop's chat."""

import threading
from typing import Any

from werkzeug.serving import make_server
from werkzeug.wrappers import Response

_PAGE = """<!doctype html><html lang="es"><head><title>Mi sitio</title>{style}</head>
<body><h1>Mi sitio</h1><p><a href="#x">Un enlace</a></p>
<script src="{script}" data-canal="{canal}" async></script></body></html>"""


class SitioAjeno:
    """`csp` and `css` are the site's own; `show` says whose chat stands there."""

    def __init__(self) -> None:
        self.csp = ""
        self.css = ""
        self._html = ""
        self._server = make_server("127.0.0.1", 0, self._serve, threaded=True)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://localhost:{self._server.port}"

    def show(self, tienda_url: str, canal: str) -> None:
        style = '<link rel="stylesheet" href="/propio.css">'
        self._html = _PAGE.format(script=f"{tienda_url}/widget.js", canal=canal, style=style)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve(self, environ: dict[str, Any], start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        if path == "/propio.css":
            answer = Response(self.css, mimetype="text/css")
        elif path == "/":
            answer = Response(self._html, mimetype="text/html")
            if self.csp:
                answer.headers["Content-Security-Policy"] = self.csp
        else:
            answer = Response(status=404)
        return answer(environ, start_response)
