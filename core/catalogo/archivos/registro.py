"""What every reader of files yields, and how it says that a file is none of ours."""

from typing import NamedTuple

from core.catalogo.reglas import Falla
from core.errors import Invalid


class ArchivoInvalido(Invalid):
    """The file as a whole is refused. `codigo` says why; nothing of it was applied."""

    def __init__(self, codigo: str, detalle: str) -> None:
        super().__init__(detalle)
        self.codigo = codigo


class Registro(NamedTuple):
    """One record as it stands in the file. fila: the physical line where it begins, from 1;
    falla: why it could not be read whole; its cells are then a guess."""

    fila: int
    celdas: list[str]
    falla: Falla | None = None

    @property
    def blank(self) -> bool:
        text = "".join(self.celdas)
        return (not text or text.isspace()) and self.falla is None
