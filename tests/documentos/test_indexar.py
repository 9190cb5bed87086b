"""A documento on its way: read once, replaced whole, found again whatever died."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from core.documentos.barrido import free_documentos, ring_due_documentos
from core.documentos.documentos import delete_documento
from core.documentos.indexar import texto_de
from core.errors import DemasiadosDocumentos, Invalid, NotFound, TooLarge, Unavailable
from core.ports import Tarea
from tests.documentos.estanteria import HORARIO, Estanteria
from tests.fakes import EmbedderDePapel


def test_what_is_put_is_read_into_pasajes(estanteria: Estanteria) -> None:
    id_ = estanteria.put(HORARIO)
    assert (estanteria.row(id_).estado, estanteria.texts(id_)) == ("en_cola", [])
    assert estanteria.read(id_).estado == "listo"
    assert estanteria.texts(id_) == [
        "Abrimos de lunes a sábado de 8 a 6.",
        "Recibimos efectivo y Nequi.",
    ]
    assert estanteria.row(id_).estado == "listo"


def test_reading_it_again_does_nothing(estanteria: Estanteria) -> None:
    id_ = estanteria.put(HORARIO)
    estanteria.read(id_)
    before = estanteria.texts(id_)
    assert estanteria.read(id_).estado == "nada"
    assert estanteria.texts(id_) == before


def test_the_old_text_answers_until_the_new_one_is_read(estanteria: Estanteria) -> None:
    id_ = estanteria.put(HORARIO)
    estanteria.read(id_)
    assert estanteria.replace(id_, "Abrimos todos los días de 9 a 5.")
    assert len(estanteria.texts(id_)) == 2
    estanteria.read(id_)
    assert estanteria.texts(id_) == ["Abrimos todos los días de 9 a 5."]


def test_the_same_text_again_is_not_read_again(estanteria: Estanteria) -> None:
    id_ = estanteria.put(HORARIO)
    estanteria.read(id_)
    assert not estanteria.replace(id_, HORARIO)
    assert estanteria.row(id_).estado == "listo"


def test_who_read_what_was_replaced_meanwhile_writes_nothing(estanteria: Estanteria) -> None:
    def replaced_while_it_is_read(contenido: bytes) -> list[str]:
        estanteria.replace(id_, "Abrimos todos los días de 9 a 5.")
        return ["Lo que decía el archivo de antes."]

    estanteria.leer_pdf = replaced_while_it_is_read
    id_ = estanteria.put(b"%PDF-", formato="pdf")
    assert estanteria.read(id_).estado == "perdido"
    assert estanteria.texts(id_) == []
    assert estanteria.read(id_).estado == "listo"
    assert estanteria.texts(id_) == ["Abrimos todos los días de 9 a 5."]


def test_what_cannot_be_read_says_why_and_leaves_what_was_there(estanteria: Estanteria) -> None:
    id_ = estanteria.put(HORARIO)
    estanteria.read(id_)
    estanteria.replace(id_, "Nada")
    assert estanteria.read(id_).estado == "fallido"
    row = estanteria.row(id_)
    assert (row.estado, row.error and row.error["codigo"]) == ("fallido", "sin_texto")
    assert len(estanteria.texts(id_)) == 2
    assert estanteria.replace(id_, "Nada")  # a failed one may be tried again as it is


def test_one_worker_at_a_time(estanteria: Estanteria) -> None:
    id_ = estanteria.put(HORARIO)
    estanteria.set(id_, lease_hasta=datetime.now(UTC) + timedelta(minutes=1), lease_de="otro")
    assert estanteria.read(id_).estado == "nada"
    assert free_documentos(estanteria.db, worker="otro") == 1
    assert estanteria.read(id_).estado == "listo"


def test_what_kills_its_reader_again_and_again_is_called_unreadable(
    estanteria: Estanteria,
) -> None:
    id_ = estanteria.put(HORARIO)
    estanteria.set(id_, intentos=3)
    assert estanteria.read(id_).error == "ilegible"


def test_a_model_that_is_away_delays_no_words(estanteria: Estanteria) -> None:
    embedder = EmbedderDePapel(fallas=[Unavailable("fuera", segundos=60)])
    estanteria.embedder = embedder
    id_ = estanteria.put(HORARIO)
    assert estanteria.read(id_).estado == "espera"
    assert (estanteria.row(id_).estado, len(estanteria.texts(id_))) == ("listo", 2)
    assert estanteria.read(id_).estado == "nada"  # not before its time
    estanteria.set(id_, proximo_intento=None)
    assert estanteria.read(id_).estado == "listo"
    assert estanteria.row(id_).modelo == embedder.modelo


def test_what_another_shop_wrote_too_is_embedded_once(estanteria: Estanteria) -> None:
    estanteria.embedder = embedder = EmbedderDePapel()
    estanteria.read(estanteria.put(HORARIO))
    asked = list(embedder.pedidos)
    assert texto_de("Horario", "Abrimos de lunes a sábado de 8 a 6.") in asked
    estanteria.empresa_id = 2
    assert estanteria.read(estanteria.put(HORARIO)).estado == "listo"
    assert embedder.pedidos == asked


def test_the_sweep_rings_for_what_is_not_read_and_for_another_model(
    estanteria: Estanteria,
) -> None:
    read, new = estanteria.put(HORARIO), estanteria.put(HORARIO)
    estanteria.read(read)
    long_ago = datetime.now(UTC) - timedelta(minutes=1)
    for id_ in (read, new):
        estanteria.set(id_, actualizado_en=long_ago)

    def due(modelo: str | None) -> list[int]:
        estanteria.cola.timbres.clear()
        ring_due_documentos(estanteria.db, estanteria.cola, modelo=modelo)
        assert all(t is Tarea.INDEX_DOCUMENTO for t, _ in estanteria.cola.timbres)
        return [ids["documento_id"] for _, ids in estanteria.cola.timbres]

    assert due(None) == [new]
    assert due("papel:1") == [read, new]
    estanteria.replace(new, "Nada")
    estanteria.read(new)
    assert due(None) == []  # what failed waits for a person


def test_deleting_it_takes_its_pasajes(estanteria: Estanteria) -> None:
    id_ = estanteria.put(HORARIO)
    estanteria.read(id_)
    with estanteria.db.empresa(1) as session:
        delete_documento(session, empresa_id=1, documento_id=id_, actor="prueba")
    assert estanteria.texts(id_) == []
    with pytest.raises(NotFound):
        estanteria.row(id_)


def test_there_are_limits(estanteria: Estanteria) -> None:
    estanteria.settings = estanteria.settings.model_copy(
        update={"documentos_max": 1, "documento_max_bytes": 100}
    )
    with pytest.raises(TooLarge):
        estanteria.put("x" * 101)
    with pytest.raises(Invalid, match="vacío"):
        estanteria.put("  ")
    estanteria.put(HORARIO)
    with pytest.raises(DemasiadosDocumentos):
        estanteria.put(HORARIO)


def test_who_did_what_is_in_the_log_without_its_words(estanteria: Estanteria) -> None:
    estanteria.put(HORARIO, titulo="Secreto")
    with estanteria.db.empresa(1) as session:
        row = session.execute(text("SELECT accion, objeto, datos::text FROM log")).one()
    assert row[0] == "documento.crear"
    assert "Secreto" not in str(row)
