"""`flask --app web evaluar …` as a shopkeeper runs it: a process, its exit code, its output."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from flask import Flask

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


def refusal(app: Flask, *args: str | Path) -> str:
    """What a command says that refuses before it begins; in this process, since it starts none."""
    ran = app.test_cli_runner().invoke(args=["evaluar", *map(str, args)])
    assert (ran.exit_code, ran.stdout) == (1, "")
    return ran.stderr


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


def test_mensajes_with_their_answer_are_scored(entorno: dict[str, str], tmp_path: Path) -> None:
    given = tmp_path / "u.jsonl"
    pala = {"producto": "pala", "cantidad": 3, "unidad": "unidad"}
    lines: list[dict[str, object]] = [
        {"id": "a", "texto": "quiero 3 palas", "gold": {"act": "pedido", "items": [pala]}},
        {"id": "b", "texto": "hola", "gold": {"act": "queja"}},
        {"id": "c", "texto": "hola", "contexto": "oferta", "gold": {"act": "nada"}},
    ]
    given.write_text("\n".join(json.dumps(line) for line in lines) + "\n\n", encoding="utf-8")
    ran = flask(entorno, "mensajes", given, "--detalle")
    assert ran.returncode == 0, ran.stderr
    shown = ran.stdout.splitlines()
    assert shown[:2] == [
        "b «hola»: entendió saludo, era queja",
        "actos bien           0.5000  (1 de 2)",
    ]
    assert "productos F1         1.0000" in shown
    assert "  pedido             1 de 1" in shown
    assert "línea 3: contexto «oferta»" in ran.stderr
    assert "línea 3 sin calificar: gold: act" in ran.stderr


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "El archivo de mensajes está vacío."),
        ('{"id": 1, "texto": "hola"}\n{"id": 2', "Línea 2: no es JSON"),
        ('\n{"id": 1, "text": "hola"}', "Línea 2: texto: falta"),
        ('{"id": 1, "texto": "hola"}', "diga con --salida"),
    ],
)
def test_a_file_of_messages_that_cannot_be_is_refused_with_its_line(
    app: Flask, tmp_path: Path, written: str, said: str
) -> None:
    given = tmp_path / "u.jsonl"
    given.write_text(written, encoding="utf-8")
    assert said in refusal(app, "mensajes", given)


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


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"- esto: no\n", "diálogo 1, id: falta"),
        (b"", "vac\u00edo"),
        (b"- id: 1\n  turnos: [\n", "no es YAML: l\u00ednea 3"),
        ("- id: año".encode("cp1252"), "no est\u00e1 en UTF-8"),
    ],
)
def test_a_file_of_another_shape_is_refused_in_one_line(
    app: Flask, tmp_path: Path, written: bytes, said: str
) -> None:
    bad = tmp_path / "malo.yaml"
    bad.write_bytes(written)
    assert said in refusal(app, "dialogos", bad)


def test_what_dialogos_takes_and_how_far_it_is_goes_to_stderr(
    entorno: dict[str, str], tmp_path: Path
) -> None:
    file = some(tmp_path, "p01")
    file.write_text(file.read_text(encoding="utf-8").replace("tema:", "temas:"), encoding="utf-8")
    catalogo = AQUI / "catalogo.csv"
    ran = flask(entorno, "dialogos", file, "--catalogo", catalogo, "--repeticiones", "11")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == ["pass^11 1/1", "PASS 1/1"]
    assert "aviso: diálogo 1 (p01): no se conoce «temas»; ¿quiso decir «tema»?" in ran.stderr
    assert f"1 diálogos con el catálogo {catalogo}" in ran.stderr
    assert "10 de 11" in ran.stderr


def test_a_catalogue_that_is_not_there_is_named(app: Flask, tmp_path: Path) -> None:
    file, catalogo = some(tmp_path, "p01"), tmp_path / "no.csv"
    assert "no.csv» no existe" in refusal(app, "dialogos", file, "--catalogo", catalogo)
