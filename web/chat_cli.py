"""`flask --app web chat`: talk to the agent in the terminal, through the real intake and turn.

Works in this process, so it needs PostgreSQL only; beside a live system its workers may answer
first, and the reply is the same one.
"""

import json
import secrets
import sys
import time
from collections.abc import Iterator

import click
from sqlalchemy import select

from core.agente.porque import explain_registro
from core.mensajes.historial import find_respuesta
from core.mensajes.recibir import Destino, receive_mensaje
from core.models import TurnoRegistrado
from core.ports import Cola, Tarea
from core.settings import Settings
from core.wiring import Servicios, build_servicios
from web.cli import refusing, shop_or_demo

# Beside a live system: how long the worker that took the chat may need for its answer.
_PATIENCE_SECONDS = 30.0
_TAKEN = "(una persona de la tienda tiene este chat)"
# Of what a search found, so many are shown.
_HITS = 5
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
@click.option("--porque", is_flag=True, help="Decir también por qué contestó así.")
def chat(empresa_id: int | None, chat_id: str | None, porque: bool) -> None:
    from core.launcher.servers import embedded_running

    settings = Settings().model_copy(update={"ventana_rafaga_ms": 0})
    with refusing(), embedded_running(settings):
        s = build_servicios(settings, max_connections=3)
        try:
            shop = shop_or_demo(s.db, settings, empresa_id)
            name = chat_id or f"consola-{secrets.token_hex(4)}"
            for texto in _lines():
                said, respuesta_id = _answer(s, shop, name, texto)
                click.echo(f"tienda> {said}")
                if porque and respuesta_id is not None:
                    _tell_why(s, shop, respuesta_id)
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


def _answer(s: Servicios, empresa_id: int, chat_id: str, texto: str) -> tuple[str, int | None]:
    """What the shop says, and the id of that reply."""
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
        documentos=s.biblioteca.de,
        motor=s.motor,
        oido=s.oido,
    )
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
        seller.answer_chat(empresa_id=empresa_id, chat_id=got.chat_pk)
        with s.db.empresa(empresa_id) as session:
            found = find_respuesta(session, empresa_id=empresa_id, mensaje_id=got.mensaje_id)
            if found is not None:
                return (found[1].texto, found[1].id) if found[1] else (_TAKEN, None)
        time.sleep(0.1)  # a worker of the live system has it
    return "(sin respuesta todavía; sigue en el historial)", None


def _tell_why(s: Servicios, empresa_id: int, respuesta_id: int) -> None:
    """The turn's record in a few lines. A reply without one says nothing."""
    t = TurnoRegistrado
    with s.db.empresa(empresa_id) as session:
        turno = session.scalar(
            select(t).where(t.empresa_id == empresa_id, t.respuesta_id == respuesta_id)
        )
        if turno is None:
            return
        session.expunge(turno)
    why = explain_registro(turno.registro)
    words = json.dumps(why["entendido"], ensure_ascii=False)
    click.echo(f"  entendió: {words} ({why['lector']})")
    for consulta in why["encontrado"]:
        hits = ", ".join(
            f"{h['nombre']} ({h['puntaje']:.2f}, {h['motivo']})"
            for h in consulta["hallados"][:_HITS]
        )
        click.echo(f"  buscó «{consulta['texto']}»: {hits or 'nada'}")
    facts = ", ".join(h["clave"] for h in why["decidido"])
    click.echo(f"  decidió: {facts} (regla {turno.regla}, turno {turno.id})")
    if turno.corregido:
        click.echo(f"  rechazó: {why['borrador']}")
