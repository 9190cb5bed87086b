"""Credentials under a new SECRETS_KEY: the configured keys open them, the first one closes them."""

from sqlalchemy import select, text

from core.bitacora import audit
from core.db import Database
from core.errors import CredencialesIlegibles
from core.models import Canal
from core.ports import Cifrado

# Not over what somebody wrote meanwhile: that is under the first key already.
_KEEP = text(
    "UPDATE canal SET credenciales = :nuevas WHERE empresa_id = :empresa_id AND id = :id "
    "AND credenciales = :viejas"
)


def reseal_canales(db: Database, cifrado: Cifrado, *, actor: str) -> tuple[int, list[int]]:
    """(how many were encrypted anew, ids of those that no configured key opens).

    One transaction per canal, so it may be stopped and begun again; repeating it is harmless.
    """
    with db.sistema() as session:
        all_of_them = session.execute(
            select(Canal.empresa_id, Canal.id).order_by(Canal.empresa_id, Canal.id)
        ).all()
    done, unreadable = 0, []
    for empresa_id, canal_id in all_of_them:
        with db.empresa(empresa_id) as session:
            canal = session.get(Canal, (empresa_id, canal_id))
            if canal is None or canal.credenciales is None:
                continue
            try:
                datos = cifrado.decrypt(
                    canal.credenciales, empresa_id=empresa_id, clave=canal.clave
                )
            except CredencialesIlegibles:
                unreadable.append(canal_id)
                continue
            sealed = cifrado.encrypt(datos, empresa_id=empresa_id, clave=canal.clave)
            key = {"empresa_id": empresa_id, "id": canal_id}
            session.execute(_KEEP, {**key, "nuevas": sealed, "viejas": canal.credenciales})
            audit(
                session,
                empresa_id=empresa_id,
                accion="canal.recifrar",
                actor=actor,
                objeto=f"canal:{canal_id}",
            )
            done += 1
    return done, unreadable
