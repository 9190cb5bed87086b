"""An import of a shop that is selling: nobody is sold what was not agreed."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.agente.turno import Vendedor
from core.catalogo.importaciones.importar import create_importacion, import_step
from core.mensajes.recibir import Destino, receive_mensaje
from core.wiring import Servicios
from tests.acceso import Tienda, get, open_tienda
from tests.fakes import CanalDePapel, ColaEnMemoria

ANTES = "sku,nombre,precio,stock\nM-1,Martillo de uña,28900,7\nB-1,Brocha,9000,5\n"


class Mostrador:
    """A shop whose file comes in between what its customer says."""

    def __init__(self, tienda: Tienda, client: FlaskClient) -> None:
        self._tienda = tienda
        self._client = client
        self._s: Servicios = tienda.app.extensions["servicios"]
        self._ids = {"empresa_id": tienda.empresa_id}

    def importar(self, contenido: str) -> None:
        with self._s.db.empresa(self._tienda.empresa_id) as session:
            id_ = create_importacion(
                session,
                **self._ids,
                modo="reemplazar",
                nombre_archivo="a.csv",
                contenido=contenido.encode(),
                actor="consola",
                usuario_id=None,
            )
        cola = ColaEnMemoria()
        import_step(self._s.db, cola, self._s.settings, **self._ids, importacion_id=id_, worker="w")

    def dice(self, texto: str) -> str:
        cola = ColaEnMemoria()
        quick = self._s.settings.model_copy(update={"ventana_rafaga_ms": 0})
        got = receive_mensaje(
            self._s.db, cola, quick, **self._ids, destino=Destino(chat_id="c-1"), texto=texto
        )
        vendedor = Vendedor(
            db=self._s.db,
            cola=cola,
            settings=quick,
            canales=CanalDePapel().abrir,
            buscador=self._s.buscador,
            worker="w",
        )
        assert vendedor.answer_chat(**self._ids, chat_id=got.chat_pk).estado == "respondido"
        seen = get(self._client, "/chat/historial/c-1", self._tienda.headers())
        return str(seen["mensajes"][-1]["mensaje"])

    def ventas(self) -> list[tuple[Any, ...]]:
        found = get(self._client, "/ventas/?chat_id=c-1", self._tienda.headers())
        return [
            (x["sku"], x["cantidad"], x["precio_unitario"])
            for venta in found["elementos"]
            for x in venta["lineas"]
        ]


@pytest.fixture
def mostrador(app: Flask, client: FlaskClient) -> Mostrador:
    mostrador = Mostrador(open_tienda(app), client)
    mostrador.importar(ANTES)
    return mostrador


def test_a_price_that_a_file_moved_is_told_and_asked_again(mostrador: Mostrador) -> None:
    assert "57.800" in mostrador.dice("quiero 2 martillos")
    mostrador.importar(ANTES.replace("28900,7", "30000,7"))
    assert "60.000" in mostrador.dice("sí")
    assert mostrador.ventas() == []
    mostrador.dice("sí")
    assert mostrador.ventas() == [("M-1", 2, "30000.00")]


def test_a_stock_that_a_file_lowered_is_told_and_asked_again(mostrador: Mostrador) -> None:
    mostrador.dice("quiero 5 martillos")
    mostrador.importar(ANTES.replace("28900,7", "28900,3"))
    assert "3" in mostrador.dice("sí")
    assert mostrador.ventas() == []
    mostrador.dice("sí")
    assert mostrador.ventas() == [("M-1", 3, "28900.00")]


def test_what_a_file_no_longer_names_is_not_sold(mostrador: Mostrador) -> None:
    mostrador.dice("quiero 2 martillos")
    mostrador.importar("sku,nombre,precio,stock\nB-1,Brocha,9000,5\n")
    mostrador.dice("sí")
    assert mostrador.ventas() == []


def test_a_file_that_moves_nothing_of_an_offer_leaves_it_in_force(mostrador: Mostrador) -> None:
    mostrador.dice("quiero 2 martillos")
    mostrador.importar(ANTES.replace("9000,5", "9500,1"))
    mostrador.dice("sí")
    assert mostrador.ventas() == [("M-1", 2, "28900.00")]
