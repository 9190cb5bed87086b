"""A documento's bytes → its sections: what is said under one heading, or to one question.

Text and Markdown are read here, a table of questions and answers in `preguntas`; a PDF's text
comes from whoever can read PDFs (LeerPdf) and is then text like any other.
"""

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

LeerPdf = Callable[[bytes], list[str]]
"""The text of each page. Raises DocumentoIlegible, whatever the bytes are."""

_ENCABEZADO = re.compile(r"#{1,6}\s+(.+?)\s*#*\s*$")
_VINETA = re.compile(r"\s*(?:[-*+•·▪‣]|\d{1,2}[.)])\s+")
_ENLACE = re.compile(r"!?\[([^\]]*)\]\(([^)\s]*)[^)]*\)")
_ENFASIS = re.compile(r"(\*\*|__|`|~~)(.+?)\1|(?<![\w*])\*(?![\s*])([^*]+?)\*(?!\w)")
_MARCA = re.compile(r"^(?:```.*|~~~.*|\s*>\s?|\s*(?:[-*_]\s*){3,}$)")
_REGLA = re.compile(r"\s*\|?[\s:|-]+\|[\s:|-]*")  # between a table's titles and its rows
_TITULO_MAX = 60  # a heading of a text without marks: characters, words
_PALABRAS_MAX = 8
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_CONTROL_MAX = 0.02  # a text has next to none; a picture or a program is full of them
VINETA = "• "


class DocumentoIlegible(Exception):
    """Nothing can be made of it, now or later. `codigo` is stable; the text is for the person who
    sent it."""

    def __init__(self, codigo: str, detalle: str) -> None:
        super().__init__(detalle)
        self.codigo = codigo


@dataclass(frozen=True)
class Seccion:
    """parrafos: each one line, or a list of one line per point. `pregunta`: the titulo is a
    question that they answer."""

    titulo: str
    parrafos: tuple[str, ...]
    pregunta: bool = False


def decode(contenido: bytes) -> str:
    """What is written: UTF-8 or UTF-16 with their marks, else Windows-1252. Raises
    DocumentoIlegible for what is no text."""
    if contenido.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        texto = contenido.decode("utf-16", "replace")
    else:
        try:
            texto = contenido.decode("utf-8-sig")
        except UnicodeDecodeError:
            texto = contenido.decode("cp1252", "replace")
    texto = texto.replace("\r\n", "\n").replace("\r", "\n")
    if len(_CONTROL.findall(texto)) > _CONTROL_MAX * len(texto):
        raise DocumentoIlegible("no_es_texto", "El archivo no es texto.")
    return _CONTROL.sub(" ", texto)


def read_texto(texto: str) -> list[Seccion]:
    """Paragraphs, under what looks like a heading: in capitals, ending in a colon, or a short line
    by itself at the head of a paragraph."""
    lines = [line.strip() for line in texto.split("\n")]
    marked = []
    for n, line in enumerate(lines):
        around = lines[n - 1] if n else "", lines[n + 1] if n + 1 < len(lines) else ""
        marked.append(("", line) if not _heads(line, *around) else (line.rstrip(": "), ""))
    # Below a paragraph's own heading others may follow that have none: each stays by itself.
    return [Seccion(s.titulo, (parrafo,)) for s in _gather(marked) for parrafo in s.parrafos]


def read_markdown(texto: str) -> list[Seccion]:
    """By its headings, each with those above it."""
    path: list[tuple[int, str]] = []  # (level, heading); a text may begin at any level
    marked: list[tuple[str, str]] = []
    lines = texto.split("\n")
    for n, line in enumerate(lines):
        below = lines[n + 1].strip() if n + 1 < len(lines) else ""
        under = line.strip() and re.fullmatch(r"={3,}|-{3,}", below) and not _VINETA.match(line)
        found = _ENCABEZADO.match(line)
        if found or under:
            level = len(line) - len(line.lstrip("#")) if found else 1 + below.startswith("-")
            above = [heading for heading in path if heading[0] < level]
            path = [*above, (level, _plain(found[1] if found else line))]
            marked.append((" › ".join(title for _, title in path), ""))
        elif not re.fullmatch(r"={3,}", line.strip()) and not _REGLA.fullmatch(line):
            marked.append(("", _plain(_MARCA.sub("", line))))
    return _gather(marked)


def read_paginas(paginas: Sequence[str]) -> list[Seccion]:
    """The text of a PDF, whose lines break where the paper ends."""
    lines = [" ".join(line.split()) for pagina in paginas for line in pagina.split("\n")]
    joined: list[str] = []
    for line in lines:
        before = joined[-1] if joined else ""
        if before.endswith("-") and line[:1].islower():
            joined[-1] = before[:-1] + line
        elif before and line and not _VINETA.match(line) and _goes_on(before, line):
            joined[-1] = f"{before} {line}"
        else:
            joined.append(line)
    return read_texto("\n".join(_spread(joined)))


def _goes_on(before: str, line: str) -> bool:
    """Whether a line of a page is the sentence before it, broken by the margin."""
    return line[:1].islower() or len(before) > _TITULO_MAX and before[-1] not in ".:!?"


def _spread(lines: Sequence[str]) -> Iterator[str]:
    """With a blank line before what may be a heading: a page has none where text is set apart."""
    for n, line in enumerate(lines):
        ended = n > 0 and lines[n - 1][-1:] in (".", "!", "?", "")
        if ended and _short(line):
            yield ""
        yield line


def _heads(line: str, before: str, after: str) -> bool:
    if not _short(line):
        return False
    if line.isupper() or line.endswith(":") and not before:
        return True
    return not before and len(after) > len(line) and not _VINETA.match(after)


def _short(line: str) -> bool:
    return (
        0 < len(line) <= _TITULO_MAX
        and len(line.split()) <= _PALABRAS_MAX
        and line[-1] not in ".,;!"
        and not _VINETA.match(line)
    )


def _plain(line: str) -> str:
    """Without the marks of Markdown: links keep their words, and their address where it is one."""
    linked = _ENLACE.sub(
        lambda m: f"{m[1]} ({m[2]})" if m[2].startswith(("http", "tel", "mailto")) else m[1], line
    )
    bare = _ENFASIS.sub(lambda m: m[2] or m[3], _ENFASIS.sub(lambda m: m[2] or m[3], linked))
    if bare.strip().startswith("|"):
        return "- " + ": ".join(c.strip() for c in bare.strip().strip("|").split("|") if c.strip())
    return bare.rstrip()


def _gather(marked: Sequence[tuple[str, str]]) -> list[Seccion]:
    """(heading, "") and ("", line) in order → sections of paragraphs."""
    secciones: list[Seccion] = []
    titulo, parrafos, current = "", list[str](), list[str]()

    def close(heading: str) -> None:
        nonlocal titulo, parrafos
        _end(parrafos, current)
        if parrafos:
            secciones.append(Seccion(titulo, tuple(parrafos)))
        titulo, parrafos = heading, []

    for heading, line in marked:
        if heading:
            close(heading)
        elif not line.strip():
            _end(parrafos, current)
        elif (point := _VINETA.match(line)) is not None:
            current.append(VINETA + " ".join(line[point.end() :].split()))
        elif current and line[:1].isspace() or current and not current[-1].startswith(VINETA):
            current[-1] += " " + " ".join(line.split())
        else:
            current.append(" ".join(line.split()))
    close("")
    return secciones


def _end(parrafos: list[str], current: list[str]) -> None:
    if current:
        parrafos.append("\n".join(current))
        current.clear()
