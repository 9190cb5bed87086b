"""`flask --app web evaluar turno|turnos` as a person runs it, over turns that were really given."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from core.models import Rol
from core.settings import Settings
from core.wiring import Servicios
from tests.acceso import Tienda, get, open_tienda
from tests.vendedores import contesta

ROOT = Path(__file__).resolve().parents[2]
DICHOS = ("hola", "quiero 10 martillos", "sí")


@pytest.fixture
def tienda(app: Flask, client: FlaskClient) -> Tienda:
    """A shop that has sold in chat c-1."""
    tienda = open_tienda(app)
    tienda.producto("M-1", stock="7")
    servicios: Servicios = app.extensions["servicios"]
    for dicho in DICHOS:
        body = {"chat_id": "c-1", "mensaje": dicho}
        client.post("/chat/texto", json=body, headers=tienda.headers(Rol.VENDEDOR))
        with tienda.db.empresa(tienda.empresa_id) as session:
            session.execute(text("UPDATE chat SET turno_desde = now()"))  # the burst is over
        assert contesta(servicios, tienda) == "respondido"
    return tienda


@pytest.fixture
def turnos(client: FlaskClient, tienda: Tienda) -> list[dict[str, Any]]:
    """The first one first."""
    elementos: list[dict[str, Any]] = get(client, "/chats/c-1/turnos", tienda.headers())[
        "elementos"
    ]
    return elementos[::-1]


def evaluar(settings: Settings, *args: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "web", "evaluar", *map(str, args)],
        cwd=ROOT,
        env={
            **os.environ,
            "DATA_DIR": str(settings.data_dir),
            "DATABASE_URL": settings.owner_url.render_as_string(hide_password=False),
            "REDIS_URL": settings.redis_location,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )


def alter(tienda: Tienda, turno_id: int) -> None:
    """As if the rules of then had offered one."""
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.execute(
            text(
                "UPDATE turno SET registro = jsonb_set(registro, "
                "'{decision,hechos,0,lineas,0,cantidad}', '\"1\"') WHERE id = :id"
            ),
            {"id": turno_id},
        )


def test_every_turn_of_a_chat_is_decided_alike_until_a_rule_changes(
    settings: Settings, tienda: Tienda, turnos: list[dict[str, Any]]
) -> None:
    where = ("--empresa", tienda.empresa_id)
    ran = evaluar(settings, "turnos", "--chat", "c-1", *where)
    assert (ran.returncode, ran.stdout) == (0, "IGUAL 3/3\n"), ran.stderr
    oferta = turnos[1]["id"]
    alter(tienda, oferta)
    ran = evaluar(settings, "turnos", *where)
    assert ran.returncode == 0, ran.stderr
    first, last = ran.stdout.splitlines()
    assert first == f"{oferta} c-1: hechos[0].lineas[0].cantidad: 1 → 7"
    assert last == "IGUAL 2/3"


def test_one_turn_is_told_then_and_now(
    settings: Settings, tienda: Tienda, turnos: list[dict[str, Any]]
) -> None:
    where = ("--empresa", tienda.empresa_id)
    ran = evaluar(settings, "turno", turnos[2]["id"], "--chat", "c-1", *where)
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert lines[1:3] == ["  cliente:  sí", f"  se dijo:  {turnos[2]['respuesta'].splitlines()[0]}"]
    assert lines[-1] == "IGUAL"
    alter(tienda, turnos[1]["id"])
    ran = evaluar(settings, "turno", turnos[1]["id"], *where)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-2:] == [
        "  hechos[0].lineas[0].cantidad: 1 → 7",
        "DISTINTO",
    ]


@pytest.mark.parametrize("args", [("turno", 987654), ("turnos", "--chat", "nunca")])
def test_what_does_not_exist_is_refused_in_one_line(
    settings: Settings, tienda: Tienda, args: tuple[object, ...]
) -> None:
    ran = evaluar(settings, *args, "--empresa", tienda.empresa_id)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "no existe" in ran.stderr
    assert "Traceback" not in ran.stderr
