"""`flask --app web evaluar …`: the exam that is run before changing a prompt, a rule or a model.

Needs PostgreSQL only, and starts the embedded one when none is given and none runs.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import click
import yaml
from flask.cli import AppGroup

from core.adapters.embeddings import embedder_of, modelo_of
from core.agente.examen import Dialogo, Nota, read_dialogos, summary
from core.agente.guion import unknown_fields
from core.errors import Invalid
from core.settings import Settings
from core.wiring import build_database, build_motor, build_significado
from web import evaluar_turnos
from web.cli import refusing

evaluar = AppGroup("evaluar", help="El examen del vendedor.")
evaluar.add_command(evaluar_turnos.turno)
evaluar.add_command(evaluar_turnos.turnos)
# How many dialogues between two words of how far it is.
_CADA = 10
_DEMO = Path(__file__).resolve().parent.parent / "core" / "catalogo" / "demo.csv"


@evaluar.command("dialogos")
@click.argument("archivo", type=click.File("rb"))
@click.option(
    "--catalogo",
    type=click.Path(dir_okay=False, path_type=Path),
    help="CSV; sin él, el catalogo.csv que esté junto al archivo, o el de la demostración.",
)
@click.option("--repeticiones", type=click.IntRange(1, 100), default=1, show_default=True)
def dialogos(archivo: BinaryIO, catalogo: Path | None, repeticiones: int) -> None:
    """Conversaciones completas; califica cómo queda la base de datos.

    Lo que la tienda sabe además de sus productos se lee del documentos.md que esté junto al
    archivo.

    Una línea por falla y al final PASS n/N. Con --repeticiones, n/N es el de la primera vuelta y
    la línea anterior, pass^K, cuenta los diálogos que salieron bien en todas.
    """
    # Inside, so that the web's processes never load the seller or the launcher.
    from core.agente.evaluar import Examen
    from core.launcher.servers import embedded_running

    settings = Settings()
    with refusing():  # before any server is started
        guiones = _read_guiones(archivo)
        file = catalogo or _beside(archivo)
        if not file.is_file():
            raise Invalid(f"El catálogo «{file}» no existe.")
    click.echo(f"{len(guiones)} diálogos con el catálogo {file}", err=True)
    with refusing(), embedded_running(settings):
        db = build_database(settings, max_connections=4)
        examen = Examen(
            db,
            settings,
            file.read_bytes(),
            file.name,
            embedder=embedder_of(settings, modelo_of(settings)),
            significado=build_significado(settings, db),
            documentos=find_documentos(archivo.name),
            motor=build_motor(settings, db),
        )
        marcha = _Marcha(len(guiones) * repeticiones)
        vueltas = [examen.run(guiones, tell=marcha.tell) for _ in range(repeticiones)]
        db.close()
    if repeticiones > 1:
        always = sum(all(n.bien for n in notas) for notas in zip(*vueltas, strict=True))
        click.echo(f"pass^{repeticiones} {always}/{len(guiones)}")
    click.echo(summary(vueltas[0]))


def _read_guiones(archivo: BinaryIO) -> list[Dialogo]:
    """Warns of fields that examine nothing. Raises Invalid."""
    leido = _parse_yaml(_read_text(archivo))
    guiones = read_dialogos(leido)
    for aviso in unknown_fields(leido):
        click.echo(f"aviso: {aviso}", err=True)
    return guiones


class _Marcha:
    """Failures as they come, and now and then how far it is: a model takes its time."""

    def __init__(self, total: int) -> None:
        self._total, self._n = total, 0

    def tell(self, nota: Nota) -> None:
        self._n += 1
        if not nota.bien:
            click.echo(nota.line())
        if self._n % _CADA == 0 and self._n < self._total:
            click.echo(f"{self._n} de {self._total}", err=True)


@evaluar.command("mensajes")
@click.argument("archivo", type=click.File("rb"))
@click.option(
    "--salida",
    type=click.File("w", encoding="utf-8"),
    help="Dónde escribir qué se entendió; hace falta si el archivo no trae `gold`.",
)
@click.option("--detalle", is_flag=True, help="También una línea por mensaje mal entendido.")
def mensajes(archivo: BinaryIO, salida: TextIO | None, detalle: bool) -> None:
    """Mensajes sueltos: escribe qué se entendió de cada línea.

    Las líneas que traen su respuesta correcta (`gold`) se califican.
    """
    from core.agente.calificar import CONTEXTOS, Calificacion, read_dorado, read_mensaje
    from core.agente.evaluar import predecir

    nota = Calificacion()
    with refusing():
        lines = _lines_of(archivo)
        for n, leido in lines:
            with _in_line(n):
                mensaje = read_mensaje(leido)
                understood = predecir(leido)
            if mensaje.contexto not in (None, *CONTEXTOS):
                click.echo(f"aviso: línea {n}: contexto «{mensaje.contexto}»: como none", err=True)
            if salida is not None:
                salida.write(json.dumps(understood, ensure_ascii=False) + "\n")
            try:
                dorado = read_dorado(mensaje)
            except Invalid as e:  # what was understood is written all the same
                click.echo(f"aviso: línea {n} sin calificar: {e}", err=True)
                continue
            if dorado is not None:
                nota.add(mensaje, dorado, understood)
        if salida is None and not nota.n:
            raise Invalid("Sin `gold` no hay qué calificar: diga con --salida dónde escribir.")
    # Where the predictions go to the terminal, they stay a file by themselves.
    aside = salida is not None and salida.name == "<stdout>"
    for line in (nota.fallas if detalle else []) + (nota.lines() if nota.n else []):
        click.echo(line, err=aside)


@contextmanager
def _in_line(n: int) -> Iterator[None]:
    try:
        yield
    except Invalid as e:
        raise Invalid(f"Línea {n}: {e}") from e


def _lines_of(archivo: BinaryIO) -> list[tuple[int, Any]]:
    """(number, object) of each line that has something. Raises Invalid for none."""
    read = []
    for n, line in enumerate(_read_text(archivo).split("\n"), 1):
        if line.strip():
            try:
                read.append((n, json.loads(line)))
            except ValueError as e:
                raise Invalid(f"Línea {n}: no es JSON ({e}).") from e
    if not read:
        raise Invalid("El archivo de mensajes está vacío.")
    return read


@evaluar.command("busqueda")
@click.argument("docs", type=click.File(encoding="utf-8"))
@click.argument("queries", type=click.File(encoding="utf-8"))
@click.option("--salida", type=click.File("w", encoding="utf-8"), required=True)
def busqueda(docs: TextIO, queries: TextIO, salida: TextIO) -> None:
    """Consultas contra un catálogo de prueba: escribe qué encuentra el buscador."""
    from core.agente.evaluar import buscar_todo
    from core.launcher.servers import embedded_running

    settings = Settings()
    with refusing(), embedded_running(settings):
        db = build_database(settings, max_connections=4)
        found = buscar_todo(
            db,
            settings,
            _parse_json(docs),
            _parse_json(queries),
            embedder=embedder_of(settings, modelo_of(settings)),
            significado=build_significado(settings, db),
        )
        db.close()
    json.dump(found, salida, ensure_ascii=False)


def _beside(archivo: BinaryIO) -> Path:
    beside = Path(archivo.name).resolve().parent / "catalogo.csv"
    return beside if beside.exists() else _DEMO


def find_documentos(archivo: str) -> bytes | None:
    """What the shop knows beside its productos: the documentos.md beside the file, if any."""
    beside = Path(archivo).resolve().parent / "documentos.md"
    return beside.read_bytes() if beside.exists() else None


def _read_text(archivo: BinaryIO) -> str:
    """The file as text. Raises Invalid unless it is UTF-8, with or without its mark."""
    try:
        return archivo.read().decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise Invalid("El archivo no está en UTF-8: guárdelo de nuevo con esa codificación.") from e


def _parse_yaml(source: str) -> Any:
    try:
        return yaml.safe_load(source)
    except yaml.MarkedYAMLError as e:
        where = f"línea {e.problem_mark.line + 1}: " if e.problem_mark else ""
        raise Invalid(f"El archivo no es YAML: {where}{e.problem or e}.") from e
    except (ValueError, yaml.YAMLError) as e:
        raise Invalid(f"El archivo no se puede leer: {e}") from e


def _parse_json(source: TextIO) -> Any:
    try:
        return json.load(source)
    except ValueError as e:
        raise Invalid(f"El archivo no se puede leer: {e}") from e
