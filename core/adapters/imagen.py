"""Customers' pictures drawn anew by Pillow, in a process of its own (imagen_proceso): a file made
to harm costs its time and memory, no more."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from core.errors import ArchivoIlegible, Unavailable
from core.ports import ImagenLimpia
from core.settings import Settings

_ROOT = Path(__file__).resolve().parents[2]
# At once, of all threads: each may take hundreds of megabytes for a moment.
_A_LA_VEZ = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class PillowLimpiador:
    """Implements core.ports.LimpiarImagen. lado: the longer side of what is kept, in points."""

    pixeles: int
    lado: int
    cpu_segundos: int
    memoria: int

    @classmethod
    def of(cls, settings: Settings) -> "PillowLimpiador":
        return cls(
            pixeles=settings.imagen_max_pixeles,
            lado=settings.imagen_lado,
            cpu_segundos=settings.imagen_segundos,
            memoria=settings.imagen_max_memoria,
        )

    def __call__(self, contenido: bytes, *, segundos: float) -> ImagenLimpia:
        if not _A_LA_VEZ.acquire(timeout=segundos):
            raise Unavailable("Hay otras fotos antes.")
        try:
            done = self._run(contenido, segundos)
        finally:
            _A_LA_VEZ.release()
        head, _, jpeg = done.stdout.partition(b"\n")
        if done.returncode != 0 or not jpeg:
            raise ArchivoIlegible("La foto está dañada o es demasiado grande.")
        told = json.loads(head)
        return ImagenLimpia(jpeg, told["ancho"], told["alto"])

    def _run(self, contenido: bytes, segundos: float) -> "subprocess.CompletedProcess[bytes]":
        limits = (self.pixeles, self.lado, self.cpu_segundos, self.memoria)
        try:
            return subprocess.run(
                [sys.executable, "-m", "core.adapters.imagen_proceso", *map(str, limits)],
                input=contenido,
                capture_output=True,
                timeout=segundos,
                cwd=_ROOT,
                # Nothing of ours: what a file could make of it is not worth knowing.
                env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(_ROOT)},
            )
        except subprocess.TimeoutExpired as e:
            raise Unavailable("La foto no se pudo revisar a tiempo.") from e
