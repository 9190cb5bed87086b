"""Vectors in memory, searched whole by FAISS: exact, and 2 bytes a number.

100,000 vectors of 384 take 77 MB. A flat index needs no training, forgets nothing and is never
wrong about who is nearest; an approximate one would pay only far beyond the largest shop.
"""

from collections.abc import Sequence
from typing import Any

from core.ports import Vector


class FaissIndex:
    """Implements core.ports.VectorIndex."""

    def __init__(self) -> None:
        self._index: Any = None
        self._ids: set[int] = set()
        self._version = 0

    @property
    def version(self) -> int:
        return self._version

    def __len__(self) -> int:
        return len(self._ids)

    def put(self, ids: Sequence[int], vectores: Sequence[Vector], *, version: int) -> None:
        import faiss
        import numpy as np

        self._version = max(self._version, version)
        if not ids:
            return
        matrix = np.stack([np.frombuffer(v, dtype="<f2") for v in vectores]).astype(np.float32)
        keys = np.asarray(ids, dtype=np.int64)
        if self._index is None:
            flat = faiss.IndexScalarQuantizer(
                matrix.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
            )
            self._index = faiss.IndexIDMap(flat)
        if not self._ids.isdisjoint(ids):
            self._index.remove_ids(faiss.IDSelectorBatch(keys))
        self._index.add_with_ids(matrix, keys)
        self._ids.update(ids)

    def clear(self) -> None:
        self._index, self._ids, self._version = None, set(), 0

    def nearest(self, vector: Vector, n: int) -> list[tuple[int, float]]:
        import faiss
        import numpy as np

        if not len(self) or len(vector) != 2 * self._index.d:
            return []
        faiss.omp_set_num_threads(1)  # of this thread: turns share the cores among themselves
        question = np.frombuffer(vector, dtype="<f2").astype(np.float32)[None]
        cosines, ids = self._index.search(question, min(n, len(self)))
        return [(int(i), float(c)) for i, c in zip(ids[0], cosines[0], strict=True) if i >= 0]

    # --- as a file ------------------------------------------------------------------------------

    def dump(self) -> bytes:
        """FAISS's own format; whoever keeps it keeps its checksum and its version elsewhere."""
        import faiss

        return bytes(faiss.serialize_index(self._index)) if self._index is not None else b""

    def load(self, foto: bytes, *, version: int) -> None:
        """What `dump` returned. The caller has checked that not a bit of it is another."""
        import faiss
        import numpy as np

        self._index = faiss.deserialize_index(np.frombuffer(foto, dtype=np.uint8))
        self._ids = set(faiss.vector_to_array(self._index.id_map).tolist())
        self._version = version
