"""Forgetting: a chat and its customer when it is asked for, records of turns when they are old."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from core.agente.registrar import record_turno
from core.cuentas import create_empresa
from core.db import Database
from core.errors import LeaseLost
from core.mensajes.olvido import forget_turnos, ring_old_turnos
from core.mensajes.turnos import take_chat
from core.models import (
    Base,
    Chat,
    Cliente,
    Empresa,
    Log,
    Mensaje,
    Producto,
    Rol,
    Sesion,
    TurnoRegistrado,
    Venta,
)
from core.ports import Resultado, Tarea
from core.settings import Settings
from core.wiring import Servicios
from tests.acceso import Tienda, get, open_tienda
from tests.fakes import ColaEnMemoria
from tests.plantas import plant_turno
from tests.test_prober import snapshot
from tests.vendedores import contesta

TELEFONO = "3001234567"


@pytest.fixture
def servicios(app: Flask) -> Iterator[Servicios]:
    """Bursts end at once in these tests."""
    found: Servicios = app.extensions["servicios"]
    before = found.settings
    found.settings = before.model_copy(update={"ventana_rafaga_ms": 0})
    yield found
    found.settings = before


@pytest.fixture
def tienda(app: Flask) -> Tienda:
    """A shop that asks for a name and a telephone before it sells."""
    tienda = open_tienda(app)
    tienda.producto("M-1", stock="7")
    with tienda.db.empresa(tienda.empresa_id) as session:
        empresa = session.get_one(Empresa, tienda.empresa_id)
        empresa.ajustes = {"datos_requeridos": ["nombre", "telefono"]}
    return tienda


@pytest.fixture
def comprado(client: FlaskClient, tienda: Tienda, servicios: Servicios) -> dict[str, str]:
    """A customer of the widget has bought and told who they are; their token."""
    headers = tienda.cliente_headers("c-1")
    for texto in ("quiero 10 martillos", "sí", f"Soy Rosa Gil, {TELEFONO}"):
        escribe(client, headers, texto)
        assert contesta(servicios, tienda) == "respondido"
    assert count(tienda, Venta) == count(tienda, Cliente) == 1
    return headers


def escribe(client: FlaskClient, headers: dict[str, str], texto: str) -> Any:
    return client.post("/chat/texto", json={"chat_id": "c-1", "mensaje": texto}, headers=headers)


def borra(client: FlaskClient, tienda: Tienda, rol: Rol = Rol.ADMIN) -> Any:
    return client.delete("/chats/c-1", headers=tienda.headers(rol))


def count(tienda: Tienda, table: type[Base]) -> int:
    with tienda.db.empresa(tienda.empresa_id) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_nothing_of_the_customer_is_left_in_any_table(
    client: FlaskClient, tienda: Tienda, comprado: dict[str, str]
) -> None:
    before = snapshot(tienda)
    assert any(TELEFONO in row for rows in before.values() for row in rows)
    gone = borra(client, tienda)
    assert gone.status_code == 200
    assert gone.json == {
        "eliminados": {"turno": 3, "archivo": 0, "mensaje": 6, "chat": 1, "cliente": 1},
        "ventas_anonimas": 1,
    }
    for table, rows in snapshot(tienda).items():
        for what in (TELEFONO, "Rosa", "martillos", "c-1"):
            assert not any(what in row for row in rows), (table, what)


def test_the_sale_stays_in_the_books_without_its_customer(
    client: FlaskClient, tienda: Tienda, comprado: dict[str, str]
) -> None:
    headers = tienda.headers()
    before = get(client, "/ventas/", headers)["elementos"][0]
    borra(client, tienda)
    after = get(client, "/ventas/", headers)["elementos"][0]
    assert after == before | {"chat_id": None, "cliente": {}}
    with tienda.db.empresa(tienda.empresa_id) as session:
        assert session.scalars(select(Producto.stock)).one() == 0
    cancelled = client.post(f"/ventas/{after['id']}/cancelar", headers=headers)
    assert cancelled.json["estado"] == "cancelada"


def test_the_audit_says_that_it_was_done_and_not_what_was_said(
    client: FlaskClient, tienda: Tienda, comprado: dict[str, str]
) -> None:
    chat_pk = tienda.chat()
    borra(client, tienda)
    with tienda.db.empresa(tienda.empresa_id) as session:
        entry = session.scalars(select(Log).where(Log.accion == "chat.borrar")).one()
        assert (entry.objeto, entry.actor) == (
            f"chat:{chat_pk}",
            f"usuario:{tienda.usuarios[Rol.ADMIN]}",
        )
        assert entry.datos["ventas_anonimas"] == 1


def test_the_customers_token_opens_nothing_any_more(
    client: FlaskClient, tienda: Tienda, comprado: dict[str, str]
) -> None:
    assert client.get("/chat/historial/c-1", headers=comprado).status_code == 200
    borra(client, tienda)
    assert client.get("/chat/historial/c-1", headers=comprado).status_code == 401
    assert escribe(client, comprado, "hola").status_code == 401
    assert count(tienda, Sesion) > 0  # those of the shop's people


def test_a_later_message_begins_a_new_chat(
    client: FlaskClient, tienda: Tienda, servicios: Servicios, comprado: dict[str, str]
) -> None:
    old = tienda.chat()
    borra(client, tienda)
    for ruta in ("/chats/c-1", "/chats/c-1/turnos", "/chat/historial/c-1", "/ventas/historial/c-1"):
        assert client.get(ruta, headers=tienda.headers()).status_code == 404
    assert borra(client, tienda).status_code == 404
    assert escribe(client, tienda.headers(Rol.VENDEDOR), "hola").status_code == 202
    assert contesta(servicios, tienda) == "respondido"
    chat = get(client, "/chats/c-1", tienda.headers())
    assert (chat["cliente"], chat["carrito"], chat["estado_venta"]) == (None, [], "ninguna")
    assert tienda.chat() != old


def test_a_turn_that_is_thinking_meanwhile_records_nothing(
    client: FlaskClient, tienda: Tienda, servicios: Servicios, comprado: dict[str, str]
) -> None:
    escribe(client, tienda.headers(Rol.VENDEDOR), "quiero 1 martillo")
    ids = {"empresa_id": tienda.empresa_id, "chat_id": tienda.chat()}
    turno = take_chat(servicios.db, servicios.settings, **ids, worker="w", solo=False)
    assert turno is not None
    assert borra(client, tienda).status_code == 200
    for resultado in (
        Resultado("Hola, Rosa.", {}, "ninguna"),
        Resultado("Hola, Rosa.", {}, "ninguna", cliente={"telefono": TELEFONO}),
    ):
        with pytest.raises(LeaseLost):
            record_turno(servicios.db, turno, resultado)
    assert count(tienda, Mensaje) == count(tienda, Cliente) == count(tienda, Chat) == 0


def test_only_an_admin_may_and_only_in_this_shop(
    client: FlaskClient, app: Flask, tienda: Tienda, comprado: dict[str, str]
) -> None:
    before = snapshot(tienda)
    assert borra(client, tienda, Rol.VENDEDOR).status_code == 403
    assert client.delete("/chats/c-1", headers=comprado).status_code == 403
    assert client.delete("/chats/c-1", headers=open_tienda(app).headers()).status_code == 404
    after = snapshot(tienda)
    assert {t: rows for t, rows in after.items() if t not in ("log", "sesion")} == {
        t: rows for t, rows in before.items() if t not in ("log", "sesion")
    }


def test_another_chat_of_the_same_customer_keeps_them(
    client: FlaskClient, tienda: Tienda, comprado: dict[str, str]
) -> None:
    other = tienda.chat("otro")
    with tienda.db.empresa(tienda.empresa_id) as session:
        cliente_id = session.scalars(select(Cliente.id)).one()
        session.get_one(Chat, (tienda.empresa_id, other)).cliente_id = cliente_id
    assert borra(client, tienda).json["eliminados"]["cliente"] == 0
    assert get(client, "/chats/otro", tienda.headers())["cliente"]["nombre"] == "Rosa Gil"


# --- records that are old ----------------------------------------------------------------------


def age(tienda: Tienda, chat_id: str, days: float) -> None:
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.execute(
            text(
                "UPDATE turno SET creado_en = now() - make_interval(secs => 86400 * :d) "
                "WHERE chat_id = (SELECT id FROM chat WHERE chat_id = :c)"
            ),
            {"d": days, "c": chat_id},
        )


@pytest.fixture
def cola() -> ColaEnMemoria:
    return ColaEnMemoria()


def test_records_are_forgotten_when_their_time_is_over_in_pieces(
    tienda: Tienda, settings: Settings, cola: ColaEnMemoria
) -> None:
    db, own = tienda.db, tienda.empresa_id
    days = settings.turno_registro_dias
    chats = [plant_turno(tienda) for _ in range(4)]
    assert ring_old_turnos(db, cola, settings) == 0
    for chat_id in chats[:3]:
        age(tienda, chat_id, days + 0.01)
    age(tienda, chats[3], days - 0.01)

    assert ring_old_turnos(db, cola, settings) == 1
    assert cola.timbres == [(Tarea.FORGET_TURNOS, {"empresa_id": own})]
    forgotten = [forget_turnos(db, settings, empresa_id=own, lote=2) for _ in range(3)]
    assert forgotten == [2, 1, 0]
    assert ring_old_turnos(db, cola, settings) == 0
    assert count(tienda, TurnoRegistrado) == 1
    assert count(tienda, Mensaje) == 8  # what was said stays


def test_one_shops_old_records_are_no_business_of_anothers(
    app: Flask, tienda: Tienda, settings: Settings
) -> None:
    other = open_tienda(app)
    age(tienda, plant_turno(tienda), settings.turno_registro_dias + 1)
    assert forget_turnos(tienda.db, settings, empresa_id=other.empresa_id) == 0
    assert count(tienda, TurnoRegistrado) == 1


def test_throw_away_shops_are_left_to_their_exam(
    db: Database, settings: Settings, cola: ColaEnMemoria, tienda: Tienda
) -> None:
    age(tienda, plant_turno(tienda), settings.turno_registro_dias + 1)
    with db.empresa(tienda.empresa_id) as session:
        session.get_one(Empresa, tienda.empresa_id).efimera = True
    create_empresa(db, nombre="De verdad")
    assert ring_old_turnos(db, cola, settings) == 0
