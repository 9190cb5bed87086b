"""`flask --app web evaluar …` as a shopkeeper runs it: a process, its exit code, its output."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from core.db import Database
from core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
AQUI = Path(__file__).parent


@pytest.fixture
def entorno(db: Database, settings: Settings, tmp_path: Path) -> dict[str, str]:
    """Given servers, so that the command starts none."""
    return {
        **os.environ,
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": settings.owner_url.render_as_string(hide_password=False),
        "REDIS_URL": settings.redis_location,
    }


def flask(entorno: dict[str, str], *args: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "web", "evaluar", *map(str, args)],
        cwd=ROOT,
        env=entorno,
        capture_output=True,
        text=True,
        timeout=120,
    )


def some(tmp_path: Path, *ids: str, spoil: str = "") -> Path:
    """A file with those of our dialogues; `spoil` is one whose end is wrong."""
    all_of_them = yaml.safe_load((AQUI / "dialogos.yaml").read_text(encoding="utf-8"))
    chosen = [d for d in all_of_them if d["id"] in ids]
    for d in chosen:
        if d["id"] == spoil:
            d["esperado"]["ventas"] = [{"sku": "LD-1", "cantidad": 1, "precio_unitario": 1}]
    file = tmp_path / "dialogos.yaml"
    file.write_text(yaml.safe_dump(chosen, allow_unicode=True), encoding="utf-8")
    return file


def test_dialogos_prints_one_line_per_failure_and_pass_last(
    entorno: dict[str, str], tmp_path: Path
) -> None:
    file = some(tmp_path, "p01", "p05", spoil="p05")
    ran = flask(entorno, "dialogos", file, "--catalogo", AQUI / "catalogo.csv")
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert lines[0].startswith("p05 rechazo: quedó nada vendido")
    assert lines[1:] == ["PASS 1/2"]


def test_repeticiones_also_says_how_many_are_right_every_time(
    entorno: dict[str, str], tmp_path: Path
) -> None:
    file = some(tmp_path, "p01")
    catalogo = AQUI / "catalogo.csv"
    ran = flask(entorno, "dialogos", file, "--catalogo", catalogo, "--repeticiones", "2")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == ["pass^2 1/1", "PASS 1/1"]


def test_mensajes_writes_one_prediction_per_line(entorno: dict[str, str], tmp_path: Path) -> None:
    given, out = tmp_path / "u.jsonl", tmp_path / "p.jsonl"
    lines = [
        {"id": "a", "contexto": "none", "bot": None, "texto": "quiero 3 palas"},
        {
            "id": "b",
            "contexto": "offered_quantity",
            "bot": "Puedo ofrecerte 7 Pala a $9.000 c/u. ¿Deseas llevar esa cantidad?",
            "texto": "dale",
        },
    ]
    given.write_text("\n".join(json.dumps(line) for line in lines) + "\n", encoding="utf-8")
    ran = flask(entorno, "mensajes", given, "--salida", out)
    assert ran.returncode == 0, ran.stderr
    read = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [(r["id"], r["act"], r["confirma"]) for r in read] == [
        ("a", "pedido", False),
        ("b", "confirmar", True),
    ]


def test_busqueda_writes_what_the_search_finds(entorno: dict[str, str], tmp_path: Path) -> None:
    docs, queries, out = tmp_path / "d.json", tmp_path / "q.json", tmp_path / "r.json"
    texts = ["Pala redonda", "Martillo de uña", "Serrucho 20 pulgadas " + "de poda " * 60]
    docs.write_text(json.dumps([{"id": f"x{n}", "text": t} for n, t in enumerate(texts)]))
    queries.write_text(
        json.dumps([{"qid": "q1", "query": "martillos"}, {"qid": "q2", "query": ""}])
    )
    ran = flask(entorno, "busqueda", docs, queries, "--salida", out)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(out.read_text()) == {"q1": ["x1"], "q2": []}


def test_a_file_of_another_shape_is_refused_in_one_line(
    entorno: dict[str, str], tmp_path: Path
) -> None:
    bad = tmp_path / "malo.yaml"
    bad.write_text("- esto: no\n")
    ran = flask(entorno, "dialogos", bad)
    assert ran.returncode == 1
    assert "formato" in ran.stderr
    assert "Traceback" not in ran.stderr
