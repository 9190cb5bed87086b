"""The widget over HTTP: which sites may show it, what they load, what a shop may set of it."""

import gzip
import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.cuentas.origenes import allows, normalize_origen
from core.settings import Settings
from tests.acceso import Tienda, get, open_tienda
from tests.conftest import ROOT
from web.colores import contrast, make_tema
from web.pagina import _MODULOS

SITIO = "https://ferreteria.test"


@pytest.fixture
def tienda(app: Flask) -> Tienda:
    return open_tienda(app)


def new_canal(client: FlaskClient, tienda: Tienda, **mas: Any) -> dict[str, Any]:
    body = {"tipo": "web", "nombre": "Sitio", **mas}
    answer = client.post("/canales/", json=body, headers=tienda.headers())
    assert answer.status_code == 201, answer.text
    canal: dict[str, Any] = answer.get_json()
    return canal


def change(client: FlaskClient, tienda: Tienda, id: int, body: dict[str, Any]) -> Any:
    return client.patch(f"/canales/{id}", json=body, headers=tienda.headers())


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://Tienda.COM", "https://tienda.com"),
        (" https://tienda.com:443/ ", "https://tienda.com"),
        ("https://tienda.com:8443", "https://tienda.com:8443"),
        ("https://*.tienda.com", "https://*.tienda.com"),
        ("https://peluquería.com", "https://xn--peluquera-n5a.com"),
        ("http://localhost:3000", "http://localhost:3000"),
    ],
)
def test_an_origin_is_kept_as_browsers_write_it(given: str, kept: str) -> None:
    assert normalize_origen(given) == kept


@pytest.mark.parametrize(
    "given",
    [
        "http://tienda.com",
        "https://tienda.com/chat",
        "https://tienda.com?x=1",
        "https://u:p@tienda.com",
        "https://tienda.com:99999",
        "https://*.com",
        "https://*",
        "https://a.*.com",
        "http://*.localhost",
        "https://tienda.com; script-src *",
        "https://a b.com",
        "https://straße.de",  # idna of 2003 makes strasse.de of it: somebody else's
        "https://a\u200db.com",
        "tienda.com",
        "null",
        "*",
        "",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_origin_is_refused_and_named(
    client: FlaskClient, tienda: Tienda, given: str
) -> None:
    canal = new_canal(client, tienda)
    for body in ({"ajustes": {"origenes": [given]}}, {"credenciales": {"origenes": [given]}}):
        answer = change(client, tienda, canal["id"], body)
        assert answer.status_code == 422
        [error] = answer.get_json()["errores"]
        assert error["campo"] == "ajustes.origenes.0"


def test_a_wildcard_is_every_subdomain_and_not_the_domain() -> None:
    origenes = ["https://*.tienda.com"]
    assert allows(origenes, "https://www.tienda.com")
    assert allows(origenes, "https://a.b.tienda.com")
    for other in ("https://tienda.com", "https://mitienda.com", "http://www.tienda.com", "null"):
        assert not allows(origenes, other)


def test_origins_are_taken_as_credentials_too_and_can_be_read(
    client: FlaskClient, tienda: Tienda
) -> None:
    canal = new_canal(client, tienda, credenciales={"origenes": [SITIO, f"{SITIO}/"]})
    assert canal["ajustes"] == {"origenes": [SITIO]}
    change(client, tienda, canal["id"], {"ajustes": {"color": "#ABCDEF"}})
    change(client, tienda, canal["id"], {"credenciales": {}})
    seen = get(client, f"/canales/{canal['id']}", tienda.headers())
    assert seen["ajustes"] == {"origenes": [SITIO], "color": "#abcdef"}
    assert seen["estado"] == "activo"


@pytest.mark.parametrize(
    "ajustes",
    [
        {"color": "red"},
        {"color": "#12345"},
        {"color": "#12345g"},
        {"titulo": " "},
        {"titulo": "x" * 61},
        {"saludo": "a\0b"},
        {"ejemplos": ["a", "b", "c", "d"]},
        {"ejemplos": [""]},
        {"posicion": "arriba"},
        {"origenes": [f"https://t{n}.com" for n in range(51)]},
        {"logo": "x"},
    ],
)
def test_settings_of_another_shape_are_refused(
    client: FlaskClient, tienda: Tienda, ajustes: dict[str, Any]
) -> None:
    canal = new_canal(client, tienda)
    answer = change(client, tienda, canal["id"], {"ajustes": ajustes})
    assert answer.status_code == 422
    assert answer.get_json()["errores"][0]["campo"].startswith("ajustes.")


def test_the_snippet_to_paste_is_shown(
    client: FlaskClient, tienda: Tienda, app: Flask, settings: Settings
) -> None:
    canal = new_canal(client, tienda)
    tag = '<script src="{}/widget.js" data-canal="{}" async></script>'
    assert canal["fragmento"] == tag.format("http://localhost", canal["clave"])
    servicios = app.extensions["servicios"]
    servicios.settings = settings.model_copy(update={"public_url": "https://ia.test/"})
    try:
        seen = get(client, f"/canales/{canal['id']}", tienda.headers())
    finally:
        servicios.settings = settings
    assert seen["fragmento"] == tag.format("https://ia.test", canal["clave"])


def test_only_the_sites_of_the_channel_may_frame_it(client: FlaskClient, tienda: Tienda) -> None:
    canal = new_canal(client, tienda, ajustes={"origenes": [SITIO, "https://*.otra.test"]})
    answer = client.get(f"/widget/{canal['clave']}")
    assert answer.status_code == 200
    assert (
        f"frame-ancestors {SITIO} https://*.otra.test;" in answer.headers["Content-Security-Policy"]
    )
    assert "X-Frame-Options" not in answer.headers
    assert "microphone=(self)" in answer.headers["Permissions-Policy"]
    assert " style=" not in answer.text


def test_without_origins_nobody_may_frame_it(client: FlaskClient, tienda: Tienda) -> None:
    canal = new_canal(client, tienda)
    answer = client.get(f"/widget/{canal['clave']}")
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_a_channel_that_is_closed_or_never_was_shows_a_sign_that_nobody_frames(
    client: FlaskClient, tienda: Tienda
) -> None:
    canal = new_canal(client, tienda, ajustes={"origenes": [SITIO]})
    client.delete(f"/canales/{canal['id']}", headers=tienda.headers())
    gone, never = client.get(f"/widget/{canal['clave']}"), client.get("/widget/nunca-fue")
    assert gone.status_code == never.status_code == 404
    assert gone.data == never.data
    assert gone.headers["X-Frame-Options"] == "DENY"
    assert client.get(f"/widget/{canal['clave']}/boton.js").status_code == 404


def test_a_page_of_another_site_opens_a_chat_only_where_the_channel_says_so(
    client: FlaskClient, tienda: Tienda
) -> None:
    canal = new_canal(client, tienda, ajustes={"origenes": [SITIO]})
    for headers, status in (
        ({}, 201),
        ({"Origin": "http://localhost"}, 201),
        ({"Origin": "https://proxied.test", "Sec-Fetch-Site": "same-origin"}, 201),
        ({"Origin": SITIO}, 201),
        ({"Origin": "https://mala.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": f"{SITIO}.mala.test"}, 403),
    ):
        answer = client.post("/chat/sesion", json={"canal": canal["clave"]}, headers=headers)
        assert answer.status_code == status, headers
        if status == 403:
            assert answer.get_json()["codigo"] == "origen_no_permitido"
            assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_button_comes_in_the_shop_s_colour_for_its_own_sites_only(
    client: FlaskClient, tienda: Tienda
) -> None:
    malicia = '"};alert(1);//</script>{x}'
    ajustes = {"origenes": [SITIO], "color": "#ffcc00", "posicion": "izquierda", "titulo": malicia}
    canal = new_canal(client, tienda, ajustes=ajustes)
    ruta = f"/widget/{canal['clave']}/boton.js"
    answer = client.get(ruta, headers={"Origin": SITIO})
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Vary"] == "Origin"
    looks = json.loads(answer.text.removeprefix("export default ").removesuffix(";\n"))
    assert (looks["color"], looks["tinta"], looks["lado"]) == ("#ffcc00", "#000000", "left")
    assert looks["textos"]["abrir"] == f"Abrir el chat con {malicia}"
    assert looks["textos"]["sin_leer"] == "{n} sin leer"
    refused = client.get(ruta, headers={"Origin": "https://mala.test"})
    assert (refused.status_code, refused.get_json()["codigo"]) == (403, "origen_no_permitido")
    assert "Access-Control-Allow-Origin" not in refused.headers


def test_the_script_is_small_and_for_everybody(client: FlaskClient) -> None:
    with client.get("/widget.js") as answer:
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert "max-age" in answer.headers["Cache-Control"]
        assert len(gzip.compress(answer.data)) <= 4096


def test_the_page_speaks_as_the_channel_says(client: FlaskClient, tienda: Tienda) -> None:
    ajustes = {
        "titulo": "Doña Rosa",
        "saludo": "¿Flores para quién?",
        "ejemplos": ["Un ramo de rosas"],
        "color": "#aa2255",
    }
    canal = new_canal(client, tienda, ajustes=ajustes)
    text = client.get(f"/widget/{canal['clave']}").text
    for said in ("Doña Rosa", "¿Flores para quién?", "Un ramo de rosas", "data-tema="):
        assert said in text
    bare = client.get(f"/widget/{new_canal(client, tienda)['clave']}").text
    assert "martillos" not in bare  # the demo's examples are the demo's
    assert "data-tema=" not in bare


def test_every_colour_is_readable_in_light_and_dark() -> None:
    steps = ("00", "33", "66", "99", "cc", "ff")
    for color in (f"#{r}{g}{b}" for r in steps for g in steps for b in steps):
        tema = make_tema(color)
        assert tema is not None
        for modo, panel in (("claro", "#ffffff"), ("oscuro", "#151b1a")):
            de = tema[modo]
            for text, ground in (
                (de["--sobre-marca"], de["--marca"]),
                (de["--sobre-marca"], de["--marca-honda"]),
                (de["--propia-tinta"], de["--propia"]),
                (de["--marca-fuerte"], de["--marca-tenue"]),
                (de["--marca-fuerte"], panel),
            ):
                assert contrast(text, ground) >= 4.5, (color, modo, text, ground)


def test_every_module_of_the_page_is_fetched_ahead() -> None:
    alone = {"chat", "tema", "widget"}
    found = {path.stem for path in (ROOT / "web" / "static").glob("*.js")}
    assert set(_MODULOS) == found - alone
