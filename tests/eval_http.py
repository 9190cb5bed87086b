"""The exam over HTTP: an adapter for the outside exam's run_dialogues.py.

    AGENTE_URL=http://127.0.0.1:8000 python run_dialogues.py --adapter tests.eval_http:HttpAgent

Each dialogue gets an empresa of its own, registered and filled as any customer of the API would.
The contract of the methods is that script's; `evaluar dialogos` must agree with it.
"""

import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from typing import Any

_ESPERAR = 30
_IMPORT_SECONDS = 120.0


class HttpAgent:
    def __init__(self) -> None:
        self._url = os.environ.get("AGENTE_URL", "http://127.0.0.1:8000").rstrip("/")
        self._token = ""
        self._chat = ""

    def reset(self, catalogo_csv: str, dialogue_id: str) -> None:
        """A fresh empresa with that catalogue and an empty conversation."""
        once = uuid.uuid4().hex
        self._token = ""
        made = self._post(
            "/auth/registro",
            {
                "empresa": f"Examen {dialogue_id}",
                "email": f"examen-{once}@pruebas.local",
                "password": f"clave-{once}",
            },
        )
        self._token = made["access_token"]
        self._chat = f"examen-{once}"
        with open(catalogo_csv, "rb") as file:
            self._import(file.read())

    def send(self, text: str, message_id: str, wait: bool = True) -> str:
        """The reply; '' with wait=False, since a burst is answered with its last message."""
        query = f"?esperar={_ESPERAR}" if wait else ""
        body = {"chat_id": self._chat, "mensaje": text, "id_externo": message_id}
        answer = self._post(f"/chat/texto{query}", body)
        return str(answer.get("respuesta") or "") if wait else ""

    def ventas(self) -> list[tuple[str, float, float]]:
        """Lines of the sales in force: (sku, cantidad, precio_unitario)."""
        return [
            (line["sku"], line["cantidad"], float(line["precio_unitario"]))
            for venta in self._all("/ventas/")
            if venta["estado"] != "cancelada"
            for line in venta["lineas"]
        ]

    def n_ventas(self) -> int:
        return len(self._all("/ventas/"))

    def stock(self) -> dict[str, float]:
        return {p["sku"]: p["stock"] for p in self._all("/productos/")}

    def humano(self) -> bool:
        """Whether the chat waits for a person or one has it."""
        try:
            chat = self._call("GET", f"/chats/{urllib.parse.quote(self._chat, safe='')}")
        except urllib.error.HTTPError as e:
            if e.code == 404:
                return False
            raise
        return bool(chat["espera_humano"] or not chat["ia_activa"])

    # --- plumbing ------------------------------------------------------------------------------

    def _import(self, contenido: bytes) -> None:
        edge = uuid.uuid4().hex
        head = (
            f'--{edge}\r\nContent-Disposition: form-data; name="archivo"; '
            'filename="catalogo.csv"\r\nContent-Type: text/csv\r\n\r\n'
        )
        body = head.encode() + contenido + f"\r\n--{edge}--\r\n".encode()
        started = self._call(
            "POST", "/productos/reemplazar_csv", body, f"multipart/form-data; boundary={edge}"
        )
        until = time.monotonic() + _IMPORT_SECONDS
        while time.monotonic() < until:
            now = self._call("GET", f"/importaciones/{started['importacion_id']}")
            if now["estado"] == "completada":
                return
            if now["estado"] == "fallida":
                raise RuntimeError(f"the import failed: {now}")
            time.sleep(0.1)  # the API offers no event to await here
        raise RuntimeError("the import did not end")

    def _all(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor = None
        while True:
            query = {"limite": "100"} | ({"cursor": cursor} if cursor else {})
            page = self._call("GET", f"{path}?{urllib.parse.urlencode(query)}")
            found += page["elementos"]
            cursor = page["siguiente"]
            if cursor is None:
                return found

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._call("POST", path, json.dumps(body).encode(), "application/json")

    def _call(
        self, method: str, path: str, body: bytes | None = None, kind: str = ""
    ) -> dict[str, Any]:
        request = urllib.request.Request(self._url + path, data=body, method=method)
        if kind:
            request.add_header("Content-Type", kind)
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
        with urllib.request.urlopen(request, timeout=_ESPERAR + 30) as answer:
            found: dict[str, Any] = json.load(answer)
        return found
