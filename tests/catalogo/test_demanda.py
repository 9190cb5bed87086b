"""The shop's own words, and what its customers asked for in vain."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.adapters.faiss_index import FaissIndex
from core.agente.turno import Vendedor
from core.catalogo.busqueda.fotos import Fotos
from core.catalogo.busqueda.indexar import embed_step
from core.catalogo.busqueda.significado import Significado
from core.mensajes.recibir import Destino, receive_mensaje
from core.models import Empresa, Rol
from core.wiring import Servicios
from tests.acceso import Tienda, get, open_tienda
from tests.fakes import CanalDePapel, ColaEnMemoria, EmbedderDePapel


@pytest.fixture
def tienda(app: Flask) -> Tienda:
    tienda = open_tienda(app)
    tienda.producto("M-1", nombre="Martillo de uña", stock="7")
    tienda.producto("R-1", nombre="Ruana de lana", stock="3")
    return tienda


def put(client: FlaskClient, tienda: Tienda, grupos: Any) -> Any:
    return client.put(
        "/productos/sinonimos", json={"grupos": grupos}, headers=tienda.headers(Rol.ADMIN)
    )


def names(client: FlaskClient, tienda: Tienda, q: str) -> list[str]:
    found = get(client, f"/productos/?q={q}", tienda.headers(Rol.OBSERVADOR))
    return [p["nombre"] for p in found["elementos"]]


def test_a_shop_s_own_word_finds_from_the_next_search_on(
    client: FlaskClient, tienda: Tienda
) -> None:
    assert names(client, tienda, "jorongo") == []
    answer = put(client, tienda, [["  ruana ", "jorongo", "poncho grande"]])
    assert answer.status_code == 200, answer.text
    assert answer.get_json() == {"grupos": [["ruana", "jorongo", "poncho grande"]]}
    assert names(client, tienda, "jorongo") == ["Ruana de lana"]
    assert names(client, tienda, "martillo") == ["Martillo de uña"]
    seen = get(client, "/productos/sinonimos", tienda.headers(Rol.OBSERVADOR))
    assert seen == answer.get_json()


def test_a_word_that_was_taken_away_finds_no_more(client: FlaskClient, tienda: Tienda) -> None:
    put(client, tienda, [["ruana", "jorongo"]])
    assert names(client, tienda, "jorongo") == ["Ruana de lana"]
    put(client, tienda, [])
    assert names(client, tienda, "jorongo") == []


def test_what_is_no_word_any_more_costs_no_search(client: FlaskClient, tienda: Tienda) -> None:
    with tienda.db.empresa(tienda.empresa_id) as session:
        row = session.get_one(Empresa, tienda.empresa_id)
        row.sinonimos, row.sinonimos_version = [["ruana", "x"], ["..."]], 7
    assert names(client, tienda, "martillo") == ["Martillo de uña"]


def test_one_shop_s_words_are_not_another_s(
    app: Flask, client: FlaskClient, tienda: Tienda
) -> None:
    other = open_tienda(app)
    other.producto("R-1", nombre="Ruana de lana", stock="3")
    put(client, tienda, [["ruana", "jorongo"]])
    assert names(client, other, "jorongo") == []


@pytest.mark.parametrize(
    ("grupos", "campo"),
    [
        ([["ruana"]], "grupos.0"),
        ([["ruana", "jorongo"], ["a b", "12"]], "grupos.1"),
        ([["ruana", "x" * 61]], "grupos.0"),
        ([["ruana", "   "]], "grupos.0"),
        ([[str(n) + "palabra" for n in range(21)]], "grupos.0"),
        ([["ruana", "jorongo"]] * 501, "grupos"),
    ],
)
def test_words_that_cannot_be_are_refused_by_their_place(
    client: FlaskClient, tienda: Tienda, grupos: Any, campo: str
) -> None:
    answer = put(client, tienda, grupos)
    assert answer.status_code == 422
    assert [e["campo"] for e in answer.get_json()["errores"]] == [campo]
    assert get(client, "/productos/sinonimos", tienda.headers()) == {"grupos": []}


def say(servicios: Servicios, tienda: Tienda, chat: str, texto: str) -> None:
    """A customer writes, and the seller answers."""
    s, cola = servicios, ColaEnMemoria()
    quick = s.settings.model_copy(update={"ventana_rafaga_ms": 0})
    ids = {"empresa_id": tienda.empresa_id}
    got = receive_mensaje(s.db, cola, quick, **ids, destino=Destino(chat_id=chat), texto=texto)
    vendedor = Vendedor(
        db=s.db,
        cola=cola,
        settings=quick,
        canales=CanalDePapel().abrir,
        buscador=s.buscador,
        worker="w",
    )
    assert vendedor.answer_chat(**ids, chat_id=got.chat_pk).estado == "respondido"


def demanda(client: FlaskClient, tienda: Tienda) -> list[tuple[str, int]]:
    seen = get(client, "/productos/demanda", tienda.headers(Rol.OBSERVADOR))
    assert seen["siguiente"] is None
    return [(d["texto"], d["veces"]) for d in seen["elementos"]]


def test_what_was_asked_for_and_not_there_is_counted_by_what_was_meant(
    app: Flask, client: FlaskClient, tienda: Tienda
) -> None:
    servicios: Servicios = app.extensions["servicios"]
    assert demanda(client, tienda) == []
    for chat, texto in (
        ("c-1", "quiero 2 bicicletas"),
        ("c-2", "¿tienes bicicleta?"),
        ("c-3", "¿venden patines?"),
        ("c-4", "quiero 2 martillos"),
        ("c-5", "hola"),
    ):
        say(servicios, tienda, chat, texto)
    found = demanda(client, tienda)
    assert [veces for _, veces in found] == [2, 1]
    assert "bicicleta" in found[0][0]
    assert "patines" in found[1][0]


def test_one_shop_s_demand_is_not_another_s(
    app: Flask, client: FlaskClient, tienda: Tienda
) -> None:
    say(app.extensions["servicios"], tienda, "c-1", "¿venden patines?")
    assert demanda(client, open_tienda(app)) == []
    assert len(demanda(client, tienda)) == 1


@pytest.fixture
def por_sentido(app: Flask, tienda: Tienda, tmp_path: Path) -> Servicios:
    """The shop finds by meaning: what is for the cold is a ruana."""
    embedder = EmbedderDePapel(iguales={"friolento": "ruana"})
    s: Servicios = app.extensions["servicios"]
    ids = {"empresa_id": tienda.empresa_id, "worker": "w"}
    assert embed_step(s.db, ColaEnMemoria(), s.settings, embedder, **ids).estado == "al_dia"
    significado = Significado(
        s.db,
        embedder=lambda _: embedder,
        indice=lambda *_: FaissIndex(),
        fotos=Fotos(tmp_path),
        max_bytes=10**9,
    )
    return replace(s, significado=significado)


def last_reply(client: FlaskClient, tienda: Tienda, chat: str) -> str:
    seen = get(client, f"/chat/historial/{chat}", tienda.headers())
    return str(seen["mensajes"][-1]["mensaje"])


def test_what_no_word_names_is_shown_as_a_guess_and_never_offered(
    client: FlaskClient, tienda: Tienda, por_sentido: Servicios
) -> None:
    say(por_sentido, tienda, "c-1", "¿tienes algo friolento?")
    reply = last_reply(client, tienda, "c-1")
    assert "No encontré" in reply
    assert "Ruana de lana" in reply
    say(por_sentido, tienda, "c-1", "sí")
    ventas = get(client, "/ventas/?chat_id=c-1", tienda.headers())
    assert ventas["elementos"] == [], "a yes to a guess buys nothing"
    say(por_sentido, tienda, "c-1", "2")
    assert "2" in last_reply(client, tienda, "c-1")
    say(por_sentido, tienda, "c-1", "sí, confirmo")
    (venta,) = get(client, "/ventas/?chat_id=c-1", tienda.headers())["elementos"]
    assert [(x["sku"], x["cantidad"]) for x in venta["lineas"]] == [("R-1", 2)]


def test_talk_and_the_name_of_what_is_not_there_get_no_guess(
    client: FlaskClient, tienda: Tienda, por_sentido: Servicios
) -> None:
    talk = ("hola", "gracias, que estés bien", "jajaja", "mi perro ladra", "¿tienes bicicletas?")
    for n, texto in enumerate(talk):
        say(por_sentido, tienda, f"c-{n}", texto)
        assert "Lo más cercano" not in last_reply(client, tienda, f"c-{n}"), texto
