"""Which productos a file has named so far: the same key twice is a fault, even far apart."""

from collections.abc import Iterable

from core.catalogo import reglas
from core.catalogo.archivos.celdas import plain_cell
from core.catalogo.archivos.registro import Registro
from core.catalogo.reglas import Falla
from core.catalogo.texto import fold_key


class Claves:
    """columnas: where a record keeps its sku and its nombre."""

    def __init__(self, columnas: dict[str, int]) -> None:
        self._sku = columnas.get("sku")
        self._nombre = columnas["nombre"]
        self._vistas: dict[str, int] = {}  # key → its first line, which counts even when it is bad
        self._dudosas: set[str] = set()  # of lines too damaged to be sure of

    def note(self, registros: Iterable[Registro]) -> list[tuple[str | None, Falla | None]]:
        """Remember what these lines name. For each that is not damaged, its key and, when an
        earlier line has it already, that fault."""
        noted: list[tuple[str | None, Falla | None]] = []
        for registro in registros:
            clave = self._key(registro.celdas)
            if registro.falla is None:
                noted.append((clave, self._repeats(clave, registro.fila) if clave else None))
            elif clave:
                self._dudosas.add(clave)
        return noted

    def all(self) -> set[str]:
        """Keys of every line that names a producto, bad lines included: it is left as it is."""
        return self._dudosas.union(self._vistas)

    def loose(self) -> set[str]:
        """Keys of lines too damaged to be sure of, without their quotes."""
        return {loosen(clave) for clave in self._dudosas}

    def _repeats(self, clave: str, fila: int) -> Falla | None:
        first = self._vistas.setdefault(clave, fila)
        if first == fila:
            return None
        columna = "sku" if clave.startswith("s:") else "nombre"
        return Falla(columna, "duplicado", f"Repite el producto de la fila {first}.")

    def _key(self, celdas: list[str]) -> str | None:
        """What the line calls its producto; None when it names none."""
        if self._sku is not None and (sku := reglas.tidy("sku", plain_cell(celdas[self._sku]))):
            return fold_key(sku, "")
        nombre = reglas.tidy("nombre", plain_cell(celdas[self._nombre]))
        return fold_key(None, nombre) if nombre else None


def loosen(clave: str) -> str:
    """A key as it looks when its quotes cannot be trusted."""
    return clave.replace('"', "")
