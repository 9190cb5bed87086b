"""What a turn may look up, what it sees of its chat, and what it wants done."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol

from core.ports.canales import Boton


@dataclass(frozen=True)
class ProductoVisto:
    """A producto of this empresa as its row was just now. precio per `unidad`, taxes included."""

    id: int
    sku: str | None
    nombre: str
    precio: Decimal
    stock: Decimal
    moneda: str
    unidad: str = "unidad"
    categoria: str = ""
    marca: str = ""
    descripcion: str = ""


@dataclass(frozen=True)
class Hallazgo:
    """A search result. puntaje: 0 < p <= 1, higher is surer; motivo: why it matched, for people."""

    producto: ProductoVisto
    puntaje: float
    motivo: str


class Catalogo(Protocol):
    """The one door to an empresa's productos, active ones only."""

    def buscar(self, texto: str, n: int = 10) -> list[Hallazgo]:
        """Best first, at most n; empty when nothing is like `texto`."""
        ...

    def por_id(self, ids: Sequence[int]) -> dict[int, ProductoVisto]:
        """Fresh rows of those of `ids` that exist and are active."""
        ...


@dataclass(frozen=True)
class Pasaje:
    """A piece of what the shop wrote about itself. puntaje: 0 < p <= 1, how surely it answers."""

    id: int
    documento_id: int
    documento: str
    texto: str
    puntaje: float


class Documentos(Protocol):
    """The one door to what an empresa knows beside its productos."""

    def buscar(self, texto: str, n: int = 3) -> list[Pasaje]:
        """Passages that may answer `texto`, best first, at most n; empty when nothing is near."""
        ...


class SinDocumentos:
    """Documentos of a shop that wrote down nothing."""

    def buscar(self, texto: str, n: int = 3) -> list[Pasaje]:
        return []


@dataclass(frozen=True)
class Fuentes:
    """Everything that a turn may look up: rows of its own empresa, read only."""

    catalogo: Catalogo
    documentos: Documentos = field(default_factory=SinDocumentos)


@dataclass(frozen=True)
class LineaPedida:
    """One line of a sale as it was offered. The price is part of the agreement."""

    producto_id: int
    cantidad: Decimal
    precio_unitario: Decimal


@dataclass(frozen=True)
class VentaVista:
    """A sale in force or cancelled, as the seller may speak of it."""

    id: int
    estado: str
    total: Decimal
    moneda: str
    lineas: list[dict[str, Any]]
    creada_en: datetime


@dataclass(frozen=True)
class Tienda:
    """prompts: which version of each prompt of its own is in force; propios: their contents, which
    are no part of what a turn records of itself."""

    nombre: str
    moneda: str
    ajustes: dict[str, Any] = field(default_factory=dict)
    prompts: dict[str, int] = field(default_factory=dict)
    propios: dict[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class ChatVisto:
    """All that a turn knows of its chat besides the new mensajes. `memoria` is the seller's own
    JSON (chat.conversacion), opaque to everybody else."""

    tienda: Tienda
    memoria: dict[str, Any]
    estado_venta: str
    ultima_respuesta: str | None = None
    ultima_venta: VentaVista | None = None
    cliente: dict[str, Any] = field(default_factory=dict)
    # Whether all of the new mensajes were written after the last reply: a yes that was already on
    # its way when the offer was made is no yes to it.
    leida: bool = True
    # The database's clock when the chat was taken: what is too late is decided by nothing else.
    ahora: datetime = field(default_factory=lambda: datetime.now(UTC))
    # A person was called and has not come yet.
    espera_humano: bool = False
    # They asked for no messages that the shop begins.
    baja: bool = False


@dataclass(frozen=True)
class Resultado:
    """What one turn wants: words and effects. All of it is recorded, or nothing.

    oferta_n numbers the proposal inside its chat; a venta is unique per (chat, oferta_n), so two
    confirmations of one proposal are one sale. With both vender and cancelar_venta_id the new sale
    takes the place of that one. carrito is what GET /chats shows.
    """

    respuesta: str
    memoria: dict[str, Any]
    estado_venta: str
    vender: tuple[LineaPedida, ...] = ()
    oferta_n: int | None = None
    cancelar_venta_id: int | None = None
    humano: bool = False
    # For the person who comes; None leaves what there is.
    resumen: str | None = None
    # True: they want no more messages. False: they do again. None: nothing was said of it.
    baja: bool | None = None
    cliente: dict[str, Any] = field(default_factory=dict)
    # What the customer asked for and was told that the shop has not.
    no_encontrado: tuple[str, ...] = ()
    # What the customer may press instead of writing it.
    botones: tuple[Boton, ...] = ()
    # For metrics and logs: the act understood and the rule that decided, never text.
    acto: str = "otro"
    regla: str = ""
    # True when the verifier refused a draft and the template took its place.
    corregido: bool = False
    # Why: everything that the turn saw and decided (core.agente.registro), as JSON. Empty where
    # nobody thought.
    registro: dict[str, Any] = field(default_factory=dict)
    # Who read and worded it ("offline", or a model's name), and what that took.
    motor: str = "offline"
    tokens_entrada: int = 0
    tokens_salida: int = 0
    costo: Decimal = Decimal(0)
