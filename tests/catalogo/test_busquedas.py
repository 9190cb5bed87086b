"""A search over HTTP: by the one door in a worker, by words alone when none answers in time."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import select, text

from core.adapters.faiss_index import FaissIndex
from core.catalogo.busqueda.buscar import Buscador
from core.catalogo.busqueda.busquedas import answer_busqueda, ask_busqueda, take_answer
from core.catalogo.busqueda.fotos import Fotos
from core.catalogo.busqueda.indexar import embed_step
from core.catalogo.busqueda.significado import Significado
from core.db import Database
from core.models import Busqueda, Rol
from core.ports import Tarea
from core.wiring import Servicios
from tests.acceso import Tienda, open_tienda
from tests.fakes import ColaEnMemoria, EmbedderDePapel


@dataclass
class Trabajador:
    """A Cola whose other end is a worker: it answers in its own time, from its own thread."""

    db: Database
    buscador: Buscador
    visto: list[tuple[Tarea, dict[str, int]]] = field(default_factory=list)

    def ring(self, tarea: Tarea, *, after: float = 0.0, **ids: int) -> None:
        self.visto.append((tarea, ids))
        if tarea is Tarea.ANSWER_BUSQUEDA:
            work = {"db": self.db, "buscador": self.buscador, **ids}
            threading.Thread(target=answer_busqueda, kwargs=work).start()

    def close(self, timeout: float = 2.0) -> None:
        """Nothing waits here."""


@pytest.fixture
def tienda(app: OpenAPI) -> Tienda:
    """Three productos with their vectors; "calcorro" means tenis."""
    tienda = open_tienda(app)
    for nombre in ("Tenis de lona", "Bota de cuero", "Sombrero de paja"):
        tienda.producto(nombre[:3].upper(), nombre=nombre)
    embedder = EmbedderDePapel(iguales={"calcorro": "tenis"})
    s: Servicios = app.extensions["servicios"]
    ids = {"empresa_id": tienda.empresa_id, "worker": "w"}
    assert embed_step(s.db, ColaEnMemoria(), s.settings, embedder, **ids).estado == "al_dia"
    return tienda


@pytest.fixture
def trabajador(app: OpenAPI, tienda: Tienda, tmp_path: Path) -> Trabajador:
    db: Database = app.extensions["servicios"].db
    significado = Significado(
        db,
        embedder=lambda _: EmbedderDePapel(iguales={"calcorro": "tenis"}),
        indice=lambda *_: FaissIndex(),
        fotos=Fotos(tmp_path),
        max_bytes=10**9,
    )
    trabajador = Trabajador(db, Buscador(db, significado))
    app.extensions["servicios"].cola = trabajador
    return trabajador


def names(client: FlaskClient, tienda: Tienda, query: str) -> list[str]:
    answer = client.get(f"/productos/?{query}", headers=tienda.headers(Rol.OBSERVADOR))
    assert answer.status_code == 200, answer.text
    return [p["nombre"] for p in answer.get_json()["elementos"]]


def left(tienda: Tienda) -> list[Any]:
    with tienda.db.empresa(tienda.empresa_id) as session:
        return list(session.scalars(select(Busqueda.id)))


def test_a_search_over_http_finds_by_meaning(
    client: FlaskClient, tienda: Tienda, trabajador: Trabajador
) -> None:
    assert names(client, tienda, "q=calcorro")[0] == "Tenis de lona"
    assert names(client, tienda, "q=bota") == ["Bota de cuero"]
    assert left(tienda) == []


def test_no_bell_carries_what_was_looked_for(
    client: FlaskClient, tienda: Tienda, trabajador: Trabajador
) -> None:
    names(client, tienda, "q=calcorro")
    assert [(t, sorted(ids)) for t, ids in trabajador.visto] == [
        (Tarea.ANSWER_BUSQUEDA, ["busqueda_id", "empresa_id"])
    ]


def test_where_no_worker_answers_the_search_goes_by_words(
    app: OpenAPI, client: FlaskClient, tienda: Tienda
) -> None:
    s: Servicios = app.extensions["servicios"]
    patient, s.settings = s.settings, s.settings.model_copy(update={"busqueda_segundos": 0.2})
    try:
        assert names(client, tienda, "q=bota") == ["Bota de cuero"]
        assert names(client, tienda, "q=calcorro") == []
    finally:
        s.settings = patient
    assert left(tienda) == []


def test_where_too_many_wait_already_the_search_goes_by_words(
    app: OpenAPI, client: FlaskClient, tienda: Tienda, trabajador: Trabajador
) -> None:
    names(client, tienda, "q=bota")  # the first who waits makes the listener
    oyente = app.extensions["oyente"]
    before, oyente._limit = oyente._limit, 0
    try:
        assert names(client, tienda, "q=bota") == ["Bota de cuero"]
    finally:
        oyente._limit = before
    assert left(tienda) == []


def test_a_shop_without_vectors_asks_no_worker(app: OpenAPI, client: FlaskClient) -> None:
    tienda = open_tienda(app)
    tienda.producto("MAR", nombre="Martillo")
    assert names(client, tienda, "q=martillo") == ["Martillo"]
    cola = app.extensions["servicios"].cola
    assert cola.timbres == []


def test_a_late_or_repeated_bell_changes_nothing(tienda: Tienda, trabajador: Trabajador) -> None:
    db, ids = trabajador.db, {"empresa_id": tienda.empresa_id}
    id_ = ask_busqueda(db, **ids, texto="calcorro", n=3, inactivos=False)
    assert id_ is not None
    for _ in range(2):
        answer_busqueda(db, trabajador.buscador, **ids, busqueda_id=id_)
    found = take_answer(db, **ids, busqueda_id=id_, wait=lambda: False)
    assert found is not None
    assert found[0].motivo == "significado"
    answer_busqueda(db, trabajador.buscador, **ids, busqueda_id=id_)
    assert left(tienda) == []


def test_no_shop_answers_anothers_search(
    app: OpenAPI, tienda: Tienda, trabajador: Trabajador
) -> None:
    other = open_tienda(app)
    ids = {"empresa_id": tienda.empresa_id}
    id_ = ask_busqueda(trabajador.db, **ids, texto="bota", n=3, inactivos=False)
    assert id_ is not None
    answer_busqueda(
        trabajador.db, trabajador.buscador, empresa_id=other.empresa_id, busqueda_id=id_
    )
    assert left(tienda) == [id_]
    with trabajador.db.empresa(tienda.empresa_id) as session:
        assert session.get_one(Busqueda, (tienda.empresa_id, id_)).resultado is None


def test_what_nobody_fetched_is_swept(tienda: Tienda, trabajador: Trabajador) -> None:
    db, ids = trabajador.db, {"empresa_id": tienda.empresa_id}
    with db.empresa(tienda.empresa_id) as session:
        session.execute(
            text(
                "INSERT INTO busqueda (empresa_id, texto, n, creada_en) "
                "VALUES (:e, 'vieja', 3, now() - interval '2 minutes')"
            ),
            {"e": tienda.empresa_id},
        )
    id_ = ask_busqueda(db, **ids, texto="bota", n=3, inactivos=False)
    assert id_ is not None
    answer_busqueda(db, trabajador.buscador, **ids, busqueda_id=id_)
    assert left(tienda) == [id_]
