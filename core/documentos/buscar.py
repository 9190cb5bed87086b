"""The one door to what an empresa knows beside its productos.

The pasajes of an empresa are kept at hand in this process, with their vectors where a model made
them, and read again when its documentos_version has risen. Rows are the truth: what is held here
can be dropped at any moment.
"""

import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from core.catalogo.busqueda.significado import Significado
from core.db import Database
from core.documentos.indice import Habla, Indice, Texto
from core.models import Empresa
from core.ports import Pasaje

# Pasajes kept in one process, over all empresas: about 2 KB each.
_MAX_PASAJES = 50_000
_ROWS = text(
    """
    SELECT p.id, p.documento_id, d.titulo AS documento, p.titulo, p.texto, d.modelo, e.datos
    FROM pasaje p
    JOIN documento d ON d.empresa_id = p.empresa_id AND d.id = p.documento_id
    LEFT JOIN embedding e ON e.modelo = d.modelo AND e.hash = p.hash AND :con_vectores
    WHERE p.empresa_id = :empresa_id
    ORDER BY p.documento_id, p.orden
    """
)


@dataclass(frozen=True)
class _Estante:
    """One empresa's pasajes as they were at `version`. modelo: whose vectors they have."""

    version: int
    indice: Indice
    modelo: str | None


class Biblioteca:
    """One per process; safe from any thread. Without `significado` it goes by words alone."""

    def __init__(self, db: Database, habla: Habla, significado: Significado | None = None) -> None:
        self._db = db
        self._habla = habla
        self._significado = significado
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, _Estante] = OrderedDict()

    def buscar(self, empresa_id: int, texto: str, n: int) -> list[Pasaje]:
        """Sees every change committed before the call."""
        estante = self._of(empresa_id)
        if not len(estante.indice):
            return []
        vector = None
        if self._significado is not None and estante.modelo is not None:
            vector = self._significado.vector(estante.modelo, texto)
        return estante.indice.search(texto, n, vector)

    def de(self, empresa_id: int) -> "DocumentosDeEmpresa":
        return DocumentosDeEmpresa(self, empresa_id)

    def _of(self, empresa_id: int) -> _Estante:
        with self._db.empresa(empresa_id) as session:
            version = session.scalar(
                select(Empresa.documentos_version).where(Empresa.id == empresa_id)
            )
            with self._lock:
                kept = self._kept.get(empresa_id)
                if kept is not None and kept.version == version:
                    self._kept.move_to_end(empresa_id)
                    return kept
            # Two threads may read at once: either is right.
            con = self._significado is not None
            rows = _read(session, empresa_id, con_vectores=con) if version else []
        estante = self._build(version or 0, rows)
        with self._lock:
            self._kept[empresa_id] = estante
            self._kept.move_to_end(empresa_id)
            while len(self._kept) > 1 and sum(len(e.indice) for e in self._kept.values()) > (
                _MAX_PASAJES
            ):
                self._kept.popitem(last=False)
        return estante

    def _build(self, version: int, rows: "list[_Fila]") -> _Estante:
        modelos = Counter(row.modelo for row in rows if row.datos is not None)
        modelo = modelos.most_common(1)[0][0] if modelos else None
        textos = [
            Texto(
                id=row.id,
                documento_id=row.documento_id,
                documento=row.documento,
                encabezado=row.titulo.rpartition(" › ")[2] or row.documento,
                texto=row.texto,
                vector=bytes(row.datos) if row.datos is not None and row.modelo == modelo else None,
            )
            for row in rows
        ]
        return _Estante(version, Indice(textos, self._habla), modelo)


_Fila = Row[int, int, str, str, str, str | None, bytes | None]


def _read(session: Session, empresa_id: int, *, con_vectores: bool) -> list[_Fila]:
    values = {"empresa_id": empresa_id, "con_vectores": con_vectores}
    return list(session.execute(_ROWS, values).all())


class DocumentosDeEmpresa:
    """Implements core.ports.Documentos."""

    def __init__(self, biblioteca: Biblioteca, empresa_id: int) -> None:
        self._biblioteca = biblioteca
        self._empresa_id = empresa_id

    def buscar(self, texto: str, n: int = 3) -> list[Pasaje]:
        return self._biblioteca.buscar(self._empresa_id, texto, n)
