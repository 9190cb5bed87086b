"""PDF, by pypdf, in a process of its own: a file made to harm costs its time and memory, no more.

`python -m core.adapters.pdf` is that process: the file on its input, JSON on its output.
"""

import json
import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from core.documentos.secciones import DocumentoIlegible
from core.documentos.trozos import LARGO
from core.settings import Settings

_ROOT = Path(__file__).resolve().parents[2]
_DETALLES = {
    "pdf_cifrado": "El PDF tiene contraseña: quítesela y súbalo de nuevo.",
    "pdf_ilegible": "El PDF está dañado, o tarda demasiado en leerse.",
    "demasiado_largo": "El PDF tiene demasiadas páginas o demasiado texto: divídalo.",
}


@dataclass(frozen=True)
class PypdfLector:
    """Implements core.documentos.secciones.LeerPdf. Safe from any thread."""

    paginas: int
    segundos: float
    memoria: int
    caracteres: int

    @classmethod
    def of(cls, settings: Settings) -> "PypdfLector":
        return cls(
            paginas=settings.documento_pdf_max_paginas,
            segundos=settings.documento_pdf_segundos,
            memoria=settings.documento_pdf_max_memoria,
            # More than its pasajes may hold, with room for what is left out of them.
            caracteres=settings.documento_max_pasajes * LARGO * 2,
        )

    def __call__(self, contenido: bytes) -> list[str]:
        limits = (self.paginas, int(self.segundos) + 1, self.memoria, self.caracteres)
        try:
            done = subprocess.run(
                [sys.executable, "-m", __name__, *map(str, limits)],
                input=contenido,
                capture_output=True,
                timeout=self.segundos,
                cwd=_ROOT,
                # Nothing of ours: what a file could make of it is not worth knowing.
                env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(_ROOT)},
            )
        except subprocess.TimeoutExpired as e:
            raise _refused("pdf_ilegible") from e
        if done.returncode != 0:
            raise _refused("pdf_ilegible")
        told: dict[str, Any] = json.loads(done.stdout)
        if "error" in told:
            raise _refused(told["error"])
        paginas: list[str] = told["paginas"]
        return paginas


def _refused(codigo: str) -> DocumentoIlegible:
    return DocumentoIlegible(codigo, _DETALLES[codigo])


# --- the process -------------------------------------------------------------------------------


def _read(contenido: bytes, *, paginas: int, caracteres: int) -> dict[str, Any]:
    from pypdf import PasswordType, PdfReader

    reader = PdfReader(BytesIO(contenido))
    # Without a password many can be read by anybody; that is no secret.
    if reader.is_encrypted and reader.decrypt("") is PasswordType.NOT_DECRYPTED:
        return {"error": "pdf_cifrado"}
    if len(reader.pages) > paginas:
        return {"error": "demasiado_largo"}
    texts, total = [], 0
    for page in reader.pages:
        texts.append(page.extract_text().encode("utf-8", "replace").decode())
        total += len(texts[-1])
        if total > caracteres:
            return {"error": "demasiado_largo"}
    return {"paginas": texts}


def main(argv: list[str]) -> int:
    paginas, segundos, memoria, caracteres = map(int, argv)
    resource.setrlimit(resource.RLIMIT_AS, (memoria, memoria))
    resource.setrlimit(resource.RLIMIT_CPU, (segundos, segundos))
    try:
        told = _read(sys.stdin.buffer.read(), paginas=paginas, caracteres=caracteres)
    except Exception:  # a broken file may raise anything; whatever it is, it cannot be read
        told = {"error": "pdf_ilegible"}
    sys.stdout.write(json.dumps(told))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
