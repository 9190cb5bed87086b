"""All that a file says, for tests: read at once and by two lines, which must be the same."""

from dataclasses import dataclass
from decimal import Decimal

from core.catalogo.archivos.claves import Nombrados
from core.catalogo.archivos.filas import Fila, Lector
from core.catalogo.archivos.libro import is_libro, to_csv
from core.catalogo.archivos.registro import ArchivoInvalido
from core.catalogo.archivos.tabla import Tabla, open_tabla
from core.catalogo.reglas import Falla
from core.settings import Settings

LIMITES = Settings(_env_file=None)  # type: ignore[call-arg]


@dataclass(frozen=True)
class Lectura:
    filas: list[Fila]
    fallas: list[tuple[int, Falla]]
    nombrados: Nombrados
    total: int


def read(contenido: str | bytes, limites: Settings = LIMITES) -> Lectura:
    raw = contenido.encode() if isinstance(contenido, str) else contenido
    if is_libro(raw):
        raw = to_csv(raw, limites, tick=lambda: None)
    tabla = open_tabla(raw, limites)
    lectura = _read_pieces(tabla, 10**6)
    if lectura.total < 100:
        assert _read_pieces(tabla, 2) == lectura, "however many lines are read at once"
    return lectura


def _read_pieces(tabla: Tabla, registros: int) -> Lectura:
    lector = Lector(tabla, moneda="COP")
    tramos = list(lector.tramos(registros))
    return Lectura(
        [fila for tramo in tramos for fila in tramo.filas],
        [falla for tramo in tramos for falla in tramo.fallas],
        lector.claves.named(),
        tabla.total,
    )


def rows(lectura: Lectura) -> list[tuple[str | None, str, Decimal, Decimal]]:
    return [(f.sku, f.nombre, f.precio, f.stock) for f in lectura.filas]


def fallas(lectura: Lectura) -> list[tuple[int, str | None, str]]:
    return [(fila, f.columna, f.codigo) for fila, f in lectura.fallas]


def refusal(contenido: str | bytes, limites: Settings = LIMITES) -> str | None:
    """Why the file is refused whole; None when it is not."""
    try:
        read(contenido, limites)
    except ArchivoInvalido as e:
        return e.codigo
    return None


def assert_adds_up(raw: bytes, limites: Settings = LIMITES) -> None:
    """Refused whole, or every line is either applied or told to be wrong."""
    try:
        lectura = read(raw, limites)
    except ArchivoInvalido:
        return
    bad = {fila for fila, _ in lectura.fallas}
    good = [f.fila for f in lectura.filas]
    assert len(good) + len(bad) == lectura.total
    assert not bad.intersection(good)
    assert good == sorted(set(good))
    assert len({f.clave for f in lectura.filas}) == len(good)
    assert all(_fits(f) for f in lectura.filas)


def _fits(fila: Fila) -> bool:
    """PostgreSQL would take it."""
    texts = [v for v in fila if isinstance(v, str)]
    return (
        all("\0" not in t and t.encode() is not None for t in texts)
        and fila.nombre.strip() != ""
        and 0 <= fila.precio < 10**10
        and 0 <= fila.stock < 10**8
    )
