"""What one turn decided: facts to be worded, and effects to be recorded. No words here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from core.agente.comprension import Turno
from core.agente.estado import Linea, Memoria
from core.models import EstadoVenta
from core.ports import Catalogo, ChatVisto, Documentos, LineaPedida, ProductoVisto, SinDocumentos


@dataclass(frozen=True)
class Hecho:
    """One thing to say. `clave` names its wording in prompts/; `datos` are rows and the
    customer's own words, never figures that somebody computed elsewhere. `fuente`: the id of
    the pasaje that a quote is from."""

    clave: str
    lineas: tuple[Linea, ...] = ()
    productos: tuple[ProductoVisto, ...] = ()
    numerados: bool = False
    cantidad: Decimal | None = None
    unidad: str | None = None
    antes: Decimal | None = None
    cita: str = ""
    fuente: int | None = None


@dataclass(frozen=True)
class Decision:
    """regla: the rule that decided. estado None: as the pending offer and the past say.
    devuelve: the sale that is being changed, whose goods the facts count as on the shelf."""

    hechos: tuple[Hecho, ...]
    memoria: Memoria
    regla: str = ""
    estado: EstadoVenta | None = None
    vender: tuple[LineaPedida, ...] = ()
    oferta_n: int | None = None
    cancelar_venta_id: int | None = None
    humano: bool = False
    resumen: str | None = None
    baja: bool | None = None
    devuelve: int | None = None
    cliente: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Situacion:
    """Everything a rule may look at."""

    turno: Turno
    memoria: Memoria
    chat: ChatVisto
    catalogo: Catalogo
    documentos: Documentos = field(default_factory=SinDocumentos)

    @property
    def venta_vigente(self) -> bool:
        venta = self.chat.ultima_venta
        return venta is not None and venta.estado == EstadoVenta.CONFIRMADA

    @property
    def venta_viva(self) -> bool:
        """Sold and not cancelled, whatever became of it since."""
        venta = self.chat.ultima_venta
        return venta is not None and venta.estado != EstadoVenta.CANCELADA
