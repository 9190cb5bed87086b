"""What a model says a message means, before anybody believes it."""

from pydantic import BaseModel, Field

from core.agente.comprension import Acto, Cambio


class ItemLeido(BaseModel):
    producto: str | None = Field(max_length=120)
    cantidad: float | None
    unidad: str | None = Field(max_length=30)
    cambio: Cambio
    viejo: str | None = Field(max_length=120)


class DatosLeidos(BaseModel):
    nombre: str | None = Field(max_length=200)
    telefono: str | None = Field(max_length=200)
    documento: str | None = Field(max_length=200)
    direccion: str | None = Field(max_length=200)
    email: str | None = Field(max_length=200)


class Leido(BaseModel):
    """Nothing here authorises a sale, and nothing has a price: those are not a model's to say.
    Whatever else it adds is dropped."""

    acto: Acto
    items: list[ItemLeido] = Field(max_length=20)
    opciones: list[int] = Field(max_length=20)
    datos_cliente: DatosLeidos
    tema: str | None = Field(max_length=30)
    condicional: bool
    aplaza: bool
    ajeno: bool
