"""`flask --app web evaluar turno|turnos`: recorded turns, decided again by the rules of today."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from core.db import Database
from core.errors import Invalid
from core.settings import Settings
from core.wiring import build_database
from web.cli import refusing, shop_or_demo

if TYPE_CHECKING:  # the web's processes never load the seller
    from core.agente.repeticion import Guardado, Repetido

# What differs, in one turn: the rest says the same again.
_MOST = 20

_empresa = click.option(
    "--empresa", "empresa_id", type=click.IntRange(1, 2**63 - 1), help="Su id; sin él, la demo."
)


@click.command("turno")
@click.argument("turno_id", type=click.IntRange(1, 2**63 - 1))
@click.option("--chat", "chat_id", help="Para estar seguro de que es de ese chat.")
@_empresa
def turno(turno_id: int, chat_id: str | None, empresa_id: int | None) -> None:
    """Un turno guardado, decidido otra vez con las reglas de ahora.

    Con lo que se entendió y se encontró entonces. Escribe qué se decidió entonces y ahora, qué
    cambia, y al final IGUAL o DISTINTO. Los ids están en GET /chats/CHAT_ID/turnos.
    """
    from core.agente.repeticion import read_turnos, repeat_turno

    with _shop(empresa_id) as (db, shop):
        found = next(read_turnos(db, empresa_id=shop, chat_id=chat_id, turno_id=turno_id), None)
        if found is None:
            where = f"el chat «{chat_id}» de la empresa {shop}" if chat_id else f"la empresa {shop}"
            raise Invalid(f"El turno {turno_id} no existe en {where}, o ya se olvidó.")
        _tell(found, repeat_turno(found.registro))


@click.command("turnos")
@click.option("--chat", "chat_id", help="Solo los de ese chat.")
@_empresa
def turnos(chat_id: str | None, empresa_id: int | None) -> None:
    """Los turnos guardados de un chat, o de toda la tienda, decididos otra vez.

    Una línea por cada uno que cambia, y al final IGUAL n/N.
    """
    from core.agente.repeticion import read_turnos, repeat_turno

    alike = total = 0
    with _shop(empresa_id) as (db, shop):
        for kept in read_turnos(db, empresa_id=shop, chat_id=chat_id):
            again = repeat_turno(kept.registro)
            total += 1
            alike += again.igual
            if not again.igual:
                click.echo(f"{kept.id} {kept.chat_id}: {again.diferencias[0]}")
        if chat_id is not None and not total:
            raise Invalid(f"El chat «{chat_id}» no existe en la empresa {shop}, o no tiene turnos.")
    click.echo(f"IGUAL {alike}/{total}")


@contextmanager
def _shop(empresa_id: int | None) -> Iterator[tuple[Database, int]]:
    from core.launcher.servers import embedded_running

    settings = Settings()
    with refusing(), embedded_running(settings):
        db = build_database(settings, max_connections=2)
        try:
            yield db, shop_or_demo(db, settings, empresa_id)
        finally:
            db.close()


def _tell(kept: "Guardado", again: "Repetido") -> None:
    click.echo(f"turno {kept.id}, chat {kept.chat_id}, {kept.creado_en:%Y-%m-%d %H:%M} UTC")
    for texto in kept.registro.get("textos", ()):
        click.echo(f"  cliente:  {texto}")
    click.echo(f"  se dijo:  {kept.registro.get('respuesta', '')}")
    if again.diria is not None:
        click.echo(f"  se diría: {again.diria}")
    click.echo(f"  regla:    {kept.regla} entonces, {again.regla or 'ninguna'} ahora")
    for line in again.diferencias[:_MOST]:
        click.echo(f"  {line}")
    if len(again.diferencias) > _MOST:
        click.echo(f"  … y {len(again.diferencias) - _MOST} más")
    click.echo("IGUAL" if again.igual else "DISTINTO")
