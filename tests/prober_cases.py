"""One line per rule and method of the web: who may call it and with what. New routes add theirs.

    Caso("GET", "/ventas/<int:id>", (Rol.OBSERVADOR,), id=VENTA)

Path values are keywords; a `Planta` stands for something planted in the shop under test, in the
path, the query or anywhere in `cuerpo`. tests/test_prober.py does the rest: the right tokens
succeed, too low ones get 403, none 401, and another shop's get what a random id gets.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from flask import Flask
from sqlalchemy import select

from core import cuentas
from core.models import Canal, Empresa, Rol
from tests.acceso import CLAVE, Tienda
from tests.plantas import (
    CANARIO,
    SECRETO,
    last_chat,
    last_turno,
    plant_archivo,
    plant_bot,
    plant_canal,
    plant_chat,
    plant_destinatario,
    plant_documento,
    plant_importacion,
    plant_producto,
    plant_telefono,
    plant_turno,
    plant_venta,
    plant_vista,
    plant_whatsapp,
    take_chat,
)

_N = count(1)


@dataclass(frozen=True)
class Planta:
    """`planta` puts something new into the shop and returns its id; `azar` was never given."""

    planta: Callable[[Tienda], Any]
    azar: Any


@dataclass(frozen=True, init=False)
class Caso:
    """`roles` as in @requires; empty for a public route. `espera`: the status of a right call.
    `ajeno`: what another shop's id gets, byte for byte like a random one, and a random one on a
    public route (None: the call names nothing, so it succeeds and only must not leak)."""

    metodo: str
    regla: str
    roles: tuple[Rol, ...]
    ruta: dict[str, Any]
    cuerpo: Any
    consulta: dict[str, Any]
    cabeceras: dict[str, Any]
    formulario: dict[str, Any] | None
    espera: int
    ajeno: int | None
    prepara: Callable[[Flask], object] | None
    # The route is meant to reach into every shop: only its refusals are probed.
    alcanza_todo: bool

    def __init__(
        self,
        metodo: str,
        regla: str,
        roles: tuple[Rol, ...] = (),
        *,
        cuerpo: Any = None,
        consulta: dict[str, Any] | None = None,
        cabeceras: dict[str, Any] | None = None,
        formulario: dict[str, Any] | None = None,
        espera: int = 200,
        ajeno: int | None = 404,
        prepara: Callable[[Flask], object] | None = None,
        alcanza_todo: bool = False,
        **ruta: Any,
    ) -> None:
        values = dict(locals())
        for name in self.__dataclass_fields__:
            object.__setattr__(self, name, values[name])
        object.__setattr__(self, "consulta", consulta or {})
        object.__setattr__(self, "cabeceras", cabeceras or {})

    @property
    def publica(self) -> bool:
        return not self.roles

    @property
    def names_something(self) -> bool:
        return self.ajeno is not None and has_planta(
            (self.ruta, self.cuerpo, self.consulta, self.cabeceras, self.formulario)
        )

    def __str__(self) -> str:
        return f"{self.metodo} {self.regla}"


def has_planta(tree: Any) -> bool:
    if isinstance(tree, dict):
        return any(has_planta(v) for v in tree.values())
    if isinstance(tree, list | tuple):
        return any(has_planta(v) for v in tree)
    return isinstance(tree, Planta)


def _nombre(tienda: Tienda) -> str:
    with tienda.db.empresa(tienda.empresa_id) as session:
        return session.get_one(Empresa, tienda.empresa_id).nombre


def _clave_web(tienda: Tienda) -> str:
    with tienda.db.empresa(tienda.empresa_id) as session:
        return session.scalars(select(Canal.clave).where(Canal.por_defecto)).one()


def _email(tienda: Tienda) -> str:
    email = f"nuevo{next(_N)}@prober.test"
    cuentas.create_usuario(
        tienda.db,
        tienda.app.extensions["servicios"].claves,
        empresa_id=tienda.empresa_id,
        persona=cuentas.Persona(email=email, password=CLAVE, rol=Rol.OBSERVADOR),
        actor="consola",
    )
    return email


def _refresh_token(tienda: Tienda) -> str:
    return tienda.tokens(Rol.OBSERVADOR)["refresh_token"]


def _open_demo(app: Flask) -> None:
    s = app.extensions["servicios"]
    admin = cuentas.Persona(email=s.settings.admin_email, password=CLAVE)
    cuentas.create_empresa(s.db, nombre="Demo", admin=admin, claves=s.claves)


NADIE = 999_999_999
CHAT = Planta(plant_chat, "chat-que-nunca-fue")
CHAT_CON_TURNO = Planta(plant_turno, "chat-que-nunca-fue")
TURNO = Planta(last_turno, NADIE)  # of the chat named before it
CHAT_TOMADO = Planta(take_chat, "chat-que-nunca-fue")
PRODUCTO = Planta(plant_producto, NADIE)
VENTA = Planta(plant_venta, NADIE)
CANAL = Planta(plant_canal, NADIE)
WHATSAPP = Planta(plant_whatsapp, "clave-que-nunca-fue-01")
BOT = Planta(plant_bot, "clave-que-nunca-fue-00")
IMPORTACION = Planta(plant_importacion, NADIE)
VISTA = Planta(plant_vista, NADIE)
ARCHIVO = Planta(plant_archivo, NADIE)
CHAT_DEL_ARCHIVO = Planta(last_chat, "chat-que-nunca-fue")
DOCUMENTO = Planta(plant_documento, NADIE)
AVISADO = Planta(plant_destinatario, NADIE)
TELEFONO = Planta(plant_telefono, NADIE)
NOMBRE = Planta(_nombre, "Empresa que nunca fue")
CLAVE_WEB = Planta(_clave_web, "clave-que-nunca-fue-00")
EMAIL = Planta(_email, "nadie@prober.test")
EMAIL_NUEVO = Planta(lambda _: f"registro{next(_N)}@prober.test", "azar@prober.test")
NUEVO = Planta(lambda _: f"Producto {next(_N)}", "Producto de azar")
REFRESH = Planta(_refresh_token, "basura")

OBSERVADOR = (Rol.OBSERVADOR,)
VENDEDOR = (Rol.VENDEDOR,)
ADMIN = (Rol.ADMIN,)
SUPERADMIN = (Rol.SUPERADMIN,)
DEL_CHAT = (Rol.OBSERVADOR, Rol.CLIENTE)
ESCRIBE = (Rol.VENDEDOR, Rol.CLIENTE)

_LINEAS = [{"producto_id": PRODUCTO, "cantidad": 1}]
_BOT = {"tipo": "telegram", "nombre": "Bot", "credenciales": {"token": "1:abc"}}
_REGISTRO = {"empresa": "Nueva", "email": EMAIL_NUEVO, "password": CLAVE}
_AVISADO = {"via": "email", "nombre": "Ana", "email": EMAIL_NUEVO}
_HOLA = {"mensaje": "hola"}
_CSV = {"archivo": b"nombre,precio,stock\nMartillo,10,1\n"}
_FOTO = {"archivo": b"\xff\xd8\xff\xe0", "chat_id": CHAT}
_AUDIO = {"archivo": b"#!AMR\n", "chat_id": CHAT}
_PRODUCTO = {"nombre": NUEVO, "precio": "10.00", "stock": 1}
_SINONIMOS = {"grupos": [["poncho", "ruana"]]}
_PALABRAS = {"contenido": 'hola: "¡Buenas!"'}
_TEXTO = {"titulo": "Horario", "texto": "Abrimos de 8 a 6."}
_PROOF = {"X-Telegram-Bot-Api-Secret-Token": SECRETO}
# As Flask's client writes JSON: the signature is of these very bytes.
_AVISO: dict[str, Any] = {"entry": [], "object": "whatsapp_business_account"}
_FIRMA = hmac.new(SECRETO.encode(), json.dumps(_AVISO).encode(), hashlib.sha256).hexdigest()
_SIGNED = {"X-Hub-Signature-256": f"sha256={_FIRMA}"}
_HUB = {"hub.mode": "subscribe", "hub.verify_token": SECRETO, "hub.challenge": "1"}
_UPDATE = {
    "update_id": 7,
    "message": {
        "message_id": 1,
        "date": 1,
        "chat": {"id": 42, "type": "private"},
        "from": {"id": 42, "is_bot": False, "first_name": "Ana"},
        "text": "hola",
    },
}

CASOS = (
    # Session
    Caso("POST", "/auth/registro", cuerpo=_REGISTRO, espera=201, ajeno=None),
    Caso("POST", "/auth/login", cuerpo={"email": EMAIL, "password": CLAVE}, ajeno=401),
    Caso("POST", "/auth/refresh", cuerpo={"refresh_token": REFRESH}, ajeno=401),
    Caso("POST", "/auth/logout", DEL_CHAT, espera=204, ajeno=None),
    Caso("GET", "/auth/yo", OBSERVADOR, ajeno=None),
    # The shop itself
    Caso("GET", "/empresa/", OBSERVADOR, ajeno=None),
    Caso("PATCH", "/empresa/", ADMIN, cuerpo={"ajustes": {"trato": "usted"}}, ajeno=None),
    # Its words
    Caso("GET", "/prompts/", OBSERVADOR, ajeno=None),
    Caso("GET", "/prompts/<nombre>", OBSERVADOR, nombre="respuestas", ajeno=None),
    Caso("GET", "/prompts/<nombre>/versiones", OBSERVADOR, nombre="respuestas", ajeno=None),
    Caso("PUT", "/prompts/<nombre>", ADMIN, nombre="respuestas", cuerpo=_PALABRAS, ajeno=None),
    Caso(
        "POST",
        "/prompts/<nombre>/probar",
        ADMIN,
        nombre="respuestas",
        cuerpo={**_PALABRAS, "chat_id": CHAT},
    ),
    Caso("DELETE", "/prompts/<nombre>", ADMIN, nombre="respuestas", ajeno=None),
    # Chat
    Caso("POST", "/chat/sesion", cuerpo={"canal": CLAVE_WEB}, espera=201),
    Caso("POST", "/chat/texto", ESCRIBE, cuerpo={"chat_id": CHAT, "mensaje": "hola"}, espera=202),
    Caso("POST", "/chat/imagen", ESCRIBE, formulario=_FOTO, espera=202),
    Caso("POST", "/chat/audio", ESCRIBE, formulario=_AUDIO, espera=202),
    # The header is for this test: of which chat the cliente's token must be.
    Caso(
        "GET",
        "/archivos/<int:id>",
        DEL_CHAT,
        id=ARCHIVO,
        cabeceras={"X-Prueba": CHAT_DEL_ARCHIVO},
    ),
    Caso("GET", "/chat/historial/<path:chat_id>", DEL_CHAT, chat_id=CHAT),
    Caso("GET", "/chat/eventos/<path:chat_id>", DEL_CHAT, chat_id=CHAT),
    Caso("GET", "/chats/", OBSERVADOR, ajeno=None),
    Caso("GET", "/chats/<path:chat_id>", OBSERVADOR, chat_id=CHAT),
    Caso("GET", "/chats/<path:chat_id>/turnos", OBSERVADOR, chat_id=CHAT_CON_TURNO),
    Caso(
        "GET",
        "/chats/<path:chat_id>/turnos/<int:turno_id>",
        OBSERVADOR,
        chat_id=CHAT_CON_TURNO,
        turno_id=TURNO,
    ),
    Caso("DELETE", "/chats/<path:chat_id>", ADMIN, chat_id=CHAT),
    Caso("POST", "/chats/<path:chat_id>/tomar", VENDEDOR, chat_id=CHAT),
    Caso("POST", "/chats/<path:chat_id>/devolver", VENDEDOR, chat_id=CHAT),
    Caso(
        "POST",
        "/chats/<path:chat_id>/mensajes",
        VENDEDOR,
        chat_id=CHAT_TOMADO,
        cuerpo=_HOLA,
        espera=201,
    ),
    # Productos
    Caso("GET", "/productos/", OBSERVADOR, ajeno=None),
    Caso("GET", "/productos/", OBSERVADOR, ajeno=None, consulta={"q": CANARIO}),
    Caso("POST", "/productos/", ADMIN, cuerpo=_PRODUCTO, espera=201, ajeno=None),
    Caso("GET", "/productos/demanda", OBSERVADOR, ajeno=None),
    Caso("GET", "/productos/sinonimos", OBSERVADOR, ajeno=None),
    Caso("PUT", "/productos/sinonimos", ADMIN, cuerpo=_SINONIMOS, ajeno=None),
    Caso("GET", "/productos/<int:id>", OBSERVADOR, id=PRODUCTO),
    Caso("PATCH", "/productos/<int:id>", ADMIN, id=PRODUCTO, cuerpo={"stock": 3}),
    Caso("DELETE", "/productos/<int:id>", ADMIN, id=PRODUCTO, espera=204),
    Caso("POST", "/productos/reemplazar_csv", ADMIN, formulario=_CSV, espera=202, ajeno=None),
    Caso("GET", "/productos/exportar", OBSERVADOR, ajeno=None),
    Caso("GET", "/productos/exportar", OBSERVADOR, ajeno=None, consulta={"formato": "xlsx"}),
    Caso("GET", "/importaciones/", OBSERVADOR, ajeno=None),
    Caso("GET", "/importaciones/<int:id>", OBSERVADOR, id=IMPORTACION),
    Caso("GET", "/importaciones/<int:id>/errores.csv", OBSERVADOR, id=IMPORTACION),
    Caso("GET", "/importaciones/<int:id>/eventos", OBSERVADOR, id=IMPORTACION),
    Caso("GET", "/importaciones/<int:id>/cambios", OBSERVADOR, id=IMPORTACION),
    Caso("POST", "/importaciones/<int:id>/aplicar", ADMIN, id=VISTA, espera=202),
    Caso("POST", "/importaciones/<int:id>/deshacer", ADMIN, id=IMPORTACION, espera=202),
    # Documentos
    Caso("GET", "/documentos/", OBSERVADOR, ajeno=None),
    Caso("POST", "/documentos/", ADMIN, cuerpo=_TEXTO, espera=202, ajeno=None),
    Caso("GET", "/documentos/buscar", OBSERVADOR, ajeno=None, consulta={"q": CANARIO}),
    Caso("GET", "/documentos/<int:id>", OBSERVADOR, id=DOCUMENTO),
    Caso("PUT", "/documentos/<int:id>", ADMIN, id=DOCUMENTO, cuerpo=_TEXTO, espera=202),
    Caso("DELETE", "/documentos/<int:id>", ADMIN, id=DOCUMENTO, espera=204),
    # Ventas
    Caso("GET", "/ventas/", OBSERVADOR, ajeno=None, consulta={"chat_id": CHAT}),
    Caso("POST", "/ventas/", VENDEDOR, cuerpo={"lineas": _LINEAS}, espera=201),
    Caso("GET", "/ventas/<int:id>", OBSERVADOR, id=VENTA),
    Caso("POST", "/ventas/<int:id>/cancelar", VENDEDOR, id=VENTA),
    Caso("GET", "/ventas/historial/<path:chat_id>", DEL_CHAT, chat_id=CHAT),
    # Channels
    Caso("GET", "/canales/", ADMIN, ajeno=None),
    Caso("POST", "/canales/", ADMIN, cuerpo=_BOT, espera=201, ajeno=None),
    Caso("GET", "/canales/<int:id>", ADMIN, id=CANAL),
    Caso("PATCH", "/canales/<int:id>", ADMIN, id=CANAL, cuerpo={"nombre": "Otro"}),
    Caso("DELETE", "/canales/<int:id>", ADMIN, id=CANAL, espera=204),
    Caso(
        "POST", "/webhooks/telegram/<clave>", clave=BOT, cuerpo=_UPDATE, cabeceras=_PROOF, ajeno=403
    ),
    # Who of the shop is told
    Caso("GET", "/destinatarios/", ADMIN, ajeno=None),
    Caso("POST", "/destinatarios/", ADMIN, cuerpo=_AVISADO, espera=201, ajeno=None),
    Caso("PATCH", "/destinatarios/<int:id>", ADMIN, id=AVISADO, cuerpo={"ventas": False}),
    Caso("DELETE", "/destinatarios/<int:id>", ADMIN, id=AVISADO, espera=204),
    Caso("POST", "/destinatarios/<int:id>/codigo", ADMIN, id=TELEFONO),
    Caso("POST", "/destinatarios/<int:id>/probar", ADMIN, id=AVISADO, espera=202),
    Caso("GET", "/ir/chat/<path:chat_id>", chat_id="uno-cualquiera", ajeno=None),
    Caso("GET", "/webhooks/whatsapp/<clave>", clave=WHATSAPP, consulta=_HUB, ajeno=403),
    Caso(
        "POST",
        "/webhooks/whatsapp/<clave>",
        clave=WHATSAPP,
        cuerpo=_AVISO,
        cabeceras=_SIGNED,
        ajeno=403,
    ),
    # Administration
    Caso("GET", "/logs/", ADMIN, ajeno=None),
    Caso("GET", "/logs/metrics/uso", OBSERVADOR, ajeno=None),
    Caso("POST", "/logs/admin/reset_empresa", ADMIN, cuerpo={"confirmar": NOMBRE}, ajeno=422),
    Caso(
        "POST",
        "/logs/admin/reset_global",
        SUPERADMIN,
        cuerpo={"confirmar": "RESET"},
        alcanza_todo=True,
    ),
    # For everybody
    Caso("GET", "/", prepara=_open_demo, ajeno=None),
    Caso("GET", "/widget/<clave>", clave=CLAVE_WEB),
    Caso("GET", "/widget/<clave>/boton.js", clave=CLAVE_WEB),
    Caso("GET", "/widget.js", ajeno=None),
    Caso("GET", "/static/<path:filename>", filename="docs.css", ajeno=None),
    Caso("GET", "/docs", ajeno=None),
    Caso("GET", "/openapi.json", ajeno=None),
    Caso("GET", "/salud", ajeno=None),
    Caso("GET", "/metrics", ajeno=None),
)
