"""The tour of the two READMEs does what it says: its commands are run, its outputs compared."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stack import Stack

ROOT = Path(__file__).resolve().parent.parent
_SEPARATOR = "\x1e"
_FENCE = re.compile(r"^```(bash|json|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _steps(document: str) -> list[tuple[str, str]]:
    """Each block of commands with the output shown for it, "" where none is."""
    tour = (ROOT / document).read_text().split("<!-- tour -->")[1].split("<!-- fin -->")[0]
    steps: list[tuple[str, str]] = []
    for kind, text in _FENCE.findall(tour):
        if kind == "bash":
            steps.append((text, ""))
        else:
            assert not steps[-1][1], "two outputs for one block"
            steps[-1] = (steps[-1][0], text)
    return steps


def _here(commands: str, stack: Stack) -> str:
    """The commands, spoken to the system under test."""
    for name, shown, real in (
        ("URL", "http://127.0.0.1:8000", stack.url),
        ("FLOWER", "http://127.0.0.1:5555", stack.flower_url),
        ("DATA_DIR", ".data", str(stack.data_dir)),
    ):
        commands, found = re.subn(
            rf"^{name}={re.escape(shown)}$", f"{name}={real}", commands, count=1, flags=re.MULTILINE
        )
        assert found, name
    return commands


@pytest.fixture(scope="module")
def outputs(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each block of README.md really writes, run one after the other by one shell."""
    commands = [commands for commands, _ in _steps("README.md")]
    commands[0] = _here(commands[0], stack)
    script = "set -euo pipefail\n" + f"printf '{_SEPARATOR}'\n".join(commands)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path_factory.mktemp("paseo"),
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout.split(_SEPARATOR)


@pytest.mark.parametrize("document", ["README.md", "README.es.md"])
def test_what_the_tour_shows_is_what_happens(document: str, outputs: list[str]) -> None:
    steps = _steps(document)
    assert len(steps) == len(outputs)
    for (commands, shown), real in zip(steps, outputs, strict=True):
        rest = _plain(real)
        for piece in _plain(shown).split("…"):
            _, found, rest = rest.partition(piece) if piece else ("", "…", rest)
            assert found, f"{commands}\nshows {piece!r}\nand writes {real}"


def _plain(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_both_languages_run_the_same_commands() -> None:
    english, spanish = (
        [commands for commands, _ in _steps(d)] for d in ("README.md", "README.es.md")
    )
    assert english == spanish
