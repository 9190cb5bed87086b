"""A shop's documentos as its people write them: taken in here, read by a worker (`indexar`)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import Session, defer

from core.bitacora import audit
from core.errors import DemasiadosDocumentos, Invalid, NotFound, TooLarge
from core.models import Documento, Empresa, PasajeGuardado
from core.settings import Settings

TITULO_MAX = 200


@dataclass(frozen=True)
class Contenido:
    """What was sent. formato: texto, markdown, pdf or csv."""

    titulo: str
    formato: str
    datos: bytes

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.datos).digest()


def create_documento(
    session: Session, settings: Settings, nuevo: Contenido, *, empresa_id: int, actor: str
) -> int:
    """Its id; it answers once a worker has read it. Commit, then ring INDEX_DOCUMENTO.

    Raises TooLarge, Invalid for an empty one, DemasiadosDocumentos.
    """
    _check(settings, nuevo)
    counted = select(func.count()).select_from(Documento).where(Documento.empresa_id == empresa_id)
    if session.scalars(counted).one() >= settings.documentos_max:
        raise DemasiadosDocumentos(f"Una empresa guarda {settings.documentos_max} documentos.")
    row = Documento(
        empresa_id=empresa_id,
        titulo=nuevo.titulo,
        formato=nuevo.formato,
        contenido=nuevo.datos,
        sha256=nuevo.sha256,
    )
    session.add(row)
    session.flush()
    _audit(session, row, "crear", actor)
    return row.id


def replace_documento(
    session: Session,
    settings: Settings,
    nuevo: Contenido,
    *,
    empresa_id: int,
    documento_id: int,
    actor: str,
) -> bool:
    """Put `nuevo` in the place of what it said, which answers until `nuevo` is read; False where it
    said exactly that already. Commit, then ring INDEX_DOCUMENTO. Raises as create, and NotFound.
    """
    _check(settings, nuevo)
    row = _lock(session, empresa_id, documento_id)
    same = (row.titulo, row.formato, bytes(row.sha256)) == (
        nuevo.titulo,
        nuevo.formato,
        nuevo.sha256,
    )
    if same and row.estado != "fallido":
        return False
    row.titulo, row.formato = nuevo.titulo, nuevo.formato
    row.contenido, row.sha256 = nuevo.datos, nuevo.sha256
    row.estado, row.error, row.modelo = "en_cola", None, None
    # Whoever reads the one before writes nothing any more.
    row.token, row.lease_hasta, row.intentos, row.proximo_intento = row.token + 1, None, 0, None
    row.actualizado_en = func.now()
    _audit(session, row, "cambiar", actor)
    session.flush()
    return True


def delete_documento(session: Session, *, empresa_id: int, documento_id: int, actor: str) -> None:
    """With its pasajes. Raises NotFound."""
    row = _lock(session, empresa_id, documento_id)
    _audit(session, row, "eliminar", actor)
    session.execute(delete(Documento).where(Documento.empresa_id == empresa_id, _is(documento_id)))
    bump_version(session, empresa_id=empresa_id)


def find_documento(session: Session, *, empresa_id: int, documento_id: int) -> Documento:
    """Without its bytes. Raises NotFound."""
    found = session.scalar(list_documentos(empresa_id).where(_is(documento_id)))
    if found is None:
        raise NotFound
    return found


def find_by_titulo(session: Session, *, empresa_id: int, titulo: str) -> int | None:
    """The id of the first that is called so."""
    named = select(func.min(Documento.id)).where(
        Documento.empresa_id == empresa_id, Documento.titulo == titulo
    )
    return session.scalar(named)


def list_documentos(empresa_id: int) -> Select[Documento]:
    mine = select(Documento).where(Documento.empresa_id == empresa_id)
    return mine.options(defer(Documento.contenido))


def read_pasajes(
    session: Session, *, empresa_id: int, documento_id: int
) -> Sequence[PasajeGuardado]:
    return session.scalars(
        select(PasajeGuardado)
        .where(PasajeGuardado.empresa_id == empresa_id, PasajeGuardado.documento_id == documento_id)
        .order_by(PasajeGuardado.orden)
    ).all()


def count_pasajes(session: Session, *, empresa_id: int, ids: Sequence[int]) -> dict[int, int]:
    """documento id → how many pasajes it has, those without any left out."""
    counted = (
        select(PasajeGuardado.documento_id, func.count().label("n"))
        .where(PasajeGuardado.empresa_id == empresa_id, PasajeGuardado.documento_id.in_(ids))
        .group_by(PasajeGuardado.documento_id)
    )
    return {row.documento_id: row.n for row in session.execute(counted)}


def bump_version(session: Session, *, empresa_id: int) -> None:
    """What the documentos can answer has changed: whoever keeps them at hand reads them again."""
    session.execute(
        update(Empresa)
        .where(Empresa.id == empresa_id)
        .values(documentos_version=Empresa.documentos_version + 1)
    )


def _check(settings: Settings, nuevo: Contenido) -> None:
    most = settings.documento_max_bytes
    if len(nuevo.datos) > most:
        raise TooLarge(f"El documento pasa de {most // 1024**2} MB.")
    if not nuevo.datos.strip():
        raise Invalid("El documento está vacío.")


def _lock(session: Session, empresa_id: int, documento_id: int) -> Documento:
    mine = list_documentos(empresa_id).where(_is(documento_id))
    row = session.scalar(mine.with_for_update().execution_options(populate_existing=True))
    if row is None:
        raise NotFound
    return row


def _is(documento_id: int) -> Any:
    return Documento.id == documento_id


def _audit(session: Session, row: Documento, verb: str, actor: str) -> None:
    audit(
        session,
        empresa_id=row.empresa_id,
        accion=f"documento.{verb}",
        actor=actor,
        objeto=f"documento:{row.id}",
        formato=row.formato,
    )
