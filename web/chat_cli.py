"""`flask --app web chat`: talk to the agent in the terminal, through the real intake and turn.

Works in this process, so it needs PostgreSQL only; beside a live system its workers may answer
first, and the reply is the same one.
"""

import secrets
import sys
import time
from collections.abc import Iterator

import click

from core.cuentas import find_empresa_of
from core.db import Database
from core.errors import Invalid
from core.mensajes.historial import find_respuesta
from core.mensajes.recibir import Destino, receive_mensaje
from core.ports import Cola, Tarea
from core.settings import Settings
from core.wiring import Servicios, build_servicios
from web.cli import refusing

# Beside a live system: how long the worker that took the chat may need for its answer.
_PATIENCE_SECONDS = 30.0
_END = frozenset({"salir", "exit", "quit"})


class _SinTimbre(Cola):
    """Nobody needs to be called: this process answers."""

    def ring(self, tarea: Tarea, *, after: float = 0.0, **ids: int) -> None:
        return

    def close(self, timeout: float = 2.0) -> None:
        return


@click.command("chat", help="Hablar con el vendedor en la terminal.")
@click.option("--empresa", "empresa_id", type=click.IntRange(1, 2**63 - 1), help="Su id.")
@click.option("--chat", "chat_id", help="Seguir una conversación; sin él empieza una nueva.")
def chat(empresa_id: int | None, chat_id: str | None) -> None:
    from core.launcher.servers import embedded_running

    settings = Settings().model_copy(update={"ventana_rafaga_ms": 0})
    with refusing(), embedded_running(settings):
        s = build_servicios(settings, max_connections=3)
        try:
            shop = empresa_id or _demo(s.db, settings)
            name = chat_id or f"consola-{secrets.token_hex(4)}"
            for texto in _lines():
                click.echo(f"tienda> {_answer(s, shop, name, texto)}")
        finally:
            s.cola.close()
            s.db.close()


def _lines() -> Iterator[str]:
    """What the person types, until an end of file or a word that ends it."""
    if sys.stdin.isatty():
        click.echo("Escribe tu mensaje; «salir» o Ctrl-D para terminar.")
    while True:
        if sys.stdin.isatty():
            click.echo("tú> ", nl=False)
        line = sys.stdin.readline()
        if not line or line.strip().lower() in _END:
            return
        if line.strip():
            yield line.strip()


def _answer(s: Servicios, empresa_id: int, chat_id: str, texto: str) -> str:
    got = receive_mensaje(
        s.db,
        _SinTimbre(),
        s.settings,
        empresa_id=empresa_id,
        destino=Destino(chat_id=chat_id),
        texto=texto,
    )
    from core.agente.turno import Vendedor  # here: the web's processes never load the seller

    seller = Vendedor(
        db=s.db,
        cola=s.cola,
        settings=s.settings,
        canales=s.canales,
        buscador=s.buscador,
        worker="consola",
    )
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
        seller.answer_chat(empresa_id=empresa_id, chat_id=got.chat_pk)
        with s.db.empresa(empresa_id) as session:
            found = find_respuesta(session, empresa_id=empresa_id, mensaje_id=got.mensaje_id)
            if found is not None:
                return found[1].texto if found[1] else "(una persona de la tienda tiene este chat)"
        time.sleep(0.1)  # a worker of the live system has it
    return "(sin respuesta todavía; sigue en el historial)"


def _demo(db: Database, settings: Settings) -> int:
    found = find_empresa_of(db, email=settings.admin_email)
    if found is None:
        raise Invalid("Falta --empresa: aquí no hay tienda de demostración.")
    return found[0]
