"""Vectors whose worker is killed, and an index whose file is damaged: found by meaning all the
same.
"""

import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from core.adapters import embeddings_local
from core.catalogo.busqueda.indexar import texto_de
from core.catalogo.busqueda.vectores import hash_de
from tests.chaos import archivos
from tests.chaos.archivos import POR_SIGNIFICADO
from tests.chaos.fallas import NO_WORK, Campo, is_whole
from tests.chaos.instalacion import Instalacion
from tests.chaos.mira import Golpe, Mira, Trabajo, await_true
from tests.chaos.obras import (
    FIN_SECONDS,
    await_estado,
    held_vectores,
    same_turn,
    search,
    send_archivo,
)
from tests.chaos.tiendas import Linea, open_tiendas
from tests.chaos.verificador import Falta

_AIM_SECONDS = 90.0
_SEARCH_SECONDS = 60.0  # a process that starts reads its model first, and is asked again meanwhile
_WITHOUT = """SELECT p.id, p.nombre, p.marca, p.categoria, p.descripcion, v.hash
    FROM producto p JOIN indexacion i ON i.empresa_id = p.empresa_id
    LEFT JOIN producto_embedding v ON (v.empresa_id, v.producto_id, v.modelo)
        = (p.empresa_id, p.id, i.modelo_activo)
    WHERE p.empresa_id = %s AND p.activo"""
_REFUSED = "foto del índice alterada"
_NO_MODEL = "el modelo local no corre en esta máquina"


class Reindexacion:
    """A new catalogue on its way to its vectors."""

    productos = 600

    def __init__(self, instalacion: Instalacion) -> None:
        self._instalacion = instalacion
        self._rng = random.Random(21)
        self._runs = embeddings_local.probe()
        self.golpes = 0
        self._at = 0

    def prepare(self) -> None:
        (self.tienda,) = open_tiendas(self._instalacion, 1)
        self._asked_before = self._asked()

    def begin(self) -> None:
        contenido = archivos.for_vectors(self.productos)
        self._at = self._instalacion.sql("SELECT count(*) FROM embedding")[0][0]
        self._archivada = send_archivo(self._instalacion, self.tienda, contenido)

    def aim(self, mira: Mira) -> list[Trabajo]:
        """The indexacion in its worker's hands, some texts further than at the last blow. Further
        than one commit of places: a place where processes die again and again is passed."""
        target = self._at + self._rng.randint(50, 90)
        deadline = time.monotonic() + (_AIM_SECONDS if self._runs else 0.0)
        while time.monotonic() < deadline:
            found = held_vectores(mira, self.tienda.empresa_id)
            if found and found[0].lugar >= target:
                return found
            time.sleep(0.02)
        return []

    def hit(self, trabajos: list[Trabajo]) -> None:
        self.golpes, self._at = self.golpes + 1, trabajos[0].lugar

    def _asked(self) -> Counter[str]:
        """text → how often a model was asked for it, as the asking processes wrote down."""
        path = self._instalacion.embebidos
        lines = path.read_text().splitlines() if path.exists() else []
        return Counter(line.split()[0] for line in lines)

    def faltas(self) -> Iterator[Falta]:
        if not await_estado(self._instalacion, self._archivada, "completada"):
            yield Falta("vectores completos", "la importación no llegó a completada")
        for id_, *parts, kept in self._instalacion.sql(_WITHOUT, self.tienda.empresa_id):
            if kept is None or bytes(kept) != hash_de(texto_de(_Texto(*parts))):
                yield Falta("vectores completos", f"producto {id_} sin el vector de su texto")
        again = {t: n for t, n in (self._asked() - self._asked_before).items() if n > 1}
        allowed = self.golpes * embeddings_local.LocalEmbedder.lote
        if sum(n - 1 for n in again.values()) > allowed:
            yield Falta("nada dos veces", f"{len(again)} textos de nuevo; en vuelo {allowed}")
        for sku, _, texto in POR_SIGNIFICADO:
            if not finds(self._instalacion, self, sku, texto):
                yield Falta("por significado", f"{texto!r} no encuentra {sku}")

    def nulo(self) -> str:
        return "" if self._runs else _NO_MODEL


class _Texto:
    def __init__(self, nombre: str, marca: str, categoria: str, descripcion: str) -> None:
        self.nombre, self.marca = nombre, marca
        self.categoria, self.descripcion = categoria, descripcion


def finds(
    instalacion: Instalacion, obra: "Reindexacion | IndiceEnArchivo", sku: str, texto: str
) -> bool:
    """Whether the shop, asked over HTTP, comes to answer that sku before any other."""
    return (
        await_true(
            lambda: search(instalacion, obra.tienda, texto)[:1] == [sku], _SEARCH_SECONDS, every=0.5
        )
        is not None
    )


class IndiceEnArchivo:
    """A catalogue whose index is kept as a file; each blow leaves what went wrong after it."""

    def __init__(self, instalacion: Instalacion) -> None:
        self._instalacion = instalacion
        self._runs = embeddings_local.probe()
        self._ediciones = 0
        self.rotas: list[Falta] = []

    def prepare(self) -> None:
        (self.tienda,) = open_tiendas(self._instalacion, 1)
        sent = send_archivo(self._instalacion, self.tienda, archivos.for_vectors(60))
        if self._runs:
            assert await_estado(self._instalacion, sent, "completada"), sent
            assert self.await_foto(other_than=None), "no index file was written"
            sku, _, texto = POR_SIGNIFICADO[0]
            assert finds(self._instalacion, self, sku, texto), "nothing is found by meaning"

    def begin(self) -> None:
        """It is there already."""

    def foto(self) -> Path | None:
        """The file that the indexacion's row names, when it is on the disk."""
        query = "SELECT foto_sha256 FROM indexacion WHERE empresa_id = %s"
        found = self._instalacion.sql(query, self.tienda.empresa_id)
        if not found or found[0][0] is None:
            return None
        name = f"{self.tienda.empresa_id}-{bytes(found[0][0]).hex()}.indice"
        path = self._instalacion.data_dir / "indices" / name
        return path if path.exists() else None

    def await_foto(self, *, other_than: Path | None) -> bool:
        found = await_true(lambda: self.foto() not in (None, other_than), FIN_SECONDS)
        return found is not None

    def refusals(self) -> int:
        return self._instalacion.log("chat").count(_REFUSED)

    def edit_one(self) -> None:
        """Any change of a text: the vectors are gone through again."""
        self._ediciones += 1
        linea = Linea(self._instalacion.port, self.tienda.token, timeout=30.0)
        query = "SELECT id FROM producto WHERE empresa_id = %s AND sku = 'V-00007'"
        ((id_,),) = self._instalacion.sql(query, self.tienda.empresa_id)
        done = linea.patch(f"/productos/{id_}", {"nombre": f"Pala cambiada {self._ediciones}"})
        linea.close()
        assert done.status == 200, done

    def broke(self, detalle: str) -> None:
        self.rotas.append(Falta("archivo del índice", detalle))

    def faltas(self) -> Iterator[Falta]:
        yield from self.rotas

    def nulo(self) -> str:
        return "" if self._runs else _NO_MODEL


# --- blows ---------------------------------------------------------------------------------------


def kill_embeddings_worker(campo: Campo) -> Golpe:
    """SIGKILL while it embeds: a call of the model is lost, and nothing that was kept."""
    obra: Reindexacion = campo.obra
    pids = campo.instalacion.family("embeddings")
    if not (trabajos := obra.aim(campo.mira)) or not pids:
        return NO_WORK
    campo.instalacion.signal(pids, signal.SIGKILL)
    golpe = campo.mira.look([], en_vuelo=campo.carga.en_vuelo)
    golpe.trabajos = same_turn(trabajos, held_vectores(campo.mira, obra.tienda.empresa_id))
    if golpe.trabajos:
        obra.hit(golpe.trabajos)
    golpe.fin = time.monotonic()
    return golpe


def flip_a_bit(campo: Campo) -> Golpe:
    """One bit of the file that the row names, while the system runs; then the process that
    searches is killed in the middle of its turns, and starts from what it finds."""
    obra: IndiceEnArchivo = campo.obra
    path = obra.foto()
    if path is None:
        return NO_WORK
    refused = obra.refusals()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    golpe = campo.strike("chat", signal.SIGKILL, worker="chat")
    golpe.tomados = campo.mira.still(golpe.tomados)
    golpe.fin = time.monotonic()
    await_true(partial(is_whole, campo.instalacion), FIN_SECONDS)
    _look_after(campo.instalacion, obra, path, refused)
    return golpe


def _look_after(instalacion: Instalacion, obra: IndiceEnArchivo, path: Path, refused: int) -> None:
    for sku, _, texto in POR_SIGNIFICADO:
        if not finds(instalacion, obra, sku, texto):
            obra.broke(f"{texto!r} no encuentra {sku} con el archivo alterado")
    if await_true(lambda: obra.refusals() > refused, 10.0) is None:
        obra.broke("el log no dice que se descartó")
    if path.exists():
        obra.broke(f"{path.name} sigue en su lugar")
    obra.edit_one()
    if not obra.await_foto(other_than=path):
        obra.broke("tras indexar de nuevo no hay otro archivo")
