"""Emptying a shop: what was sold, said, imported and written down goes; people, channels and the
log stay."""

from collections import Counter
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core.bitacora import audit
from core.db import Database
from core.errors import Invalid
from core.models import (
    Aviso,
    Base,
    Chat,
    Cliente,
    Demanda,
    Documento,
    Empresa,
    Importacion,
    Indexacion,
    Mensaje,
    Producto,
    Venta,
)

CONFIRMAR_GLOBAL = "RESET"

# In the order that foreign keys allow. Events, photos and recordings, chat sessions, lines, ledger,
# rows of files, pasajes and which vector a producto has go with the row they belong to.
_EMPTIED: tuple[type[Base], ...] = (
    *(Aviso, Mensaje, Venta, Chat, Cliente, Importacion, Producto, Indexacion, Demanda, Documento),
)


def reset_empresa(
    session: Session, *, empresa_id: int, confirmar: str, actor: str
) -> dict[str, int]:
    """Delete this shop's commercial data; how many rows of each kind went. Repeating it is safe.

    Raises Invalid unless `confirmar` is the shop's name to the letter.
    """
    if confirmar != session.get_one(Empresa, empresa_id).nombre:
        raise _not_confirmed("el nombre de la empresa, tal cual")
    return _empty(session, empresa_id, actor)


def reset_global(db: Database, *, confirmar: str, empresa_id: int, actor: str) -> dict[str, Any]:
    """Empty every shop but reserved and throw-away ones, each in its own transaction.

    `empresa_id` is the superadmin's own, where it is written down too. Raises Invalid unless
    `confirmar` is RESET.
    """
    if confirmar != CONFIRMAR_GLOBAL:
        raise _not_confirmed(CONFIRMAR_GLOBAL)
    with db.sistema() as system:
        ids = system.scalars(
            select(Empresa.id).where(~Empresa.reservada, ~Empresa.efimera).order_by(Empresa.id)
        ).all()
    gone: Counter[str] = Counter()
    for one in ids:
        with db.empresa(one) as session:
            # From another empresa's person: only the word is theirs to read.
            gone.update(_empty(session, one, "superadmin"))
    with db.empresa(empresa_id) as session:
        audit(
            session,
            empresa_id=empresa_id,
            accion="instalacion.reiniciar",
            actor=actor,
            empresas=len(ids),
            eliminados=dict(gone),
        )
    return {"empresas": len(ids), "eliminados": dict(gone)}


def _empty(session: Session, empresa_id: int, actor: str) -> dict[str, int]:
    # In the order in which turns, edits and imports take their locks: none waits in a circle.
    _lock(session, Chat, empresa_id)
    session.execute(
        update(Empresa)
        .where(Empresa.id == empresa_id)
        .values(
            catalogo_version=Empresa.catalogo_version + 1,
            documentos_version=Empresa.documentos_version + 1,
        )
    )
    _lock(session, Producto, empresa_id)
    gone: dict[str, int] = {}
    for table in _EMPTIED:
        done: Any = session.execute(delete(table).where(_of(table) == empresa_id))
        gone[table.__tablename__] = done.rowcount
    audit(
        session,
        empresa_id=empresa_id,
        accion="empresa.reiniciar",
        actor=actor,
        objeto=f"empresa:{empresa_id}",
        eliminados=gone,
    )
    return gone


def _lock(session: Session, table: type[Chat | Producto], empresa_id: int) -> None:
    mine = select(table.id).where(table.empresa_id == empresa_id).order_by(table.id)
    session.execute(mine.with_for_update())


def _of(table: type[Base]) -> Any:
    return table.__table__.c.empresa_id


def _not_confirmed(what: str) -> Invalid:
    errores = [{"campo": "confirmar", "mensaje": f"debe ser {what}"}]
    return Invalid("Falta la confirmación.", errores=errores)
