"""Which productos a file has named so far: the same key twice is a fault, even far apart."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.catalogo import reglas
from core.catalogo.archivos.celdas import plain_cell
from core.catalogo.archivos.registro import Registro
from core.catalogo.reglas import Falla
from core.catalogo.texto import fold, fold_key


@dataclass(frozen=True, slots=True)
class Nombrados:
    """What a file names, bad lines included: all of it is left as it is.

    claves: keys as the lines tell them; sueltas: those of lines too damaged to be sure of, without
    their quotes; nombres: keys of the nombre where a sku cannot be believed; separador: folded.
    """

    claves: frozenset[str]
    sueltas: frozenset[str]
    nombres: frozenset[str]
    separador: str

    def cover(self, clave: str, nombre: str | None) -> bool:
        """Whether a producto with this key is among them. Its nombre is asked for only while there
        are `nombres`."""
        if clave in self.claves or self._damaged(clave):
            return True
        if not self.nombres or nombre is None:
            return False
        said = fold_key(None, nombre)
        return said in self.nombres or self._damaged(said)

    def _damaged(self, clave: str) -> bool:
        """Of an unquoted cell with a separator in it, only what comes before that was read."""
        if not self.sueltas:
            return False
        loose = _loosen(clave)
        if loose in self.sueltas:
            return True
        kind, said = loose[:2], loose[2:]
        if not self.separador or self.separador not in said:
            return False
        return kind + said.partition(self.separador)[0].rstrip() in self.sueltas


class Claves:
    """columnas: where a record keeps its sku and its nombre; separador: what is between cells."""

    def __init__(self, columnas: dict[str, int], separador: str) -> None:
        self._sku = columnas.get("sku")
        self._nombre = columnas["nombre"]
        self._separador = fold(separador)
        self._vistas: dict[str, int] = {}  # key → its first line, which counts even when it is bad
        self._dudosas: set[str] = set()  # of lines too damaged to be sure of
        self._nombres: set[str] = set()  # of lines whose sku cannot be believed

    def note(self, registros: Iterable[Registro]) -> list[tuple[str | None, Falla | None]]:
        """Remember what these lines name. For each that is not damaged, its key and, when an
        earlier line has it already, that fault."""
        noted: list[tuple[str | None, Falla | None]] = []
        for registro in registros:
            sku = self._read("sku", self._sku, registro)
            clave = fold_key(sku, "") if sku else self._by_nombre(registro)
            if sku and self._is_doubtful(sku, registro) and (said := self._by_nombre(registro)):
                self._nombres.add(said)
                if registro.falla is not None:
                    self._dudosas.add(said)
            if registro.falla is None:
                noted.append((clave, self._repeats(clave, registro.fila) if clave else None))
            elif clave:
                self._dudosas.add(clave)
        return noted

    def named(self) -> Nombrados:
        return Nombrados(
            frozenset(self._dudosas.union(self._vistas)),
            frozenset(map(_loosen, self._dudosas)),
            frozenset(self._nombres),
            self._separador,
        )

    def _repeats(self, clave: str, fila: int) -> Falla | None:
        first = self._vistas.setdefault(clave, fila)
        if first == fila:
            return None
        columna = "sku" if clave.startswith("s:") else "nombre"
        return Falla(columna, "duplicado", f"Repite el producto de la fila {first}.")

    def _is_doubtful(self, sku: str, registro: Registro) -> bool:
        """No sku that a producto could have; or, of a damaged line, one that stands after its
        nombre, which may have pushed another cell there."""
        if reglas.check_texto("sku", sku) is not None:
            return True
        return registro.falla is not None and self._sku is not None and self._sku > self._nombre

    def _by_nombre(self, registro: Registro) -> str | None:
        nombre = self._read("nombre", self._nombre, registro)
        return fold_key(None, nombre) if nombre else None

    @staticmethod
    def _read(columna: str, at: int | None, registro: Registro) -> str:
        """What the line says there; empty when it says nothing."""
        return "" if at is None else reglas.tidy(columna, plain_cell(registro.celdas[at]))


def _loosen(clave: str) -> str:
    """A key as it looks when its quotes cannot be trusted."""
    return clave.replace('"', "")
