"""A chunk of changes to the catalogue, whoever asks for them: a file, a preview that is applied, an
import that is taken back.

Who asks stages them in the temporary table `_cambio`, each producto as it will be and what differs
from how it is. Then they are carried out with their ledger and written down, or, of a preview,
only written down. Everything runs inside the caller's transaction, a few thousand rows at a time,
and never asks the database about a single row.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import TextClause, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.catalogo.reglas import Falla, check_fraccion
from core.errors import LeaseLost

CAMPOS = "sku nombre descripcion categoria marca unidad precio stock activo".split()
# What a search reads: a change of it is a new version of the catalogue.
_BUSCADOS = "{sku,nombre,descripcion,categoria,marca,activo}"
# Of what no line names, `n` is this and the producto's id: after every line a file can have.
SIN_FILA = 1 << 40
_HALF = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Hecho:
    """How many productos ended how."""

    creados: int = 0
    actualizados: int = 0
    sin_cambios: int = 0
    desactivados: int = 0


# --- pieces of SQL: how the columns of a producto are told in JSON --------------------------------


def _value(row: str, campo: str) -> str:
    return f"{row}.{campo}{'::text' if campo in ('precio', 'stock') else ''}"


def image(row: str, campos: list[str] = CAMPOS) -> str:
    """{campo: value} of the producto called `row`."""
    told = (f"'{c}', {_value(row, c)}" for c in campos)
    return f"jsonb_build_object({', '.join(told)})"


def difference(before: str, after: str) -> str:
    """{campo: [before, after]} of what is not the same."""
    told = (
        f"'{c}', CASE WHEN {before}.{c} IS DISTINCT FROM {after}.{c} "
        f"THEN jsonb_build_array({_value(before, c)}, {_value(after, c)}) END"
        for c in CAMPOS
    )
    return f"jsonb_strip_nulls(jsonb_build_object({', '.join(told)}))"


def creation(after: str) -> str:
    """{campo: [null, after]} of a new producto, what it has not included."""
    told = (f"'{c}', jsonb_build_array(NULL, {_value(after, c)})" for c in CAMPOS)
    return f"jsonb_build_object({', '.join(told)})"


def listed(row: str) -> str:
    return ", ".join(f"{row}.{c}" for c in CAMPOS)


_JOIN_WHOLE = text("SET LOCAL enable_nestloop = off")


def join_whole(session: Session) -> None:
    """For the rest of this transaction, join a chunk with the catalogue as a whole: some 50 ms for
    100,000 productos. Of a shop that its statistics do not know yet PostgreSQL expects a row or
    two, and would go through all of it again for each row of the chunk."""
    session.execute(_JOIN_WHOLE)


# --- a staged chunk ------------------------------------------------------------------------------

_CARRY_OUT = text(
    f"""
    WITH nuevo AS (
        INSERT INTO producto (empresa_id, clave, moneda, version, {", ".join(CAMPOS)})
        SELECT :empresa_id, c.clave, :moneda, :version, {listed("c")}
        FROM _cambio c WHERE c.accion = 'creado' ORDER BY c.n
        RETURNING id, clave
    ), escrito AS (
        UPDATE producto p
        SET clave = c.clave, {", ".join(f"{c} = c.{c}" for c in CAMPOS)}, actualizado_en = now(),
            version = CASE WHEN c.cambios ?| '{_BUSCADOS}' THEN :version ELSE p.version END
        FROM _cambio c
        WHERE p.empresa_id = :empresa_id AND p.id = c.producto_id AND c.accion <> 'sin_cambios'
    ), hecho AS (
        SELECT c.*, coalesce(c.producto_id, nuevo.id) AS id
        FROM _cambio c LEFT JOIN nuevo ON nuevo.clave = c.clave WHERE c.accion <> 'sin_cambios'
    ), movido AS (
        INSERT INTO movimiento
            (empresa_id, producto_id, cantidad, motivo, importacion_id, usuario_id)
        SELECT :empresa_id, h.id, h.stock - h.stock_antes, 'importacion', :importacion_id,
               :usuario_id
        FROM hecho h WHERE h.stock <> h.stock_antes
    )
    INSERT INTO importacion_cambio
        (empresa_id, importacion_id, n, fila, producto_id, accion, cambios)
    SELECT :empresa_id, :importacion_id, h.n, h.fila, h.id, h.accion, h.cambios
    FROM hecho h
    """
)
_WRITE_DOWN = text(
    """
    INSERT INTO importacion_cambio
        (empresa_id, importacion_id, n, fila, producto_id, clave, accion, cambios, visto)
    SELECT :empresa_id, :importacion_id, c.n, c.fila, c.producto_id, c.clave, c.accion, c.cambios,
           c.visto
    FROM _cambio c
    """
)
_COUNT = text(
    """
    SELECT count(*) FILTER (WHERE accion = 'creado') AS creados,
           count(*) FILTER (WHERE accion = 'actualizado') AS actualizados,
           count(*) FILTER (WHERE accion = 'sin_cambios') AS sin_cambios,
           count(*) FILTER (WHERE accion = 'desactivado') AS desactivados
    FROM _cambio WHERE n <> ALL(:besides)
    """
)
_FRACTIONS = text(
    "SELECT DISTINCT unidad FROM _cambio WHERE stock % 1 <> 0 AND accion <> 'sin_cambios'"
)
_REFUSE = text(
    """
    DELETE FROM _cambio
    WHERE unidad = ANY(:unidades) AND stock % 1 <> 0 AND accion <> 'sin_cambios'
    RETURNING n, fila, producto_id, unidad, stock
    """
)


@dataclass(frozen=True, slots=True)
class Negado:
    """Why a change was refused. n: its place; fila: its line, None for what no line names."""

    n: int
    fila: int | None
    falla: Falla
    producto_id: int | None = None


def carry_out(
    session: Session,
    *,
    empresa_id: int,
    importacion_id: int,
    usuario_id: int | None,
    version: int,
    moneda: str,
    besides: Collection[int] = (),
) -> Hecho:
    """Do what is staged, with its movimientos, and write down what was done. The empresa's row is
    locked (core.catalogo.productos.next_version), and so are the productos.

    Changes whose n is in `besides` are done and not counted: they were done in part, and count as
    reported."""
    values = {"empresa_id": empresa_id, "importacion_id": importacion_id, "usuario_id": usuario_id}
    with lost_if_gone():
        session.execute(_CARRY_OUT, values | {"version": version, "moneda": moneda})
    return _count(session, besides)


def write_down(session: Session, *, empresa_id: int, importacion_id: int) -> Hecho:
    """Only say what is staged: what changes, what stays, and how both were seen."""
    values = {"empresa_id": empresa_id, "importacion_id": importacion_id}
    with lost_if_gone():
        session.execute(_WRITE_DOWN, values)
    return _count(session)


@contextmanager
def lost_if_gone() -> Iterator[None]:
    """The shop was emptied while we worked: there is no importacion left to write down for."""
    try:
        yield
    except IntegrityError as e:
        if "fk_importacion_" in str(e.orig):
            raise LeaseLost from e
        raise


def refuse_fractions(session: Session) -> list[Negado]:
    """Take out what would leave 2.5 of what is sold by the unit: for some rows only the producto
    itself knows its unidad."""
    found = session.scalars(_FRACTIONS).all()
    bad = [unidad for unidad in found if check_fraccion(unidad, _HALF) is not None]
    if not bad:
        return []
    refused = session.execute(_REFUSE, {"unidades": bad}).all()
    fallas = [(row, check_fraccion(row.unidad, row.stock)) for row in refused]
    return [Negado(r.n, r.fila, falla, r.producto_id) for r, falla in fallas if falla is not None]


def _count(session: Session, besides: Collection[int] = ()) -> Hecho:
    return Hecho(**session.execute(_COUNT, {"besides": list(besides)}).one()._asdict())


def staged(select: str) -> TextClause:
    """The statement that stages what `select` gives. Its columns: n, fila, producto_id, clave,
    accion, those of CAMPOS as they will be, stock_antes, cambios, visto."""
    return text(f"CREATE TEMPORARY TABLE _cambio ON COMMIT DROP AS {select}")
