"""A counter to sell over without database: it keeps what a turn would have recorded."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from core.agente.examen import Estado
from core.agente.vendedor import respond
from core.ports import ChatVisto, Fuentes, LineaPedida, ProductoVisto, Resultado, Tienda, VentaVista
from tests.fakes import CatalogoDePapel, DocumentosDePapel

AQUI = Path(__file__).parent
CATALOGO = AQUI / "catalogo.csv"

Vende = Callable[..., Resultado]


def leer_productos() -> list[ProductoVisto]:
    with CATALOGO.open(encoding="utf-8", newline="") as file:
        return [
            ProductoVisto(
                id=n,
                sku=row["sku"],
                nombre=row["nombre"],
                precio=Decimal(row["precio"]).quantize(Decimal("0.01")),
                stock=Decimal(row["stock"]),
                moneda="COP",
                unidad=row["unidad"],
                categoria=row["categoria"],
                marca=row["marca"],
                descripcion=row["descripcion"],
            )
            for n, row in enumerate(csv.DictReader(file), 1)
        ]


@dataclass
class Mostrador:
    """One chat in one shop. Also core.agente.examen.Examinado."""

    catalogo: CatalogoDePapel = field(default_factory=lambda: CatalogoDePapel(leer_productos()))
    tienda: Tienda = field(default_factory=lambda: Tienda("Ferretería La Tuerca", "COP"))
    documentos: DocumentosDePapel = field(default_factory=DocumentosDePapel)
    memoria: dict[str, Any] = field(default_factory=dict)
    estado_venta: str = "ninguna"
    cliente: dict[str, Any] = field(default_factory=dict)
    ventas: list[VentaVista] = field(default_factory=list)
    vendido_en: list[int | None] = field(default_factory=list)
    humano: bool = False
    resumen: str | None = None
    baja: bool = False
    ultimo: Resultado | None = None
    adelanto: timedelta = timedelta()  # how far its clock is ahead of ours
    _espera: list[str] = field(default_factory=list)
    _respuestas: dict[str, str] = field(default_factory=dict)

    @property
    def fuentes(self) -> Fuentes:
        return Fuentes(self.catalogo, self.documentos)

    @property
    def ahora(self) -> datetime:
        return datetime.now(UTC) + self.adelanto

    @property
    def visto(self) -> ChatVisto:
        return ChatVisto(
            tienda=self.tienda,
            memoria=self.memoria,
            estado_venta=self.estado_venta,
            ultima_respuesta=self.ultimo.respuesta if self.ultimo else None,
            ultima_venta=self.ventas[-1] if self.ventas else None,
            cliente=self.cliente,
            ahora=self.ahora,
            espera_humano=self.humano,
            baja=self.baja,
        )

    def dice(self, *textos: str) -> Resultado:
        """The customer writes a burst; the turn is answered and recorded."""
        resultado = respond(self.fuentes, self.visto, textos)
        self._record(resultado)
        return resultado

    def producto(self, sku: str) -> ProductoVisto:
        return next(p for p in self.catalogo.productos if p.sku == sku)

    def _record(self, r: Resultado) -> None:
        self.memoria, self.estado_venta, self.ultimo = r.memoria, r.estado_venta, r
        self.cliente = {**self.cliente, **r.cliente}
        self.humano = self.humano or r.humano
        self.resumen = r.resumen or self.resumen
        self.baja = self.baja if r.baja is None else r.baja
        if r.cancelar_venta_id is not None:
            self._cancel(r.cancelar_venta_id)
        if r.vender and r.oferta_n not in self.vendido_en:
            self._sell(r.vender)
            self.vendido_en.append(r.oferta_n)

    def _sell(self, lineas: Sequence[LineaPedida]) -> None:
        kept = []
        for line in lineas:
            row = self.catalogo.por_id([line.producto_id])[line.producto_id]
            assert row.stock >= line.cantidad
            self.catalogo.cambiar(row.id, stock=row.stock - line.cantidad)
            kept.append(
                {
                    "producto_id": row.id,
                    "sku": row.sku,
                    "nombre": row.nombre,
                    "cantidad": str(line.cantidad),
                    "precio_unitario": str(line.precio_unitario),
                    "subtotal": str((line.cantidad * line.precio_unitario).quantize(_CENTAVO)),
                }
            )
        total = sum((Decimal(str(line["subtotal"])) for line in kept), Decimal(0))
        sold = VentaVista(len(self.ventas) + 1, "confirmada", total, "COP", kept, self.ahora)
        self.ventas.append(sold)

    def _cancel(self, venta_id: int) -> None:
        venta = self.ventas[venta_id - 1]
        self.ventas[venta_id - 1] = replace(venta, estado="cancelada")
        for line in venta.lineas:
            row = self.catalogo.por_id([line["producto_id"]])[line["producto_id"]]
            self.catalogo.cambiar(row.id, stock=row.stock + Decimal(line["cantidad"]))

    # --- as an examinee ------------------------------------------------------------------------

    def say(self, texto: str, *, id_externo: str, esperar: bool) -> str:
        if id_externo in self._respuestas:
            return self._respuestas[id_externo]
        self._espera.append(texto)
        if not esperar:
            return ""
        burst, self._espera = self._espera, []
        self._respuestas[id_externo] = self.dice(*burst).respuesta
        return self._respuestas[id_externo]

    def look(self) -> Estado:
        lineas = [
            (line["sku"], Decimal(line["cantidad"]), Decimal(line["precio_unitario"]))
            for venta in self.ventas
            if venta.estado == "confirmada"
            for line in venta.lineas
        ]
        return Estado(
            lineas=tuple(lineas),
            registradas=len(self.ventas),
            stock={str(p.sku): p.stock for p in self.catalogo.productos},
            precios={str(p.sku): p.precio for p in self.catalogo.productos},
            humano=self.humano,
        )


_CENTAVO = Decimal("0.01")
