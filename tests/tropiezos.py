"""Words and keys that no log may hold, and ways to fail with them in hand."""

import logging
import threading
from collections.abc import Callable
from typing import Any

import httpx
import structlog
from pydantic import TypeAdapter
from sqlalchemy import text

from core.db import Database
from core.errors import Unavailable

TEXTO = "quiero-canario martillos de mi abuelo"
CLAVE = "contraseña-canario-55!"
BOT = "8123456789:AAHcanario_tokenDelBot-xxxxxxxxxx"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcmlvIjoxfQ.c0canario-firma"
API = "sk-canario0123456789abcdef"
TODOS = (TEXTO, "martillos de mi abuelo", CLAVE, "contraseña-canario", BOT, JWT, API, "canario")

Falla = Callable[[Database], object]


class Fila:
    """As a model's or a request's repr would be."""

    def __repr__(self) -> str:
        return f"<Fila {TEXTO}>"


def _value(_: Database) -> object:
    return int(TEXTO)


def _key(_: Database) -> object:
    vacio: dict[str, int] = {}
    try:
        return vacio[TEXTO]
    except KeyError as e:
        raise LookupError(f"sin {TEXTO}") from e


def _free_words(_: Database) -> object:
    raise RuntimeError(f"no entiendo {TEXTO!r} con {BOT}")


def _validation(_: Database) -> object:
    return TypeAdapter(int).validate_python(TEXTO)


def _constraint(db: Database) -> object:
    """PostgreSQL's DETAIL of a CHECK holds the whole row, and SQLAlchemy would add parameters."""
    with db.empresa(1) as session:
        values = {"e": 1, "t": TEXTO}
        session.execute(text("INSERT INTO empresa (id, nombre) VALUES (:e, :t)"), values)
        return session.execute(
            text(
                "INSERT INTO producto (empresa_id, clave, nombre, precio, moneda) "
                "VALUES (:e, :t, :t, -1, 'COP')"
            ),
            values,
        )


def _bad_value(db: Database) -> object:
    with db.empresa(1) as session:
        return session.execute(text("SELECT CAST(:t AS integer)"), {"t": TEXTO})


def _provider(_: Database) -> object:
    url = f"https://api.telegram.org/bot{BOT}/sendMessage?chat_id=canario"
    try:
        raise httpx.ConnectError(f"cannot reach {url}")
    except httpx.ConnectError as e:
        raise Unavailable("Telegram no contestó.") from e


def _careless_line(_: Database) -> object:
    structlog.get_logger("descuidado").error(
        "aviso de %s",
        f"postgresql://dueño:{CLAVE}@host/base",
        texto=TEXTO,
        cabeceras={"Authorization": f"Bearer {JWT}", "X": f"Bearer {JWT}"},
        datos={"respuesta": {"mensaje": TEXTO}, "lista": [{"token": JWT}]},
        fila=Fila(),
        error=ValueError(TEXTO),
        clave_api=API,
    )
    return None


def _library_line(_: Database) -> object:
    library: Any = logging.getLogger("biblioteca")
    library.error("failed: %s", ValueError(TEXTO))
    library.error("failed: %(e)s", {"e": KeyError(TEXTO)})
    library.error("redis://:%s@localhost:6379/0 password=%s", CLAVE, CLAVE)
    library.error("Authorization: Bearer %s y api_key='%s'", JWT, API)
    library.error(ValueError(TEXTO))
    logging.getLogger("httpx").info("POST https://api.telegram.org/bot%s/getMe", BOT)
    return None


def _dying_thread(_: Database) -> object:
    thread = threading.Thread(target=lambda: int(TEXTO))
    thread.start()
    thread.join()
    return None


FALLAS: dict[str, Falla] = {
    "valor": _value,
    "llave": _key,
    "palabras": _free_words,
    "validacion": _validation,
    "restriccion": _constraint,
    "conversion": _bad_value,
    "proveedor": _provider,
    "descuido": _careless_line,
    "biblioteca": _library_line,
    "hilo": _dying_thread,
}
