"""What can go wrong with a call of the Bot API, as a test arranges it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Falla:
    """What the next call meets. `corta`: answer nothing and reset; `cuelga`: answer nothing.
    With `acepta` it is carried out first, as when only the answer is lost. `gotea`: of a file, one
    byte each so many seconds; `trunca`: of a file, half of it and a reset."""

    estado: int = 0
    retry_after: int | None = None
    cuerpo: bytes | None = None
    corta: bool = False
    cuelga: bool = False
    acepta: bool = False
    gotea: float = 0.0
    trunca: bool = False


def espera(segundos: int) -> Falla:
    return Falla(estado=429, retry_after=segundos)


NO_ESTA = Falla(estado=404)
GOTEA = Falla(gotea=0.05)
TRUNCA = Falla(trunca=True)
ERROR_500 = Falla(estado=500)
HTML_502 = Falla(estado=502, cuerpo=b"<html>Bad Gateway</html>")
BLOQUEADO = Falla(estado=403)
CUELGA = Falla(cuelga=True)
CORTA = Falla(corta=True)
ACEPTA_Y_CORTA = Falla(acepta=True, corta=True)
ACEPTA_Y_CUELGA = Falla(acepta=True, cuelga=True)
ACEPTA_Y_BALBUCEA = Falla(acepta=True, estado=200, cuerpo=b"{not json")


class Rechazo(Exception):
    """An error answer of the API."""

    def __init__(self, estado: int, descripcion: str, retry_after: int | None = None) -> None:
        super().__init__(descripcion)
        self.estado, self.descripcion, self.retry_after = estado, descripcion, retry_after
