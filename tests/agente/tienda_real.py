"""A shop on real PostgreSQL to write to: intake, turn and sale as the workers run them."""

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy import select, text, update

from core.agente.registro import Registro
from core.agente.turno import Desenlace, Vendedor
from core.catalogo.busqueda.buscar import Buscador
from core.catalogo.productos import ProductoNuevo, create_producto, update_producto
from core.cuentas import create_empresa
from core.db import Database
from core.mensajes.recibir import Destino, Recibido, receive_mensaje
from core.models import Chat, Empresa, Producto, TurnoRegistrado, Venta, VentaLinea
from core.ports import Canal, CuentaCanal
from core.settings import Settings
from tests.agente.mostrador import leer_productos
from tests.fakes import ColaEnMemoria

CHAT = "c-1"
_N = count(1)


def _no_canal(cuenta: CuentaCanal) -> Canal:
    raise AssertionError("nothing of a provider's is parsed here")


@dataclass
class TiendaReal:
    """`dice` is one turn of chat CHAT: its messages stored, then answered at once."""

    db: Database
    settings: Settings
    empresa_id: int
    cola: ColaEnMemoria = field(default_factory=ColaEnMemoria)
    enviados: list[str] = field(default_factory=list)

    @classmethod
    def open(
        cls, db: Database, settings: Settings, *, skus: set[str] | None = None, **ajustes: Any
    ) -> "TiendaReal":
        """With the productos of tests/agente/catalogo.csv, or those of `skus`."""
        empresa_id = create_empresa(db, nombre="La Tuerca", ajustes=ajustes).empresa_id
        quick = settings.model_copy(update={"ventana_rafaga_ms": 0})
        shop = cls(db, quick, empresa_id)
        with db.empresa(empresa_id) as session:
            for p in leer_productos():
                if skus is not None and p.sku not in skus:
                    continue
                nuevo = ProductoNuevo(
                    nombre=p.nombre,
                    precio=p.precio,
                    stock=p.stock,
                    sku=p.sku,
                    categoria=p.categoria,
                    marca=p.marca,
                    unidad=p.unidad,
                    descripcion=p.descripcion,
                )
                create_producto(
                    session, empresa_id=empresa_id, nuevo=nuevo, actor="test", usuario_id=None
                )
        return shop

    def __post_init__(self) -> None:
        self.vendedor = Vendedor(
            db=self.db,
            cola=self.cola,
            settings=self.settings,
            canales=_no_canal,
            buscador=Buscador(self.db),
            worker="test",
        )

    # --- the customer --------------------------------------------------------------------------

    def escribe(self, texto: str, *, id_externo: str | None = None) -> Recibido:
        """Store a message; `enviados` holds the ids that they were given, for sending one again."""
        id_externo = id_externo or f"m{next(_N)}"
        self.enviados.append(id_externo)
        return receive_mensaje(
            self.db,
            self.cola,
            self.settings,
            empresa_id=self.empresa_id,
            destino=Destino(chat_id=CHAT),
            texto=texto,
            id_externo=id_externo,
        )

    def responde(self) -> Desenlace:
        ended = self.vendedor.answer_chat(empresa_id=self.empresa_id, chat_id=self.chat.id)
        if ended.error is not None:
            raise ended.error
        return ended

    def dice(self, *textos: str) -> str:
        """The reply to a burst; "" for silence."""
        for texto in textos:
            self.escribe(texto)
        ended = self.responde()
        return ended.resultado.respuesta if ended.resultado else ""

    # --- the shop ------------------------------------------------------------------------------

    def edita(self, sku: str, **cambios: Any) -> None:
        """A price or a stock, as a person of the shop writes it."""
        with self.db.empresa(self.empresa_id) as session:
            id_ = session.scalars(select(Producto.id).where(Producto.sku == sku)).one()
            update_producto(
                session,
                empresa_id=self.empresa_id,
                producto_id=id_,
                cambios=cambios,
                actor="test",
                usuario_id=None,
            )

    def ajusta(self, **ajustes: Any) -> None:
        with self.db.empresa(self.empresa_id) as session:
            session.execute(update(Empresa).values(ajustes=ajustes))

    # --- what there is -------------------------------------------------------------------------

    @property
    def chat(self) -> Chat:
        with self.db.empresa(self.empresa_id) as session:
            found = session.scalars(select(Chat).where(Chat.chat_id == CHAT)).one()
            session.expunge(found)
            return found

    def ventas(self, *, estado: str | None = None) -> list[Venta]:
        with self.db.empresa(self.empresa_id) as session:
            found = session.scalars(select(Venta).order_by(Venta.id)).all()
            session.expunge_all()
            return [v for v in found if estado in (None, v.estado)]

    def lineas(self, venta_id: int) -> list[tuple[int, Decimal, Decimal]]:
        """(producto, cantidad, precio_unitario), by producto."""
        with self.db.empresa(self.empresa_id) as session:
            rows = session.execute(
                select(VentaLinea.producto_id, VentaLinea.cantidad, VentaLinea.precio_unitario)
                .where(VentaLinea.venta_id == venta_id)
                .order_by(VentaLinea.producto_id)
            )
            return [(row[0], row[1], row[2]) for row in rows]

    def ultimo_turno(self) -> Registro:
        newest = select(TurnoRegistrado.registro).order_by(TurnoRegistrado.id.desc()).limit(1)
        with self.db.empresa(self.empresa_id) as session:
            return Registro.from_json(session.scalars(newest).one())

    def faltas(self) -> dict[str, int]:
        """The invariants of a shop, each a number that must be 0."""
        with self.db.empresa(self.empresa_id) as session:
            found = session.execute(_TODAS).one()
            return dict(zip(_INVARIANTES, found, strict=True))


_INVARIANTES = {
    "stock = Σ movimientos": (
        "SELECT count(*) FROM producto p WHERE p.stock <> (SELECT coalesce(sum(m.cantidad), 0) "
        "FROM movimiento m WHERE m.empresa_id = p.empresa_id AND m.producto_id = p.id)"
    ),
    "stock >= 0": "SELECT count(*) FROM producto WHERE stock < 0",
    "una oferta, una venta": (
        "SELECT count(*) FROM (SELECT 1 FROM venta GROUP BY clave HAVING count(*) > 1) x"
    ),
    "total = Σ líneas": (
        "SELECT count(*) FROM venta v WHERE v.total <> (SELECT sum(l.subtotal) FROM venta_linea l "
        "WHERE l.empresa_id = v.empresa_id AND l.venta_id = v.id)"
    ),
    "subtotal = cantidad × precio": (
        "SELECT count(*) FROM venta_linea WHERE subtotal <> round(cantidad * precio_unitario, 2)"
    ),
    "lo vendido salió, lo cancelado volvió": (
        "SELECT count(*) FROM venta v JOIN venta_linea l ON l.venta_id = v.id "
        "WHERE (SELECT coalesce(sum(m.cantidad), 0) FROM movimiento m WHERE m.venta_id = v.id "
        "AND m.producto_id = l.producto_id) "
        "<> CASE v.estado WHEN 'cancelada' THEN 0 ELSE -l.cantidad END"
    ),
    "nada espera": "SELECT count(*) FROM mensaje WHERE estado = 'pendiente'",
    "pendientes": (
        "SELECT count(*) FROM chat c WHERE pendientes <> (SELECT count(*) FROM mensaje m "
        "WHERE m.chat_id = c.id AND m.estado = 'pendiente')"
    ),
    "nadie lo tiene": "SELECT count(*) FROM chat WHERE lease_hasta IS NOT NULL",
    "una respuesta": (
        "SELECT count(*) FROM mensaje WHERE remitente = 'usuario' AND estado = 'procesado' "
        "AND respuesta_id IS NULL"
    ),
}
_TODAS = text("SELECT " + ", ".join(f"({query})" for query in _INVARIANTES.values()))
