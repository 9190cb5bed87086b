"""A PostgreSQL of the bench's own and one large shop in it, with a model of made-up vectors.

No worker runs beside it: nobody else sweeps, embeds or searches while we measure.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from core.adapters.embedded import Embedded
from core.catalogo.busqueda.indexar import embed_step, texto_de
from core.catalogo.busqueda.vectores import hash_de
from core.db import Database
from core.models import Empresa
from core.settings import Settings
from core.wiring import build_database
from tests.bench import archivo
from tests.bench.modelo import MODELO, EmbedderDelBanco, unit_vectors
from tests.conftest import ROOT, migrate, start_server
from tests.fakes import ColaEnMemoria

_ids = count(1)


@dataclass
class Almacen:
    settings: Settings
    folder: Path
    db: Database
    embedder: EmbedderDelBanco = field(default_factory=EmbedderDelBanco)

    @cached_property
    def superuser(self) -> str:
        owner = self.settings.owner_url.set(drivername="postgresql", username="postgres")
        return owner.render_as_string(False)

    @cached_property
    def archivo(self) -> Path:
        path = self.folder / "catalogo.csv"
        path.write_bytes(archivo.file())
        return path

    def new_empresa(self) -> int:
        """Nobody's yet, and with the next free id."""
        id_ = next(_ids)
        with self.db.empresa(id_) as session:
            session.add(Empresa(id=id_, nombre=f"Banco {id_}"))
        return id_

    def aside(self, *what: str) -> dict[str, Any]:
        """Run tests.bench.aparte in a process of its own; what it measured of itself."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.aparte", str(self.settings.data_dir), *what],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
            timeout=900,
        )
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    @cached_property
    def llena(self) -> int:
        """An empresa with the whole file in it and a vector for every producto."""
        empresa_id = self.new_empresa()
        self.aside("importar", str(empresa_id), str(self.archivo))
        self.keep_vectors(empresa_id)
        self.give_vectors(empresa_id)
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            connection.execute("ANALYZE")
        return empresa_id

    def keep_vectors(self, empresa_id: int) -> None:
        """A made-up vector for every text of the catalogue, as if the model had been asked."""
        with psycopg.connect(self.superuser) as connection:
            rows = connection.execute(
                "SELECT nombre, marca, categoria, descripcion FROM producto WHERE empresa_id = %s",
                (empresa_id,),
            ).fetchall()
            names = ("nombre", "marca", "categoria", "descripcion")
            texts = {texto_de(_Texto(**dict(zip(names, row, strict=True)))) for row in rows}
            vectors = unit_vectors(len(texts), seed=5)
            with connection.cursor() as cursor, cursor.copy(_COPY_VECTORS) as copy:
                copy.set_types(["text", "bytea", "bytea"])
                for text, vector in zip(sorted(texts), vectors, strict=True):
                    copy.write_row((MODELO, hash_de(text), vector.tobytes()))

    def give_vectors(self, empresa_id: int) -> int:
        """The product's own steps until every producto has its vector; texts that were asked."""
        settings = self.settings.model_copy(update={"embeddings_paso_filas": 5_000})
        before, cola = self.embedder.pedidos, ColaEnMemoria()
        ids = {"empresa_id": empresa_id, "worker": "banco"}
        while (paso := embed_step(self.db, cola, settings, self.embedder, **ids)).estado == "sigue":
            continue
        assert paso.estado == "al_dia", paso
        return self.embedder.pedidos - before

    def productos(self, empresa_id: int) -> list[int]:
        with psycopg.connect(self.superuser) as connection:
            query = "SELECT id FROM producto WHERE empresa_id = %s ORDER BY id"
            return [id_ for (id_,) in connection.execute(query, (empresa_id,))]

    def count(self, what: str) -> int:
        with psycopg.connect(self.superuser) as connection:
            row = connection.execute(f"SELECT count(*) FROM {what}").fetchone()
        return int(row[0]) if row else 0


@dataclass(frozen=True)
class _Texto:
    nombre: str
    marca: str
    categoria: str
    descripcion: str


_COPY_VECTORS = "COPY embedding (modelo, hash, datos) FROM STDIN (FORMAT BINARY)"


@contextmanager
def open_almacen() -> Iterator[Almacen]:
    with ExitStack() as cleanup:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="agente-bench-")))
        os.chmod(folder, 0o711)  # PostgreSQL's own user must reach its data when we are root
        settings = Settings(data_dir=folder / "data", _env_file=None)  # type: ignore[call-arg]
        Embedded(settings).prepare(valkey=False)
        server = start_server(settings, "postgres")
        cleanup.callback(server.wait, 60)
        cleanup.callback(server.send_signal, signal.SIGINT)
        migrate(settings)
        db = build_database(settings, max_connections=8)
        cleanup.callback(db.close)
        yield Almacen(settings, folder, db)
