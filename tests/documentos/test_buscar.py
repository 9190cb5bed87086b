"""Asking what a shop wrote: the fake and the real one alike, and each shop its own."""

from collections.abc import Callable

import pytest

from core.documentos.documentos import delete_documento
from core.documentos.indice import SEGURO, alike
from core.ports import Documentos
from tests.documentos.estanteria import HORARIO, Estanteria
from tests.fakes import DocumentosDePapel, EmbedderDePapel

_TEXTOS = ["Abrimos los lunes de 8 a 6.", "Recibimos efectivo y Nequi.", "Llevamos a domicilio."]


def _real(estanteria: Estanteria) -> Documentos:
    for texto in _TEXTOS:
        estanteria.read(estanteria.put(texto))
    return estanteria.biblioteca().de(1)


def _papel(_: Estanteria) -> Documentos:
    return DocumentosDePapel(list(_TEXTOS))


@pytest.mark.parametrize("abrir", [_real, _papel])
def test_documentos_keep_their_promise(
    abrir: Callable[[Estanteria], Documentos], estanteria: Estanteria
) -> None:
    documentos = abrir(estanteria)
    found = documentos.buscar("reciben efectivo o nequi", 2)
    assert found[0].texto == "Recibimos efectivo y Nequi."
    assert len(found) <= 2
    assert all(0 < p.puntaje <= 1 for p in found)
    assert [p.puntaje for p in found] == sorted((p.puntaje for p in found), reverse=True)
    assert documentos.buscar("xilófono") == []


def test_a_shop_that_wrote_nothing_knows_nothing(estanteria: Estanteria) -> None:
    assert estanteria.biblioteca().buscar(1, "¿a qué hora abren?", 3) == []


def test_no_shop_answers_with_anothers_words(estanteria: Estanteria) -> None:
    estanteria.read(estanteria.put(HORARIO))
    biblioteca = estanteria.biblioteca()
    assert biblioteca.buscar(1, "¿a qué hora abren?", 3)
    assert biblioteca.buscar(2, "¿a qué hora abren?", 3) == []


def test_every_change_is_seen_by_the_next_question(estanteria: Estanteria) -> None:
    biblioteca = estanteria.biblioteca()
    id_ = estanteria.put(HORARIO)

    def told() -> list[str]:
        return [p.texto for p in biblioteca.buscar(1, "¿a qué hora abren?", 1)]

    assert told() == []
    estanteria.read(id_)
    assert told() == ["Abrimos de lunes a sábado de 8 a 6."]
    estanteria.replace(id_, "Horario:\nAbrimos de 9 a 5.")
    estanteria.read(id_)
    assert told() == ["Abrimos de 9 a 5."]
    with estanteria.db.empresa(1) as session:
        delete_documento(session, empresa_id=1, documento_id=id_, actor="prueba")
    assert told() == []


def test_the_title_of_a_documento_is_the_subject_of_what_has_no_heading(
    estanteria: Estanteria,
) -> None:
    estanteria.read(estanteria.put("De lunes a viernes, de ocho a seis.", titulo="Horario"))
    estanteria.read(estanteria.put("Somos una empresa familiar.", titulo="Nosotros"))
    found = estanteria.biblioteca().buscar(1, "¿a qué hora abren?", 1)
    assert found[0].documento == "Horario"
    assert found[0].puntaje >= SEGURO


def test_a_text_without_headings_is_about_what_it_mostly_speaks_of(estanteria: Estanteria) -> None:
    estanteria.read(estanteria.put("Abrimos de ocho a seis y los sábados cerramos a las dos."))
    estanteria.read(estanteria.put("Los pagos son en efectivo, con tarjeta o con cheque."))
    found = estanteria.biblioteca().buscar(1, "¿cuál es el horario?", 1)
    assert found[0].texto.startswith("Abrimos")
    assert found[0].puntaje >= SEGURO


def test_meaning_finds_what_no_word_does(estanteria: Estanteria) -> None:
    embedder = EmbedderDePapel(iguales={"mascota": "perros"})
    textos = ["Los perros entran con correa.", "Recibimos efectivo y Nequi.", "Hay un ascensor."]
    for texto in textos:
        estanteria.read(estanteria.put(texto, titulo="x"))
    assert estanteria.biblioteca().buscar(1, "mascota", 1) == []
    estanteria.embedder = embedder
    for id_ in (1, 2, 3):
        assert estanteria.read(id_).estado == "listo"
    assert estanteria.biblioteca().buscar(1, "mascota", 1)[0].texto == textos[0]


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [("cambio", "cambiar", True), ("alquilan", "alquilamo", True), ("corta", "costo", False),
     ("plano", "plato", False), ("casa", "casa", True), ("sol", "solo", False)],
)  # fmt: skip
def test_words_are_alike_by_their_roots(a: str, b: str, same: bool) -> None:
    assert bool(alike(a, b)) == same
