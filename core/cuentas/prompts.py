"""The rows of what a shop words otherwise: versions, which one is in force, and their contents in
memory. What may stand in them is the seller's business (core/agente/propias.py)."""

import threading
from collections import OrderedDict
from collections.abc import Mapping

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from core.bitacora import audit
from core.db import Database
from core.errors import VersionCambiada
from core.models import Empresa, Prompt


def newest_prompts(session: Session, *, empresa_id: int) -> dict[str, Prompt]:
    """The last version of each nombre; without contenido it is the original's turn again."""
    rows = session.scalars(
        select(Prompt)
        .where(Prompt.empresa_id == empresa_id)
        .ext(distinct_on(Prompt.nombre))
        .order_by(Prompt.nombre, Prompt.version.desc())
    )
    return {row.nombre: row for row in rows}


def write_prompt(
    session: Session,
    *,
    empresa_id: int,
    nombre: str,
    contenido: str | None,
    usuario_id: int | None,
    actor: str,
    version_base: int | None = None,
) -> int:
    """Put `contenido` in force as a new version, or the original again with None; the version in
    force. What is in force already makes no version, so repeating it is safe.

    Raises VersionCambiada when `version_base` is given and is not the one in force.
    """
    # Writers wait for each other here; turns, sales and imports do not wait for them.
    session.execute(
        select(Empresa.id).where(Empresa.id == empresa_id).with_for_update(key_share=True)
    )
    before = newest_prompts(session, empresa_id=empresa_id).get(nombre)
    version = before.version if before else 0
    if version_base is not None and version_base != version:
        raise VersionCambiada(f"La versión en vigor es la {version}: mírela antes de cambiarla.")
    if contenido == (before.contenido if before else None):
        return version
    session.add(
        Prompt(
            empresa_id=empresa_id,
            nombre=nombre,
            version=version + 1,
            contenido=contenido,
            usuario_id=usuario_id,
        )
    )
    audit(
        session,
        empresa_id=empresa_id,
        accion="prompt.escribir" if contenido is not None else "prompt.restaurar",
        actor=actor,
        objeto=f"prompt:{nombre}",
        version=version + 1,
    )
    session.flush()
    return version + 1


class Propios:
    """Contents by (empresa, nombre, version), which never change: each is read once by a process
    and kept while there is room. Safe to share between threads."""

    # A few shops' worth of long prompts, 10 MB at the very most.
    _MAX = 256

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, str, int], str] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, db: Database, *, empresa_id: int, versiones: Mapping[str, int]) -> dict[str, str]:
        """The contents in force, by nombre. Asks the database only for what it never saw."""
        keys = [(empresa_id, nombre, version) for nombre, version in versiones.items()]
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
        missing = [key for key in keys if key not in found]
        if missing:
            found |= self._read(db, empresa_id, missing)
            self._keep(found)
        return {nombre: text for (_, nombre, _), text in found.items()}

    def _read(
        self, db: Database, empresa_id: int, keys: list[tuple[int, str, int]]
    ) -> dict[tuple[int, str, int], str]:
        wanted = tuple_(Prompt.nombre, Prompt.version).in_([key[1:] for key in keys])
        with db.empresa(empresa_id) as session:
            rows = session.execute(
                select(Prompt.nombre, Prompt.version, Prompt.contenido).where(
                    Prompt.empresa_id == empresa_id, Prompt.contenido.is_not(None), wanted
                )
            ).all()
        return {(empresa_id, row.nombre, row.version): str(row.contenido) for row in rows}

    def _keep(self, found: dict[tuple[int, str, int], str]) -> None:
        with self._lock:
            for key, text in found.items():
                self._kept[key] = text
                self._kept.move_to_end(key)
            while len(self._kept) > self._MAX:
                self._kept.popitem(last=False)
