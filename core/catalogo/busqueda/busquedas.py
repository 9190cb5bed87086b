"""Searches that one process asks another for, by a row and a bell.

The web keeps neither vectors nor a model: it writes down what it looks for, and a worker that has
both at hand answers. What is not answered in time is searched by words where it was asked.
"""

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import delete, select, text

from core.bitacora import CANAL_EVENTOS
from core.catalogo.busqueda.buscar import Buscador
from core.catalogo.busqueda.indice import Acierto
from core.db import Database
from core.models import Busqueda, Indexacion

# Whoever asked has long gone: its process died before it could delete the row.
_OLD = text("DELETE FROM busqueda WHERE creada_en < now() - interval '1 minute'")
_ANSWER = text(
    """
    WITH b AS (
        UPDATE busqueda SET resultado = cast(:resultado AS jsonb)
        WHERE empresa_id = :empresa_id AND id = :id AND resultado IS NULL RETURNING id
    )
    SELECT pg_notify(:canal, :empresa_id || '\\:b' || id) FROM b
    """
)


def tema_of(busqueda_id: int) -> str:
    """What its answer is announced under (core.bitacora.CANAL_EVENTOS)."""
    return f"b{busqueda_id}"


def ask_busqueda(
    db: Database, *, empresa_id: int, texto: str, n: int, inactivos: bool
) -> int | None:
    """Write the search down; its id to ring ANSWER_BUSQUEDA with. None where meaning would add
    nothing, because this empresa has no vectors."""
    with db.empresa(empresa_id) as session:
        active = select(Indexacion.modelo_activo).where(Indexacion.empresa_id == empresa_id)
        if session.scalar(active) is None:
            return None
        row = Busqueda(empresa_id=empresa_id, texto=texto, n=n, inactivos=inactivos)
        session.add(row)
        session.flush()
        return row.id


def take_answer(
    db: Database, *, empresa_id: int, busqueda_id: int, wait: Callable[[], bool]
) -> list[Acierto] | None:
    """The answer, once there is one; None when `wait` says that time is over. The row is gone
    either way."""
    mine = (Busqueda.empresa_id == empresa_id, Busqueda.id == busqueda_id)
    try:
        while True:
            with db.empresa(empresa_id) as session:
                found = session.scalar(select(Busqueda.resultado).where(*mine))
            if found is not None:
                return [Acierto(int(str(i)), float(str(p)), str(m)) for i, p, m in found]
            if not wait():
                return None
    finally:
        with db.empresa(empresa_id) as session:
            session.execute(delete(Busqueda).where(*mine))


def answer_busqueda(db: Database, buscador: Buscador, *, empresa_id: int, busqueda_id: int) -> None:
    """Search, write the answer, tell whoever waits. Repeating it changes nothing."""
    with db.empresa(empresa_id) as session:
        session.execute(_OLD)
        asked: Any = session.get(Busqueda, (empresa_id, busqueda_id))
        if asked is None or asked.resultado is not None:
            return
        texto, n, inactivos = asked.texto, asked.n, asked.inactivos
    found = buscador.buscar(empresa_id, texto, n, inactivos=inactivos)
    resultado = json.dumps([[a.id, a.puntaje, a.motivo] for a in found])
    values = {"empresa_id": empresa_id, "id": busqueda_id, "canal": CANAL_EVENTOS}
    with db.empresa(empresa_id) as session:
        session.execute(_ANSWER, values | {"resultado": resultado})
