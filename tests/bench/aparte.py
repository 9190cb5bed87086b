"""What is measured in a process of its own, so that its memory is its own.

`python -m tests.bench.aparte DATA_DIR importar EMPRESA FILE` or `… DATA_DIR memoria EMPRESA`; the
last line that it prints is JSON.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from core.adapters.faiss_index import FaissIndex
from core.catalogo.busqueda.buscar import Buscador
from core.catalogo.busqueda.fotos import Fotos
from core.catalogo.busqueda.significado import Significado
from core.catalogo.importaciones.importar import create_importacion, import_step
from core.db import Database
from core.settings import Settings
from core.wiring import build_database
from tests.bench.modelo import EmbedderDelBanco
from tests.fakes import ColaEnMemoria

MB = 1024


def importar(db: Database, settings: Settings, empresa_id: int, path: Path) -> dict[str, float]:
    """The importacion from its first row to the end of its last step."""
    import pandas  # noqa: F401  # a worker has long loaded it

    contenido, cola = path.read_bytes(), ColaEnMemoria()
    start = time.monotonic()
    with db.empresa(empresa_id) as session:
        id_ = create_importacion(
            session,
            empresa_id=empresa_id,
            modo="actualizar",
            nombre_archivo="catalogo.csv",
            contenido=contenido,
            actor="consola",
            usuario_id=None,
        )
    del contenido  # the web's, not the worker's
    ids = {"empresa_id": empresa_id, "importacion_id": id_}
    while (paso := import_step(db, cola, settings, **ids, worker="banco")).estado == "sigue":
        continue
    seconds = time.monotonic() - start
    assert paso.estado == "indexando", paso
    return {"importacion_id": id_, "segundos": seconds, "pico_mb": _status("VmHWM") / MB}


def memoria(db: Database, settings: Settings, empresa_id: int) -> dict[str, float]:
    """MB that each index of this empresa makes the process grow by."""
    import faiss  # noqa: F401  # the library itself is not the shop's

    modelo = EmbedderDelBanco()
    significado = Significado(
        db,
        embedder=lambda _: modelo,
        indice=lambda *_: FaissIndex(),
        fotos=Fotos(settings.data_dir / "ninguna"),
        max_bytes=10**9,
    )
    palabras = Buscador(db)
    palabras.buscar(0, "martillo", 1)  # connections, synonyms
    significado.cercanos(0, "martillo", 1)
    return {
        "palabras": _growth(lambda: palabras.buscar(empresa_id, "martillo", 1)),
        "vectores": _growth(lambda: significado.cercanos(empresa_id, "martillo", 1)),
    }


def _growth(build: Callable[[], object]) -> float:
    before = _status("VmRSS")
    build()
    return (_status("VmRSS") - before) / MB


def _status(name: str) -> int:
    """Of this process, in KB. Not getrusage: its peak begins with that of who started us."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise AssertionError(name)


def main() -> None:
    data_dir, what, empresa, *more = sys.argv[1:]
    settings = Settings(data_dir=Path(data_dir), _env_file=None)  # type: ignore[call-arg]
    db = build_database(settings, max_connections=4)
    if what == "importar":
        found = importar(db, settings, int(empresa), Path(more[0]))
    else:
        found = memoria(db, settings, int(empresa))
    db.close()
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
