"""The exam itself: what it counts as right, and what it does not forgive."""

from decimal import Decimal
from typing import Any

import pytest

from core.agente.examen import Estado, Nota, examine, read_dialogos
from core.agente.guion import unknown_fields
from core.errors import Invalid
from tests.agente.mostrador import Mostrador


class Impaciente(Mostrador):
    """Sells what was offered at once, without waiting for a yes."""

    def say(self, texto: str, *, id_externo: str, esperar: bool) -> str:
        reply = super().say(texto, id_externo=id_externo, esperar=esperar)
        if self.estado_venta == "oferta":
            self.dice("sí")
        return reply


class Mudo(Mostrador):
    def say(self, texto: str, *, id_externo: str, esperar: bool) -> str:
        return "Lo siento, no puedo ayudarte."


class Goloso(Mostrador):
    """Takes more from the shelf than it sold."""

    def look(self) -> Estado:
        seen = super().look()
        taken = {sku: q - 1 if seen.lineas and q else q for sku, q in seen.stock.items()}
        return Estado(seen.lineas, seen.registradas, taken, seen.precios, seen.humano)


def guion(**cambios: Any) -> list[dict[str, Any]]:
    base: dict[str, Any] = {
        "id": "x1",
        "tema": ["prueba"],
        "turnos": [
            {"cliente": "quiero 2 carretillas", "debe_contener": [456000, "total"]},
            {"cliente": "sí"},
        ],
        "esperado": {
            "ventas": [{"sku": "CR-1", "cantidad": 2, "precio_unitario": 228000}],
            "max_ventas_registradas": 1,
            "humano": None,
            "alternativas": [],
        },
        "auto": {"si_pide_confirmar_al_final": "sí", "max_extra": 3},
    }
    base["turnos"][0]["venta_permitida"] = False
    return [base | cambios]


def play(seller: Mostrador, **cambios: Any) -> Nota:
    return examine(read_dialogos(guion(**cambios))[0], seller)


def test_a_good_seller_passes() -> None:
    nota = play(Mostrador())
    assert nota.bien
    assert (nota.hechos, nota.hechos_total) == (2, 2)


def test_a_sale_before_its_time_fails_though_the_end_is_right() -> None:
    nota = play(Impaciente())
    assert nota.prematuras == ["quiero 2 carretillas"]
    assert not nota.bien
    assert "prematura" in nota.line()


def test_who_never_sells_fails_where_a_sale_was_due() -> None:
    assert not play(Mudo()).bien


def test_stock_that_does_not_add_up_fails() -> None:
    assert not play(Goloso()).estado_bien


def test_a_forbidden_word_fails() -> None:
    turnos = [{"cliente": "quiero 2 carretillas", "no_debe_contener": ["en total"]}]
    nota = play(Mostrador(), turnos=turnos)
    assert nota.prohibidos == ["en total"]


def test_the_script_confirms_at_the_end_when_it_is_asked() -> None:
    nota = play(Mostrador(), turnos=[{"cliente": "quiero 2 carretillas"}])
    assert nota.bien
    assert [said for said, _ in nota.dichos] == ["quiero 2 carretillas", "sí"]


def test_an_alternative_end_is_as_good() -> None:
    esperado = {
        "ventas": [],
        "humano": None,
        "alternativas": [{"ventas": [["CR-1", 2]]}],
    }
    assert play(Mostrador(), esperado=esperado).bien


def test_a_hand_off_may_be_required() -> None:
    esperado: dict[str, Any] = {"ventas": [], "humano": True, "alternativas": []}
    turnos = [{"cliente": "quiero hablar con una persona"}]
    assert play(Mostrador(), esperado=esperado, turnos=turnos).bien
    assert not play(Mostrador(), esperado=esperado, turnos=[{"cliente": "hola"}]).bien


def test_a_redelivered_message_is_not_said_twice() -> None:
    turnos = [
        {"cliente": "quiero 2 carretillas"},
        {"cliente": "quiero 2 carretillas", "mismo_message_id": True},
        {"cliente": "sí"},
        {"cliente": "sí", "mismo_message_id": True},
    ]
    seller = Mostrador()
    assert play(seller, turnos=turnos).bien
    assert seller.look().lineas == (("CR-1", Decimal(2), Decimal("228000.00")),)


@pytest.mark.parametrize("leido", [None, {}, [], [{}], [{"id": 1}], "texto", [{"turnos": []}], [3]])
def test_a_file_of_another_shape_is_refused_in_words(leido: Any) -> None:
    with pytest.raises(Invalid, match="formato"):
        read_dialogos(leido)


def complaints(leido: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        read_dialogos(leido)
    return {str(e["campo"]): str(e["mensaje"]) for e in refused.value.errores}


def test_what_is_wrong_is_named_by_entry_and_field() -> None:
    leido = guion(turnos=[{"cliente": False}, {"cliente": "sí", "debe_contener": [1.5]}])
    leido += guion(id="x2", esperado={"ventas": [{"sku": "CR-1", "cantidad": "dos"}, ["CR-1"]]})
    leido.append({"turnos": [{"rapido": True}]})
    assert complaints(leido) == {
        "diálogo 1 (x1), turnos[1].cliente": "es un texto: escríbalo entre comillas",
        "diálogo 1 (x1), turnos[2].debe_contener[1]": (
            "es un texto entre comillas o un número entero"
        ),
        "diálogo 2 (x2), esperado.ventas[1].cantidad": "es un número",
        "diálogo 2 (x2), esperado.ventas[2]": "es un objeto JSON",
        "diálogo 3, id": "falta",
        "diálogo 3, turnos[1].cliente": "falta",
        "diálogo 3, esperado": "falta",
    }


def test_of_very_many_complaints_the_first_are_enough() -> None:
    assert list(complaints([{}] * 40).items())[10:] == [("y", "110 más")]


def test_what_people_leave_out_or_write_shorter_is_read_too() -> None:
    turnos = [{"cliente": 7, "debe_contener": 7, "debe_contener_alguno": ["a", ["b", "c"]]}]
    d = read_dialogos([{"id": 5, "turnos": turnos, "esperado": {"ventas": [["CR-1", 2]]}}])[0]
    assert (d.id, d.tema, d.frases[0].cliente, d.frases[0].contiene) == ("5", "", "7", (7,))
    assert d.frases[0].alguno == (("a",), ("b", "c"))
    assert d.final.ventas == {"CR-1": Decimal(2)}


def test_a_misspelt_field_is_told_with_the_one_that_was_meant() -> None:
    leido = guion(turnos=[{"cliente": "hola", "debe_contenr": [7]}], otra=1)
    assert unknown_fields(leido) == [
        "diálogo 1 (x1): no se conoce «otra»",
        "diálogo 1 (x1), turnos[1]: no se conoce «debe_contenr»; ¿quiso decir «debe_contener»?",
    ]
    assert unknown_fields(guion()) == []


def test_a_sku_that_the_catalogue_has_not_is_the_file_s_fault() -> None:
    esperado = {"ventas": [["NO-1", 2]], "alternativas": [{"ventas": [["CR-1", 1], ["NO-2", 1]]}]}
    nota = play(Mostrador(), esperado=esperado)
    assert not nota.bien
    assert nota.dichos == []
    assert nota.line() == (
        "x1 prueba: el archivo espera «NO-1», que no está en el catálogo; "
        "el archivo espera «NO-2», que no está en el catálogo"
    )
