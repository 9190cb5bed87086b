"""Why a turn said what it said: all that it saw and decided, so that it can be read, and replayed.

A Registro holds the inputs of `decidir` whole (the Turno as it was understood, the chat, every
answer of catalogue and documents), so deciding again from it gives the same Decision.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from core.agente.comprension import Contexto, Turno
from core.agente.decidir import decidir
from core.agente.estado import Memoria
from core.agente.hechos import Decision
from core.agente.motor import Llamada
from core.ports import ChatVisto, Fuentes, Hallazgo, Pasaje, ProductoVisto

VERSION = 1
# The contents of prompts stand in their own table, by the version that is recorded.
_ELSEWHERE = {"chat": {"tienda": {"propios"}}}

# A reply quotes no more of a descripcion than this, and deciding does not read it.
_DESCRIPCION_MAX = 400


@dataclass(frozen=True)
class Consulta:
    """One search of the catalogue: (place in Registro.productos, puntaje, motivo) of each hit."""

    texto: str
    n: int
    hallados: tuple[tuple[int, float, str], ...] = ()


@dataclass(frozen=True)
class Lectura:
    """Fresh rows that were asked for by id; `filas` are places in Registro.productos."""

    ids: tuple[int, ...]
    filas: tuple[int, ...] = ()


@dataclass(frozen=True)
class Busqueda:
    """One search of the shop's documents."""

    texto: str
    n: int
    pasajes: tuple[Pasaje, ...] = ()


@dataclass(frozen=True)
class Registro:
    """lector, redactor: who read and who worded ("offline" or a model). borrador: the draft, when
    it is not what was sent. ms: whole milliseconds by step."""

    textos: tuple[str, ...]
    contexto: Contexto
    chat: ChatVisto
    turno: Turno
    decision: Decision
    respuesta: str
    borrador: str | None = None
    corregido: bool = False
    lector: str = "offline"
    redactor: str = "offline"
    llamadas: tuple[Llamada, ...] = ()
    productos: tuple[ProductoVisto, ...] = ()
    consultas: tuple[Consulta, ...] = ()
    lecturas: tuple[Lectura, ...] = ()
    busquedas: tuple[Busqueda, ...] = ()
    ms: dict[str, int] = field(default_factory=dict)
    v: int = VERSION

    @property
    def pasajes(self) -> tuple[Pasaje, ...]:
        return tuple(p for b in self.busquedas for p in b.pasajes)

    def to_json(self) -> dict[str, Any]:
        """Without what has its default: most of a turn is empty. Of a descripcion, what a reply
        could quote; none of productos that were found and not shown."""
        kept: dict[str, Any] = _adapter().dump_python(
            self, mode="json", exclude_defaults=True, exclude=_ELSEWHERE
        )
        shown = [p for h in kept["decision"]["hechos"] for p in h.get("productos", ())]
        quoted = {p["id"] for p in shown}
        for producto in (*shown, *kept.get("productos", ())):
            most = _DESCRIPCION_MAX if producto["id"] in quoted else 0
            if len(producto.get("descripcion", "")) > most:
                producto["descripcion"] = producto["descripcion"][:most]
        return {"v": self.v, **kept}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Registro":
        """Raises pydantic.ValidationError for what no version of this wrote."""
        return _adapter().validate_python(kept)


@cache
def _adapter() -> TypeAdapter[Registro]:
    return TypeAdapter(Registro)


class Testigo:
    """Fuentes that answer as those behind them do, and remember it: asked the same again within a
    turn, they say the same, as when it is replayed."""

    def __init__(self, fuentes: Fuentes) -> None:
        self._fuentes = fuentes
        self._heard: dict[tuple[str, int], list[Hallazgo]] = {}
        self._lugar: dict[ProductoVisto, int] = {}
        self.consultas: list[Consulta] = []
        self.lecturas: list[Lectura] = []
        self.busquedas: list[Busqueda] = []

    @property
    def fuentes(self) -> Fuentes:
        return Fuentes(catalogo=_CatalogoVisto(self), documentos=_DocumentosVistos(self))

    @property
    def productos(self) -> tuple[ProductoVisto, ...]:
        return tuple(self._lugar)

    def search(self, texto: str, n: int) -> list[Hallazgo]:
        heard = self._heard.get((texto, n))
        if heard is not None:
            return list(heard)
        found = self._heard[texto, n] = self._fuentes.catalogo.buscar(texto, n)
        hits = tuple((self._place(h.producto), h.puntaje, h.motivo) for h in found)
        self.consultas.append(Consulta(texto, n, hits))
        return found

    def read(self, ids: Sequence[int]) -> dict[int, ProductoVisto]:
        rows = self._fuentes.catalogo.por_id(ids)
        places = tuple(self._place(row) for row in rows.values())
        self.lecturas.append(Lectura(tuple(ids), places))
        return rows

    def look_up(self, texto: str, n: int) -> list[Pasaje]:
        found = self._fuentes.documentos.buscar(texto, n)
        self.busquedas.append(Busqueda(texto, n, tuple(found)))
        return found

    def _place(self, producto: ProductoVisto) -> int:
        return self._lugar.setdefault(producto, len(self._lugar))


class _CatalogoVisto:
    def __init__(self, testigo: Testigo) -> None:
        self._testigo = testigo

    def buscar(self, texto: str, n: int = 10) -> list[Hallazgo]:
        return self._testigo.search(texto, n)

    def por_id(self, ids: Sequence[int]) -> dict[int, ProductoVisto]:
        return self._testigo.read(ids)


class _DocumentosVistos:
    def __init__(self, testigo: Testigo) -> None:
        self._testigo = testigo

    def buscar(self, texto: str, n: int = 3) -> list[Pasaje]:
        return self._testigo.look_up(texto, n)


class OtraPregunta(LookupError):
    """Deciding again asked for something that was not asked then: the rules are others by now."""


class Grabacion:
    """core.ports.Catalogo as a Registro heard it."""

    def __init__(self, registro: Registro) -> None:
        self._r = registro
        self._lecturas = {x.ids: x for x in registro.lecturas}
        self._consultas = {(x.texto, x.n): x for x in registro.consultas}

    def buscar(self, texto: str, n: int = 10) -> list[Hallazgo]:
        heard = self._consultas.get((texto, n))
        if heard is None:
            raise OtraPregunta(texto)
        productos = self._r.productos
        return [Hallazgo(productos[i], puntaje, motivo) for i, puntaje, motivo in heard.hallados]

    def por_id(self, ids: Sequence[int]) -> dict[int, ProductoVisto]:
        heard = self._lecturas.get(tuple(ids))
        if heard is None:
            raise OtraPregunta(str(list(ids)))
        rows = [self._r.productos[i] for i in heard.filas]
        return {row.id: row for row in rows}


class _DocumentosGrabados:
    def __init__(self, registro: Registro) -> None:
        self._busquedas = {(x.texto, x.n): x for x in registro.busquedas}

    def buscar(self, texto: str, n: int = 3) -> list[Pasaje]:
        heard = self._busquedas.get((texto, n))
        if heard is None:
            raise OtraPregunta(texto)
        return list(heard.pasajes)


def replay(registro: Registro) -> Decision:
    """Decide again from what was understood and seen then. Equal to registro.decision unless the
    rules changed since; raises OtraPregunta when they now look for something else."""
    fuentes = Fuentes(Grabacion(registro), _DocumentosGrabados(registro))
    memoria = Memoria.from_json(registro.chat.memoria)
    return decidir(registro.turno, memoria, registro.chat, fuentes)
