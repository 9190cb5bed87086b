"""What the routes of imports answer with."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from web.esquemas import ErrorDeArchivo, Respuesta


class ImportacionEncolada(Respuesta):
    importacion_id: int


class ErrorDeFila(ErrorDeArchivo):
    fila: int | None = Field(
        description="La línea del archivo; los títulos son la 1. null: ninguna lo nombra."
    )
    columna: str | None
    codigo: str
    mensaje: str


class ResumenDeImportacion(Respuesta):
    id: int
    estado: Literal["en_cola", "procesando", "indexando", "completada", "fallida"]
    modo: Literal["reemplazar", "actualizar", "deshacer"]
    simulada: bool = Field(description="Dice qué cambiaría y no cambia nada.")
    origen_id: int | None = Field(description="La importación que aplica o deshace.")
    nombre_archivo: str
    filas_total: int | None
    filas_procesadas: int
    creados: int
    actualizados: int
    sin_cambios: int
    desactivados: int
    con_error: int
    indexados: int
    espera: str | None = Field(
        default=None, description="Por qué aún no se encuentra por significado."
    )
    error: ErrorDeArchivo | None = Field(description="Por qué no se aplicó nada.")
    creada_en: datetime
    terminada_en: datetime | None
    cambios_hasta: datetime | None = Field(
        description="Hasta cuándo se puede aplicar, si es una simulación, o deshacer."
    )


class ImportacionVista(ResumenDeImportacion):
    errores: list[ErrorDeFila] = Field(description="Los primeros 100.")


class CampoCambiado(Respuesta):
    campo: str
    de: str | float | bool | None
    a: str | float | bool | None


class CambioVisto(Respuesta):
    fila: int | None = Field(description="null: ninguna línea lo nombra.")
    accion: Literal["creado", "actualizado", "sin_cambios", "desactivado", "error"]
    producto_id: int | None = Field(description="null: todavía no existe.")
    sku: str | None
    nombre: str | None
    cambios: list[CampoCambiado]
    errores: list[ErrorDeFila]
