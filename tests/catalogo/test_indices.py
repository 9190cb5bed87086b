"""core.ports.VectorIndex: one contract, held by FAISS and by pgvector."""

from collections.abc import Callable, Iterator
from decimal import Decimal

import numpy as np
import pytest
from sqlalchemy import create_engine, text

from core.adapters.faiss_index import FaissIndex
from core.adapters.pgvector_index import PgvectorIndex, ensure_schema
from core.db import Database
from core.models import Empresa, Producto
from core.ports import Vector, VectorIndex
from core.settings import Settings

Abrir = Callable[..., VectorIndex]
_N = 40


def vector(*numbers: float) -> Vector:
    row = np.zeros(384)
    row[: len(numbers)] = numbers
    return (row / np.linalg.norm(row)).astype("<f2").tobytes()


def ids_of(found: list[tuple[int, float]]) -> list[int]:
    return [id_ for id_, _ in found]


@pytest.fixture
def empresas(db: Database) -> None:
    """Two shops with productos 1 … 40 and 41 … 80."""
    for empresa_id in (1, 2):
        with db.empresa(empresa_id) as session:
            session.add(Empresa(id=empresa_id, nombre=f"Tienda {empresa_id}"))
            session.flush()
            for n in range(1, _N + 1):
                id_ = n + _N * (empresa_id - 1)
                session.add(
                    Producto(
                        empresa_id=empresa_id,
                        id=id_,
                        clave=f"s:{id_}",
                        nombre=f"P {id_}",
                        precio=Decimal(1),
                        moneda="COP",
                    )
                )


@pytest.fixture(scope="module")
def _pgvector(settings: Settings) -> Iterator[None]:
    owner = create_engine(settings.owner_url)
    with owner.begin() as connection:
        for _ in range(2):  # every start does it again
            ensure_schema(connection, app_role=str(settings.app_url.username))
    yield
    with owner.begin() as connection:
        connection.execute(text("DROP SCHEMA indice CASCADE"))
    owner.dispose()


@pytest.fixture(params=["faiss", "pgvector", "pgvector hnsw"])
def abrir(
    request: pytest.FixtureRequest,
    db: Database,
    empresas: None,
    _pgvector: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Abrir:
    if request.param == "faiss":
        return lambda **_: FaissIndex()
    if request.param == "pgvector hnsw":
        monkeypatch.setattr("core.adapters.pgvector_index._EXACT_MAX", 0)

    def open_(*, empresa_id: int = 1, modelo: str = "m") -> VectorIndex:
        return PgvectorIndex(db, empresa_id=empresa_id, modelo=modelo)

    return open_


def test_an_empty_index_is_near_nothing(abrir: Abrir) -> None:
    index = abrir()
    assert (len(index), index.version, index.nearest(vector(1), 5)) == (0, 0, [])


def test_the_nearest_come_first_with_their_cosine(abrir: Abrir) -> None:
    index = abrir()
    index.put([1, 2, 3], [vector(1), vector(0, 1), vector(1, 1)], version=4)
    found = index.nearest(vector(1, 0.1), 2)
    assert ids_of(found) == [1, 3]
    assert found[0][1] == pytest.approx(0.995, abs=2e-3)
    assert (len(index), index.version) == (3, 4)


def test_a_replaced_vector_counts_once_and_the_old_one_not_at_all(abrir: Abrir) -> None:
    index = abrir()
    index.put([1, 2], [vector(1), vector(0, 1)], version=1)
    index.put([1, 3], [vector(0, 0, 1), vector(1)], version=2)
    assert ids_of(index.nearest(vector(1, 0.1), 3)) == [3, 2, 1]
    assert ids_of(index.nearest(vector(0, 0, 1), 1)) == [1]
    assert (len(index), index.version) == (3, 2)


def test_putting_the_same_again_changes_nothing(abrir: Abrir) -> None:
    index = abrir()
    ids, vectors = list(range(1, _N + 1)), [vector(n, 1) for n in range(1, _N + 1)]
    index.put(ids, vectors, version=1)
    before = index.nearest(vector(7, 1), _N)
    index.put(ids, vectors, version=1)
    after = index.nearest(vector(7, 1), _N)
    assert sorted(ids_of(before)) == sorted(ids_of(after)) == ids
    assert ids_of(after)[0] == 7


def test_a_cleared_index_is_empty_and_starts_over(abrir: Abrir) -> None:
    index = abrir()
    index.put([1], [vector(1)], version=9)
    index.clear()
    assert (len(index), index.version, index.nearest(vector(1), 1)) == (0, 0, [])
    index.put([2], [vector(1)], version=1)
    assert ids_of(index.nearest(vector(1), 1)) == [2]


def test_a_question_of_another_length_is_near_nothing(abrir: Abrir) -> None:
    index = abrir()
    index.put([1], [vector(1)], version=1)
    assert index.nearest(vector(1)[:32], 5) == []
    assert ids_of(index.nearest(vector(1), 5)) == [1]


def test_an_index_holds_one_empresa_and_one_model(abrir: Abrir) -> None:
    mine, theirs, other = abrir(), abrir(empresa_id=2), abrir(modelo="otro")
    theirs.put([_N + 1], [vector(1)], version=1)
    other.put([2], [vector(1)], version=1)
    mine.put([1], [vector(0, 1)], version=1)
    assert ids_of(mine.nearest(vector(1), 10)) == [1]
    assert (len(mine), len(theirs), len(other)) == (1, 1, 1)


def test_what_is_dumped_can_be_loaded(abrir: Abrir) -> None:
    index = abrir()
    index.put([1, 2], [vector(1), vector(0, 1)], version=3)
    foto, again = index.dump(), abrir()
    again.load(foto, version=3)
    assert ids_of(again.nearest(vector(0, 1), 1)) == [2]
    again.put([2], [vector(1, 1)], version=4)
    assert (len(again), again.version) == (2, 4)


@pytest.mark.usefixtures("empresas", "_pgvector")
def test_pgvector_finds_an_empresas_few_among_anothers_many(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The approximate index is shared: it must go on until enough rows are this empresa's."""
    monkeypatch.setattr("core.adapters.pgvector_index._EXACT_MAX", 0)
    with db.empresa(2) as session:
        session.execute(
            text(
                "INSERT INTO producto (empresa_id, id, clave, nombre, precio, moneda) "
                "SELECT 2, 1000 + n, 'x' || n, 'x', 1, 'COP' FROM generate_series(1, 600) n"
            )
        )
    near = [vector(1, n / 10_000) for n in range(600)]
    PgvectorIndex(db, empresa_id=2, modelo="m").put(range(1001, 1601), near, version=1)
    mine = PgvectorIndex(db, empresa_id=1, modelo="m")
    mine.put([1, 2, 3], [vector(0.2, n + 1) for n in range(3)], version=1)
    assert sorted(ids_of(mine.nearest(vector(1), 3))) == [1, 2, 3]
