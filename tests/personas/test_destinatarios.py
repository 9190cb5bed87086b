"""Who is told, over HTTP; who has a chat and who waits; and the admin of a new shop."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import select, text

from core.adapters.telegram_leer import read_entrante
from core.cuentas import Persona, create_empresa
from core.mensajes.historial import take_over
from core.models import Aviso, Canal, Chat, Destinatario, Rol
from core.ports import Tarea
from tests.acceso import Tienda, get, open_tienda
from tests.fakes import ClavesRapidas
from tests.plantas import plant_canal


@pytest.fixture
def tienda(app: OpenAPI) -> Tienda:
    return open_tienda(app)


def create(client: FlaskClient, tienda: Tienda, **body: Any) -> Any:
    body = {"nombre": "Ana", **body}
    return client.post("/destinatarios/", json=body, headers=tienda.headers())


def test_an_address_is_told_from_the_start_and_twice_is_once(
    client: FlaskClient, tienda: Tienda
) -> None:
    got = create(client, tienda, via="email", email="ana@tienda.test")
    assert got.status_code == 201
    shown = got.get_json()
    assert (shown["estado"], shown["codigo"], shown["enlace"]) == ("activo", None, None)
    assert create(client, tienda, via="email", email="ana@tienda.test").status_code == 409


def test_a_chat_is_told_once_its_link_was_opened(client: FlaskClient, tienda: Tienda) -> None:
    canal_id = plant_canal(tienda)
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.get_one(Canal, (tienda.empresa_id, canal_id)).detalle = "@tuerca_bot, por webhook."
    shown = create(client, tienda, via="telegram", canal_id=canal_id).get_json()
    assert shown["estado"] == "enlazando"
    assert shown["enlace"] == f"https://t.me/tuerca_bot?start={shown['codigo']}"
    with tienda.db.empresa(tienda.empresa_id) as session:
        row = session.scalars(select(Destinatario)).one()
        assert shown["codigo"] not in (row.codigo_hash, row.externo)
    again = client.post(f"/destinatarios/{shown['id']}/codigo", headers=tienda.headers())
    assert again.get_json()["codigo"] != shown["codigo"]
    probe = client.post(f"/destinatarios/{shown['id']}/probar", headers=tienda.headers())
    assert probe.status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        {"via": "email"},
        {"via": "email", "email": "no es un correo"},
        {"via": "email", "email": "a@b.test\nBcc: otro@b.test"},
        {"via": "email", "email": "a@b.test", "canal_id": 1},
        {"via": "telegram"},
        {"via": "telegram", "canal_id": 999_999},
        {"via": "email", "email": "a@b.test", "usuario_id": 999_999},
        {"via": "paloma", "email": "a@b.test"},
    ],
)
def test_what_cannot_be_told_is_refused(
    client: FlaskClient, tienda: Tienda, body: dict[str, Any]
) -> None:
    assert create(client, tienda, **body).status_code == 422


def test_a_test_is_rung_for_and_its_outcome_is_shown(client: FlaskClient, tienda: Tienda) -> None:
    shown = create(client, tienda, via="email", email="ana@tienda.test").get_json()
    probe = client.post(f"/destinatarios/{shown['id']}/probar", headers=tienda.headers())
    assert probe.status_code == 202
    ids = {"empresa_id": tienda.empresa_id, "destinatario_id": shown["id"]}
    assert (Tarea.DELIVER_AVISOS, ids) in tienda.app.extensions["servicios"].cola.timbres
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.execute(text("UPDATE aviso SET estado = 'fallida', error = 'envio_rechazado'"))
    (row,) = get(client, "/destinatarios/", tienda.headers())["elementos"]
    assert (row["ultimo_aviso"]["estado"], row["ultimo_aviso"]["error"]) == (
        "fallida",
        "envio_rechazado",
    )


def test_tests_do_not_fill_a_strangers_mailbox(client: FlaskClient, tienda: Tienda) -> None:
    body = {"via": "email", "nombre": "Ana", "email": "ana@otra.test"}
    shown = client.post("/destinatarios/", json=body, headers=tienda.headers()).json
    assert shown is not None
    sent = [
        client.post(f"/destinatarios/{shown['id']}/probar", headers=tienda.headers())
        for _ in range(6)
    ]
    assert [a.status_code for a in sent] == [202] * 5 + [429]
    assert sent[-1].headers["Retry-After"] == "3600"


def test_a_closed_canal_tells_nobody_any_more(client: FlaskClient, tienda: Tienda) -> None:
    canal_id = plant_canal(tienda)
    create(client, tienda, via="telegram", canal_id=canal_id)
    assert client.delete(f"/canales/{canal_id}", headers=tienda.headers()).status_code == 204
    assert get(client, "/destinatarios/", tienda.headers())["elementos"] == []


def test_a_shop_that_tells_nobody_is_told_so(client: FlaskClient, tienda: Tienda) -> None:
    shown = get(client, "/empresa/", tienda.headers())
    assert shown["avisados"] == 0
    assert "/destinatarios/" in shown["pista"]
    create(client, tienda, via="email", email="ana@tienda.test")
    shown = get(client, "/empresa/", tienda.headers())
    assert (shown["avisados"], shown["pista"]) == (1, None)


def test_who_blocked_the_bot_is_nobody_who_is_told(client: FlaskClient, tienda: Tienda) -> None:
    canal_id = plant_canal(tienda)
    ana = create(client, tienda, via="telegram", canal_id=canal_id).get_json()["id"]
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.get_one(Destinatario, (tienda.empresa_id, ana)).externo = "900"
        session.execute(text("UPDATE destinatario SET estado = 'activo'"))
        session.add(
            Chat(
                empresa_id=tienda.empresa_id,
                canal_id=canal_id,
                chat_id="suyo",
                externo="900",
                equipo=True,
            )
        )
    assert get(client, "/empresa/", tienda.headers())["avisados"] == 1
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.execute(text("UPDATE chat SET cerrado = true WHERE chat_id = 'suyo'"))
    shown = get(client, "/empresa/", tienda.headers())
    assert shown["avisados"] == 0
    assert "/destinatarios/" in shown["pista"]


def test_the_list_says_who_waits_and_who_has_a_chat(client: FlaskClient, tienda: Tienda) -> None:
    for chat_id in ("espera", "tomado", "nada", "de-la-casa"):
        tienda.chat(chat_id)
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.execute(text("UPDATE chat SET espera_humano = true WHERE chat_id = 'espera'"))
        session.execute(text("UPDATE chat SET equipo = true WHERE chat_id = 'de-la-casa'"))
        ana = tienda.usuarios[Rol.VENDEDOR]
        actor = f"usuario:{ana}"
        take_over(session, empresa_id=tienda.empresa_id, chat_id="tomado", actor=actor)
    shown = {c["chat_id"]: c for c in get(client, "/chats/", tienda.headers())["elementos"]}
    assert set(shown) == {"espera", "tomado", "nada"}
    assert shown["tomado"]["tomado_por"]["quien"] == actor
    assert shown["tomado"]["tomado_en"] < shown["tomado"]["devolver_en"]
    assert shown["nada"]["tomado_por"] is None
    waiting = get(client, "/chats/?espera_humano=1", tienda.headers())["elementos"]
    assert [c["chat_id"] for c in waiting] == ["espera"]


def test_messages_of_the_shop_s_own_people_are_no_figures(
    client: FlaskClient, tienda: Tienda
) -> None:
    client.post("/chat/texto", json={"chat_id": "c", "mensaje": "hola"}, headers=tienda.headers())
    before = get(client, "/logs/metrics/uso", tienda.headers())
    assert (before["mensajes"], before["chats"]) == (1, 1)
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.scalars(select(Chat)).one().equipo = True
    after = get(client, "/logs/metrics/uso", tienda.headers())
    assert (after["mensajes"], after["chats"]) == (0, 0)


def test_the_admin_of_a_new_shop_is_told_where_there_is_email(tienda: Tienda) -> None:
    admin = Persona(email="Duena@nueva.test", password="una clave larga", nombre="Ana")
    made = create_empresa(
        tienda.db, nombre="Nueva", admin=admin, claves=ClavesRapidas(), avisar=True
    )
    with tienda.db.empresa(made.empresa_id) as session:
        who = session.scalars(select(Destinatario)).one()
        assert (who.via, who.externo, who.estado) == ("email", "Duena@nueva.test", "activo")
        assert session.scalars(select(Aviso)).all() == []


def test_the_link_of_an_aviso_says_the_same_of_every_chat(client: FlaskClient) -> None:
    shown = client.get("/ir/chat/12-34<b>")
    assert shown.status_code == 200
    assert "/tomar 12-34&lt;b&gt;" in shown.get_data(as_text=True)


def test_telegram_says_which_message_is_quoted() -> None:
    persona = {"id": 42, "type": "private", "first_name": "Ana"}
    quoted = {"message_id": 7, "date": 1, "chat": persona, "text": "Ana espera"}
    said = read_entrante(
        {
            "update_id": 1,
            "message": {
                "message_id": 8,
                "date": 2,
                "chat": persona,
                "from": {"id": 42, "is_bot": False, "first_name": "Ana"},
                "text": "Ya voy",
                "reply_to_message": quoted,
            },
        }
    )
    assert said is not None
    assert said.responde_a == "42:7"
