"""Usted, tú and vos: each shop speaks one of them, throughout, and sells as well in any."""

import re

import pytest

from core.agente.examen import Dialogo, examine
from core.agente.plantillas import leaves
from core.agente.textos import textos_de
from core.ports import Tienda
from tests.agente.mostrador import Mostrador
from tests.agente.test_dialogos import DIALOGOS

_TU_O_VOS = r"\b(?:tus?|te|ti|tuy[oa]s?|contigo|vos)\b"
_DE_TU = (
    r"\b(?:quieres|necesitas|prefieres|puedes|buscas|confirmas|deseas|escribes|compartes|dices"
    r"|tienes|sabes|dime|dame|responde|escríbeme|tómate|perdona|mira|recuerda|eres|estás"
    r"|has|vas|haces|llevas|pides|eliges|gustas)\b"
)
_DE_VOS = r"\b(?!país\b|m[aá]s\b|adem[aá]s\b|despu[eé]s\b|atr[aá]s\b|jam[aá]s\b)\w+(?:ás|és|ís)\b"
_MANDA_VOS = r"\b(?:decime|escribime|respondé|escribí|cancelá|perdoná|acá|tomate|mirá|avisame)\b"
_DE_USTED = (
    r"\b(?:sus?|suy[oa]s?|usted|dígame|responda|escriba|escríbame|tómese|disculpe|cancele|desea"
    r"|quiere|necesita|prefiere|busca|comparte)\b"
)
# What no reply of a trato may say. "le" and "se" are also of third persons.
FORASTERAS = {
    "tu": (_DE_VOS, _MANDA_VOS, r"\bvos\b", _DE_USTED),
    "usted": (_TU_O_VOS, _DE_TU, _DE_VOS, _MANDA_VOS),
    "vos": (_DE_TU.replace("|perdona", ""), r"\b(?:ti|contigo|aquí)\b", _DE_USTED),
}


def forasteras(texto: str, trato: str) -> list[str]:
    return [m.group() for p in FORASTERAS[trato] for m in re.finditer(p, texto, re.IGNORECASE)]


@pytest.mark.parametrize("tono", ["cercano", "neutro", "formal"])
@pytest.mark.parametrize("trato", FORASTERAS)
def test_no_sentence_of_the_wording_slips_into_another_trato(trato: str, tono: str) -> None:
    said = textos_de(Tienda("x", "COP", {"trato": trato, "tono": tono})).plantillas
    assert {t: f for t in leaves(said) if (f := forasteras(t, trato))} == {}


@pytest.mark.parametrize("trato", FORASTERAS)
@pytest.mark.parametrize("dialogo", DIALOGOS, ids=lambda d: f"{d.id} {d.tema}")
def test_a_dialogue_ends_as_well_in_any_trato(dialogo: Dialogo, trato: str) -> None:
    mostrador = Mostrador(tienda=Tienda("Ferretería La Tuerca", "COP", {"trato": trato}))
    nota = examine(dialogo, mostrador)
    assert nota.bien, nota.line()
    assert nota.hechos == nota.hechos_total, nota.dichos
    for dicho, respuesta in nota.dichos:
        # What the customer said may be quoted back.
        own = [w for w in forasteras(respuesta, trato) if w.lower() not in dicho.lower()]
        assert own == [], respuesta


def test_the_shop_of_a_place_where_people_say_vos_says_it_unless_it_was_set() -> None:
    assert "necesitás" in Mostrador(tienda=Tienda("x", "ARS")).dice("hola").respuesta
    set_ = Tienda("x", "ARS", {"trato": "usted"})
    assert "necesita?" in Mostrador(tienda=set_).dice("hola").respuesta


def test_one_product_is_told_in_a_sentence_and_two_in_a_list(mostrador: Mostrador) -> None:
    mostrador.dice("dame 2 carretillas")
    assert "\n" not in mostrador.dice("sí").respuesta
    mostrador.dice("dame 1 carretilla y 3 mazos")
    assert mostrador.dice("sí").respuesta.count("\n• ") == 2


@pytest.mark.parametrize(
    ("tono", "said", "unsaid"), [("cercano", "👋", "bienvenida"), ("formal", "bienvenida", "¡")]
)
def test_a_tone_changes_a_few_sentences(tono: str, said: str, unsaid: str) -> None:
    mostrador = Mostrador(tienda=Tienda("x", "COP", {"tono": tono}))
    greeted = mostrador.dice("hola")
    assert said in greeted.respuesta
    assert unsaid not in greeted.respuesta
    assert not greeted.corregido
