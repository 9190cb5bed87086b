"""What can be pressed in place of writing, and what pressing it means once the talk has gone on."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.models import Rol
from core.ports import Resultado
from core.wiring import Servicios
from tests.acceso import Tienda, open_tienda
from tests.agente.mostrador import Mostrador
from tests.vendedores import contesta


def labels(r: Resultado) -> list[str]:
    return [b.texto for b in r.botones]


def offered(m: Mostrador) -> Resultado:
    r = m.dice("quiero 3 martillos carpinteros de 20 oz")
    assert m.estado_venta == "oferta", r.respuesta
    return r


def test_an_offer_is_confirmed_with_a_press() -> None:
    m = Mostrador()
    r = offered(m)
    assert labels(r) == ["Confirmar", "Cancelar"]
    r = m.dice(r.botones[0].valor)
    assert (m.estado_venta, labels(r)) == ("confirmada", [])


def test_an_offer_is_refused_with_a_press() -> None:
    m = Mostrador()
    r = m.dice(offered(m).botones[1].valor)
    assert (m.ventas, m.memoria["oferta"], labels(r)) == ([], None, [])


def test_each_option_is_a_button_and_pressing_one_chooses_it() -> None:
    m = Mostrador()
    r = m.dice("quiero 2 martillos")
    names = m.memoria["pregunta"]["nombres"]
    assert labels(r) == [f"{n}) {name}" for n, name in enumerate(names, 1)]
    assert len(names) > 1
    r = m.dice(r.botones[1].valor)
    assert [x["nombre"] for x in m.memoria["carrito"]] == [names[1]]


def test_an_option_pressed_late_still_names_its_producto() -> None:
    m = Mostrador()
    option = m.dice("quiero 2 martillos").botones[1]
    m.dice("¿tienen destornilladores?")
    m.dice(option.despues)
    name = option.texto.partition(") ")[2]
    spoken = {*m.memoria["tema"], *m.memoria["vistos"]}
    assert next(p.id for p in m.catalogo.productos if p.nombre == name) in spoken


# --- through the web ---------------------------------------------------------------------------


@pytest.fixture
def tienda(app: Flask) -> Tienda:
    return open_tienda(app)


@pytest.fixture
def servicios(app: Flask) -> Iterator[Servicios]:
    """Bursts end at once in these tests."""
    found: Servicios = app.extensions["servicios"]
    before = found.settings
    found.settings = before.model_copy(update={"ventana_rafaga_ms": 0})
    yield found
    found.settings = before


def say(client: FlaskClient, tienda: Tienda, mensaje: str, boton: str | None = None) -> None:
    body = {"chat_id": "c-1", "mensaje": mensaje, **({"boton": boton} if boton else {})}
    answer = client.post("/chat/texto", json=body, headers=tienda.headers(Rol.VENDEDOR))
    assert answer.status_code == 202, answer.text


def history(client: FlaskClient, tienda: Tienda) -> list[dict[str, Any]]:
    answer = client.get("/chat/historial/c-1", headers=tienda.headers(Rol.OBSERVADOR))
    mensajes: list[dict[str, Any]] = answer.json["mensajes"]  # type: ignore[index]
    return mensajes


def ventas(client: FlaskClient, tienda: Tienda) -> list[dict[str, Any]]:
    answer = client.get("/ventas/", headers=tienda.headers(Rol.OBSERVADOR))
    found: list[dict[str, Any]] = answer.json["elementos"]  # type: ignore[index]
    return found


def test_pressing_the_button_under_the_offer_sells_what_was_offered(
    client: FlaskClient, servicios: Servicios, tienda: Tienda
) -> None:
    tienda.producto(nombre="Martillo")
    say(client, tienda, "quiero 3 martillos")
    contesta(servicios, tienda)
    confirmar = history(client, tienda)[-1]["botones"][0]
    say(client, tienda, confirmar["texto"], confirmar["id"])
    contesta(servicios, tienda)
    assert [v["lineas"][0]["cantidad"] for v in ventas(client, tienda)] == [3]
    assert [m["mensaje"] for m in history(client, tienda)][2] == "Confirmar"


def test_a_button_of_an_earlier_offer_confirms_nothing(
    client: FlaskClient, servicios: Servicios, tienda: Tienda
) -> None:
    tienda.producto(nombre="Martillo")
    say(client, tienda, "quiero 3 martillos")
    contesta(servicios, tienda)
    old = history(client, tienda)[-1]["botones"][0]
    say(client, tienda, "mejor 5")
    contesta(servicios, tienda)
    say(client, tienda, old["texto"], old["id"])
    contesta(servicios, tienda)
    last = history(client, tienda)[-1]
    assert ventas(client, tienda) == []
    assert "5 unidades" in last["mensaje"]
    say(client, tienda, "Confirmar", last["botones"][0]["id"])
    contesta(servicios, tienda)
    assert [v["lineas"][0]["cantidad"] for v in ventas(client, tienda)] == [5]


def test_a_button_pressed_twice_sells_once(
    client: FlaskClient, servicios: Servicios, tienda: Tienda
) -> None:
    tienda.producto(nombre="Martillo")
    say(client, tienda, "quiero 3 martillos")
    contesta(servicios, tienda)
    confirmar = history(client, tienda)[-1]["botones"][0]
    for _ in range(2):
        say(client, tienda, confirmar["texto"], confirmar["id"])
        contesta(servicios, tienda)
    assert len(ventas(client, tienda)) == 1
    assert "registrada" in history(client, tienda)[-1]["mensaje"]


def test_a_button_that_this_chat_never_had_confirms_nothing_whatever_it_shows(
    client: FlaskClient, servicios: Servicios, tienda: Tienda
) -> None:
    tienda.producto(nombre="Martillo")
    for chat_id in ("c-1", "c-2"):
        body = {"chat_id": chat_id, "mensaje": "quiero 3 martillos"}
        client.post("/chat/texto", json=body, headers=tienda.headers(Rol.VENDEDOR))
        contesta(servicios, tienda, chat_id)
    foreign = history(client, tienda)[-1]["botones"][0]
    for boton in (foreign["id"], foreign["id"].partition(":")[0] + ":9", "999999:0"):
        body = {"chat_id": "c-2", "mensaje": "Confirmar", "boton": boton}
        client.post("/chat/texto", json=body, headers=tienda.headers(Rol.VENDEDOR))
        contesta(servicios, tienda, "c-2")
    assert ventas(client, tienda) == []


def test_a_button_that_is_none_is_refused(client: FlaskClient, tienda: Tienda) -> None:
    for boton in ("", "x", "1:", "0:1", "1:100", "1:1\n", "9" * 30 + ":1"):
        body = {"chat_id": "c-1", "mensaje": "Confirmar", "boton": boton}
        answer = client.post("/chat/texto", json=body, headers=tienda.headers(Rol.VENDEDOR))
        assert answer.status_code == 422, boton
