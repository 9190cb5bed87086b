"""The catalogue over HTTP. Everybody of the shop may read it; its admin edits it."""

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from decimal import Decimal
from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field
from sqlalchemy import Select, func, select

from core.catalogo import productos
from core.catalogo.busqueda import sinonimos
from core.catalogo.busqueda.busquedas import ask_busqueda, take_answer, tema_of
from core.catalogo.busqueda.indice import Acierto
from core.errors import Invalid, Unavailable
from core.models import Demanda, Empresa, Producto, Rol
from core.ports import Tarea
from web import datos
from web.auth import identidad, requires
from web.campos import Id, Texto
from web.datos import servicios, sesion
from web.esquemas import DemandaVista, Lista, ProductoHallado, ProductoVisto, SinonimosVistos
from web.formas import money, quantity
from web.oyente import FIN, oyente
from web.paginas import Pagina, Tramo, take_page

api = APIBlueprint("productos", __name__, url_prefix="/productos", abp_tags=[Tag(name="Productos")])

# A search shows this many at most, over all its pages; what comes later is no answer any more.
_HALLAZGOS_MAX = 1000


class Filtros(Pagina):
    q: Texto | None = Field(
        default=None,
        max_length=300,
        description="Por palabras y por significado, lo más parecido primero.",
    )
    categoria: Texto | None = Field(default=None, max_length=300)
    inactivos: bool = Field(default=False, description="También los que ya no se venden.")


class ProductoNuevo(BaseModel):
    nombre: str
    precio: Decimal = Field(description="Con impuestos incluidos.", examples=["28900.00"])
    stock: Decimal = Field(default=Decimal(0), description="3 decimales como máximo.")
    sku: str | None = None
    descripcion: str = ""
    categoria: str = ""
    marca: str = ""
    unidad: str = "unidad"
    moneda: str | None = Field(default=None, description="La de la empresa; no puede ser otra.")
    activo: bool = True


class SinonimosNuevos(BaseModel):
    grupos: list[list[Texto]] = Field(
        description="Cada grupo, de 2 a 20 palabras o frases que significan lo mismo.",
        examples=[[["poncho", "ruana"]]],
    )


class ProductoCambios(BaseModel):
    """Lo que no se nombra, queda como está. El stock es el que hay, no cuánto cambia."""

    nombre: str = ""
    precio: Decimal = Decimal(0)
    stock: Decimal = Decimal(0)
    sku: str | None = None
    descripcion: str = ""
    categoria: str = ""
    marca: str = ""
    unidad: str = ""
    moneda: str | None = None
    activo: bool = True


@api.get("/", summary="Buscar o listar productos", responses={200: Lista[ProductoHallado]})
@requires(Rol.OBSERVADOR)
def list_productos(query: Filtros) -> dict[str, Any]:
    found = select(Producto).where(Producto.empresa_id == identidad().empresa_id)
    if not query.inactivos:
        found = found.where(Producto.activo)
    if query.categoria:
        found = found.where(func.lower(Producto.categoria) == query.categoria.strip().lower())
    if query.q is None or not query.q.strip():
        return take_page(sesion(), found, by=(Producto.id,), query=query).answer(show_producto)
    return _by_likeness(found, query, query.q)


@api.post("/", summary="Crear un producto", responses={201: ProductoVisto})
@requires(Rol.ADMIN)
def create_producto(body: ProductoNuevo) -> tuple[dict[str, Any], int]:
    row = productos.create_producto(
        sesion(),
        empresa_id=identidad().empresa_id,
        nuevo=productos.ProductoNuevo(**body.model_dump()),
        actor=identidad().actor,
        usuario_id=identidad().usuario_id,
    )
    shown = show_producto(row)
    sesion().commit()
    return shown, 201


@api.get(
    "/demanda",
    summary="Lo que pidieron y no hay, lo más pedido primero",
    responses={200: Lista[DemandaVista]},
)
@requires(Rol.OBSERVADOR)
def list_demanda(query: Pagina) -> dict[str, Any]:
    mine = select(Demanda).where(Demanda.empresa_id == identidad().empresa_id)
    by = (Demanda.veces, Demanda.id)
    page = take_page(sesion(), mine, by=by, newest_first=True, query=query)
    return page.answer(_show_demanda)


def _show_demanda(row: Demanda) -> dict[str, Any]:
    return {
        "texto": row.texto,
        "veces": row.veces,
        "primera_en": row.primera_en.isoformat(),
        "ultima_en": row.ultima_en.isoformat(),
    }


@api.get(
    "/sinonimos",
    summary="Las palabras propias de la tienda que significan lo mismo",
    responses={200: SinonimosVistos},
)
@requires(Rol.OBSERVADOR)
def read_sinonimos() -> dict[str, Any]:
    return {"grupos": sesion().get_one(Empresa, identidad().empresa_id).sinonimos}


@api.put(
    "/sinonimos",
    summary="Cambiar todas las palabras propias",
    description="Se suman a las que trae la instalación y valen desde la siguiente búsqueda.",
    responses={200: SinonimosVistos},
)
@requires(Rol.ADMIN)
def replace_sinonimos(body: SinonimosNuevos) -> dict[str, Any]:
    said = sinonimos.replace_sinonimos(
        sesion(),
        empresa_id=identidad().empresa_id,
        grupos=body.grupos,
        actor=identidad().actor,
    )
    sesion().commit()
    return {"grupos": said}


@api.get("/<int:id>", summary="Un producto", responses={200: ProductoVisto})
@requires(Rol.OBSERVADOR)
def read_producto(path: Id) -> dict[str, Any]:
    row = productos.find_producto(sesion(), empresa_id=identidad().empresa_id, producto_id=path.id)
    return show_producto(row)


@api.patch("/<int:id>", summary="Cambiar un producto", responses={200: ProductoVisto})
@requires(Rol.ADMIN)
def update_producto(path: Id, body: ProductoCambios) -> dict[str, Any]:
    row = productos.update_producto(
        sesion(),
        empresa_id=identidad().empresa_id,
        producto_id=path.id,
        cambios=body.model_dump(exclude_unset=True),
        actor=identidad().actor,
        usuario_id=identidad().usuario_id,
    )
    shown = show_producto(row)
    sesion().commit()
    return shown


@api.delete(
    "/<int:id>",
    summary="Dejar de vender un producto",
    description="Sus ventas y movimientos quedan; con PATCH `activo` vuelve.",
)
@requires(Rol.ADMIN)
def delete_producto(path: Id) -> tuple[str, int]:
    """It is deactivated: its sales and its ledger stay, and PATCH `activo` brings it back."""
    productos.deactivate_producto(
        sesion(),
        empresa_id=identidad().empresa_id,
        producto_id=path.id,
        actor=identidad().actor,
        usuario_id=identidad().usuario_id,
    )
    sesion().commit()
    return "", 204


def show_producto(row: Producto) -> dict[str, Any]:
    return {
        "id": row.id,
        "sku": row.sku,
        "nombre": row.nombre,
        "descripcion": row.descripcion,
        "categoria": row.categoria,
        "marca": row.marca,
        "unidad": row.unidad,
        "precio": money(row.precio),
        "moneda": row.moneda,
        "stock": quantity(row.stock),
        "activo": row.activo,
    }


def _by_likeness(found: Select[Producto], query: Filtros, q: str) -> dict[str, Any]:
    """A page of the ranking, each with why and how surely it matched. Its cursor is a place: ranks
    have no key to go on after."""
    skip = _read_place(query.cursor)
    datos.release()  # the search reads by itself
    hits = _search(identidad().empresa_id, q, inactivos=query.inactivos)
    rank = {hit.id: n for n, hit in enumerate(hits)}
    rows = sorted(
        sesion().scalars(found.where(Producto.id.in_(rank))), key=lambda row: rank[row.id]
    )
    end = skip + query.limite
    page = Tramo(rows[skip:end], _write_place(end) if len(rows) > end else None)
    found_by = {hit.id: hit for hit in hits}
    return page.answer_with(
        [
            show_producto(row)
            | {"puntaje": found_by[row.id].puntaje, "motivo": found_by[row.id].motivo}
            for row in page.filas
        ]
    )


def _search(empresa_id: int, q: str, *, inactivos: bool) -> list[Acierto]:
    """By the one door, in a worker, which has vectors and model at hand; by words alone, here,
    when none answers in time."""
    s = servicios()
    id_ = ask_busqueda(s.db, empresa_id=empresa_id, texto=q, n=_HALLAZGOS_MAX, inactivos=inactivos)
    if id_ is not None:
        s.cola.ring(Tarea.ANSWER_BUSQUEDA, empresa_id=empresa_id, busqueda_id=id_)
        found = _await_answer(empresa_id, id_)
        if found is not None:
            return found
    return s.buscador.buscar(empresa_id, q, _HALLAZGOS_MAX, inactivos=inactivos)


def _await_answer(empresa_id: int, busqueda_id: int) -> list[Acierto] | None:
    s = servicios()
    end = time.monotonic() + s.settings.busqueda_segundos
    ids = {"empresa_id": empresa_id, "busqueda_id": busqueda_id}
    try:
        with oyente().waiting(empresa_id, tema_of(busqueda_id)) as aviso:

            def wait() -> bool:
                left = end - time.monotonic()
                return left > 0 and aviso.wait(left) != FIN

            return take_answer(s.db, **ids, wait=wait)
    except Unavailable:  # too many wait here already: a search is no reason to refuse anybody
        return take_answer(s.db, **ids, wait=lambda: False)


def _write_place(place: int) -> str:
    return urlsafe_b64encode(b"q%d" % place).decode().rstrip("=")


def _read_place(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        if raw[:1] == b"q" and raw[1:].isdigit() and len(raw) < 8:
            return int(raw[1:])
    except ValueError:
        pass
    campo = {"campo": "cursor", "mensaje": "no es un cursor de esta lista"}
    raise Invalid("El cursor no es válido.", errores=[campo])
