"""The JSON of answers about documentos, as web/esquemas.py."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from web.esquemas import ErrorDeArchivo, Respuesta


class DocumentoEncolado(Respuesta):
    documento_id: int
    estado: Literal["en_cola", "listo", "fallido"]


class DocumentoVisto(Respuesta):
    id: int
    titulo: str
    formato: Literal["texto", "markdown", "pdf", "csv"]
    estado: Literal["en_cola", "listo", "fallido"]
    error: ErrorDeArchivo | None = Field(
        description="Por qué no se pudo leer; lo que decía antes sigue respondiendo."
    )
    pasajes: int = Field(description="En cuántas partes responde.")
    creado_en: datetime
    actualizado_en: datetime


class PasajeVisto(Respuesta):
    id: int
    titulo: str = Field(description="Los encabezados que tiene encima, o la pregunta.")
    texto: str


class DocumentoCompleto(DocumentoVisto):
    contenido: list[PasajeVisto]


class PasajeHallado(Respuesta):
    id: int
    documento_id: int
    documento: str
    texto: str
    puntaje: float = Field(description="Qué tan seguro es que responde, de 0 a 1.")
    suficiente: bool = Field(description="Si alcanza el umbral.")


class RespuestaDeDocumentos(Respuesta):
    responde: bool = Field(description="Si no, el vendedor dice que le pregunta a una persona.")
    umbral: float
    pasajes: list[PasajeHallado] = Field(description="El mejor primero.")
