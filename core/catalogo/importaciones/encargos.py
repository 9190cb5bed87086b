"""What may be asked of an importacion that has ended: of a preview that it be applied, of an import
that it be undone. Either is an importacion of its own, in the same line as all others."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.bitacora import audit
from core.errors import (
    CambiosVencidos,
    EsVista,
    ImportacionAbierta,
    NoEsVista,
    NotFound,
    VistaAplicada,
    VistaFallida,
    VistaVencida,
    YaDeshecha,
)
from core.models import Importacion

DESHACER = "deshacer"


def create_aplicacion(
    session: Session, *, empresa_id: int, importacion_id: int, actor: str, usuario_id: int | None
) -> int:
    """Ask for what preview `importacion_id` showed; the id of the new importacion. Commit, then
    ring IMPORT_STEP.

    Raises NotFound, NoEsVista, ImportacionAbierta, VistaFallida, VistaAplicada or VistaVencida.
    """
    vista = _lock_ended(session, empresa_id, importacion_id)
    if not vista.simulada:
        raise NoEsVista("Esa importación no es una simulación.")
    if vista.estado == "fallida":
        raise VistaFallida("Esa simulación no mostró nada que se pueda aplicar.")
    if _has_follower(session, vista):
        raise VistaAplicada("Esa simulación ya se aplicó.")
    if not _still_kept(session, vista):
        raise VistaVencida("Esa simulación ya venció: envíe el archivo de nuevo.")
    return _follow(session, vista, modo=vista.modo, actor=actor, usuario_id=usuario_id)


def create_deshacer(
    session: Session, *, empresa_id: int, importacion_id: int, actor: str, usuario_id: int | None
) -> int:
    """Ask that what `importacion_id` changed be as before, where nobody has touched it since; the
    id of the new importacion. Commit, then ring IMPORT_STEP. One that failed half-way may be
    undone too, and so may an undo.

    Raises NotFound, EsVista, ImportacionAbierta, YaDeshecha or CambiosVencidos.
    """
    row = _lock_ended(session, empresa_id, importacion_id)
    if row.simulada:
        raise EsVista("Una simulación no cambió nada.")
    if _has_follower(session, row):
        raise YaDeshecha("Esa importación ya se deshizo.")
    if not _still_kept(session, row):
        raise CambiosVencidos("Ya no se guarda lo que cambió esa importación.")
    return _follow(session, row, modo=DESHACER, actor=actor, usuario_id=usuario_id)


def _lock_ended(session: Session, empresa_id: int, importacion_id: int) -> Importacion:
    """Locked, so that of two who ask at once the second sees what the first asked for."""
    row = session.scalar(
        select(Importacion)
        .where(Importacion.empresa_id == empresa_id, Importacion.id == importacion_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound
    if row.estado in ("en_cola", "procesando"):
        raise ImportacionAbierta("Esa importación todavía no ha terminado.")
    return row


def _has_follower(session: Session, row: Importacion) -> bool:
    """One that failed does not count: it may be asked for again."""
    found = session.scalar(
        select(func.count())
        .select_from(Importacion)
        .where(
            Importacion.empresa_id == row.empresa_id,
            Importacion.origen_id == row.id,
            Importacion.estado != "fallida",
        )
    )
    return bool(found)


def _still_kept(session: Session, row: Importacion) -> bool:
    until = row.cambios_hasta
    return until is not None and until > session.scalars(select(func.clock_timestamp())).one()


def _follow(
    session: Session, origen: Importacion, *, modo: str, actor: str, usuario_id: int | None
) -> int:
    row = Importacion(
        empresa_id=origen.empresa_id,
        modo=modo,
        origen_id=origen.id,
        nombre_archivo=origen.nombre_archivo,
        usuario_id=usuario_id,
    )
    session.add(row)
    session.flush()
    audit(
        session,
        empresa_id=origen.empresa_id,
        accion=f"importacion.{DESHACER if modo == DESHACER else 'aplicar'}",
        actor=actor,
        objeto=f"importacion:{row.id}",
        origen_id=origen.id,
    )
    return row.id
