"""The room of a large catalogue: importing it, and (tests/bench/busqueda.py) finding in it."""

from collections.abc import Iterator
from statistics import median

from core.catalogo.archivos.filas import Fila as Renglon
from core.catalogo.archivos.filas import Lector
from core.catalogo.archivos.tabla import open_tabla
from tests.bench import busqueda, gemelo_catalogo
from tests.bench.almacen import Almacen, open_almacen
from tests.bench.archivo import PRODUCTOS
from tests.bench.fila import Fila, Sala

ROUNDS = 3
_IMPORTAR = f"import of {PRODUCTOS:,} rows, rows/s"
_PICO = "its process at its peak, MB"
_OTRA_VEZ = "the same file again, rows/s"
_EMBEBIDOS = "and texts embedded by it"


def _import(almacen: Almacen) -> Iterator[Fila]:
    """Each round in empresas that are new: the product, its twin, the product again."""
    contenido = almacen.archivo.read_bytes()
    filas = _parsed(almacen, contenido)
    first, bare, again, peaks = [], [], [], []
    for _ in range(ROUNDS):
        empresa_id = almacen.new_empresa()
        done = almacen.aside("importar", str(empresa_id), str(almacen.archivo))
        first.append(PRODUCTOS / done["segundos"])
        twin = gemelo_catalogo.importar(
            almacen.superuser,
            filas,
            contenido,
            empresa_id=almacen.new_empresa(),
            like=(empresa_id, int(done["importacion_id"])),
        )
        bare.append(PRODUCTOS / twin)
        second = almacen.aside("importar", str(empresa_id), str(almacen.archivo))
        again.append(PRODUCTOS / second["segundos"])
        peaks += [done["pico_mb"], second["pico_mb"]]
    yield Fila(_IMPORTAR, median(first), median(bare), _ratio(first, bare), suelo=0.5)
    yield Fila(_PICO, max(peaks), techo=300)
    yield Fila(_OTRA_VEZ, median(again), median(first), _ratio(again, first), suelo=3.0)


def _parsed(almacen: Almacen, contenido: bytes) -> list[Renglon]:
    lector = Lector(open_tabla(contenido, almacen.settings), moneda="COP")
    (tramo,) = lector.tramos(PRODUCTOS)
    assert len(tramo.filas) == PRODUCTOS, tramo.fallas[:3]
    return tramo.filas


def _ratio(a: list[float], b: list[float]) -> float:
    return median(x / y for x, y in zip(a, b, strict=True))


def _embedded_again(almacen: Almacen) -> Iterator[Fila]:
    """A catalogue that has its vectors, and its own file once more."""
    empresa_id = almacen.llena
    kept = almacen.count("embedding")
    almacen.aside("importar", str(empresa_id), str(almacen.archivo))
    asked = almacen.give_vectors(empresa_id)
    yield Fila(_EMBEBIDOS, max(asked, almacen.count("embedding") - kept), techo=0)


SALA = Sala(
    {
        _IMPORTAR: _import,
        _PICO: _import,
        _OTRA_VEZ: _import,
        _EMBEBIDOS: _embedded_again,
        **busqueda.FILAS,
    },
    open_almacen,
)
