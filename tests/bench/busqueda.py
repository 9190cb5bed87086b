"""Finding one producto of a hundred thousand: a question, the first look, a change, the memory."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from statistics import median, quantiles
from typing import Any

import psycopg

from core.adapters import embeddings_local
from core.adapters.faiss_index import FaissIndex
from core.catalogo.busqueda.buscar import Buscador
from core.catalogo.busqueda.fotos import Fotos
from core.catalogo.busqueda.significado import Significado
from core.catalogo.productos import update_producto
from tests.bench.almacen import Almacen
from tests.bench.archivo import PRODUCTOS, questions
from tests.bench.fila import Fila, Medida
from tests.bench.modelo import DIM, MODELO

_CERCANOS = 200
_META_MS = 20
_CAMBIOS = 5
_edit = count(1)

_P50 = f"search of {PRODUCTOS // 1000}k, p50 ms"
_P95 = f"search of {PRODUCTOS // 1000}k, p95 ms"
_PALABRAS, _VECTORES = "its words, p50 ms", "its vectors, p50 ms"
_PREGUNTA = "a question by the local model, ms"
_ALCANZAR_PALABRAS = "words caught up after a change, ms"
_ALCANZAR_VECTORES = "vectors caught up after it, ms"
_DESDE_FOTO = "vectors from their file, ms"
_MEMORIA_PALABRAS = "MB per 10,000 productos, words"
_MEMORIA_VECTORES = "MB per 10,000 productos, vectors"


class Cronometrado(Significado):
    """Significado, and how long it took the last time."""

    ms = 0.0

    def cercanos(self, empresa_id: int, texto: str, n: int) -> list[tuple[int, float]]:
        start = time.perf_counter()
        try:
            return super().cercanos(empresa_id, texto, n)
        finally:
            self.ms = _since(start)


def _search(almacen: Almacen) -> Iterator[Fila]:
    """Every question in turn: the product, and its twin over the same matrix."""
    empresa_id = almacen.llena
    significado = _new_significado(almacen)
    buscador, flat = Buscador(almacen.db, significado), _flat_index(almacen, empresa_id)
    asked = questions()
    buscador.buscar(empresa_id, asked[0], 10)
    significado.cercanos(empresa_id, asked[0], _CERCANOS)
    total, words, vectors, bare = [], [], [], []
    for texto in asked:
        significado.ms = 0.0
        start = time.perf_counter()
        buscador.buscar(empresa_id, texto, 10)
        total.append(_since(start))
        words.append(total[-1] - significado.ms)
        significado.cercanos(empresa_id, texto, _CERCANOS)
        vectors.append(significado.ms)
        bare.append(flat(texto))
    yield Fila(_P50, median(total), median(bare), _ratio(total, bare), techo=_META_MS)
    yield Fila(_P95, quantiles(total, n=20)[-1])
    yield Fila(_PALABRAS, median(words))
    yield Fila(_VECTORES, median(vectors), median(bare), _ratio(vectors, bare))


def _ratio(a: list[float], b: list[float]) -> float:
    return median(x / y for x, y in zip(a, b, strict=True))


def _flat_index(almacen: Almacen, empresa_id: int) -> Callable[[str], float]:
    """The twin: ms of one search of the same vectors, with FAISS and nothing around it."""
    import faiss
    import numpy as np

    with psycopg.connect(almacen.superuser) as connection:
        rows = connection.execute(
            "SELECT e.datos FROM producto_embedding p JOIN embedding e USING (modelo, hash) "
            "WHERE p.empresa_id = %s ORDER BY p.producto_id",
            (empresa_id,),
        ).fetchall()
    index = faiss.IndexFlatIP(DIM)
    index.add(np.stack([np.frombuffer(d, dtype="<f2") for (d,) in rows]).astype(np.float32))
    faiss.omp_set_num_threads(1)

    def search(texto: str) -> float:
        vector = np.frombuffer(almacen.embedder.embed([texto], consulta=True)[0], dtype="<f2")
        start = time.perf_counter()
        index.search(vector.astype(np.float32)[None], _CERCANOS)
        return _since(start)

    return search


def _question(almacen: Almacen) -> Iterator[Fila]:
    """The model that embeds questions, by itself; nothing where it cannot run."""
    if not embeddings_local.probe():
        return
    model = embeddings_local.LocalEmbedder()
    model.embed(["martillo"], consulta=True)
    times = [_ms(partial(model.embed, [texto], consulta=True)) for texto in questions(60)]
    yield Fila(_PREGUNTA, median(times))


# --- after a change, and from nothing -----------------------------------------------------------


def _caught_up(almacen: Almacen) -> Iterator[Fila]:
    """The search after an edit less a plain one, against a first search that reads everything."""
    empresa_id, texto = almacen.llena, "martillo"
    significado = _new_significado(almacen)
    palabras = Buscador(almacen.db)

    def words() -> object:
        return palabras.buscar(empresa_id, texto, 10)

    def vectors() -> object:
        return significado.cercanos(empresa_id, texto, _CERCANOS)

    all_words, all_vectors = _ms(words), _ms(vectors)
    more_words, more_vectors = [], []
    for _ in range(_CAMBIOS):
        plain_words, plain_vectors = _ms(words), _ms(vectors)
        _change_one(almacen, empresa_id)
        more_words.append(_ms(words) - plain_words)
        more_vectors.append(_ms(vectors) - plain_vectors)
    for name, more, whole in (
        (_ALCANZAR_PALABRAS, median(more_words), all_words - plain_words),
        (_ALCANZAR_VECTORES, median(more_vectors), all_vectors - plain_vectors),
    ):
        yield Fila(name, more, whole, more / whole)
    yield _from_foto(almacen, empresa_id, all_vectors)


def _change_one(almacen: Almacen, empresa_id: int) -> None:
    """By hand, vector included."""
    n = next(_edit)
    with almacen.db.empresa(empresa_id) as session:
        update_producto(
            session,
            empresa_id=empresa_id,
            producto_id=almacen.productos(empresa_id)[1000 * n],
            cambios={"nombre": f"Martillo cambiado {n}"},
            actor="consola",
            usuario_id=None,
        )
    assert almacen.give_vectors(empresa_id) == 1


def _from_foto(almacen: Almacen, empresa_id: int, all_vectors: float) -> Fila:
    """A process that starts while the file is there."""
    _new_significado(almacen).prepare(empresa_id, desde=1)
    fresh = _new_significado(almacen)
    first = _ms(lambda: fresh.cercanos(empresa_id, "martillo", _CERCANOS))
    return Fila(_DESDE_FOTO, first, all_vectors, first / all_vectors)


def _new_significado(almacen: Almacen) -> Cronometrado:
    return Cronometrado(
        almacen.db,
        embedder={MODELO: almacen.embedder}.get,
        indice=lambda *_: FaissIndex(),
        fotos=Fotos(almacen.folder / "indices"),
        max_bytes=almacen.settings.indice_max_bytes,
    )


def _memory(almacen: Almacen) -> Iterator[Fila]:
    grown = almacen.aside("memoria", str(almacen.llena))
    yield Fila(_MEMORIA_PALABRAS, grown["palabras"] * 10_000 / PRODUCTOS)
    yield Fila(_MEMORIA_VECTORES, grown["vectores"] * 10_000 / PRODUCTOS)


def _ms(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return _since(start)


def _since(start: float) -> float:
    return (time.perf_counter() - start) * 1000


FILAS: dict[str, Medida] = {
    _P50: _search,
    _P95: _search,
    _PALABRAS: _search,
    _VECTORES: _search,
    _PREGUNTA: _question,
    _ALCANZAR_PALABRAS: _caught_up,
    _ALCANZAR_VECTORES: _caught_up,
    _DESDE_FOTO: _caught_up,
    _MEMORIA_PALABRAS: _memory,
    _MEMORIA_VECTORES: _memory,
}
