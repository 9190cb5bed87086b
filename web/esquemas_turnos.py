"""The JSON of turn records, for the API's description."""

from datetime import datetime
from typing import Any

from pydantic import Field

from web.esquemas import DINERO, Respuesta


class Hallado(Respuesta):
    sku: str | None
    nombre: str
    puntaje: float = Field(description="Qué tan seguro es, de 0 a 1.")
    motivo: str = Field(description="Por qué coincide.")


class ConsultaVista(Respuesta):
    texto: str
    hallados: list[Hallado]


class LineaDecidida(Respuesta):
    sku: str | None
    nombre: str
    cantidad: float
    precio_unitario: str = Field(pattern=DINERO)


class ProductoDecidido(Respuesta):
    sku: str | None
    nombre: str
    precio: str = Field(pattern=DINERO)
    stock: float


class HechoVisto(Respuesta):
    clave: str = Field(description="Qué se dijo; sus palabras están en las plantillas.")
    lineas: list[LineaDecidida] = []
    productos: list[ProductoDecidido] = []
    cantidad: float | None = None
    unidad: str | None = None
    antes: str | None = Field(default=None, description="El precio que tenía.")
    cita: str | None = Field(default=None, description="Palabras del cliente o de la tienda.")


class PasajeCitado(Respuesta):
    documento_id: int
    documento: str
    texto: str
    puntaje: float


class LlamadaVista(Respuesta):
    paso: str
    modelo: str
    ms: int
    tokens_entrada: int
    tokens_salida: int
    costo: str
    recordada: bool = Field(description="Ya se había contestado antes, y no costó nada.")


class TurnoVisto(Respuesta):
    id: int
    creado_en: datetime
    respuesta_id: int = Field(description="El mensaje que se contestó.")
    motor: str = Field(description="offline, o el modelo que leyó o redactó.")
    acto: str
    regla: str = Field(description="La regla que decidió.")
    corregido: bool = Field(description="El borrador se rechazó y fue la plantilla.")
    lector: str
    redactor: str
    textos: list[str] = Field(description="Lo que escribió el cliente; una ráfaga es un turno.")
    entendido: dict[str, Any] = Field(description="Lo que se entendió; lo que falta, no lo hubo.")
    encontrado: list[ConsultaVista]
    decidido: list[HechoVisto]
    respuesta: str
    borrador: str | None = Field(description="Lo que se iba a decir, si se rechazó.")
    fuentes: list[PasajeCitado] = Field(description="De los documentos de la tienda, lo citado.")
    llamadas: list[LlamadaVista]
    ms: dict[str, int] = Field(description="Milisegundos de cada paso.")
    tokens_entrada: int
    tokens_salida: int
    costo: str = Field(pattern=r"^\d+\.\d{6}$", description="En la moneda de LLM_PRECIO_….")


class TurnoEntero(TurnoVisto):
    registro: dict[str, Any] = Field(description="Todo lo que vio y decidió.")


class ChatBorrado(Respuesta):
    eliminados: dict[str, int] = Field(description="Filas por tabla.")
    ventas_anonimas: int = Field(description="Siguen en los libros, sin el chat ni el cliente.")
