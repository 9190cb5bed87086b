"""A documento as it came → its pasajes."""

from core.documentos.preguntas import read_preguntas
from core.documentos.secciones import (
    DocumentoIlegible,
    LeerPdf,
    Seccion,
    decode,
    read_markdown,
    read_paginas,
    read_texto,
)
from core.documentos.trozos import Trozo, cut

FORMATOS = ("texto", "markdown", "pdf", "csv")
_EXTENSIONES = {
    "txt": "texto", "text": "texto", "md": "markdown", "markdown": "markdown", "csv": "csv",
    "pdf": "pdf",
}  # fmt: skip


def formato_de(nombre_archivo: str, contenido: bytes) -> str | None:
    """What a file is, by what it begins with and by its name; None for what we do not read."""
    if contenido.startswith(b"%PDF-"):
        return "pdf"
    return _EXTENSIONES.get(nombre_archivo.rpartition(".")[2].lower())


def read_trozos(formato: str, contenido: bytes, leer_pdf: LeerPdf, *, max_: int) -> list[Trozo]:
    """Raises DocumentoIlegible for what says nothing, or more than `max_` pieces of it."""
    trozos = cut(_secciones(formato, contenido, leer_pdf))
    if not trozos:
        raise DocumentoIlegible("sin_texto", "El documento no tiene texto.")
    if len(trozos) > max_:
        raise DocumentoIlegible(
            "demasiado_largo", f"Son {len(trozos)} pasajes; caben {max_}: divida el documento."
        )
    return trozos


def _secciones(formato: str, contenido: bytes, leer_pdf: LeerPdf) -> list[Seccion]:
    if formato == "pdf":
        paginas = leer_pdf(contenido)
        if not any(p.strip() for p in paginas):
            raise DocumentoIlegible(
                "sin_texto", "El PDF no tiene texto, solo imágenes: súbalo como texto."
            )
        return read_paginas(paginas)
    texto = decode(contenido)
    match formato:
        case "markdown":
            return read_markdown(texto)
        case "csv":
            return read_preguntas(texto)
    return read_texto(texto)
