"""A shop's shelf in a test: what is put on it, read as a worker would, and asked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.agente.temas import HABLA
from core.catalogo.busqueda.fotos import Fotos
from core.catalogo.busqueda.significado import Significado
from core.db import Database
from core.documentos.buscar import Biblioteca
from core.documentos.documentos import (
    Contenido,
    create_documento,
    find_documento,
    read_pasajes,
    replace_documento,
)
from core.documentos.indexar import Lectores, Paso, index_documento
from core.models import Documento
from core.ports import Embedder, VectorIndex
from core.settings import Settings
from tests.fakes import ColaEnMemoria

HORARIO = "Horario:\nAbrimos de lunes a sábado de 8 a 6.\n\nPagos:\nRecibimos efectivo y Nequi."


def _no_pdf(contenido: bytes) -> list[str]:
    raise NotImplementedError


def _no_index(empresa_id: int, modelo: str) -> VectorIndex:
    raise NotImplementedError


@dataclass
class Estanteria:
    db: Database
    settings: Settings
    embedder: Embedder | None = None
    leer_pdf: Callable[[bytes], list[str]] = _no_pdf
    cola: ColaEnMemoria = field(default_factory=ColaEnMemoria)
    empresa_id: int = 1

    def put(self, texto: str | bytes, *, titulo: str = "Sobre", formato: str = "texto") -> int:
        datos = texto.encode() if isinstance(texto, str) else texto
        nuevo = Contenido(titulo, formato, datos)
        with self.db.empresa(self.empresa_id) as session:
            return create_documento(
                session, self.settings, nuevo, empresa_id=self.empresa_id, actor="prueba"
            )

    def replace(self, id_: int, texto: str, *, titulo: str = "Sobre") -> bool:
        nuevo = Contenido(titulo, "texto", texto.encode())
        ids = {"empresa_id": self.empresa_id, "documento_id": id_}
        with self.db.empresa(self.empresa_id) as session:
            return replace_documento(session, self.settings, nuevo, **ids, actor="prueba")

    def read(self, id_: int, *, worker: str = "w") -> Paso:
        return index_documento(
            self.db,
            self.cola,
            self.settings,
            Lectores(self.leer_pdf, self.embedder),
            empresa_id=self.empresa_id,
            documento_id=id_,
            worker=worker,
        )

    def row(self, id_: int) -> Documento:
        with self.db.empresa(self.empresa_id) as session:
            row = find_documento(session, empresa_id=self.empresa_id, documento_id=id_)
            session.expunge(row)
            return row

    def texts(self, id_: int) -> list[str]:
        with self.db.empresa(self.empresa_id) as session:
            rows = read_pasajes(session, empresa_id=self.empresa_id, documento_id=id_)
            return [row.texto for row in rows]

    def biblioteca(self) -> Biblioteca:
        significado = None
        if self.embedder is not None:
            significado = Significado(
                self.db,
                embedder=lambda _: self.embedder,
                indice=_no_index,
                fotos=Fotos(self.settings.data_dir / "prueba"),
                max_bytes=0,
            )
        return Biblioteca(self.db, HABLA, significado)

    def set(self, id_: int, **campos: Any) -> None:
        with self.db.empresa(self.empresa_id) as session:
            row = session.get_one(Documento, (self.empresa_id, id_))
            for name, value in campos.items():
                setattr(row, name, value)
