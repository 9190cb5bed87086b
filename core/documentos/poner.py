"""A documento put in its place here and now, for commands that have no worker to wait for."""

from core.db import Database
from core.documentos.documentos import (
    Contenido,
    create_documento,
    find_by_titulo,
    find_documento,
    replace_documento,
)
from core.documentos.indexar import Lectores, index_documento
from core.errors import Invalid
from core.models import Documento
from core.ports import Cola
from core.settings import Settings


def put_documento(
    db: Database,
    cola: Cola,
    settings: Settings,
    lectores: Lectores,
    nuevo: Contenido,
    *,
    empresa_id: int,
    actor: str,
) -> Documento:
    """Store `nuevo`, in the place of the one that is called so if there is one, and read it.
    Repeating it changes nothing. Raises Invalid for what cannot be read, and as create_documento.
    """
    with db.empresa(empresa_id) as session:
        found = find_by_titulo(session, empresa_id=empresa_id, titulo=nuevo.titulo)
        if found is None:
            id_ = create_documento(session, settings, nuevo, empresa_id=empresa_id, actor=actor)
        else:
            id_, ids = found, {"empresa_id": empresa_id, "documento_id": found}
            replace_documento(session, settings, nuevo, **ids, actor=actor)
    estado = "sigue"
    while estado == "sigue":
        estado = index_documento(
            db,
            cola,
            settings,
            lectores,
            empresa_id=empresa_id,
            documento_id=id_,
            worker=f"{actor}:{id_}",
        ).estado
    with db.empresa(empresa_id) as session:
        row = find_documento(session, empresa_id=empresa_id, documento_id=id_)
        session.expunge(row)
    if row.error is not None:
        raise Invalid(str(row.error["mensaje"]))
    return row
