"""The way of a first day: import a file, sell to a customer, look at what was recorded.

`python -m tests.recorrido` walks it on `make run` itself, stops it, and looks for leftovers.
"""

import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.stack import Stack, eventually, free_ports

# As a shopkeeper's spreadsheet writes it: semicolons, accents, thousands with a dot, a bad row.
CATALOGO = """\
Código;Nombre;Precio;Existencias
M-1;Martillo de uña 16 oz;$ 28.900;7
T-1;Tornillo drywall 6x1";120;1.500
C-1;Cinta métrica 5 m;no sé;3
""".encode("cp1252")


def import_catalogo(stack: Stack, token: str) -> dict[str, Any]:
    """Replace the shop's catalogue by CATALOGO, as a job; what the job says at its end."""
    asked = stack.upload(
        "/productos/reemplazar_csv", name="catalogo.csv", content=CATALOGO, token=token
    )
    assert asked.status == 202, asked.text
    path = f"/importaciones/{asked.json['importacion_id']}"
    done = eventually(lambda: _ended(stack, path, token), seconds=60)
    assert done, stack.get(path, token=token).text
    assert done["estado"] == "completada", done
    assert (done["filas_total"], done["creados"], done["con_error"]) == (3, 2, 1), done
    assert [(e["fila"], e["columna"]) for e in done["errores"]] == [(4, "precio")], done
    return dict(done)


def sell_hammers(stack: Stack, token: str, *, chat_id: str) -> None:
    """Ten asked, seven there: offered, accepted, recorded once, and not asked again."""

    def say(texto: str) -> dict[str, Any]:
        body = {"chat_id": chat_id, "mensaje": texto}
        answer = stack.post("/chat/texto?esperar=30", body, token=token)
        assert answer.status == 200, answer.text
        return dict(answer.json)

    offer = say("Quiero comprar 10 martillos.")
    assert "7" in offer["respuesta"], offer
    assert (offer["estado_venta"], offer["venta"]) == ("oferta", None), offer

    sold = say("Sí.")
    assert sold["estado_venta"] == "confirmada", sold
    assert sold["venta"]["total"] == "202300.00", sold
    lines = [(x["sku"], x["cantidad"], x["precio_unitario"]) for x in sold["venta"]["lineas"]]
    assert lines == [("M-1", 7, "28900.00")], sold

    again = say("Sí.")
    assert again["estado_venta"] == "confirmada", again
    _check_records(stack, token, chat_id=chat_id, venta_id=sold["venta"]["id"])


def _check_records(stack: Stack, token: str, *, chat_id: str, venta_id: int) -> None:
    history = stack.get(f"/chat/historial/{chat_id}", token=token).json["mensajes"]
    assert [m["remitente"] for m in history] == ["usuario", "bot"] * 3, history
    states = [m["estado_venta"] for m in history if m["remitente"] == "bot"]
    assert states == ["oferta", "confirmada", "confirmada"], history
    ventas = stack.get(f"/ventas/historial/{chat_id}", token=token).json["elementos"]
    assert [v["id"] for v in ventas] == [venta_id], ventas
    (hammer,) = stack.get("/productos/?q=martillo", token=token).json["elementos"]
    assert (hammer["sku"], hammer["stock"]) == ("M-1", 0), hammer


def _ended(stack: Stack, path: str, token: str) -> dict[str, Any] | None:
    found = stack.get(path, token=token).json
    return found if found["estado"] in ("completada", "fallida") else None


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="agente-recorrido-") as folder:
        os.chmod(folder, 0o711)
        stack = Stack(Path(folder) / "datos", *free_ports(2), command=("make", "-s", "run"))
        stack.start()
        sys.stdout.write(stack.output)
        try:
            token = stack.login()
            import_catalogo(stack, token)
            sell_hammers(stack, token, chat_id="recorrido-1")
        finally:
            # As Ctrl-C does it: make and the launcher both hear of it.
            assert stack.process is not None
            os.killpg(stack.process.pid, signal.SIGINT)
            stack.process.wait(150)
        sys.stdout.write(stack.output)
        left = eventually(lambda: None if stack.left_running() else "nothing", seconds=5)
        assert left == "nothing", stack.left_running()
    sys.stdout.write("Recorrido: importado, vendido una vez, detenido, nada queda en marcha.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
