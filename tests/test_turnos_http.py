"""Why a turn was answered as it was, over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.models import Rol
from core.wiring import Servicios
from tests.acceso import Tienda, get, open_tienda
from tests.plantas import CANARIO, last_turno, plant_turno
from tests.vendedores import contesta
from web.esquemas_turnos import TurnoEntero, TurnoVisto


@pytest.fixture
def tienda(app: Flask) -> Tienda:
    tienda = open_tienda(app)
    tienda.producto("M-1", stock="7")
    return tienda


@pytest.fixture
def servicios(app: Flask) -> Iterator[Servicios]:
    """Bursts end at once in these tests."""
    found: Servicios = app.extensions["servicios"]
    before = found.settings
    found.settings = before.model_copy(update={"ventana_rafaga_ms": 0})
    yield found
    found.settings = before


@pytest.fixture
def charla(client: FlaskClient, tienda: Tienda, servicios: Servicios) -> list[dict[str, Any]]:
    """A sale in two turns; their records, as a list page shows them."""
    headers = tienda.headers(Rol.VENDEDOR)
    for texto in ("quiero 10 martillos", "sí"):
        client.post("/chat/texto", json={"chat_id": "c-1", "mensaje": texto}, headers=headers)
        assert contesta(servicios, tienda) == "respondido"
    elementos: list[dict[str, Any]] = lista(client, tienda)["elementos"]
    return elementos


def lista(client: FlaskClient, tienda: Tienda, consulta: str = "") -> Any:
    return get(client, f"/chats/c-1/turnos{consulta}", tienda.headers(Rol.OBSERVADOR))


def test_the_latest_turn_comes_first_with_what_was_said(charla: list[dict[str, Any]]) -> None:
    venta, oferta = charla
    assert (oferta["textos"], venta["textos"]) == (["quiero 10 martillos"], ["sí"])
    assert venta["id"] > oferta["id"]
    assert oferta["entendido"]["items"] == [
        {"producto": "martillos", "cantidad": 10, "unidad": "unidad"}
    ]
    assert venta["entendido"]["confirma"]
    assert (oferta["motor"], oferta["lector"], oferta["costo"]) == ("offline",) * 2 + ("0.000000",)


def test_what_was_found_and_decided_can_be_read(charla: list[dict[str, Any]]) -> None:
    oferta = TurnoVisto.model_validate(charla[1])
    hallado = oferta.encontrado[0].hallados[0]
    assert (hallado.sku, hallado.motivo) == ("M-1", "nombre")
    assert 0 < hallado.puntaje <= 1
    lineas = [linea for hecho in oferta.decidido for linea in hecho.lineas]
    assert [(x.sku, x.cantidad, x.precio_unitario) for x in lineas] == [("M-1", 7, "28900.00")]
    assert oferta.borrador is None
    assert oferta.regla


def test_a_turn_belongs_to_the_reply_in_the_history(
    client: FlaskClient, tienda: Tienda, charla: list[dict[str, Any]]
) -> None:
    historial = get(client, "/chat/historial/c-1", tienda.headers())["mensajes"]
    said = {m["id"]: m["mensaje"] for m in historial if m["remitente"] == "bot"}
    assert said == {t["respuesta_id"]: t["respuesta"] for t in charla}


def test_one_turn_has_its_whole_record(
    client: FlaskClient, tienda: Tienda, charla: list[dict[str, Any]]
) -> None:
    ruta = f"/chats/c-1/turnos/{charla[0]['id']}"
    entero = get(client, ruta, tienda.headers(Rol.OBSERVADOR))
    registro = TurnoEntero.model_validate(entero).registro
    assert entero == charla[0] | {"registro": registro}
    assert registro["decision"]["vender"][0]["precio_unitario"] == "28900.00"


def test_the_list_is_paged(
    client: FlaskClient, tienda: Tienda, charla: list[dict[str, Any]]
) -> None:
    first = lista(client, tienda, "?limite=1")
    second = lista(client, tienda, f"?limite=1&cursor={first['siguiente']}")
    assert [*first["elementos"], *second["elementos"]] == charla
    assert second["siguiente"] is None


def test_a_chat_or_a_turn_that_is_none_of_it_is_not_found(
    client: FlaskClient, tienda: Tienda, charla: list[dict[str, Any]]
) -> None:
    tienda.chat("otro")
    headers = tienda.headers()
    for ruta in (
        "/chats/nunca/turnos",
        f"/chats/nunca/turnos/{charla[0]['id']}",
        f"/chats/otro/turnos/{charla[0]['id']}",
        "/chats/c-1/turnos/999999",
    ):
        assert client.get(ruta, headers=headers).status_code == 404, ruta
    assert get(client, "/chats/otro/turnos", headers) == {"elementos": [], "siguiente": None}


def test_a_chat_of_any_name_has_its_turns(client: FlaskClient, tienda: Tienda) -> None:
    tienda.chat("/a/turnos b")
    headers = tienda.headers()
    assert get(client, "/chats//a/turnos%20b/turnos", headers)["elementos"] == []


def test_a_refused_draft_a_model_and_its_sources_are_shown(
    client: FlaskClient, tienda: Tienda
) -> None:
    chat_id, turno_id = plant_turno(tienda), last_turno(tienda)
    headers = tienda.headers(Rol.OBSERVADOR)
    turno = TurnoEntero.model_validate(get(client, f"/chats/{chat_id}/turnos/{turno_id}", headers))
    assert (turno.borrador, turno.corregido) == (CANARIO, True)
    assert [(x.paso, x.costo, x.recordada) for x in turno.llamadas] == [("leer", "0", False)]
    assert [f.documento_id for f in turno.fuentes] == [1]
    assert [x.sku for hecho in turno.decidido for x in hecho.lineas] == [CANARIO]
    # The chat says which telephone, to those who may read it; the record only that there was one.
    assert turno.registro["chat"]["cliente"] == ["telefono"]
