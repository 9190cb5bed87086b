"""The audit trail, the figures of use, and emptying shops."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from core.cuentas import create_empresa
from core.models import Base, Rol
from tests.acceso import Tienda, get, open_reserva, open_tienda

HOY = datetime.now(UTC).date().isoformat()


@pytest.fixture
def tienda(app: Flask) -> Tienda:
    return open_tienda(app, "Ferretería Uno")


def busy(client: FlaskClient, tienda: Tienda) -> None:
    """Two sales, one of them cancelled, in a chat where the customer wrote and was answered."""
    tienda.producto(precio="100.00")
    chat_id = tienda.chat("c-1")
    body = {"chat_id": "c-1", "lineas": [{"sku": "M-1", "cantidad": 2}]}
    for _ in range(2):
        venta = client.post("/ventas/", json=body, headers=tienda.headers()).get_json()
    client.post(f"/ventas/{venta['id']}/cancelar", headers=tienda.headers())
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.execute(
            text(
                "INSERT INTO mensaje (empresa_id, canal_id, chat_id, orden, remitente, venta_id) "
                "SELECT :e, :canal, :chat, 100 + n, r, :v "
                "FROM unnest(ARRAY['usuario', 'usuario', 'bot']) WITH ORDINALITY AS x (r, n)"
            ),
            {
                "e": tienda.empresa_id,
                "canal": tienda.creada.canal_id,
                "chat": chat_id,
                "v": venta["id"],
            },
        )
        session.execute(
            text(
                "INSERT INTO importacion (empresa_id, nombre_archivo, modo) "
                "VALUES (:e, 'lista.csv', 'actualizar')"
            ),
            {"e": tienda.empresa_id},
        )


def counts(tienda: Tienda) -> dict[str, int]:
    with tienda.db.empresa(tienda.empresa_id) as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


def test_the_trail_says_who_did_what_the_last_first(client: FlaskClient, tienda: Tienda) -> None:
    tienda.producto()
    body = {"lineas": [{"sku": "M-1", "cantidad": 1}]}
    venta = client.post("/ventas/", json=body, headers=tienda.headers(Rol.VENDEDOR)).get_json()
    row = get(client, "/logs/?accion=venta.confirmar", tienda.headers())["elementos"][0]
    assert (row["actor"], row["objeto"]) == (
        f"usuario:{tienda.usuarios[Rol.VENDEDOR]}",
        f"venta:{venta['id']}",
    )
    rows = get(client, f"/logs/?desde={HOY}&hasta={HOY}", tienda.headers())["elementos"]
    ids = [r["id"] for r in rows]
    assert ids == sorted(ids, reverse=True)


def test_figures_of_use_per_day_and_in_all(client: FlaskClient, tienda: Tienda) -> None:
    busy(client, tienda)
    uso = get(client, f"/logs/metrics/uso?desde={HOY}&hasta={HOY}", tienda.headers())
    figures = {
        "mensajes": 2,
        "turnos": 1,
        "chats": 1,
        "ventas": 2,
        "importe": "400.00",
        "cancelaciones": 1,
        "importe_cancelado": "200.00",
    }
    assert {k: uso[k] for k in figures} == figures
    assert (uso["productos"], uso["moneda"]) == (1, "COP")
    assert uso["dias"] == [figures | {"fecha": HOY}]
    before = get(client, "/logs/metrics/uso?desde=2001-01-01&hasta=2001-02-01", tienda.headers())
    assert (before["ventas"], before["importe"], before["dias"]) == (0, "0.00", [])


@pytest.mark.parametrize(
    "query",
    [
        "desde=2001-01-02&hasta=2001-01-01T00:00:00Z",
        "desde=2001-01-01",
        "hasta=0001-01-01",
        "desde=0001-01-01&hasta=9999-12-30",
    ],
)
def test_a_range_backwards_or_of_years_is_bad_data(
    client: FlaskClient, tienda: Tienda, query: str
) -> None:
    answer = client.get(f"/logs/metrics/uso?{query}", headers=tienda.headers())
    assert answer.status_code == 422


# A shop's own wording is a setting, as its ajustes are; what a model has cost stays spent.
KEPT = {"empresa", "usuario", "sesion", "canal", "log", "prompt", "consumo_modelo"}
KEPT |= {"destinatario"}


def test_a_reset_empties_this_shop_only_and_is_written_down(
    app: Flask, client: FlaskClient, tienda: Tienda
) -> None:
    other = open_tienda(app)
    for one in (tienda, other):
        busy(client, one)
        one.cliente_headers("c-1")
    headers, before = tienda.headers(), counts(other)
    for wrong in ("", "ferretería uno", "RESET"):
        answer = client.post(
            "/logs/admin/reset_empresa", json={"confirmar": wrong}, headers=headers
        )
        assert answer.status_code == 422
    answer = client.post(
        "/logs/admin/reset_empresa", json={"confirmar": "Ferretería Uno"}, headers=headers
    )
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["eliminados"]["venta"] == 2
    left = counts(tienda)
    assert {name for name, n in left.items() if n} <= KEPT
    assert counts(other) == before
    row = get(client, "/logs/?accion=empresa.reiniciar", headers)["elementos"][0]
    assert row["datos"]["eliminados"]["producto"] == 1


def test_every_table_is_either_kept_or_emptied_by_a_reset(
    client: FlaskClient, tienda: Tienda
) -> None:
    """Planted by hand for each table, so that a new one cannot be forgotten."""
    emptied = {
        *("chat", "mensaje", "turno", "evento", "cliente", "producto", "movimiento", "venta"),
        *("venta_linea", "importacion", "importacion_fila", "importacion_cambio"),
        *("producto_embedding", "indexacion", "demanda", "documento", "pasaje"),
        *("respuesta_modelo", "archivo"),
        "aviso",
    }
    # A search lives for a second or two; vectors are of no shop.
    passing = {"busqueda", "embedding"}
    assert set(Base.metadata.tables) == KEPT | emptied | passing


def test_the_superadmin_empties_every_shop_but_those_of_an_exam(
    app: Flask, client: FlaskClient, tienda: Tienda
) -> None:
    boss, exam = open_reserva(app), open_tienda(app)
    with exam.db.empresa(exam.empresa_id) as session:
        session.execute(text("UPDATE empresa SET efimera = true"))
    for one in (tienda, exam):
        busy(client, one)
    before = counts(exam)

    def reset(headers: dict[str, str], confirmar: str = "RESET") -> Any:
        body = {"confirmar": confirmar}
        return client.post("/logs/admin/reset_global", json=body, headers=headers)

    assert reset(tienda.headers()).status_code == 403
    assert reset(boss.headers(Rol.SUPERADMIN), "reset").status_code == 422
    assert counts(tienda)["venta"] == 2
    done = reset(boss.headers(Rol.SUPERADMIN))
    assert done.status_code == 200, done.text
    assert done.get_json()["empresas"] == 1
    assert counts(tienda)["venta"] == 0
    assert {k: v for k, v in counts(exam).items() if k != "log"} == {
        k: v for k, v in before.items() if k != "log"
    }
    rows = get(client, "/logs/", boss.headers(Rol.SUPERADMIN))["elementos"]
    assert "instalacion.reiniciar" in {r["accion"] for r in rows}


def test_a_throw_away_shop_needs_nobody(app: Flask) -> None:
    creada = create_empresa(app.extensions["servicios"].db, nombre="Examen", efimera=True)
    assert creada.usuario_id is None
    assert creada.canal_clave
