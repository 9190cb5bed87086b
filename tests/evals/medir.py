"""nDCG@10 of the search over a graded set, through the one door that everybody uses."""

import csv
import hashlib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from core.adapters.embeddings_local import MODELO
from core.catalogo.busqueda.buscar import Buscador
from core.ports import Vector

AQUI = Path(__file__).parent
VECTORES = AQUI / "vectores.npz"
DEMO = AQUI.parents[1] / "core" / "catalogo" / "demo.csv"
CONJUNTOS = {"ferreteria": DEMO, "ropa": AQUI / "ropa.csv"}


@dataclass(frozen=True)
class Pregunta:
    q: str
    tipo: str
    rel: dict[str, int]


def leer_preguntas(conjunto: str) -> list[Pregunta]:
    said = yaml.safe_load((AQUI / f"{conjunto}.yaml").read_text(encoding="utf-8"))
    return [Pregunta(**entry) for entry in said]


def contenido(conjunto: str) -> bytes:
    return CONJUNTOS[conjunto].read_bytes()


def skus(conjunto: str) -> set[str]:
    text = contenido(conjunto).decode()
    return {row["sku"] for row in csv.DictReader(io.StringIO(text))}


def ndcg(found: Sequence[str], rel: dict[str, int], *, k: int = 10) -> float:
    """With what nobody judged counted as 0. Source: Järvelin & Kekäläinen, TOIS 20(4), 2002."""

    def gain(grades: Sequence[int]) -> float:
        return sum(g / math.log2(n + 2) for n, g in enumerate(grades[:k]))

    best = gain(sorted(rel.values(), reverse=True))
    return gain([rel.get(sku, 0) for sku in found]) / best


@dataclass(frozen=True)
class Nota:
    """por_tipo: mean nDCG@10 of each tipo. falsas: how many of the questions that nothing answers
    were answered as surely as the seller would offer."""

    ndcg: float
    por_tipo: dict[str, float]
    falsas: int
    nadas: int


def calificar(buscador: Buscador, empresa_id: int, conjunto: str, *, ofrece: float) -> Nota:
    """`ofrece`: the puntaje from which the seller offers what was found."""
    catalogo = buscador.de(empresa_id)
    por_tipo: dict[str, list[float]] = {}
    nadas = falsas = 0
    for p in leer_preguntas(conjunto):
        hits = catalogo.buscar(p.q, 10)
        if p.rel:
            found = [h.producto.sku or "" for h in hits]
            por_tipo.setdefault(p.tipo, []).append(ndcg(found, p.rel))
        else:
            nadas += 1
            falsas += any(h.puntaje >= ofrece for h in hits)
    todas = [n for notas in por_tipo.values() for n in notas]
    means = {tipo: sum(n) / len(n) for tipo, n in sorted(por_tipo.items())}
    return Nota(sum(todas) / len(todas), means, falsas, nadas)


class SinVector(LookupError):
    """Not among the vectors that were kept: `python -m tests.evals` renews them."""


class VectoresGuardados:
    """core.ports.Embedder that only remembers: what the bundled model once said of these texts."""

    modelo = MODELO
    lote = 1000

    @cached_property
    def _kept(self) -> dict[bytes, Vector]:
        import numpy as np

        with np.load(VECTORES) as kept:
            keys, vectors = kept["claves"], kept["vectores"]
        return {k.tobytes(): v.tobytes() for k, v in zip(keys, vectors, strict=True)}

    def embed(self, textos: Sequence[str], *, consulta: bool = False) -> list[Vector]:
        try:
            return [self._kept[clave(t, consulta=consulta)] for t in textos]
        except KeyError as e:
            raise SinVector from e


def clave(texto: str, *, consulta: bool) -> bytes:
    return hashlib.sha256(f"{'?' if consulta else ''}{texto}".encode()).digest()[:16]


def guardar(vectores: dict[bytes, Vector]) -> None:
    import numpy as np

    claves = sorted(vectores)
    matrix: Any = np.stack([np.frombuffer(vectores[c], dtype="<f2") for c in claves])
    keys = np.stack([np.frombuffer(c, dtype=np.uint8) for c in claves])
    np.savez_compressed(VECTORES, claves=keys, vectores=matrix)
