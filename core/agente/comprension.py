"""What understanding gives and needs: the Turno, and what the bot had just said."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum


class Acto(StrEnum):
    SALUDO = "saludo"
    CONSULTA_PRODUCTO = "consulta_producto"
    CONSULTA_PRECIO = "consulta_precio"
    PEDIDO = "pedido"
    MODIFICAR = "modificar"
    CONFIRMAR = "confirmar"
    RECHAZAR = "rechazar"
    DAR_DATOS = "dar_datos"
    CONSULTA_EMPRESA = "consulta_empresa"
    QUEJA = "queja"
    HABLAR_HUMANO = "hablar_humano"
    DESPEDIDA = "despedida"
    OTRO = "otro"


class Espera(StrEnum):
    """What the bot's last words left open."""

    NADA = "nada"
    OFERTA = "oferta"
    OPCIONES = "opciones"
    CANTIDAD = "cantidad"
    DATOS = "datos"
    VENDIDO = "vendido"


class Cambio(StrEnum):
    """How an item alters what is already in the order."""

    FIJAR = "fijar"
    AGREGAR = "agregar"
    QUITAR = "quitar"
    REEMPLAZAR = "reemplazar"


@dataclass(frozen=True)
class Contexto:
    """lineas: the pending offer as (nombre, cantidad); opciones: the names listed, in order; campo:
    the one datum of the customer that was asked for."""

    espera: Espera = Espera.NADA
    lineas: tuple[tuple[str, Decimal], ...] = ()
    opciones: tuple[str, ...] = ()
    campo: str | None = None


@dataclass(frozen=True)
class Item:
    """producto None: "those". cantidad None: not said. `viejo`: what it is to replace."""

    producto: str | None
    cantidad: Decimal | None = None
    unidad: str | None = None
    cambio: Cambio = Cambio.FIJAR
    viejo: str | None = None


@dataclass(frozen=True)
class Encargo:
    """Ordered by its sku in a provider's catalogue. producto_id None: we have nothing by it."""

    sku: str
    cantidad: Decimal
    producto_id: int | None = None


@dataclass(frozen=True)
class Turno:
    """One turn of the customer, understood. Pure facts about the words, none about the shop.

    confirma: authorises exactly what the bot last proposed, and nothing else.
    afirma: a bare yes, whatever it may answer. insiste: a no that repeats what cannot be had.
    senala: "ese", one of what was shown. busca: asks for productos or prices in so many words.
    opciones: the places in the bot's list that they mean, 1 the first, -1 the last.
    todas: all of the list ("uno de cada uno", "ambos").
    preferencia: "barato" or "caro", "grande" or "chico", when they choose by price or size.
    factor, resto: "el doble" is 2, "uno menos" is -1.
    reserva: does not want to tell something of themselves.
    seguimiento: asks how an order stands, or what is in it. vacia: wants to begin anew.
    foto: wants to be shown a picture.
    baja: wants no more messages; alta: wants them again.
    retoma: speaks of an order that exists already ("agrégale", "que sean").
    encargos: ordered by sku, beside what the words say.
    """

    acto: Acto
    items: tuple[Item, ...] = ()
    datos_cliente: Mapping[str, str] = field(default_factory=dict)
    confirma: bool = False
    opciones: tuple[int, ...] = ()
    todas: bool = False
    preferencia: str | None = None
    factor: Decimal | None = None
    resto: Decimal | None = None
    tema: str | None = None
    solo: bool = False
    cancela: bool = False
    condicional: bool = False
    aplaza: bool = False
    descuento: bool = False
    ataque: bool = False
    saluda: bool = False
    ajeno: bool = False
    afirma: bool = False
    insiste: bool = False
    senala: bool = False
    busca: bool = False
    retoma: bool = False
    seguimiento: bool = False
    vacia: bool = False
    baja: bool = False
    alta: bool = False
    reserva: bool = False
    foto: bool = False
    encargos: tuple[Encargo, ...] = ()
    texto: str = ""
