"""What can go wrong with a call of the Graph API, as a test arranges it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Falla:
    """What the next call meets. `codigo`: Meta's error code. `corta`: answer nothing and reset;
    `cuelga`: answer nothing; `tarda`: answer after so many seconds. With `acepta` it is carried out
    first, as when only the answer is lost."""

    estado: int = 400
    codigo: int | None = None
    cuerpo: bytes | None = None
    corta: bool = False
    cuelga: bool = False
    tarda: float = 0.0
    acepta: bool = False


def error(codigo: int, estado: int = 400) -> Falla:
    return Falla(estado=estado, codigo=codigo)


LIMITE = error(130429, 429)
LIMITE_DEL_PAR = error(131056, 400)
SIN_VENTANA = error(131047)
NO_ENTREGABLE = error(131026)
TOKEN_VENCIDO = error(190, 401)
ERROR_500 = error(131000, 500)
HTML_502 = Falla(estado=502, cuerpo=b"<html>Bad Gateway</html>")
CUELGA = Falla(cuelga=True)
CORTA = Falla(corta=True)
ACEPTA_Y_CORTA = Falla(acepta=True, corta=True)
ACEPTA_Y_CUELGA = Falla(acepta=True, cuelga=True)
ACEPTA_Y_BALBUCEA = Falla(acepta=True, estado=200, cuerpo=b"{not json")


class Rechazo(Exception):
    """An error answer of the API."""

    def __init__(self, estado: int, codigo: int, mensaje: str) -> None:
        super().__init__(mensaje)
        self.estado, self.codigo, self.mensaje = estado, codigo, mensaje
