"""PDFs that people have, and files made to harm: text or a reason, in bounded time."""

from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader, PdfWriter

from core.adapters.pdf import PypdfLector
from core.documentos.lectura import read_trozos
from core.documentos.secciones import DocumentoIlegible
from core.settings import Settings

_LINEAS = [
    "Horario",
    "Abrimos de lunes a viernes de 8:00 a 18:00 y los",
    "sabados hasta las 2.",
]


def pdf(*paginas: list[str]) -> bytes:
    """A PDF of these lines, written by hand as the format's first version asks."""
    n = len(paginas)
    objects = ["<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{4 + 2 * k} 0 R" for k in range(n))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {n} >>")
    objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for k, lines in enumerate(paginas):
        shown = " T* ".join(f"({line}) Tj" for line in lines)
        stream = f"BT /F1 12 Tf 14 TL 72 720 Td {shown} ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * k} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    end = f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n{table}trailer\n<< /Size "
    end += f"{len(places) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + end.encode()


def encrypted(contenido: bytes, clave: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(contenido)))
    writer.encrypt(user_password=clave, owner_password="otra", algorithm="AES-256")
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def lector(**limits: Any) -> PypdfLector:
    return PypdfLector.of(Settings(_env_file=None).model_copy(update=limits))  # type: ignore[call-arg]


def test_its_text_becomes_pasajes() -> None:
    read = read_trozos("pdf", pdf(_LINEAS), lector(), max_=10)
    assert [(t.titulo, t.texto) for t in read] == [
        ("Horario", "Abrimos de lunes a viernes de 8:00 a 18:00 y los sabados hasta las 2.")
    ]


def test_one_that_anybody_can_open_is_read_though_it_is_encrypted() -> None:
    assert "Abrimos" in lector()(encrypted(pdf(_LINEAS), ""))[0]


@pytest.mark.parametrize(
    ("contenido", "codigo"),
    [
        (encrypted(pdf(_LINEAS), "secreta"), "pdf_cifrado"),
        (b"%PDF-1.4 y nada mas", "pdf_ilegible"),
        (pdf(_LINEAS)[:300], "pdf_ilegible"),
        (pdf(*[_LINEAS] * 5), "demasiado_largo"),
        (pdf([]), "sin_texto"),
    ],
)
def test_what_cannot_be_read_says_why(contenido: bytes, codigo: str) -> None:
    with pytest.raises(DocumentoIlegible) as refused:
        read_trozos("pdf", contenido, lector(documento_pdf_max_paginas=4), max_=10)
    assert refused.value.codigo == codigo


def test_one_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(DocumentoIlegible) as refused:
        lector(documento_pdf_segundos=0.01)(pdf(_LINEAS))
    assert refused.value.codigo == "pdf_ilegible"


def test_one_that_takes_too_much_memory_is_given_up() -> None:
    with pytest.raises(DocumentoIlegible) as refused:
        lector(documento_pdf_max_memoria=20 * 1024 * 1024)(pdf(_LINEAS))
    assert refused.value.codigo == "pdf_ilegible"
