"""What the documents point at is there: links, headings, files and tests that they name."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_NAMED = re.compile(r"`((?:core|web|workers|tests|migrations|docs)/[\w./-]*)(?:::(\w+))?`")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def _prose(document: Path) -> str:
    return _FENCE.sub("", document.read_text())


def _anchors(document: Path) -> set[str]:
    """As GitHub makes them: lower case, no punctuation, hyphens for spaces."""
    headings = re.findall(r"^#+ (.+)$", _prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: str(d.relative_to(ROOT)))
def test_every_link_within_the_repository_leads_somewhere(document: Path) -> None:
    for target in _LINK.findall(_prose(document)):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = unquote(target).partition("#")
        there = (document.parent / path).resolve() if path else document
        assert there.exists(), target
        assert not anchor or anchor in _anchors(there), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: str(d.relative_to(ROOT)))
def test_every_file_and_test_that_is_named_exists(document: Path) -> None:
    for path, test in _NAMED.findall(document.read_text()):
        assert (ROOT / path).exists(), path
        assert not test or f"def {test}(" in (ROOT / path).read_text(), f"{path}::{test}"


@pytest.mark.parametrize("document", ["README.md", "README.es.md"])
def test_every_setting_that_is_named_exists(document: str) -> None:
    listed = re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    rows = re.findall(r"^\| (`[A-Z_`, ]+) \|", (ROOT / document).read_text(), re.MULTILINE)
    named = re.findall(r"[A-Z_]+", " ".join(rows))
    assert named
    assert set(named) <= set(listed)


def test_every_dependency_has_its_reason() -> None:
    told = (ROOT / "docs/adr/0006-dependencies.md").read_text()
    for line in (ROOT / "requirements.in").read_text().splitlines():
        name = re.split(r"[\[<>=~!; ]", line)[0]
        assert not name or name == "#" or re.search(rf"\b{re.escape(name)}\b", told), name
