"""The command line of whoever runs the installation, and the first start."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from core.adapters.cifrado import FernetCifrado
from core.cuentas import seed_demo, write_credenciales
from core.models import Canal, Empresa
from core.settings import Settings
from core.wiring import Servicios
from tests.acceso import CLAVE, open_tienda


def run(app: Flask, *args: str, given: str | None = None, code: int = 0) -> str:
    result: Result = app.test_cli_runner().invoke(args=args, input=given)
    assert result.exit_code == code, (result.output, result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return str(result.output)


def login(client: FlaskClient, email: str, password: str) -> Any:
    return client.post("/auth/login", json={"email": email, "password": password})


def test_a_shop_its_people_and_their_passwords_from_the_terminal(
    app: Flask, client: FlaskClient
) -> None:
    out = run(app, "empresas", "crear", "Flores Ana", "--email", "ana@flores.test")
    password = out.strip().rpartition(" ")[2]
    entered = login(client, "ana@flores.test", password)
    assert entered.get_json()["usuario"]["rol"] == "admin"
    empresa_id = entered.get_json()["empresa"]["id"]

    run(app, "usuarios", "crear", "leo@flores.test", "--empresa", str(empresa_id), "--clave", CLAVE)
    assert login(client, "leo@flores.test", CLAVE).get_json()["usuario"]["rol"] == "vendedor"

    out = run(app, "usuarios", "clave", "ANA@flores.test")
    assert login(client, "ana@flores.test", password).status_code == 401
    assert login(client, "ana@flores.test", out.strip().rpartition(" ")[2]).status_code == 200


def test_a_superadmin_goes_to_the_one_reserved_empresa(app: Flask, client: FlaskClient) -> None:
    for n in (1, 2):
        run(app, "usuarios", "crear", f"s{n}@x.test", "--rol", "superadmin", "--clave", CLAVE)
    empresas = {login(client, f"s{n}@x.test", CLAVE).get_json()["empresa"]["id"] for n in (1, 2)}
    assert len(empresas) == 1
    with app.extensions["servicios"].db.sistema() as system:
        assert system.scalars(select(Empresa.id).where(Empresa.reservada)).all() == [*empresas]


@pytest.mark.parametrize(
    "args",
    [
        ["empresas", "crear", "X", "--email", "no-es"],
        ["empresas", "crear", "X", "--email", "a@b.test", "--clave", "corta"],
        ["usuarios", "crear", "a@b.test"],
        ["usuarios", "crear", "a@b.test", "--empresa", "99"],
        ["usuarios", "clave", "nadie@b.test"],
        ["canales", "crear", "--empresa", "99", "--tipo", "web", "--nombre", "x"],
    ],
)
def test_a_refused_command_says_why_in_one_line(app: Flask, args: list[str]) -> None:
    out = run(app, *args, code=1)
    assert out.startswith("Error: ")
    assert "Traceback" not in out


def test_a_bot_is_opened_with_credentials_from_the_standard_input(app: Flask) -> None:
    tienda = open_tienda(app)
    given = json.dumps({"token": "123:canario"})
    args = ["--empresa", str(tienda.empresa_id), "--tipo", "telegram", "--nombre", "Bot"]
    out = run(app, "canales", "crear", *args, "--credenciales", "-", given=given)
    assert "verificando" in out
    assert "canario" not in out
    with tienda.db.empresa(tienda.empresa_id) as session:
        assert session.scalar(select(Canal.tipo).where(~Canal.por_defecto)) == "telegram"


def test_credentials_move_to_a_new_key_and_the_old_one_can_be_thrown_away(app: Flask) -> None:
    tienda, s = open_tienda(app), app.extensions["servicios"]
    given = json.dumps({"token": "123:canario"})
    args = ["--empresa", str(tienda.empresa_id), "--tipo", "telegram", "--nombre", "Bot"]
    try:
        for key in ("vieja", "perdida"):
            s.cifrado = FernetCifrado(key)
            run(app, "canales", "crear", *args, "--credenciales", "-", given=given)
        s.cifrado = FernetCifrado("nueva, vieja")
        said = run(app, "canales", "recifrar", code=1)
    finally:
        del s.cifrado
    with tienda.db.empresa(tienda.empresa_id) as session:
        mine, lost = session.execute(
            select(Canal.id, Canal.clave, Canal.credenciales)
            .where(Canal.tipo == "telegram")
            .order_by(Canal.id)
        ).all()
    assert mine.credenciales is not None
    opened = FernetCifrado("nueva").decrypt(
        mine.credenciales, empresa_id=tienda.empresa_id, clave=mine.clave
    )
    assert opened["token"] == "123:canario"
    assert "cifrados de nuevo: 1" in said
    assert f"canales {lost.id}." in said
    assert "canario" not in said


def test_the_first_start_makes_a_shop_once_and_writes_its_passwords_for_the_owner(
    app: Flask, client: FlaskClient, settings: Settings
) -> None:
    path = settings.data_dir / "credenciales.txt"
    path.unlink(missing_ok=True)
    assert "demostración" in run(app, "semilla")
    assert run(app, "semilla") == ""
    token = login(client, settings.admin_email, settings.secret_kept("admin_password")).get_json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    uso = client.get("/logs/metrics/uso", headers=headers).get_json()
    assert uso["productos"] >= 150
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for email, name in (
        (settings.admin_email, "admin_password"),
        ("superadmin@demo.local", "superadmin_password"),
    ):
        password = settings.secret_kept(name)
        assert password in path.read_text()
        assert login(client, email, password).status_code == 200


def test_a_first_start_that_died_half_way_is_finished_by_the_next(
    app: Flask, settings: Settings
) -> None:
    s: Servicios = app.extensions["servicios"]
    (settings.data_dir / "credenciales.txt").unlink(missing_ok=True)
    empresa_id = seed_demo(s.db, settings, s.claves)
    assert empresa_id is not None
    assert seed_demo(s.db, settings, s.claves) == empresa_id
    assert str(empresa_id) in run(app, "semilla")
    assert (settings.data_dir / "credenciales.txt").exists()
    assert run(app, "semilla") == ""


def test_an_installation_with_shops_gets_no_demo(app: Flask, settings: Settings) -> None:
    open_tienda(app)
    s: Servicios = app.extensions["servicios"]
    assert seed_demo(s.db, settings, s.claves) is None
    with s.db.sistema() as system:
        assert system.scalar(text("SELECT count(id) FROM empresa")) == 1


def test_a_production_seed_has_no_superadmin_and_repeats_no_given_password(
    app: Flask, tmp_path: Path
) -> None:
    s: Servicios = app.extensions["servicios"]
    given = {
        name: f"{name}-de-fuera"
        for name in ("jwt_secret_key", "secrets_key", "admin_password", "flower_password")
    }
    production = Settings(
        _env_file=None,  # type: ignore[call-arg]
        entorno="produccion",
        data_dir=tmp_path,
        **given,
    )
    assert seed_demo(s.db, production, s.claves) is not None
    write_credenciales(production)
    written = (tmp_path / "credenciales.txt").read_text()
    assert "de-fuera" not in written
    assert "uperadmin" not in written
    with s.db.sistema() as system:
        assert system.scalar(text("SELECT count(id) FROM empresa WHERE reservada")) == 0
