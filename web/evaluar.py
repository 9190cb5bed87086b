"""`flask --app web evaluar …`: the exam that is run before changing a prompt, a rule or a model.

Needs PostgreSQL only, and starts the embedded one when none is given and none runs.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import click
import yaml
from flask.cli import AppGroup

from core.adapters.embeddings import embedder_of, modelo_of
from core.agente.examen import Nota, read_dialogos, summary
from core.errors import Invalid
from core.settings import Settings
from core.wiring import build_database, build_significado
from web import evaluar_turnos
from web.cli import refusing

evaluar = AppGroup("evaluar", help="El examen del vendedor.")
evaluar.add_command(evaluar_turnos.turno)
evaluar.add_command(evaluar_turnos.turnos)
_DEMO = Path(__file__).resolve().parent.parent / "core" / "catalogo" / "demo.csv"


@evaluar.command("dialogos")
@click.argument("archivo", type=click.File(encoding="utf-8"))
@click.option(
    "--catalogo",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV; sin él, el catalogo.csv que esté junto al archivo, o el de la demostración.",
)
@click.option("--repeticiones", type=click.IntRange(1, 100), default=1, show_default=True)
def dialogos(archivo: TextIO, catalogo: Path | None, repeticiones: int) -> None:
    """Conversaciones completas; califica cómo queda la base de datos.

    Una línea por falla y al final PASS n/N. Con --repeticiones, n/N es el de la primera vuelta y
    la línea anterior, pass^K, cuenta los diálogos que salieron bien en todas.
    """
    # Inside, so that the web's processes never load the seller or the launcher.
    from core.agente.evaluar import Examen
    from core.launcher.servers import embedded_running

    settings = Settings()
    with refusing(), embedded_running(settings):
        guiones = read_dialogos(_parse(yaml.safe_load, archivo))
        file = catalogo or _beside(archivo)
        db = build_database(settings, max_connections=4)
        examen = Examen(
            db,
            settings,
            file.read_bytes(),
            file.name,
            embedder=embedder_of(settings, modelo_of(settings)),
            significado=build_significado(settings, db),
        )
        vueltas = [examen.run(guiones, tell=_tell) for _ in range(repeticiones)]
        db.close()
    if repeticiones > 1:
        always = sum(all(n.bien for n in notas) for notas in zip(*vueltas, strict=True))
        click.echo(f"pass^{repeticiones} {always}/{len(guiones)}")
    click.echo(summary(vueltas[0]))


@evaluar.command("mensajes")
@click.argument("archivo", type=click.File(encoding="utf-8"))
@click.option("--salida", type=click.File("w", encoding="utf-8"), required=True)
def mensajes(archivo: TextIO, salida: TextIO) -> None:
    """Mensajes sueltos: escribe qué se entendió de cada línea."""
    from core.agente.evaluar import predecir

    with refusing():
        for line in archivo:
            if line.strip():
                read = predecir(_parse(json.loads, line))
                salida.write(json.dumps(read, ensure_ascii=False) + "\n")


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
            _parse(json.load, docs),
            _parse(json.load, queries),
            embedder=embedder_of(settings, modelo_of(settings)),
            significado=build_significado(settings, db),
        )
        db.close()
    json.dump(found, salida, ensure_ascii=False)


def _tell(nota: Nota) -> None:
    if not nota.bien:
        click.echo(nota.line())


def _beside(archivo: TextIO) -> Path:
    beside = Path(archivo.name).resolve().parent / "catalogo.csv"
    return beside if beside.exists() else _DEMO


def _parse(reader: Callable[[Any], Any], source: Any) -> Any:
    try:
        return reader(source)
    except (ValueError, yaml.YAMLError) as e:
        raise Invalid(f"El archivo no se puede leer: {e}") from e
