"""A sale by WhatsApp, from the customer's phone to the ledger and back, through every room."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core.db import Database
from core.models import Cliente, Movimiento, Producto, Venta
from core.ports import Tarea
from tests.fakes import ColaEnMemoria
from tests.telegram.conftest import Bot
from tests.whatsapp.avisos import TELEFONO, USUARIO, mensaje
from tests.whatsapp.conftest import Post
from tests.whatsapp.emulador import Emulador

Work = Callable[[], None]


@pytest.fixture(autouse=True)
def martillos(db: Database, empresa_id: int) -> int:
    with db.empresa(empresa_id) as session:
        producto = Producto(
            empresa_id=empresa_id,
            clave="m1",
            sku="MAR-16",
            nombre="Martillo",
            precio=Decimal("100.00"),
            moneda="COP",
            stock=Decimal(7),
        )
        session.add(producto)
        session.flush()
        session.add(
            Movimiento(empresa_id=empresa_id, producto_id=producto.id, cantidad=7, motivo="alta")
        )
        return producto.id


@pytest.mark.parametrize("quien", [{"de": TELEFONO}, {"de": None, "usuario": USUARIO}])
def test_the_conversation_of_the_shop_works_by_whatsapp(
    post: Post,
    work: Work,
    canal: Bot,
    emulador: Emulador,
    db: Database,
    quien: dict[str, str | None],
) -> None:
    for texto in ("Hola", "Quiero comprar 10 martillos.", "Sí."):
        assert post(mensaje(texto, **quien)).status_code == 200
        work()
    said = [a.texto for a in emulador.aceptados]
    assert len(said) == 3
    assert "7" in said[1]
    assert {a.para for a in emulador.aceptados} == {quien["de"] or USUARIO}
    with db.empresa(canal.empresa_id) as session:
        [venta] = session.scalars(select(Venta)).all()
        assert venta.total == Decimal("700.00")
        assert session.scalars(select(Producto.stock)).one() == 0
        assert session.scalars(select(Cliente.nombre)).all() == ["Ana Paz"]
    assert {m.entrega for m in canal.mensajes() if m.remitente == "bot"} == {"enviada"}


def test_a_pressed_button_is_the_yes_to_what_stands_above_it(
    post: Post, work: Work, canal: Bot, emulador: Emulador, db: Database
) -> None:
    post(mensaje("Quiero 2 martillos"))
    work()
    offer = emulador.aceptados[-1]
    id_, title = offer.teclas[0]
    reply = {"type": "button_reply", "button_reply": {"id": id_, "title": title}}
    post(mensaje(None, type="interactive", interactive=reply))
    work()
    with db.empresa(canal.empresa_id) as session:
        assert session.scalars(select(Venta.total)).all() == [Decimal("200.00")]


def test_what_is_no_text_is_answered_honestly_and_a_reaction_not_at_all(
    post: Post, work: Work, canal: Bot, emulador: Emulador
) -> None:
    post(mensaje(None, type="sticker", sticker={"id": "1", "mime_type": "image/webp"}))
    work()
    [said] = emulador.aceptados
    assert "solo puedo leer texto" in said.texto
    thumb = {"message_id": said.wamid, "emoji": "👍"}
    post(mensaje(None, type="reaction", reaction=thumb))
    post(mensaje(None, type="revoke", revoke={"original_message_id": "wamid.A"}))
    work()
    assert len(emulador.aceptados) == 1
    assert {m.estado for m in canal.mensajes()} == {"procesado"}


def test_a_customer_whose_message_whatsapp_does_not_hand_on_is_asked_to_write_it_once(
    post: Post, work: Work, emulador: Emulador
) -> None:
    lost = {"type": "unsupported", "unsupported": {"type": "unknown"}}
    for _ in range(3):
        post(mensaje(None, errors=[{"code": 131060}], **lost))
        work()
    [said] = emulador.aceptados
    assert "solo puedo leer texto" in said.texto
    post(mensaje("Hola"))
    work()
    post(mensaje(None, errors=[{"code": 131060}], **lost))
    work()
    assert len(emulador.aceptados) == 3


def test_an_order_that_the_customer_corrects_is_offered_as_it_is_by_now(
    post: Post, work: Work, emulador: Emulador
) -> None:
    post(mensaje("Quiero 5 martillos"))
    work()
    now = {"type": "text", "text": {"body": "Quiero 3 martillos"}}
    post(mensaje(None, type="edit", edit={"original_message_id": "wamid.A", "message": now}))
    work()
    assert "300" in emulador.aceptados[-1].texto


def test_a_new_canal_is_checked_and_says_what_is_left(
    client: FlaskClient,
    make_canal: Callable[..., Bot],
    work: Work,
    cola: ColaEnMemoria,
    emulador: Emulador,
) -> None:
    canal = make_canal(estado="verificando")
    cola.ring(Tarea.CHECK_CANAL, empresa_id=canal.empresa_id, canal_id=canal.canal_id)
    work()
    row = canal.canal()
    assert row.estado == "activo"
    assert row.detalle is not None
    assert "PUBLIC_URL" in row.detalle
    emulador.revoke("100200300400")
    other = make_canal(estado="verificando")
    cola.ring(Tarea.CHECK_CANAL, empresa_id=other.empresa_id, canal_id=other.canal_id)
    work()
    assert other.canal().estado == "error"
