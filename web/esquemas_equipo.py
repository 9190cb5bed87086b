"""The JSON of what the shop's own people are told, for the API's description."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from web.esquemas import Respuesta


class AvisoVisto(Respuesta):
    estado: Literal[
        "pendiente",
        "enviando",
        "incierta",
        "enviada",
        "fallida",
        "entregada",
        "leida",
        "retenida",
    ] = Field(description="retenida: espera a que esa persona escriba (WhatsApp).")
    error: str | None
    creado_en: datetime


class DestinatarioVisto(Respuesta):
    id: int
    via: Literal["telegram", "whatsapp", "email"]
    nombre: str
    canal_id: int | None
    email: str | None
    usuario_id: int | None
    ventas: bool
    derivaciones: bool
    estado: Literal["enlazando", "activo", "cerrado"] = Field(
        description="enlazando: falta abrir el enlace. cerrado: bloqueó el bot."
    )
    enlazado_en: datetime | None
    ultimo_aviso: AvisoVisto | None
    creado_en: datetime


class DestinatarioCreado(DestinatarioVisto):
    codigo: str | None = Field(
        description="Se muestra una vez, vale un día y para un chat. Se puede escribir en él."
    )
    enlace: str | None = Field(description="Abre ese chat con el código puesto.")


class AvisoPedido(Respuesta):
    destinatario_id: int
    estado: Literal["encolado"]
