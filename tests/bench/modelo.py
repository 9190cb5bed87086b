"""A model whose vectors are made up, and cost nothing."""

from collections.abc import Sequence
from typing import Any
from zlib import crc32

import numpy as np

from core.ports import Vector

MODELO, DIM = "banco:1", 384  # as many numbers as the bundled model's


class EmbedderDelBanco:
    """core.ports.Embedder in no time: any of some prepared unit vectors. `pedidos` counts the
    texts that were asked for, questions apart."""

    modelo, lote = MODELO, 500

    def __init__(self) -> None:
        self._vectors = unit_vectors(997, seed=3)
        self.pedidos = 0

    def embed(self, textos: Sequence[str], *, consulta: bool = False) -> list[Vector]:
        self.pedidos += 0 if consulta else len(textos)
        return [self._vectors[crc32(t.encode()) % len(self._vectors)].tobytes() for t in textos]


def unit_vectors(n: int, *, seed: int) -> Any:
    """n rows of fp16, each of length 1."""
    rows = np.random.default_rng(seed).standard_normal((n, DIM), dtype=np.float32)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("<f2")
