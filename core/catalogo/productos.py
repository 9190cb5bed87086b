"""One producto at a time, as a person writes it. The only code besides sales and imports that
moves stock, and like them it writes a movimiento for every change.

Locks in this order, as everybody's: the empresa's row (who changes what a search reads takes it,
so changes of one catalogue are in a line), then productos by id. Sales take only the second.
"""

from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from core.bitacora import audit
from core.catalogo import reglas
from core.catalogo.texto import fold_key
from core.errors import Invalid, NotFound, ProductoRepetido
from core.models import Movimiento, Producto

# What a search reads: a change of it is a new version of the catalogue.
_BUSCADO = frozenset({"sku", "nombre", "descripcion", "categoria", "marca", "activo"})
_TEXTOS = frozenset(reglas.LARGOS)

_BUMP = text(
    """
    UPDATE empresa SET catalogo_version = catalogo_version + 1
    WHERE id = :empresa_id
    RETURNING catalogo_version, moneda
    """
)


@dataclass(frozen=True, kw_only=True)
class ProductoNuevo:
    """moneda None: the empresa's, which is the only one there may be."""

    nombre: str
    precio: Decimal
    stock: Decimal = Decimal(0)
    sku: str | None = None
    descripcion: str = ""
    categoria: str = ""
    marca: str = ""
    unidad: str = reglas.UNIDAD
    moneda: str | None = None
    activo: bool = True


CAMPOS = frozenset(f.name for f in fields(ProductoNuevo))


def next_version(session: Session, *, empresa_id: int) -> tuple[int, str]:
    """The catalogue's next version, and the empresa's moneda. Holds the empresa's row until the
    transaction ends, so that versions become visible in their order."""
    row = session.execute(_BUMP, {"empresa_id": empresa_id}).one()
    return row.catalogo_version, row.moneda


def create_producto(
    session: Session, *, empresa_id: int, nuevo: ProductoNuevo, actor: str, usuario_id: int | None
) -> Producto:
    """Raises Invalid for values that cannot be, ProductoRepetido when its sku, or its nombre
    where it has none, is already another's."""
    values = _tidied(asdict(nuevo))
    version, moneda = next_version(session, empresa_id=empresa_id)
    _check(values, moneda)
    clave = fold_key(values["sku"], values["nombre"])
    _refuse_taken(session, empresa_id, clave, besides=None)
    row = Producto(
        empresa_id=empresa_id, clave=clave, version=version, **values | {"moneda": moneda}
    )
    session.add(row)
    session.flush()
    _move(session, row, row.stock, motivo="alta", usuario_id=usuario_id)
    _audit(session, row, "producto.crear", actor, list(CAMPOS))
    return row


def update_producto(
    session: Session,
    *,
    empresa_id: int,
    producto_id: int,
    cambios: dict[str, Any],
    actor: str,
    usuario_id: int | None,
) -> Producto:
    """Set the named fields (of CAMPOS) and leave the others. A new stock is absolute: what was
    sold a moment ago is not sold again, the movimiento is the difference to the row as it is now.

    Raises NotFound, Invalid or ProductoRepetido; then nothing must be committed.
    """
    version = None
    if _BUSCADO & cambios.keys():
        version, _ = next_version(session, empresa_id=empresa_id)
    row = find_producto(session, empresa_id=empresa_id, producto_id=producto_id, lock=True)
    before = {name: getattr(row, name) for name in CAMPOS}
    values = _tidied(before | cambios)
    _check(values, row.moneda)
    changed = [name for name in CAMPOS if values[name] != before[name] and name != "moneda"]
    if not changed:
        return row
    clave = fold_key(values["sku"], values["nombre"])
    if clave != row.clave:
        _refuse_taken(session, empresa_id, clave, besides=row.id)
    for name in changed:
        setattr(row, name, values[name])
    row.clave = clave
    if version is not None and _BUSCADO.intersection(changed):
        row.version = version
    row.actualizado_en = session.scalars(select(func.now())).one()
    session.flush()
    _move(session, row, row.stock - before["stock"], motivo="edicion", usuario_id=usuario_id)
    _audit(session, row, "producto.editar", actor, changed)
    return row


def deactivate_producto(
    session: Session, *, empresa_id: int, producto_id: int, actor: str, usuario_id: int | None
) -> None:
    """No longer sold; its past sales and its ledger stay. Saying it twice changes nothing."""
    update_producto(
        session,
        empresa_id=empresa_id,
        producto_id=producto_id,
        cambios={"activo": False},
        actor=actor,
        usuario_id=usuario_id,
    )


def find_producto(
    session: Session, *, empresa_id: int, producto_id: int, lock: bool = False
) -> Producto:
    """The row, active or not. Raises NotFound."""
    query = select(Producto).where(Producto.empresa_id == empresa_id, Producto.id == producto_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    row = session.scalar(query)
    if row is None:
        raise NotFound
    return row


def _tidied(values: dict[str, Any]) -> dict[str, Any]:
    tidied = {
        name: reglas.tidy(name, value) if name in _TEXTOS and value is not None else value
        for name, value in values.items()
    }
    tidied["sku"] = tidied["sku"] or None
    tidied["unidad"] = tidied["unidad"] or reglas.UNIDAD
    return tidied


def _check(values: dict[str, Any], moneda: str) -> None:
    """Everything that is wrong at once, as a form shows it."""
    found = [reglas.check_texto(name, values[name] or "") for name in reglas.LARGOS]
    numeros = [reglas.check_numero(name, values[name]) for name in reglas.MAXIMOS]
    found += numeros
    if not any(numeros):
        found.append(reglas.check_fraccion(values["unidad"], values["stock"]))
    if values["moneda"] not in (None, moneda):
        found.append(reglas.Falla("moneda", "moneda", f"La moneda de la empresa es {moneda}."))
    errores = [{"campo": f.columna or "", "mensaje": f.mensaje} for f in found if f is not None]
    if errores:
        raise Invalid("Hay datos que no son válidos.", errores=errores)


def _refuse_taken(session: Session, empresa_id: int, clave: str, *, besides: int | None) -> None:
    """Under the empresa's lock, so nobody takes the key between this look and the write."""
    taken = session.execute(
        select(Producto.id, Producto.activo).where(
            Producto.empresa_id == empresa_id, Producto.clave == clave
        )
    ).one_or_none()
    if taken is not None and taken.id != besides:
        raise ProductoRepetido(taken.id, es_sku=clave.startswith("s:"), activo=taken.activo)


def _move(
    session: Session, row: Producto, cantidad: Decimal, *, motivo: str, usuario_id: int | None
) -> None:
    if cantidad:
        session.add(
            Movimiento(
                empresa_id=row.empresa_id,
                producto_id=row.id,
                cantidad=cantidad,
                motivo=motivo,
                usuario_id=usuario_id,
            )
        )


def _audit(session: Session, row: Producto, accion: str, actor: str, campos: list[str]) -> None:
    audit(
        session,
        empresa_id=row.empresa_id,
        accion=accion,
        actor=actor,
        objeto=f"producto:{row.id}",
        campos=sorted(campos),
    )
