"""The seller's memory of one chat, as chat.conversacion keeps it between turns."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

VERSION = 1


@dataclass(frozen=True)
class Linea:
    """A line as it was offered; the price is part of the agreement."""

    producto_id: int
    sku: str | None
    nombre: str
    cantidad: Decimal
    precio_unitario: Decimal
    unidad: str = "unidad"

    @property
    def subtotal(self) -> Decimal:
        return (self.cantidad * self.precio_unitario).quantize(Decimal("0.01"))


@dataclass(frozen=True)
class Oferta:
    """What a yes would buy. n numbers it inside its chat, for ever.

    aceptada: the yes was given and only the customer's data are missing. reemplaza: the sale that
    would be cancelled for it, in the same breath. falta: the datum that was asked for; fallos: how
    often what they answered was none. hecha_en: when it was last made at the prices of then; None
    for one of a release that did not keep it.
    """

    n: int
    lineas: tuple[Linea, ...]
    aceptada: bool = False
    reemplaza: int | None = None
    falta: str | None = None
    fallos: int = 0
    hecha_en: datetime | None = None

    @property
    def total(self) -> Decimal:
        return sum((linea.subtotal for linea in self.lineas), Decimal("0.00"))


@dataclass(frozen=True)
class Pendiente:
    """Something asked for that is not yet a line: it still needs to be chosen."""

    texto: str
    cantidad: Decimal | None = None
    unidad: str | None = None


@dataclass(frozen=True)
class Pregunta:
    """What we asked: which of `opciones` (producto ids, numbered from 1 as listed), or how many
    of the only one. `por`: what the answer is for; abierta: a mere listing, nothing was ordered.
    """

    opciones: tuple[int, ...]
    nombres: tuple[str, ...]
    por: Pendiente
    abierta: bool = False


@dataclass(frozen=True)
class Memoria:
    """carrito: lines wanted so far. oferta: the proposal that a yes confirms, if any.
    cola: what is to be asked after the pregunta. vendida_n: the offer that became the last sale.
    reemplaza: the sale that the carrito is a change of. avisado: they wait for a person and were
    told so once more. descuentos: how often in a row they begged for a lower price.
    """

    carrito: tuple[Linea, ...] = ()
    oferta: Oferta | None = None
    pregunta: Pregunta | None = None
    cola: tuple[Pendiente, ...] = ()
    ofertas: int = 0
    vendida_n: int | None = None
    no_entendidos: int = 0
    avisado: bool = False
    descuentos: int = 0
    tema: tuple[int, ...] = field(default=())
    # Productos that were spoken of one by one, the latest last: "deme 10 lijas" means the lija
    # whose price was asked before.
    vistos: tuple[int, ...] = field(default=())
    reemplaza: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Decimals as text: JSON numbers would lose cents."""
        return {
            "v": VERSION,
            "carrito": [_linea_json(linea) for linea in self.carrito],
            "oferta": self.oferta
            and {
                "n": self.oferta.n,
                "lineas": [_linea_json(linea) for linea in self.oferta.lineas],
                "aceptada": self.oferta.aceptada,
                "reemplaza": self.oferta.reemplaza,
                "falta": self.oferta.falta,
                "fallos": self.oferta.fallos,
                "hecha_en": self.oferta.hecha_en and self.oferta.hecha_en.isoformat(),
            },
            "pregunta": self.pregunta
            and {
                "opciones": list(self.pregunta.opciones),
                "nombres": list(self.pregunta.nombres),
                "por": _pendiente_json(self.pregunta.por),
                "abierta": self.pregunta.abierta,
            },
            "cola": [_pendiente_json(p) for p in self.cola],
            "ofertas": self.ofertas,
            "vendida_n": self.vendida_n,
            "no_entendidos": self.no_entendidos,
            "avisado": self.avisado,
            "descuentos": self.descuentos,
            "humano": False,  # the release before this one reads it
            "tema": list(self.tema),
            "vistos": list(self.vistos),
            "reemplaza": self.reemplaza,
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Memoria":
        """Empty for a chat that has none, or one of a version that we do not read; its counter of
        offers survives even then, since a number must never be given twice."""
        ofertas = int(kept.get("ofertas", 0))
        if kept.get("v") != VERSION:
            return cls(ofertas=ofertas)
        oferta, pregunta = kept["oferta"], kept["pregunta"]
        return cls(
            carrito=tuple(_linea(line) for line in kept["carrito"]),
            oferta=oferta and _oferta(oferta),
            pregunta=pregunta
            and Pregunta(
                tuple(pregunta["opciones"]),
                tuple(pregunta["nombres"]),
                _pendiente(pregunta["por"]),
                pregunta["abierta"],
            ),
            cola=tuple(_pendiente(p) for p in kept["cola"]),
            ofertas=ofertas,
            vendida_n=kept["vendida_n"],
            no_entendidos=kept["no_entendidos"],
            avisado=kept.get("avisado", False),
            descuentos=kept.get("descuentos", 0),
            tema=tuple(kept["tema"]),
            vistos=tuple(kept.get("vistos", ())),
            reemplaza=kept.get("reemplaza"),
        )

    def sin_pedido(self) -> "Memoria":
        """With nothing wanted, offered or asked."""
        return replace(self, carrito=(), oferta=None, pregunta=None, cola=(), reemplaza=None)


def _oferta(kept: dict[str, Any]) -> Oferta:
    """What a release before this one did not write is absent."""
    hecha_en = kept.get("hecha_en")
    return Oferta(
        n=kept["n"],
        lineas=tuple(_linea(line) for line in kept["lineas"]),
        aceptada=kept["aceptada"],
        reemplaza=kept.get("reemplaza"),
        falta=kept.get("falta"),
        fallos=kept.get("fallos", 0),
        hecha_en=datetime.fromisoformat(hecha_en) if hecha_en else None,
    )


def _linea_json(linea: Linea) -> dict[str, Any]:
    return {
        "producto_id": linea.producto_id,
        "sku": linea.sku,
        "nombre": linea.nombre,
        "cantidad": f"{linea.cantidad:f}",
        "precio_unitario": f"{linea.precio_unitario:f}",
        "unidad": linea.unidad,
    }


def _linea(kept: dict[str, Any]) -> Linea:
    return Linea(
        producto_id=kept["producto_id"],
        sku=kept["sku"],
        nombre=kept["nombre"],
        cantidad=Decimal(kept["cantidad"]),
        precio_unitario=Decimal(kept["precio_unitario"]),
        unidad=kept["unidad"],
    )


def _pendiente_json(p: Pendiente) -> dict[str, Any]:
    return {
        "texto": p.texto,
        "cantidad": None if p.cantidad is None else f"{p.cantidad:f}",
        "unidad": p.unidad,
    }


def _pendiente(kept: dict[str, Any]) -> Pendiente:
    cantidad = kept["cantidad"]
    return Pendiente(kept["texto"], None if cantidad is None else Decimal(cantidad), kept["unidad"])
