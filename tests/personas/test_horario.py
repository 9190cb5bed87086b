"""Closed, the bot sells on, and promises a person with the day and hour at which there is one."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI

from core.agente.estado import Memoria
from core.agente.hechos import Decision, Hecho
from core.agente.horas import PROMETEN
from core.agente.permitir import permitir
from core.agente.plantillas import frases
from core.agente.verificar import verificar
from core.cuentas.ajustes import read_ajustes
from core.cuentas.horario import DIAS, decir_cuando, decir_horario, proxima_apertura
from core.ports import Tienda
from tests.acceso import open_tienda
from tests.agente.mostrador import Mostrador

HORARIO = {
    **{dia: ["08:00-12:00", "14:00-18:00"] for dia in DIAS[:5]},
    "sabado": ["09:00-13:00"],
}
JUEVES = datetime(2026, 11, 26, tzinfo=UTC)  # midnight in UTC: Wednesday, 19:00 in Bogotá


def bogota(dia: int, hora: float) -> datetime:
    """An hour of a day of November 2026, as clocks in Bogotá show it."""
    return datetime(2026, 11, dia, tzinfo=UTC) + timedelta(hours=hora + 5)


@pytest.mark.parametrize(
    ("ahora", "dicho"),
    [
        (bogota(26, 7.5), "hoy jueves 26 de noviembre desde las 8:00"),
        (bogota(26, 8), None),
        (bogota(26, 11.99), None),
        (bogota(26, 12), "hoy jueves 26 de noviembre desde las 14:00"),
        (bogota(26, 18), "mañana viernes 27 de noviembre desde las 8:00"),
        (bogota(27, 20), "mañana sábado 28 de noviembre desde las 9:00"),
        (bogota(28, 13), "el lunes 30 de noviembre desde las 8:00"),
        (bogota(29, 23.9), "mañana lunes 30 de noviembre desde las 8:00"),
    ],
)
def test_the_next_hour_at_which_somebody_is_there(ahora: datetime, dicho: str | None) -> None:
    opens = proxima_apertura(HORARIO, "America/Bogota", [], ahora)
    assert (decir_cuando(opens, ahora) if opens else None) == dicho


def test_nobody_is_there_on_a_holiday() -> None:
    ahora = bogota(26, 20)
    opens = proxima_apertura(HORARIO, "America/Bogota", [date(2026, 11, 27)], ahora)
    assert opens is not None
    assert decir_cuando(opens, ahora) == "el sábado 28 de noviembre desde las 9:00"


def test_open_round_the_clock_is_never_closed() -> None:
    always = {dia: ["00:00-24:00"] for dia in DIAS}
    assert proxima_apertura(always, "America/Bogota", [], bogota(26, 23.99)) is None
    assert proxima_apertura(always, "America/Bogota", [], bogota(26, 0)) is None


def test_a_shop_that_never_opens_or_says_no_hours_promises_none() -> None:
    never: dict[str, list[str]] = {dia: [] for dia in DIAS}
    assert proxima_apertura(never, "America/Bogota", [], JUEVES) is None
    assert proxima_apertura(None, "America/Bogota", [], JUEVES) is None


def test_an_hour_that_a_change_of_clocks_moves_is_the_shop_s_own() -> None:
    """In Santiago clocks go forward on 6 September 2026."""
    monday = {"lunes": ["08:00-18:00"]}
    opens = proxima_apertura(monday, "America/Santiago", [], datetime(2026, 9, 5, 12, tzinfo=UTC))
    assert opens is not None
    assert opens.isoformat() == "2026-09-07T08:00:00-03:00"


def test_hours_as_people_say_them() -> None:
    assert decir_horario(HORARIO) == (
        "Lunes a viernes de 8:00 a 12:00 y de 14:00 a 18:00; sábado de 9:00 a 13:00."
    )
    assert decir_horario(None) == ""


@pytest.mark.parametrize(
    ("moneda", "zona"), [("COP", "America/Bogota"), ("MXN", "America/Mexico_City"), ("KES", None)]
)
def test_the_zone_is_that_of_the_country(moneda: str, zona: str | None) -> None:
    assert read_ajustes({}, moneda).zona_horaria == zona


# --- what is set -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "malo",
    [
        {"horario_atencion": {"lunes": ["08:00-12:00", "11:00-13:00"]}},
        {"horario_atencion": {"lunes": ["18:00-02:00"]}},
        {"horario_atencion": {"lunes": ["08:00-08:00"]}},
        {"horario_atencion": {"lunes": ["8-12"]}},
        {"horario_atencion": {"lunes": ["24:00-24:00"]}},
        {"horario_atencion": {"lunedi": ["08:00-12:00"]}},
        {"zona_horaria": "America/Macondo"},
        {"festivos": ["2026-02-30"]},
        {"minutos_silencio_persona": -1},
        {"bot_activo": "no"},
    ],
)
def test_what_is_no_hour_is_refused(
    app: OpenAPI, client: FlaskClient, malo: dict[str, Any]
) -> None:
    tienda = open_tienda(app)
    answer = client.patch("/empresa/", json={"ajustes": malo}, headers=tienda.headers())
    assert answer.status_code == 422


def test_hours_are_kept_in_order_and_a_day_can_be_taken_out(
    app: OpenAPI, client: FlaskClient
) -> None:
    tienda = open_tienda(app)

    def patch(**ajustes: Any) -> Any:
        answer = client.patch("/empresa/", json={"ajustes": ajustes}, headers=tienda.headers())
        assert answer.status_code == 200, answer.get_json()
        return answer.get_json()["ajustes"]

    set_ = patch(horario_atencion={"lunes": ["14:00-24:00", "08:00-12:00"], "martes": []})
    assert set_["horario_atencion"] == {"lunes": ["08:00-12:00", "14:00-24:00"], "martes": []}
    assert patch(horario_atencion={"martes": None})["horario_atencion"] == {
        "lunes": ["08:00-12:00", "14:00-24:00"]
    }
    assert patch(horario_atencion=None)["horario_atencion"] is None
    assert patch(festivos=["2026-12-25"])["festivos"] == ["2026-12-25"]


# --- what is said ------------------------------------------------------------------------------


def cerrada(trato: str = "tu") -> Mostrador:
    """A shop that opens only for two hours, the day after tomorrow."""
    soon = DIAS[(datetime.now(UTC).astimezone().date() + timedelta(days=2)).weekday()]
    ajustes = {"horario_atencion": {soon: ["08:00-10:00"]}, "trato": trato}
    return Mostrador(tienda=Tienda("Ferretería La Tuerca", "COP", ajustes))


@pytest.mark.parametrize(
    ("trato", "dicho"),
    [("tu", "te responderán "), ("usted", "le responderán "), ("vos", "te responderán ")],
)
def test_who_asks_for_a_person_is_told_when(trato: str, dicho: str) -> None:
    said = cerrada(trato).dice("quiero hablar con una persona").respuesta
    assert "una persona del equipo" in said
    assert f"Ahora no hay nadie: {dicho}" in said
    assert said.endswith("desde las 8:00.")


@pytest.mark.parametrize(
    "texto", ["esto es un desastre, quiero poner una queja", "¿tienen parqueadero?"]
)
def test_every_promise_of_a_person_says_when(texto: str) -> None:
    shop = cerrada()
    assert "Ahora no hay nadie: te responderán" in shop.dice(texto).respuesta
    assert shop.humano
    assert shop.ultimo is not None
    assert not shop.ultimo.corregido


def test_a_closed_shop_sells_as_ever() -> None:
    shop = cerrada()
    assert "Ahora no hay nadie" not in shop.dice("quiero 2 martillos de goma").respuesta
    assert "Ahora no hay nadie" not in shop.dice("sí, confirmo").respuesta
    assert len(shop.ventas) == 1


def test_without_hours_or_while_somebody_is_there_no_hour_is_promised() -> None:
    always = {"horario_atencion": {dia: ["00:00-24:00"] for dia in DIAS}}
    for ajustes in ({}, always):
        shop = Mostrador(tienda=Tienda("Ferretería La Tuerca", "COP", ajustes))
        assert "Ahora no hay nadie" not in shop.dice("quiero hablar con una persona").respuesta


def test_asked_for_its_hours_a_shop_says_those_it_set() -> None:
    shop = Mostrador(tienda=Tienda("Ferretería La Tuerca", "COP", {"horario_atencion": HORARIO}))
    said = shop.dice("¿a qué hora abren?").respuesta
    assert said == "Lunes a viernes de 8:00 a 12:00 y de 14:00 a 18:00; sábado de 9:00 a 13:00."
    assert not shop.humano


def test_no_other_hour_than_the_true_one_may_be_said() -> None:
    shop = cerrada()
    true = shop.dice("quiero hablar con una persona").respuesta
    decision = Decision((Hecho("derivado"), Hecho("cerrado")), Memoria())
    facts = permitir(decision, Memoria(), shop.visto, {}, "quiero hablar con una persona")
    assert verificar(true, facts)
    assert not verificar(true.replace("8:00", "9:00"), facts)


def test_every_sentence_that_promises_a_person_is_known_to() -> None:
    """So that a new one is thought about."""
    known = PROMETEN | {"ilegible", "llano"}
    for clave, texto in frases().items():
        if clave not in known and "persona del equipo" in str(texto):
            raise AssertionError(clave)
