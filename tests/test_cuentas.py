"""Accounts over HTTP: registering, logging in, staying in, being put out."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, text

from core.cuentas import set_clave
from core.db import Database
from core.models import Log, Rol, Usuario
from core.settings import Settings
from core.wiring import Servicios
from tests.acceso import CLAVE, Tienda, get, open_tienda
from tests.fakes import ClavesRapidas

ANA = {"empresa": "Flores Ana", "email": "Ana@Flores.test", "password": CLAVE, "nombre": "Ana"}


def registered(client: FlaskClient) -> dict[str, Any]:
    answer = client.post("/auth/registro", json=ANA)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def login(client: FlaskClient, password: str = CLAVE, email: str = "ana@flores.test") -> Any:
    return client.post("/auth/login", json={"email": email, "password": password})


def test_registering_opens_a_shop_with_its_admin_logged_in(client: FlaskClient) -> None:
    body = registered(client)
    assert body["empresa"]["nombre"] == "Flores Ana"
    assert body["usuario"]["rol"] == "admin"
    yo = get(client, "/auth/yo", bearer(body["access_token"]))
    assert yo == {"empresa": body["empresa"], "usuario": body["usuario"]}
    assert yo["usuario"]["email"] == "ana@flores.test"


def test_a_new_shop_has_one_default_web_channel_that_is_open(
    client: FlaskClient, db: Database
) -> None:
    empresa_id = registered(client)["empresa"]["id"]
    with db.empresa(empresa_id) as session:
        canales = session.execute(text("SELECT tipo, estado, por_defecto FROM canal")).all()
    assert canales == [("web", "activo", True)]


def test_an_email_is_unique_whatever_its_case(client: FlaskClient) -> None:
    registered(client)
    again = client.post("/auth/registro", json=ANA | {"email": " ANA@flores.TEST "})
    assert (again.status_code, again.get_json()["codigo"]) == (409, "email_en_uso")


@pytest.mark.parametrize(
    "change",
    [
        {"password": "corta"},
        {"email": "sin-arroba"},
        {"email": "a@b"},
        {"empresa": "  "},
        {"empresa": "a\0b"},
        {"moneda": "pesos"},
        {"password": None},
    ],
)
def test_a_bad_registration_is_refused_and_leaves_nothing(
    client: FlaskClient, db: Database, change: dict[str, Any]
) -> None:
    answer = client.post("/auth/registro", json=ANA | change)
    assert (answer.status_code, answer.get_json()["codigo"]) == (422, "datos_invalidos")
    assert answer.mimetype == "application/problem+json"
    with db.sistema() as session:
        assert session.scalar(text("SELECT count(id) FROM empresa")) == 0


def test_a_closed_installation_registers_nobody(app: Flask, client: FlaskClient) -> None:
    servicios: Servicios = app.extensions["servicios"]
    opened = servicios.settings
    servicios.settings = opened.model_copy(update={"registro_abierto": False})
    try:
        assert client.post("/auth/registro", json=ANA).status_code == 403
    finally:
        servicios.settings = opened


def test_wrong_password_and_unknown_email_are_answered_alike(
    app: Flask, client: FlaskClient
) -> None:
    registered(client)
    wrong, unknown = login(client, "otra contraseña"), login(client, email="nadie@flores.test")
    malformed = login(client, email="no es un email")
    assert wrong.status_code == unknown.status_code == malformed.status_code == 401
    assert wrong.data == unknown.data == malformed.data
    claves: ClavesRapidas = app.extensions["servicios"].claves
    assert len(claves.vistas) == 3, "each of them has cost one password hash"


def test_login_gives_a_session_of_the_same_person(client: FlaskClient) -> None:
    body = registered(client)
    entered = login(client)
    assert entered.status_code == 200
    assert entered.get_json()["usuario"] == body["usuario"]
    get(client, "/auth/yo", bearer(entered.get_json()["access_token"]))


def test_too_many_wrong_passwords_lock_the_account_and_say_how_long(
    client: FlaskClient, settings: Settings, db: Database
) -> None:
    empresa_id = registered(client)["empresa"]["id"]
    for _ in range(settings.login_intentos):
        assert login(client, "otra contraseña").status_code == 401
    locked = login(client)
    assert locked.status_code == 429
    assert 0 < int(locked.headers["Retry-After"]) <= settings.login_bloqueo_segundos
    with db.empresa(empresa_id) as session:
        session.execute(text("UPDATE usuario SET bloqueado_hasta = now() - interval '1 s'"))
    assert login(client).status_code == 200


def test_a_right_password_forgets_the_wrong_ones(client: FlaskClient, settings: Settings) -> None:
    registered(client)
    for _ in range(2):
        for _ in range(settings.login_intentos - 1):
            assert login(client, "otra contraseña").status_code == 401
        assert login(client).status_code == 200


def test_guesses_in_parallel_are_counted_too(app: Flask, settings: Settings) -> None:
    registered(app.test_client())
    with ThreadPoolExecutor(8) as pool:
        guesses = pool.map(
            lambda n: login(app.test_client(), f"adivinanza {n}").status_code, range(30)
        )
        answers = list(guesses)
    assert answers.count(401) == settings.login_intentos
    assert answers.count(429) == 30 - settings.login_intentos


def refresh(client: FlaskClient, token: str) -> Any:
    return client.post("/auth/refresh", headers=bearer(token))


def test_a_refresh_token_works_once_and_then_ends_the_whole_family(client: FlaskClient) -> None:
    first = registered(client)
    second = refresh(client, first["refresh_token"])
    assert second.status_code == 200
    get(client, "/auth/yo", bearer(second.get_json()["access_token"]))

    assert refresh(client, first["refresh_token"]).status_code == 401, "used"
    assert refresh(client, second.get_json()["refresh_token"]).status_code == 401
    for access in (first["access_token"], second.get_json()["access_token"]):
        assert client.get("/auth/yo", headers=bearer(access)).status_code == 401


def test_a_refresh_token_may_also_come_in_the_body(client: FlaskClient) -> None:
    token = registered(client)["refresh_token"]
    assert client.post("/auth/refresh", json={"refresh_token": token}).status_code == 200


def test_of_many_refreshes_at_once_one_wins(app: Flask) -> None:
    token = registered(app.test_client())["refresh_token"]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: refresh(app.test_client(), token), range(6)))
    assert sorted(a.status_code for a in answers) == [200] + [401] * 5


def test_logout_ends_the_session_at_once_and_no_other(client: FlaskClient) -> None:
    one, other = registered(client), login(client).get_json()
    assert client.post("/auth/logout", headers=bearer(one["access_token"])).status_code == 204
    assert client.get("/auth/yo", headers=bearer(one["access_token"])).status_code == 401
    assert refresh(client, one["refresh_token"]).status_code == 401
    get(client, "/auth/yo", bearer(other["access_token"]))


def test_a_deactivated_person_is_out_on_the_next_request(app: Flask, client: FlaskClient) -> None:
    tienda = open_tienda(app)
    headers = tienda.headers(Rol.VENDEDOR)
    get(client, "/auth/yo", headers)
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.get_one(Usuario, (tienda.empresa_id, tienda.usuarios[Rol.VENDEDOR])).activo = False
    assert client.get("/auth/yo", headers=headers).status_code == 401


def test_a_new_rol_acts_on_the_next_request(app: Flask, client: FlaskClient) -> None:
    tienda = open_tienda(app)
    headers = tienda.headers(Rol.VENDEDOR)
    with tienda.db.empresa(tienda.empresa_id) as session:
        usuario = session.get_one(Usuario, (tienda.empresa_id, tienda.usuarios[Rol.VENDEDOR]))
        usuario.rol = Rol.OBSERVADOR.value
    assert get(client, "/auth/yo", headers)["usuario"]["rol"] == "observador"


def test_a_new_password_ends_every_session(app: Flask, client: FlaskClient) -> None:
    body = registered(client)
    servicios: Servicios = app.extensions["servicios"]
    set_clave(
        servicios.db,
        servicios.claves,
        email="ANA@flores.test",
        password="otra contraseña",
        actor="consola",
    )
    assert client.get("/auth/yo", headers=bearer(body["access_token"])).status_code == 401
    assert login(client).status_code == 401
    assert login(client, "otra contraseña").status_code == 200


def forged(app: Flask, token: str, **changes: Any) -> str:
    """The token's claims with `changes`, signed as `changes` say or with our own key."""
    key = changes.pop("key", app.config["JWT_SECRET_KEY"])
    algorithm = changes.pop("algorithm", "HS256")
    claims = jwt.decode(token, options={"verify_signature": False})
    claims = {k: v for k, v in (claims | changes).items() if v is not None}
    return jwt.encode(claims, key, algorithm)


def test_no_other_token_opens_a_door(app: Flask, client: FlaskClient) -> None:
    body, tienda = registered(client), open_tienda(app)
    token = body["access_token"]
    bad = [
        forged(app, token, key="x" * 64),
        forged(app, token, algorithm="HS512"),
        forged(app, token, algorithm="none", key=""),
        forged(app, token, emp=tienda.empresa_id),
        forged(app, token, emp=str(body["empresa"]["id"])),
        forged(app, token, emp=True),
        forged(app, token, emp=2**70),
        forged(app, token, sid="no es un uuid"),
        forged(app, token, sid=None),
        forged(app, token, iss="otro"),
        forged(app, token, aud="otro"),
        forged(app, token, exp=1),
        body["refresh_token"],
        "basura",
    ]
    for one in bad:
        assert client.get("/auth/yo", headers=bearer(one)).status_code == 401, one
    assert client.get("/auth/yo", headers={"Authorization": token}).status_code == 401
    assert client.get(f"/auth/yo?jwt={token}&token={token}").status_code == 401
    client.set_cookie("access_token_cookie", token)
    assert client.get("/auth/yo").status_code == 401
    assert refresh(client, token).status_code == 401, "an access token is no refresh token"


def test_authentication_comes_before_the_body_is_looked_at(client: FlaskClient) -> None:
    answer = client.post("/auth/logout", data="no es json", content_type="application/json")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_the_whole_check_of_a_token_is_one_query(app: Flask, client: FlaskClient) -> None:
    headers = open_tienda(app).headers(Rol.OBSERVADOR)
    asked: list[str] = []
    engine = app.extensions["servicios"].db.app_engine

    def note(*args: Any) -> None:
        asked.append(args[2])

    event.listen(engine, "before_cursor_execute", note)
    try:
        assert client.post("/ventas/", headers=headers).status_code == 403
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(asked) == 1, asked
    assert "FROM sesion" in asked[0]


def test_a_cliente_has_a_session_of_one_chat_and_no_account(
    app: Flask, client: FlaskClient
) -> None:
    tienda: Tienda = open_tienda(app)
    headers = tienda.cliente_headers()
    assert client.get("/auth/yo", headers=headers).status_code == 403
    assert client.post("/auth/logout", headers=headers).status_code == 204
    assert client.get("/auth/yo", headers=headers).status_code == 401


def test_the_audit_trail_has_no_password_and_no_token(client: FlaskClient, db: Database) -> None:
    body = registered(client)
    login(client)
    with db.empresa(body["empresa"]["id"]) as session:
        rows = session.scalars(select(Log).order_by(Log.id)).all()
        assert [r.accion for r in rows] == ["empresa.crear", "sesion.abrir", "sesion.abrir"]
        written = " ".join(f"{r.actor} {r.objeto} {r.datos}" for r in rows)
    assert CLAVE not in written
    assert body["access_token"] not in written
