"""`.env.example` is the list of settings that people read: complete, and true."""

import re
from pathlib import Path

import pytest

from core.settings import Settings

_EXAMPLE = Path(__file__).resolve().parent.parent / ".env.example"


def _listed() -> dict[str, str]:
    lines = re.findall(r"^# ([A-Z_]+)=(.*)$", _EXAMPLE.read_text(), re.MULTILINE)
    assert len(lines) == len(dict(lines)), "a setting is listed twice"
    return dict(lines)


def test_every_setting_is_listed_with_its_default() -> None:
    defaults = {
        name.upper(): "" if field.default is None else str(field.default)
        for name, field in Settings.model_fields.items()
    }
    assert _listed() == defaults


def test_an_empty_value_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _listed():
        monkeypatch.setenv(name, "")
    assert Settings(_env_file=None) == Settings.model_construct()  # type: ignore[call-arg]
