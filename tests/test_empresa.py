"""What a shop sets of its seller: whole when read, checked when written, and nobody else's."""

from decimal import Decimal
from typing import Any, get_args

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI

from core.agente.lexico import TEMAS
from core.agente.requisitos import CAMPOS
from core.cuentas.ajustes import Ajustes, Campo, Tema, read_ajustes
from core.models import Empresa, Rol
from tests.acceso import Tienda, get, open_tienda


@pytest.fixture
def tienda(app: OpenAPI) -> Tienda:
    return open_tienda(app)


def patch(client: FlaskClient, tienda: Tienda, **ajustes: Any) -> Any:
    return client.patch("/empresa/", json={"ajustes": ajustes}, headers=tienda.headers())


def kept(tienda: Tienda) -> dict[str, Any]:
    with tienda.db.empresa(tienda.empresa_id) as session:
        return session.get_one(Empresa, tienda.empresa_id).ajustes


def test_the_names_are_those_the_seller_knows() -> None:
    assert get_args(Campo) == CAMPOS
    assert set(get_args(Tema)) == set(TEMAS)


def test_a_new_shop_shows_its_defaults(client: FlaskClient, tienda: Tienda) -> None:
    shown = get(client, "/empresa/", tienda.headers(Rol.OBSERVADOR))
    assert (shown["id"], shown["moneda"]) == (tienda.empresa_id, "COP")
    assert shown["ajustes"] == {
        "locale": "es_CO",
        "pais": "CO",
        "trato": "tu",
        "tono": "neutro",
        "datos_requeridos": [],
        "informacion": {},
        "minutos_para_cambiar": 60,
        "minutos_silencio_persona": 120,
        "bot_activo": True,
        "horario_atencion": None,
        "zona_horaria": "America/Bogota",
        "festivos": [],
        "oferta_horas": 24,
        "politica_descuento": None,
        "tope_modelo_mensual": None,
    }


@pytest.mark.parametrize(
    ("moneda", "locale", "pais", "trato"),
    [
        ("ARS", "es_AR", "AR", "vos"),
        ("UYU", "es_UY", "UY", "vos"),
        ("MXN", "es_MX", "MX", "tu"),
        ("EUR", "es_ES", "ES", "tu"),
        ("USD", "es_US", "US", "tu"),
        ("KES", "es", None, "tu"),
    ],
)
def test_the_currency_decides_what_was_not_set(
    moneda: str, locale: str, pais: str | None, trato: str
) -> None:
    ajustes = read_ajustes({}, moneda)
    assert (ajustes.locale, ajustes.pais, ajustes.trato) == (locale, pais, trato)


def test_a_dollar_shop_in_ecuador_writes_as_they_do_there() -> None:
    assert read_ajustes({"pais": "EC"}, "USD").locale == "es_EC"


def test_what_cannot_be_used_counts_as_not_set_and_the_rest_stands() -> None:
    found = read_ajustes(
        {
            "demo": "lista",
            "locale": "xx_YY",
            "trato": "usted",
            "datos_requeridos": ["apodo", "nombre", "signo"],
            "informacion": {"horario": "De 8 a 6", "clima": "Lluvia", "pago": 5},
            "minutos_para_cambiar": "mañana",
        },
        "COP",
    )
    assert found == Ajustes(
        trato="usted", datos_requeridos=["nombre"], informacion={"horario": "De 8 a 6"}
    ).con_moneda("COP")


def test_only_what_is_named_changes_and_null_forgets(client: FlaskClient, tienda: Tienda) -> None:
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.get_one(Empresa, tienda.empresa_id).ajustes = {"demo": "lista"}
    patch(client, tienda, trato="usted", informacion={"horario": "De 8 a 6", "pago": "Efectivo"})
    answer = patch(client, tienda, informacion={"pago": None}, tope_modelo_mensual="12.5")
    assert answer.status_code == 200
    assert answer.json["ajustes"]["trato"] == "usted"
    assert answer.json["ajustes"]["informacion"] == {"horario": "De 8 a 6"}
    assert Decimal(answer.json["ajustes"]["tope_modelo_mensual"]) == Decimal("12.50")
    assert patch(client, tienda, trato=None).json["ajustes"]["trato"] == "tu"
    assert kept(tienda) == {
        "demo": "lista",
        "informacion": {"horario": "De 8 a 6"},
        "tope_modelo_mensual": "12.5",
    }


@pytest.mark.parametrize(
    ("ajustes", "campo"),
    [
        ({"trato": "vuesamerced"}, "ajustes.trato"),
        ({"locale": "español"}, "ajustes.locale"),
        ({"pais": "Colombia"}, "ajustes.pais"),
        ({"datos_requeridos": ["apodo"]}, "ajustes.datos_requeridos.0"),
        ({"informacion": {"clima": "Lluvia"}}, "ajustes.informacion.clima.[key]"),
        ({"informacion": {"pago": "x" * 1001}}, "ajustes.informacion.pago"),
        ({"minutos_para_cambiar": -1}, "ajustes.minutos_para_cambiar"),
        ({"minutos_para_cambiar": True}, "ajustes.minutos_para_cambiar"),
        ({"tope_modelo_mensual": "-1"}, "ajustes.tope_modelo_mensual"),
        ({"politica_descuento": "a\0b"}, "ajustes.politica_descuento"),
        ({"demo": "sin_catalogo"}, "ajustes.demo"),
    ],
)
def test_what_cannot_be_is_named_and_changes_nothing(
    client: FlaskClient, tienda: Tienda, ajustes: dict[str, Any], campo: str
) -> None:
    answer = patch(client, tienda, **ajustes)
    assert (answer.status_code, answer.json["codigo"]) == (422, "datos_invalidos")
    assert [e["campo"] for e in answer.json["errores"]] == [campo]
    assert kept(tienda) == {}


def test_a_change_is_in_the_log_without_its_words(client: FlaskClient, tienda: Tienda) -> None:
    patch(client, tienda, politica_descuento="Nunca", tono="formal")
    patch(client, tienda, tono="formal")  # nothing new
    log = [
        e
        for e in get(client, "/logs/", tienda.headers())["elementos"]
        if e["accion"] == "empresa.ajustar"
    ]
    assert [e["datos"] for e in log] == [{"campos": ["politica_descuento", "tono"]}]


def test_a_shop_may_change_its_name(client: FlaskClient, tienda: Tienda) -> None:
    answer = client.patch("/empresa/", json={"nombre": " La Tuerca "}, headers=tienda.headers())
    assert answer.status_code == 200
    assert get(client, "/empresa/", tienda.headers())["nombre"] == "La Tuerca"
