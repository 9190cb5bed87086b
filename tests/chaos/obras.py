"""Work that goes on beside the customers: what of it is in flight, and what must come true."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from tests.chaos.instalacion import Instalacion
from tests.chaos.mira import Mira, Trabajo, await_true
from tests.chaos.tiendas import Linea, Tienda
from tests.chaos.verificador import Falta

FIN_SECONDS = 240.0  # until what was killed has ended, on a machine that does other things, too


class Obra(Protocol):
    """Played on shops of its own: the customers' shops go on as ever."""

    def prepare(self) -> None:
        """What there must be before any customer comes."""
        ...

    def begin(self) -> None:
        """The work that the blows are meant for."""
        ...

    def faltas(self) -> Iterator[Falta]:
        """When the load is over: wait for the end, then every promise that is broken."""
        ...

    def nulo(self) -> str:
        """Why this run proves nothing; "" when it does."""
        ...


AbrirObra = Callable[[Instalacion], Obra]


@dataclass(frozen=True)
class Archivada:
    """A file that a shop was given, and the importacion that it became."""

    tienda: Tienda
    id: int

    @property
    def key(self) -> tuple[int, int]:
        return self.tienda.empresa_id, self.id


def send_archivo(instalacion: Instalacion, tienda: Tienda, contenido: bytes) -> Archivada:
    linea = Linea(instalacion.port, tienda.token, timeout=60.0)
    sent = linea.post_file("/productos/reemplazar_csv?modo=reemplazar", "catalogo.csv", contenido)
    linea.close()
    assert sent.status == 202, sent
    return Archivada(tienda, int(sent.cuerpo["importacion_id"]))


def await_estado(
    instalacion: Instalacion, archivada: Archivada, *estados: str, seconds: float = FIN_SECONDS
) -> bool:
    """Whether it came to one of `estados` in time."""
    query = "SELECT estado FROM importacion WHERE empresa_id = %s AND id = %s"
    key = archivada.key
    return (
        await_true(lambda: instalacion.sql(query, *key)[0][0] in estados, seconds, every=0.1)
        is not None
    )


def held_importacion(mira: Mira, archivada: Archivada) -> list[Trabajo]:
    """The importacion, while the catalogue's worker has it."""
    found = mira.rows(
        "SELECT empresa_id, id, token, cursor FROM importacion WHERE empresa_id = %s AND id = %s "
        "AND lease_hasta IS NOT NULL AND lease_de LIKE 'catalogo@%%' AND estado = 'procesando'",
        *archivada.key,
    )
    return [Trabajo("importacion", *row) for row in found]


def held_vectores(mira: Mira, empresa_id: int) -> list[Trabajo]:
    """The empresa's indexacion, while the embeddings' worker has it; its place is how many texts
    are embedded at all."""
    found = mira.rows(
        "SELECT empresa_id, empresa_id, token, (SELECT count(*) FROM embedding) FROM indexacion "
        "WHERE empresa_id = %s AND lease_hasta IS NOT NULL AND lease_de LIKE 'embeddings@%%'",
        empresa_id,
    )
    return [Trabajo("indexacion", *row) for row in found]


def same_turn(before: list[Trabajo], now: list[Trabajo]) -> list[Trabajo]:
    """Those of `now` that are held in the very turn of `before`."""
    tokens = {(t.tabla, t.id, t.token) for t in before}
    return [t for t in now if (t.tabla, t.id, t.token) in tokens]


def search(instalacion: Instalacion, tienda: Tienda, texto: str) -> list[str]:
    """The skus that the shop answers over HTTP, best first; none when it does not."""
    linea = Linea(instalacion.port, tienda.token)
    try:
        got: Any = linea.get(f"/productos/?q={quote(texto)}&limite=5").cuerpo
    finally:
        linea.close()
    return [str(p["sku"]) for p in got.get("elementos", [])]
