"""`python -m tests.evals`: renew vectores.npz with the bundled model, for changed texts.

Takes about a minute. What the search makes of them is told by tests/evals/test_relevancia.py.
"""

import csv
import io
import sys
from types import SimpleNamespace

from core.adapters.embeddings_local import LocalEmbedder
from core.catalogo.busqueda.indexar import texto_de
from tests.evals.documentos import medir as documentos
from tests.evals.medir import CONJUNTOS, clave, contenido, guardar, leer_preguntas


def main() -> int:
    model = LocalEmbedder()
    kept: dict[bytes, bytes] = {}
    for conjunto in CONJUNTOS:
        rows = csv.DictReader(io.StringIO(contenido(conjunto).decode()))
        texts = [texto_de(SimpleNamespace(**row)) for row in rows]
        asked = [p.q for p in leer_preguntas(conjunto)]
        for some, consulta in ((texts, False), (asked, True)):
            vectors = model.embed(some, consulta=consulta)
            kept |= {clave(t, consulta=consulta): v for t, v in zip(some, vectors, strict=True)}
        sys.stdout.write(f"{conjunto}: {len(texts)} productos, {len(asked)} preguntas\n")
    for conjunto in documentos.CONJUNTOS:
        headed = documentos.leer_embebidos(conjunto)
        asked = [p.q for p in documentos.leer_preguntas(conjunto)]
        for some, consulta in ((headed, False), (asked, True)):
            vectors = model.embed(some, consulta=consulta)
            kept |= {clave(t, consulta=consulta): v for t, v in zip(some, vectors, strict=True)}
        sys.stdout.write(f"{conjunto}: {len(headed)} pasajes, {len(asked)} preguntas\n")
    guardar(kept)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
