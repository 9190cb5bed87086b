"""From what a shop has lying about to pieces that answer by themselves."""

import pytest

from core.documentos.lectura import formato_de, read_trozos
from core.documentos.secciones import DocumentoIlegible, read_paginas
from core.documentos.trozos import LARGO, Trozo, cut


def no_pdf(contenido: bytes) -> list[str]:
    raise NotImplementedError


def trozos(formato: str, texto: str | bytes, max_: int = 200) -> list[Trozo]:
    contenido = texto.encode() if isinstance(texto, str) else texto
    return read_trozos(formato, contenido, no_pdf, max_=max_)


def test_headings_of_markdown_are_the_context_of_what_stands_under_them() -> None:
    read = trozos(
        "markdown", "# Tienda\n\n## Envíos\nLlevamos a **toda** la ciudad.\n\nTarda un día.\n"
    )
    assert read == [Trozo("Tienda › Envíos", "Llevamos a toda la ciudad.\nTarda un día.")]


def test_a_list_says_of_what_it_is_one_and_keeps_its_points_apart() -> None:
    read = trozos("markdown", "## Pagos\n\n- Efectivo\n- Nequi y\n  Daviplata\n* Tarjeta\n")
    assert read == [Trozo("Pagos", "Pagos:\n• Efectivo\n• Nequi y Daviplata\n• Tarjeta")]


def test_a_table_of_markdown_is_read_row_by_row() -> None:
    read = trozos("markdown", "## Zonas\n| Zona | Costo |\n|---|---|\n| Norte | $8.000 |\n")
    assert read[0].texto == "Zonas:\n• Zona: Costo\n• Norte: $8.000"


def test_a_link_keeps_its_words_and_its_address() -> None:
    read = trozos("markdown", "Mira [nuestro mapa](https://mapa.example/x) antes de venir.")
    assert read[0].texto == "Mira nuestro mapa (https://mapa.example/x) antes de venir."


def test_plain_text_has_headings_too() -> None:
    texto = "HORARIO\nAbrimos de 8 a 6.\n\nPagos:\nSolo recibimos efectivo.\n\nDomicilios\n" + (
        "Llevamos a toda la ciudad por $8.000."
    )
    assert [t.titulo for t in trozos("texto", texto)] == ["HORARIO", "Pagos", "Domicilios"]


def test_a_paragraph_without_a_heading_stands_by_itself() -> None:
    read = trozos("texto", "Abrimos de ocho a seis.\n\nRecibimos efectivo y tarjeta.")
    assert [t.texto for t in read] == ["Abrimos de ocho a seis.", "Recibimos efectivo y tarjeta."]


def test_questions_and_answers_are_read_with_any_separator_and_encoding() -> None:
    read = trozos("csv", "Pregunta;Respuesta\n¿Abren?;Sí, de 8 a 6.\n;\n".encode("cp1252"))
    assert read == [Trozo("¿Abren?", "Sí, de 8 a 6.")]
    assert trozos("csv", "answer,question\nYes,Open?\n") == [Trozo("Open?", "Yes")]


def test_what_is_long_is_cut_at_the_ends_of_sentences_and_nothing_is_lost() -> None:
    oraciones = [f"Esta es la oración número {n} de un texto muy largo." for n in range(60)]
    read = trozos("texto", " ".join(oraciones))
    assert len(read) > 3
    assert all(len(t.texto) <= LARGO and t.texto.endswith(".") for t in read)
    assert " ".join(t.texto for t in read) == " ".join(oraciones)


def test_a_sentence_longer_than_a_pasaje_is_cut_between_words() -> None:
    words = [f"palabra{n}" for n in range(200)]
    read = trozos("texto", " ".join(words))
    assert all(len(t.texto) <= LARGO for t in read)
    assert " ".join(t.texto for t in read).split() == words


def test_abbreviations_and_hours_end_no_sentence() -> None:
    texto = "Abrimos de 8:00 a.m. a 6:00 p.m. los sábados. " * 20
    assert all(t.texto.endswith("sábados.") for t in trozos("texto", texto))


def test_lines_that_a_page_broke_are_one_sentence() -> None:
    pagina = "Horario\nAtendemos de lunes a viernes de ocho de la mañana a seis de la tar-\nde, y "
    pagina += "los sábados\nhasta las dos.\nPagos\nRecibimos efectivo, tarjeta y transferencia."
    assert cut(read_paginas([pagina])) == [
        Trozo(
            "Horario",
            "Atendemos de lunes a viernes de ocho de la mañana a seis de la tarde, y los sábados "
            "hasta las dos.",
        ),
        Trozo("Pagos", "Recibimos efectivo, tarjeta y transferencia."),
    ]


@pytest.mark.parametrize(
    ("formato", "contenido", "codigo"),
    [
        ("texto", b"\x00\x01\x02" * 100, "no_es_texto"),
        ("texto", b"Bienvenidos", "sin_texto"),
        ("markdown", b"# Solo un titulo\n", "sin_texto"),
        ("csv", b"nombre,precio\nMartillo,10\n", "sin_columnas"),
        ("csv", b"pregunta,respuesta\n,\n", "sin_texto"),
        ("texto", b"Un parrafo de varias palabras.\n\n" * 300, "demasiado_largo"),
    ],
)
def test_what_says_nothing_is_refused_with_its_reason(
    formato: str, contenido: bytes, codigo: str
) -> None:
    with pytest.raises(DocumentoIlegible) as refused:
        trozos(formato, contenido)
    assert refused.value.codigo == codigo


def test_a_file_is_known_by_its_beginning_and_its_name() -> None:
    assert formato_de("x.txt", b"%PDF-1.7") == "pdf"
    assert formato_de("Preguntas.CSV", b"a") == "csv"
    assert formato_de("foto.jpg", b"\xff\xd8") is None
