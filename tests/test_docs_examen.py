"""docs/examen.md does what it says: its files are written, its commands run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.db import Database
from core.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "examen.md").read_text(encoding="utf-8")
_FILE = re.compile(r"^<!-- (mi_tienda/\S+) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_RUN = re.compile(r"^```bash\n(.*?)^```\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUNS = _RUN.findall(PAGE)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The page's files in a folder of their own."""
    files = _FILE.findall(PAGE)
    assert len(files) == 3
    for name, content in files:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(content, encoding="utf-8")
    return tmp_path / "mi_tienda"


@pytest.mark.parametrize(("command", "shown"), RUNS, ids=["dialogos", "mensajes"])
def test_what_the_page_shows_is_what_happens(
    shop: Path, db: Database, settings: Settings, command: str, shown: str
) -> None:
    here = command.replace("mi_tienda/", f"{shop}/")
    words = here.replace(".venv/bin/flask", f"{sys.executable} -m flask").split()
    ran = subprocess.run(
        words,
        cwd=ROOT,
        env={
            **os.environ,
            "DATA_DIR": str(settings.data_dir),
            "DATABASE_URL": settings.owner_url.render_as_string(hide_password=False),
            "REDIS_URL": settings.redis_location,
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == shown
    assert "aviso" not in ran.stderr
