"""Channels over HTTP: secrets go in and never come out."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from core.errors import CredencialesIlegibles
from core.models import Canal, Chat, Log
from core.ports import Tarea
from core.wiring import Servicios
from tests.acceso import Tienda, get, open_tienda
from tests.fakes import ColaEnMemoria

TOKEN = "123456:AAF-canario-de-telegram"
BOT = {"tipo": "telegram", "nombre": "Bot", "credenciales": {"token": TOKEN}}


@pytest.fixture
def tienda(app: Flask) -> Tienda:
    return open_tienda(app)


def created(client: FlaskClient, tienda: Tienda, body: dict[str, Any] = BOT) -> dict[str, Any]:
    answer = client.post("/canales/", json=body, headers=tienda.headers())
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def row_of(tienda: Tienda, canal_id: int) -> Canal:
    with tienda.db.empresa(tienda.empresa_id) as session:
        canal = session.get_one(Canal, (tienda.empresa_id, canal_id))
        session.expunge(canal)
        return canal


def test_a_new_bot_is_being_verified_and_a_job_is_asked_to(
    app: Flask, client: FlaskClient, tienda: Tienda
) -> None:
    canal = created(client, tienda)
    assert canal["estado"] == "verificando"
    assert len(canal["clave"]) == 22
    cola: ColaEnMemoria = app.extensions["servicios"].cola
    ids = {"empresa_id": tienda.empresa_id, "canal_id": canal["id"]}
    assert cola.timbres == [(Tarea.CHECK_CANAL, ids)]


def test_a_web_channel_is_open_at_once(app: Flask, client: FlaskClient, tienda: Tienda) -> None:
    origenes = {"origenes": ["https://ferreteria.test"]}
    canal = created(client, tienda, {"tipo": "web", "nombre": "Tienda", "credenciales": origenes})
    assert (canal["estado"], canal["webhook_url"]) == ("activo", None)
    cola: ColaEnMemoria = app.extensions["servicios"].cola
    assert cola.timbres == []


def test_secrets_are_kept_encrypted_and_come_out_nowhere(
    app: Flask, client: FlaskClient, tienda: Tienda
) -> None:
    canal = created(client, tienda)
    cambio = {"credenciales": {"token": TOKEN, "secreto": "canario-secreto-0123"}}
    ruta = f"/canales/{canal['id']}"
    seen = client.patch(ruta, json=cambio, headers=tienda.headers()).text
    seen += client.get("/canales/", headers=tienda.headers()).text
    seen += client.get("/logs/", headers=tienda.headers()).text
    row = row_of(tienda, canal["id"])
    assert row.credenciales is not None
    seen += row.credenciales.decode() + str(row.secreto_hash)
    assert "canario" not in seen

    servicios: Servicios = app.extensions["servicios"]
    place = {"empresa_id": tienda.empresa_id, "clave": row.clave}
    assert servicios.cifrado.decrypt(row.credenciales, **place) == cambio["credenciales"]
    for other in ({"empresa_id": 99}, {"clave": "otra"}):
        with pytest.raises(CredencialesIlegibles):
            servicios.cifrado.decrypt(row.credenciales, **(place | other))


@pytest.mark.parametrize(
    "credenciales",
    [{}, {"token": ""}, {"token": "con espacio"}, {"token": TOKEN, "otra": 1}, {"token": 5}],
)
def test_credentials_of_another_shape_are_refused_without_repeating_them(
    client: FlaskClient, tienda: Tienda, credenciales: dict[str, Any]
) -> None:
    body = BOT | {"credenciales": credenciales}
    answer = client.post("/canales/", json=body, headers=tienda.headers())
    assert answer.status_code == 422
    assert "canario" not in answer.text
    assert answer.get_json()["errores"]


WHATSAPP = {
    "access_token": "EAA-canario",
    "app_secret": "canario-app",
    "verify_token": "canario-verify",
    "phone_number_id": "100200300400",
}


def test_a_whatsapp_number_is_being_verified_and_its_secrets_come_out_nowhere(
    app: Flask, client: FlaskClient, tienda: Tienda
) -> None:
    body = {"tipo": "whatsapp", "nombre": "Nuestro número", "credenciales": WHATSAPP}
    canal = created(client, tienda, body)
    assert canal["estado"] == "verificando"
    seen = client.get("/canales/", headers=tienda.headers()).text
    seen += client.get("/logs/", headers=tienda.headers()).text
    row = row_of(tienda, canal["id"])
    assert row.credenciales is not None
    assert "canario" not in seen + row.credenciales.decode()
    servicios: Servicios = app.extensions["servicios"]
    place = {"empresa_id": tienda.empresa_id, "clave": row.clave}
    assert servicios.cifrado.decrypt(row.credenciales, **place) == WHATSAPP


@pytest.mark.parametrize("numero", ["", "12a", "../me", "1/2", "１２３", "-1"])
def test_a_number_id_that_could_lead_elsewhere_is_refused(
    client: FlaskClient, tienda: Tienda, numero: str
) -> None:
    credenciales = WHATSAPP | {"phone_number_id": numero}
    body = {"tipo": "whatsapp", "nombre": "N", "credenciales": credenciales}
    answer = client.post("/canales/", json=body, headers=tienda.headers())
    assert answer.status_code == 422
    assert "canario" not in answer.text
    assert answer.get_json()["errores"][0]["campo"] == "credenciales.phone_number_id"


def test_a_template_is_a_setting_of_its_canal(client: FlaskClient, tienda: Tienda) -> None:
    canal = created(client, tienda, {"tipo": "whatsapp", "nombre": "N", "credenciales": WHATSAPP})
    ruta = f"/canales/{canal['id']}"
    given = {"ajustes": {"plantilla": {"nombre": "aviso_general", "idioma": "es_CO"}}}
    shown = client.patch(ruta, json=given, headers=tienda.headers()).get_json()
    whole = {"nombre": "aviso_general", "idioma": "es_CO", "con_texto": True}
    assert shown["ajustes"] == {"plantilla": whole}
    for wrong in ({"nombre": "Con Espacios"}, {"idioma": "es"}, "aviso"):
        body = {"ajustes": {"plantilla": wrong}}
        assert client.patch(ruta, json=body, headers=tienda.headers()).status_code == 422
    gone = client.patch(ruta, json={"ajustes": {"plantilla": None}}, headers=tienda.headers())
    assert gone.get_json()["ajustes"] == {}


def test_a_new_name_changes_nothing_else(client: FlaskClient, tienda: Tienda) -> None:
    canal = created(client, tienda)
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.get_one(Canal, (tienda.empresa_id, canal["id"])).estado = "activo"
    ruta = f"/canales/{canal['id']}"
    changed = client.patch(ruta, json={"nombre": "Otro"}, headers=tienda.headers()).get_json()
    assert changed == canal | {"nombre": "Otro", "estado": "activo"}


def test_a_deleted_channel_keeps_its_conversations_and_loses_its_secrets(
    client: FlaskClient, tienda: Tienda
) -> None:
    used, unused = created(client, tienda), created(client, tienda)
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.add(Chat(empresa_id=tienda.empresa_id, canal_id=used["id"], chat_id="tg-1"))
    for canal in (used, unused):
        ruta = f"/canales/{canal['id']}"
        assert client.delete(ruta, headers=tienda.headers()).status_code == 204
        assert client.delete(ruta, headers=tienda.headers()).status_code == 404
        assert client.get(ruta, headers=tienda.headers()).status_code == 404
    left = get(client, "/canales/", tienda.headers())["elementos"]
    assert [c["por_defecto"] for c in left] == [True]
    row = row_of(tienda, used["id"])
    assert (row.credenciales, row.secreto_hash) == (None, None)
    assert row.clave != used["clave"]
    with tienda.db.empresa(tienda.empresa_id) as session:
        acciones = session.scalars(select(Log.accion).where(Log.accion.like("canal.%"))).all()
    assert sorted(acciones) == ["canal.crear"] * 2 + ["canal.eliminar"] * 2


def test_the_default_channel_stays(client: FlaskClient, tienda: Tienda) -> None:
    ruta = f"/canales/{tienda.creada.canal_id}"
    assert client.delete(ruta, headers=tienda.headers()).status_code == 409
