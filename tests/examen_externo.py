"""`python -m tests.examen_externo FOLDER`: the outside exam, both ways, against the floors.

The dialogues run once through `evaluar dialogos` and once over HTTP by the exam's own script; the
two must agree dialogue by dialogue. The search runs over its sets. tests/pisos.json holds what must
be reached; it only rises.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.stack import ROOT, Stack, clean_environment, free_ports

FLOORS = json.loads((ROOT / "tests" / "pisos.json").read_text())
# Held by tests/evals, and by `search` below.
FLOORS.pop("mensajes_propios")
FLOORS.pop("documentos")
SEARCH = FLOORS.pop("busqueda")
FLOORS.pop("relevancia")


def run(*command: str, **environment: str) -> str:
    """What the command prints. Ends this program when it fails."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=clean_environment() | environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def by_command(exam: Path, stack: Stack) -> set[str]:
    """Ids of the dialogues that `evaluar dialogos` calls failed."""
    out = run(
        *("-m", "flask", "--app", "web", "evaluar", "dialogos"),
        *(str(exam / "dialogues_es.dev.yaml"), "--catalogo", str(exam / "catalogo.csv")),
        DATA_DIR=str(stack.data_dir),
    )
    say(out.strip().splitlines()[-1] + "  (evaluar dialogos)")
    return {line.split()[0] for line in out.splitlines() if not line.startswith("PASS")}


def by_http(exam: Path, stack: Stack, folder: Path) -> tuple[set[str], int]:
    """(ids that the exam's own script calls failed, how many it played)."""
    out = run(
        str(exam / "run_dialogues.py"),
        *("--adapter", "tests.eval_http:HttpAgent", "--out", str(folder / "dialogos.json")),
        AGENTE_URL=stack.url,
        PYTHONPATH=str(ROOT),
    )
    say(out.strip().splitlines()[-1] + "  (over HTTP)")
    played: list[dict[str, Any]] = json.loads((folder / "dialogos.json").read_text())
    return {d["id"] for d in played if not d["PASS"]}, len(played)


def messages(exam: Path, stack: Stack, folder: Path) -> dict[str, float]:
    gold, predicted = exam / "utterances_es.dev.jsonl", folder / "mensajes.jsonl"
    run(
        *("-m", "flask", "--app", "web", "evaluar", "mensajes", str(gold)),
        *("--salida", str(predicted)),
        DATA_DIR=str(stack.data_dir),
    )
    score = json.loads(run(str(exam / "score_nlu.py"), str(gold), str(predicted)))
    return {
        "mensajes_acto": score["act_acc_alt"],
        "mensajes_items_f1": score["item_f1"],
        "mensajes_datos_f1": score["datos_f1"],
        "confirmaciones_falsas": int(score["false_confirm"].split("/")[0]),
        "confirmaciones_perdidas": int(score["missed_confirm"].split("/")[0]),
    }


def search(exam: Path, stack: Stack, folder: Path) -> dict[str, float]:
    """nDCG@10 of each set by the exam's own scorer, with vectors and by words alone. The floors of
    `merc` and `chorus` are what the scorer's fusion of three rankings reaches on these queries."""
    reached = {}
    for name in SEARCH:
        docs, queries = (exam / "sets" / f"{name}_{kind}.json" for kind in ("docs", "queries"))
        for way, provider in (("con_vectores", "local"), ("palabras", "ninguno")):
            found, scored = folder / "busqueda.json", folder / "nota.json"
            run(
                *("-m", "flask", "--app", "web", "evaluar", "busqueda", str(docs), str(queries)),
                *("--salida", str(found)),
                DATA_DIR=str(stack.data_dir),
                EMBEDDINGS_PROVIDER=provider,
            )
            run(
                *(str(exam / "eval_retrieval.py"), name, "--lexical-only", "--no-cache"),
                *("--run", str(found), "--out", str(scored)),
            )
            reached[f"{name}.{way}"] = json.loads(scored.read_text())[name]["RUN"][0]
    return reached


def main(exam: Path) -> int:
    with tempfile.TemporaryDirectory(prefix="agente-examen-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        port, flower_port = free_ports(2)
        stack = Stack(folder / "data", port, flower_port)
        stack.start()
        try:
            coded = by_command(exam, stack)
            spoken, played = by_http(exam, stack, folder)
            reached = messages(exam, stack, folder) | {"dialogos": played - len(spoken)}
            reached |= search(exam, stack, folder)
        finally:
            stack.stop()
    wrong = [f"the two ways differ on: {sorted(coded ^ spoken)}"] if coded != spoken else []
    floors = FLOORS | {f"{n}.{way}": f for n, ways in SEARCH.items() for way, f in ways.items()}
    for name, floor in floors.items():
        fine = reached[name] <= floor if name.startswith("confirm") else reached[name] >= floor
        say(f"{name:<26}{reached[name]:>8}  floor {floor}{'' if fine else '  BELOW'}")
        if not fine:
            wrong.append(f"{name} is below its floor")
    for complaint in wrong:
        say(complaint)
    return 1 if wrong else 0


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    os.chdir(ROOT)
    raise SystemExit(main(Path(sys.argv[1]).resolve()))
