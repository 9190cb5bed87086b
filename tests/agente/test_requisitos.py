"""What a shop requires of its customers: asked one by one, checked, remembered."""

import pytest

from core.agente import compartido
from core.agente.datos import extraer
from core.agente.requisitos import a_e164, anotar, es_valido
from core.ports import Tienda
from tests.agente.mostrador import Mostrador


def shop(*campos: str, **ajustes: str) -> Tienda:
    return Tienda("La Tuerca", "COP", {"datos_requeridos": list(campos), **ajustes})


def waiting(mostrador: Mostrador, *campos: str) -> Mostrador:
    """With a yes that waits for these data."""
    mostrador.tienda = shop(*campos)
    mostrador.dice("quiero 2 carretillas")
    assert mostrador.dice("sí").estado_venta == "datos"
    return mostrador


@pytest.mark.parametrize(
    ("moneda", "telefono", "e164"),
    [
        ("COP", "300 999 8877", "+573009998877"),
        ("MXN", "55 1234 5678", "+525512345678"),
        ("ARS", "11 2345-6789", "+541123456789"),
        ("CLP", "+56 9 6123 4567", "+56961234567"),
        ("PEN", "987654321", "+51987654321"),
        ("EUR", "612 34 56 78", "+34612345678"),
        ("USD", "0991234567", "+593991234567"),
        ("COP", "+34612345678", "+34612345678"),
        ("COP", "12345", None),
        ("MXN", "123", None),
        ("COP", "no tengo", None),
    ],
)
def test_a_telephone_is_one_of_the_shops_country_or_a_whole_one(
    moneda: str, telefono: str, e164: str | None
) -> None:
    assert a_e164(telefono, Tienda("x", moneda)) == e164


def test_the_country_may_be_another_than_the_currencys() -> None:
    assert a_e164("987654321", Tienda("x", "USD", {"pais": "PE"})) == "+51987654321"


@pytest.mark.parametrize(
    ("moneda", "documento", "bien"),
    [
        ("COP", "52.345.678", True),
        ("COP", "900123456-7", True),
        ("COP", "123", False),
        ("CLP", "12.345.678-5", True),
        ("CLP", "12.345.678-6", False),
        ("EUR", "12345678Z", True),
        ("EUR", "12345678A", False),
        ("EUR", "X1234567L", True),
        ("MXN", "GODE561231GR8", True),
        ("PEN", "45678912", True),
        ("PEN", "4567", False),
        ("ARS", "30.123.456", True),
        ("USD", "1712345678", True),
        ("COP", "AB123456", True),
    ],
)
def test_a_document_has_the_shape_of_its_country(moneda: str, documento: str, bien: bool) -> None:
    assert es_valido("documento", documento, Tienda("x", moneda)) is bien


@pytest.mark.parametrize(
    ("email", "bien"),
    [
        ("rosa@gil.co", True),
        ("rosa.gil+compras@correo.com.ar", True),
        ("rosa@gil", False),
        ("rosa..gil@gil.co", False),
        ("rosa@", False),
        ("@gil.co", False),
    ],
)
def test_an_email_has_the_shape_of_one(email: str, bien: bool) -> None:
    assert es_valido("email", email, shop()) is bien


def test_what_the_shop_does_not_require_is_kept_as_it_was_told() -> None:
    assert anotar({"telefono": "12345"}, shop()) == {"telefono": "12345", "telefono_e164": None}
    assert anotar({"telefono": "12345"}, shop("telefono")) == {}


def test_data_are_asked_one_by_one_in_an_order_that_holds(mostrador: Mostrador) -> None:
    m = waiting(mostrador, "email", "nombre", "documento")
    assert "tu documento" in m.dice("Rosa Gil").respuesta
    assert "tu correo" in m.dice("52345678").respuesta
    sold = m.dice("rosa@gil.co")
    assert sold.vender
    assert m.cliente == {"nombre": "Rosa Gil", "documento": "52345678", "email": "rosa@gil.co"}


def test_several_at_once_are_not_asked_again(mostrador: Mostrador) -> None:
    m = waiting(mostrador, "nombre", "telefono", "email")
    assert m.dice("Rosa Gil, 3009998877, rosa@gil.co").vender


@pytest.mark.parametrize(
    ("campo", "mal", "motivo", "bien"),
    [
        ("telefono", "12345", "Ese teléfono no parece válido", "3009998877"),
        ("documento", "123", "Ese documento no parece válido", "52345678"),
        ("email", "rosa@gil", "Ese correo no parece válido", "rosa@gil.co"),
    ],
)
def test_what_is_wrong_is_told_and_asked_again(
    mostrador: Mostrador, campo: str, mal: str, motivo: str, bien: str
) -> None:
    m = waiting(mostrador, campo)
    told = m.dice(mal)
    assert motivo in told.respuesta
    assert (told.vender, told.estado_venta, told.corregido) == ((), "datos", False)
    assert campo not in m.cliente
    assert m.dice(bien).vender


def test_three_answers_that_are_none_call_a_person_and_the_order_waits(
    mostrador: Mostrador,
) -> None:
    m = waiting(mostrador, "telefono")
    assert [m.dice(x).humano for x in ("123", "456", "789", "101")] == [False, False, True, False]
    assert m.dice("3009998877").vender


@pytest.mark.parametrize(
    "texto", ["no quiero dar mi teléfono", "no tengo celular", "¿para qué quieren mi número?"]
)
def test_who_does_not_want_to_tell_keeps_the_order(mostrador: Mostrador, texto: str) -> None:
    m = waiting(mostrador, "telefono")
    told = m.dice(texto)
    assert (told.vender, told.estado_venta) == ((), "datos")
    assert "hace falta tu teléfono" in told.respuesta
    assert m.dice("bueno, 3009998877").vender


@pytest.mark.parametrize("campo", ["nombre", "telefono", "direccion"])
def test_who_cancels_instead_of_answering_cancels(mostrador: Mostrador, campo: str) -> None:
    dropped = waiting(mostrador, campo).dice("cancela")
    assert (dropped.vender, dropped.estado_venta) == ((), "ninguna")
    assert mostrador.cliente == {}


def test_a_change_instead_of_an_answer_is_offered_anew(mostrador: Mostrador) -> None:
    m = waiting(mostrador, "telefono")
    assert m.dice("mejor 1").estado_venta == "oferta"
    assert m.dice("3009998877").vender == ()
    assert [x.cantidad for x in m.dice("sí").vender] == [1]


def test_the_next_purchase_asks_nothing_again(mostrador: Mostrador) -> None:
    m = waiting(mostrador, "nombre", "telefono")
    m.dice("Rosa Gil, 3009998877")
    m.dice("quiero 2 brochas de 4")
    assert m.dice("sí").vender


def test_what_was_kept_and_serves_no_more_is_asked_again(mostrador: Mostrador) -> None:
    mostrador.cliente = {"telefono": "12345"}
    assert "tu teléfono" in waiting(mostrador, "telefono").dice("sí").respuesta


def test_who_says_only_that_they_have_none_keeps_the_order(mostrador: Mostrador) -> None:
    m = waiting(mostrador, "telefono")
    told = m.dice("no tengo")
    assert told.estado_venta == "datos"
    assert "hace falta tu teléfono" in told.respuesta


def test_what_a_phone_shares_is_a_datum_and_never_a_quantity() -> None:
    place = compartido.ubicacion(19.4326, -103.34961)
    assert extraer(place, esperados=False)[0] == {"direccion": place}
    assert es_valido("direccion", place, shop("direccion"))
    venue = compartido.ubicacion(4.6, -74.1, "Café\nSol", "Calle 1 # 2-3")
    assert venue == "Ubicación: Café Sol, Calle 1 # 2-3 (4.60000, -74.10000)"
    own = compartido.contacto("Ana", "+573001234567", propio=True)
    assert extraer(own, esperados=True)[0] == {"telefono": "+573001234567"}
    other = compartido.contacto("Luis", "3007654321", propio=False)
    assert extraer(f"llámenlo a él\n{other}", esperados=True)[0] == {}
