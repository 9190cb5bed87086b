"""The search over two trades: no worse than it was, with vectors and without."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.adapters.faiss_index import FaissIndex
from core.agente.elegir import PLAUSIBLE
from core.catalogo.busqueda.buscar import Buscador
from core.catalogo.busqueda.fotos import Fotos
from core.catalogo.busqueda.indexar import embed_step
from core.catalogo.busqueda.significado import Significado
from core.catalogo.importaciones.importar import create_importacion, import_step
from core.db import Database
from core.models import Empresa
from core.settings import Settings
from tests.evals.medir import (
    CONJUNTOS,
    Nota,
    VectoresGuardados,
    calificar,
    contenido,
    leer_preguntas,
    skus,
)
from tests.fakes import ColaEnMemoria

PISOS = json.loads((Path(__file__).parents[1] / "pisos.json").read_text())


@dataclass
class Tienda:
    db: Database
    settings: Settings
    significado: Significado

    def nota(self, conjunto: str, *, con_vectores: bool) -> Nota:
        buscador = Buscador(self.db, self.significado if con_vectores else None)
        return calificar(buscador, 1, conjunto, ofrece=PLAUSIBLE)


@pytest.fixture
def tienda(request: pytest.FixtureRequest, db: Database, settings: Settings) -> Tienda:
    """The set's catalogue, imported and with the vectors that were kept."""
    embedder, cola = VectoresGuardados(), ColaEnMemoria()
    with db.empresa(1) as session:
        session.add(Empresa(id=1, nombre="Tienda"))
        session.flush()
        id_ = create_importacion(
            session,
            empresa_id=1,
            modo="reemplazar",
            nombre_archivo="catalogo.csv",
            contenido=contenido(request.getfixturevalue("conjunto")),
            actor="consola",
            usuario_id=None,
        )
    import_step(db, cola, settings, empresa_id=1, importacion_id=id_, worker="w")
    assert embed_step(db, cola, settings, embedder, empresa_id=1, worker="w").estado == "al_dia"
    significado = Significado(
        db,
        embedder=lambda _: embedder,
        indice=lambda *_: FaissIndex(),
        fotos=Fotos(settings.data_dir / "evals"),
        max_bytes=10**9,
    )
    return Tienda(db, settings, significado)


@pytest.mark.parametrize("conjunto", CONJUNTOS)
def test_every_grade_names_a_producto_of_its_catalogue(conjunto: str) -> None:
    known = skus(conjunto)
    for p in leer_preguntas(conjunto):
        assert p.rel.keys() <= known, p.q
        assert all(1 <= grade <= 3 for grade in p.rel.values()), p.q
    assert len({p.q for p in leer_preguntas(conjunto)}) == len(leer_preguntas(conjunto)) >= 200


@pytest.mark.parametrize("conjunto", CONJUNTOS)
def test_the_search_is_no_worse_than_it_was(tienda: Tienda, conjunto: str) -> None:
    fused = tienda.nota(conjunto, con_vectores=True)
    words = tienda.nota(conjunto, con_vectores=False)
    piso = PISOS["relevancia"][conjunto]
    assert fused.ndcg >= piso["con_vectores"], fused
    assert words.ndcg >= piso["palabras"], words
    assert words.ndcg <= fused.ndcg, "vectors must add"
    # What nothing answers must not be offered: a wrong producto costs more than none.
    assert fused.falsas <= piso["falsas"], fused
