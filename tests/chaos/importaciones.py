"""An import that is killed, or taken over, again and again, beside one that nobody disturbs: both
must end the same.
"""

import hashlib
import random
import signal
import time
from collections.abc import Iterator
from typing import Any

import psycopg

from core.catalogo.importaciones.importar import import_step
from core.wiring import build_database
from tests.chaos import archivos
from tests.chaos.fallas import NO_WORK, Campo
from tests.chaos.instalacion import Instalacion
from tests.chaos.mira import Golpe, Mira, Trabajo, await_true
from tests.chaos.obras import Archivada, await_estado, held_importacion, same_turn, send_archivo
from tests.chaos.tiendas import Tienda, open_tiendas
from tests.chaos.verificador import Falta
from tests.fakes import ColaEnMemoria

_AIM_SECONDS = 60.0
_BETWEEN_SECONDS = 0.5  # a few of what a chunk takes
_WAKE_SECONDS = 10.0  # by then a zombie has tried to write, or its watchdog has ended it
_APLICADA = ("indexando", "completada")
_ALL_APPLIED = ("indexando", "completada", "fallida")
_LOST = '"estado": "perdido"'

# What both must agree in, by what both know: never by ids.
_MISMO = {
    "catálogo": "SELECT clave, sku, nombre, descripcion, categoria, marca, unidad, precio, moneda,"
    " stock, activo FROM producto WHERE empresa_id = %(e)s ORDER BY clave",
    "libro": "SELECT p.clave, m.motivo, m.cantidad, m.importacion_id = %(i)s AS suya, count(*)"
    " FROM movimiento m JOIN producto p ON (p.empresa_id, p.id) = (m.empresa_id, m.producto_id)"
    " WHERE m.empresa_id = %(e)s GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
    "errores": "SELECT fila, n, columna, codigo, mensaje FROM importacion_fila"
    " WHERE empresa_id = %(e)s AND importacion_id = %(i)s ORDER BY fila, n",
    "cuentas": "SELECT filas_total, filas_procesadas, creados, actualizados, sin_cambios,"
    " desactivados, con_error FROM importacion WHERE empresa_id = %(e)s AND id = %(i)s",
}
_UNBALANCED = """SELECT p.sku, p.stock, coalesce(sum(m.cantidad), 0) FROM producto p
    LEFT JOIN movimiento m ON (m.empresa_id, m.producto_id) = (p.empresa_id, p.id)
    WHERE p.empresa_id = %s GROUP BY p.sku, p.stock HAVING p.stock <> coalesce(sum(m.cantidad), 0)
    ORDER BY 1"""
_ESTADO = "SELECT estado FROM importacion WHERE empresa_id = %s AND id = %s"
_OVER = """SELECT lease_hasta < clock_timestamp() FROM importacion
    WHERE empresa_id = %s AND id = %s"""
# Every chunk holds it from its beginning to its commit.
_LOCK = "SELECT FROM empresa WHERE id = %s FOR NO KEY UPDATE NOWAIT"


class ImportacionEnObra:
    """Two shops with the same catalogue and the same next file; one of them is left in peace.

    `veces`: how many blows are to be spread over the file.
    """

    def __init__(self, instalacion: Instalacion, *, veces: int) -> None:
        self._instalacion, self._veces = instalacion, veces
        self._rng = random.Random(20)
        self._lineas = archivos.after().count(b"\n")
        self._at = 0  # the line that the last blow found it at
        self.perdidos = instalacion.log("catalogo").count(_LOST)

    def prepare(self) -> None:
        hit, whole = open_tiendas(self._instalacion, 2)
        for tienda in (hit, whole):
            self._apply(tienda, archivos.before())
        self._entera = self._apply(whole, archivos.after())
        self._hit = hit

    def _apply(self, tienda: Tienda, contenido: bytes) -> Archivada:
        sent = send_archivo(self._instalacion, tienda, contenido)
        assert await_estado(self._instalacion, sent, *_APLICADA), sent
        return sent

    def begin(self) -> None:
        self.herida = send_archivo(self._instalacion, self._hit, archivos.after())

    def aim(self, mira: Mira) -> list[Trabajo]:
        """The importacion in its worker's hands, at a line that nobody could foresee and beyond
        the last one; none when it has ended before."""
        share = (self._lineas - self._at) / (self._veces + 1)
        target = self._at + 1 + int(self._rng.uniform(0.1, 1.0) * share)
        deadline = time.monotonic() + _AIM_SECONDS
        while time.monotonic() < deadline:
            found = held_importacion(mira, self.herida)
            if found and found[0].lugar >= target:
                # Not at the moment that the line was recorded: anywhere between two of them.
                time.sleep(self._rng.uniform(0.0, _BETWEEN_SECONDS))
                found = same_turn(found, held_importacion(mira, self.herida))
                if found:
                    return found
            elif not found and self._has_ended(mira):
                break
            time.sleep(0.01)
        return []

    def _has_ended(self, mira: Mira) -> bool:
        return mira.rows(_ESTADO, *self.herida.key)[0][0] in _ALL_APPLIED

    def hit(self, trabajos: list[Trabajo]) -> None:
        self._veces, self._at = self._veces - 1, trabajos[0].lugar

    def take_over(self) -> None:
        """Another worker, once the lease is over: to the end of the file."""
        settings = self._instalacion.settings()  # in one chunk: a zombie's watchdog does not wait
        db, (empresa_id, id_) = build_database(settings, max_connections=2), self.herida.key
        ids = {"empresa_id": empresa_id, "importacion_id": id_, "worker": "relevo@caos"}
        try:
            while import_step(db, ColaEnMemoria(), settings, **ids).estado == "sigue":
                continue
        finally:
            db.close()

    def late(self) -> int:
        """Steps of the worker that woke up too late and were refused."""
        return self._instalacion.log("catalogo").count(_LOST) - self.perdidos

    # --- verdict ---------------------------------------------------------------------------------

    def faltas(self) -> Iterator[Falta]:
        if not await_estado(self._instalacion, self.herida, *_ALL_APPLIED):
            yield Falta("importación terminada", f"la {self.herida.id} no terminó")
        for name, query in _MISMO.items():
            yield from self._differs(name, query)
        for archivada in (self.herida, self._entera):
            for sku, stock, moved in self._instalacion.sql(_UNBALANCED, archivada.key[0]):
                yield Falta("stock = Σ movimientos", f"{sku} tiene {stock} y su libro suma {moved}")

    def _differs(self, name: str, query: str) -> Iterator[Falta]:
        hit, whole = (self._rows(query, a) for a in (self.herida, self._entera))
        if _checksum(hit) != _checksum(whole):
            odd = [*(set(hit) - set(whole)), *(set(whole) - set(hit))][:2]
            yield Falta(
                "importación = la entera", f"{name}: {len(hit)} y {len(whole)} filas; {odd}"
            )

    def _rows(self, query: str, archivada: Archivada) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._instalacion.superuser) as connection:
            e, i = archivada.key
            return connection.execute(query, {"e": e, "i": i}).fetchall()

    def nulo(self) -> str:
        counts = self._rows(_MISMO["cuentas"], self._entera)[0]
        return "" if all(counts) else f"el archivo no tenía de todo: {counts}"


class RelevoEnObra(ImportacionEnObra):
    """The same, for a worker that sleeps while another one does its work: late in the file, where
    only the fence stands between it and the rows."""

    def __init__(self, instalacion: Instalacion, *, veces: int) -> None:
        super().__init__(instalacion, veces=veces)
        self._at = self._lineas * 7 // 10

    def nulo(self) -> str:
        return super().nulo() or ("" if self.late() else "ningún paso llegó tarde a la valla")


def _checksum(rows: list[tuple[Any, ...]]) -> str:
    return hashlib.sha256(repr(rows).encode()).hexdigest()


# --- blows ---------------------------------------------------------------------------------------


def kill_catalogo_worker(campo: Campo) -> Golpe:
    """SIGKILL with a part of the file applied; the lease that is still held is a dead worker's."""
    obra: ImportacionEnObra = campo.obra
    pids = campo.instalacion.family("catalogo")
    if not (trabajos := obra.aim(campo.mira)) or not pids:
        return NO_WORK
    campo.instalacion.signal(pids, signal.SIGKILL)
    golpe = campo.mira.look([], en_vuelo=campo.carga.en_vuelo)
    golpe.trabajos = same_turn(trabajos, held_importacion(campo.mira, obra.herida))
    if golpe.trabajos:
        obra.hit(golpe.trabajos)
    golpe.fin = time.monotonic()
    return golpe


def freeze_catalogo_worker(campo: Campo) -> Golpe:
    """SIGSTOP between two transactions, until another worker has done all the rest; then the
    zombie wakes up, with rows in its hands that are no longer its own."""
    obra: ImportacionEnObra = campo.obra
    pids = campo.instalacion.family("catalogo")
    golpe = campo.mira.look([], en_vuelo=campo.carga.en_vuelo)
    try:
        golpe.trabajos = _stop_between(campo, obra, pids)
        if not golpe.trabajos:
            return NO_WORK
        await_true(lambda: _is_over(campo.mira, obra.herida), _AIM_SECONDS, every=0.1)
        obra.take_over()
    finally:
        campo.instalacion.signal(pids, signal.SIGCONT)
    await_true(lambda: obra.late() > 0, _WAKE_SECONDS)
    golpe.fin = time.monotonic()
    return golpe


def _stop_between(campo: Campo, obra: ImportacionEnObra, pids: list[int]) -> list[Trabajo]:
    """Stopped with its lease and without a transaction that others would wait for."""
    trabajos = obra.aim(campo.mira)
    for _ in range(200 if trabajos else 0):
        campo.instalacion.signal(pids, signal.SIGSTOP)
        if _is_free(campo.mira, obra.herida):
            return same_turn(trabajos, held_importacion(campo.mira, obra.herida))
        campo.instalacion.signal(pids, signal.SIGCONT)
        time.sleep(0.03)
    return []


def _is_free(mira: Mira, archivada: Archivada) -> bool:
    try:
        mira.rows(_LOCK, archivada.key[0])
    except psycopg.errors.LockNotAvailable:
        return False
    return True


def _is_over(mira: Mira, archivada: Archivada) -> bool:
    return bool(mira.rows(_OVER, *archivada.key)[0][0])
