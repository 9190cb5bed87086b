"""Who wants no more messages is left in peace until they write for something again."""

import pytest

from core.agente.estado import Memoria
from core.db import Database
from core.errors import ClienteDeBaja
from core.mensajes.historial import hand_back, take_over, write_as_person
from core.settings import Settings
from tests.agente.mostrador import Mostrador
from tests.agente.tienda_real import CHAT, TiendaReal


@pytest.mark.parametrize(
    "texto",
    [
        "no me escriban más",
        "ya no me escriban por favor",
        "dame de baja",
        "quiero darme de baja de esta lista",
        "STOP",
        "no molesten",
        "dejen de escribirme",
        "no quiero recibir más publicidad",
        "bórrame de tu lista",
        "no me vuelvan a escribir",
        "não me mandem mais mensagens",
    ],
)
def test_who_opts_out_is_told_once_and_nothing_stays_open(mostrador: Mostrador, texto: str) -> None:
    mostrador.dice("quiero 2 carretillas")
    told = mostrador.dice(texto)
    assert (told.baja, told.estado_venta, told.vender) == (True, "ninguna", ())
    assert "no te escribiremos más" in told.respuesta
    assert Memoria.from_json(told.memoria).carrito == ()


@pytest.mark.parametrize(
    "texto",
    [
        "ya no me escriban tanto jaja",
        "dame de baja los clavos",
        "no me manden más clavos",
        "no me escribieron nunca",
        "no me llamen más tarde",
        "dar de baja mi pedido",
        "baja el precio",
        "no me molesta esperar",
    ],
)
def test_what_only_sounds_like_it_is_none(mostrador: Mostrador, texto: str) -> None:
    mostrador.dice("quiero 2 carretillas y 3 kilos de clavos de 2")
    assert mostrador.dice(texto).baja is None


def test_dar_de_baja_a_thing_takes_it_out_of_the_order(mostrador: Mostrador) -> None:
    mostrador.dice("quiero 2 carretillas y 3 kilos de clavos de 2")
    kept = Memoria.from_json(mostrador.dice("dame de baja los clavos").memoria)
    assert [x.sku for x in kept.carrito] == ["CR-1"]


def test_courtesy_takes_nothing_back_and_a_question_does(mostrador: Mostrador) -> None:
    mostrador.dice("no me escriban más")
    for texto in ("gracias", "hola", "no", "asdf"):
        assert mostrador.dice(texto).respuesta
        assert mostrador.baja
    mostrador.dice("¿tienen martillos?")
    assert not mostrador.baja


def test_saying_so_takes_it_back(mostrador: Mostrador) -> None:
    assert mostrador.dice("ya me pueden escribir").baja is None
    mostrador.dice("stop")
    assert mostrador.dice("ya me pueden escribir").baja is False


def test_a_complaint_that_opts_out_is_seen_by_a_person(mostrador: Mostrador) -> None:
    told = mostrador.dice("me llegó todo roto, no me escriban más")
    assert (told.baja, told.humano) == (True, True)


def write(shop: TiendaReal, texto: str) -> None:
    with shop.db.empresa(shop.empresa_id) as session:
        write_as_person(
            session, empresa_id=shop.empresa_id, chat_id=CHAT, texto=texto, usuario_id=None
        )


def test_nobody_of_the_shop_writes_to_them_until_they_ask_again(
    db: Database, settings: Settings
) -> None:
    shop = TiendaReal.open(db, settings, skus={"CR-1"})
    shop.dice("no me escriban más")
    assert shop.chat.baja
    with db.empresa(shop.empresa_id) as session:
        take_over(session, empresa_id=shop.empresa_id, chat_id=CHAT, actor="usuario:1")
    with pytest.raises(ClienteDeBaja):
        write(shop, "¡Tenemos ofertas!")

    assert shop.dice("gracias") == "", "a person has the chat"
    assert shop.chat.baja
    shop.dice("¿tienen carretillas?")
    assert not shop.chat.baja
    write(shop, "Sí, tenemos.")

    shop.dice("ok, pero ya no me escriban más")
    assert shop.chat.baja, "heard though the bot is silent"
    with db.empresa(shop.empresa_id) as session:
        hand_back(session, empresa_id=shop.empresa_id, chat_id=CHAT, actor="usuario:1")
    assert "228.000" in shop.dice("quiero una carretilla")
    assert not shop.chat.baja
