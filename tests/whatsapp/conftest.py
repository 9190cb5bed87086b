"""A shop with a WhatsApp number, a customer who writes to it, and replies on their way out."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from core.adapters.cifrado import FernetCifrado
from core.agente.turno import Vendedor
from core.cuentas import create_canal, create_empresa
from core.db import Database
from core.mensajes.canales import check_canal
from core.mensajes.entregas import Entregado, deliver_mensaje
from core.models import TipoCanal
from core.ports import Tarea
from core.settings import Settings
from core.wiring import Servicios
from tests.fakes import ColaEnMemoria
from tests.telegram.conftest import Bot
from tests.whatsapp.avisos import NUMERO, TELEFONO
from tests.whatsapp.emulador import Emulador, join, sign

TOKEN = "EAAcanario-del-token"
SECRETO = "canario-del-app-secret"
VERIFICAR = "canario-del-verify-token"
CREDENCIALES = {
    "access_token": TOKEN,
    "app_secret": SECRETO,
    "verify_token": VERIFICAR,
    "phone_number_id": NUMERO,
}

Post = Callable[..., Any]
Sql = Callable[..., list[Any]]
Deliver = Callable[..., Entregado]


@pytest.fixture
def ajustes(settings: Settings, emulador: Emulador) -> Settings:
    """No burst window; a number that may speak a thousand times a second, in any chat at once."""
    return settings.model_copy(
        update={
            "ventana_rafaga_ms": 0,
            "whatsapp_por_segundo": 1000.0,
            "whatsapp_pausa_chat": 0.0,
            "envio_segundos": 2.0,
            "whatsapp_api_url": emulador.url,
        }
    )


@pytest.fixture
def empresa_id(db: Database) -> int:
    return create_empresa(db, nombre="Ferretería Prueba").empresa_id


@pytest.fixture
def make_canal(db: Database, settings: Settings, empresa_id: int) -> Callable[..., Bot]:
    def make(
        numero: str = NUMERO,
        *,
        estado: str = "activo",
        ajustes: dict[str, Any] | None = None,
        de: int | None = None,
        **credenciales: str,
    ) -> Bot:
        with db.empresa(de or empresa_id) as session:
            canal = create_canal(
                session,
                FernetCifrado(settings.secret("secrets_key")),
                empresa_id=de or empresa_id,
                tipo=TipoCanal.WHATSAPP,
                nombre="WhatsApp",
                credenciales=CREDENCIALES | {"phone_number_id": numero} | credenciales,
                ajustes=ajustes,
                actor="prueba",
            )
            canal.estado = estado
            session.flush()
            return Bot(db, de or empresa_id, canal.id, canal.clave)

    return make


@pytest.fixture
def canal(make_canal: Callable[..., Bot]) -> Bot:
    return make_canal()


@pytest.fixture
def emulador() -> Iterator[Emulador]:
    """The Graph API with our number in it; a call that Meta would call malformed fails the test."""
    with Emulador() as emulador:
        emulador.add_numero(NUMERO, token=TOKEN, app_secret=SECRETO)
        yield emulador
    assert emulador.violaciones == []


@pytest.fixture
def servicios(app: Flask, ajustes: Settings) -> Iterator[Servicios]:
    """The web's own, for as long as the test: what it stores, the workers here answer."""
    s: Servicios = app.extensions["servicios"]
    before, s.settings = s.settings, ajustes
    yield s
    s.settings = before


@pytest.fixture
def cola(servicios: Servicios) -> ColaEnMemoria:
    assert isinstance(servicios.cola, ColaEnMemoria)
    return servicios.cola


@pytest.fixture
def post(client: FlaskClient, servicios: Servicios, canal: Bot) -> Post:
    """One signed POST with all of the webhooks in it."""

    def call(
        *avisos: Any, clave: str = "", secreto: str = SECRETO, firma: str | None = None
    ) -> Any:
        raw = avisos[0] if isinstance(avisos[0], bytes) else json.dumps(join(*avisos)).encode()
        headers = {"X-Hub-Signature-256": sign(secreto, raw) if firma is None else firma}
        path = f"/webhooks/whatsapp/{clave or canal.clave}"
        return client.post(path, data=raw, headers=headers, content_type="application/json")

    return call


@pytest.fixture
def work(servicios: Servicios, cola: ColaEnMemoria) -> Callable[[], None]:
    """What the workers do with the bells that have been rung."""
    s = servicios
    vendedor = Vendedor(
        db=s.db,
        cola=cola,
        settings=s.settings,
        canales=s.canales,
        buscador=s.buscador,
        worker="prueba",
    )

    def run() -> None:
        while cola.timbres:
            tarea, ids = cola.timbres.pop(0)
            if tarea is Tarea.ANSWER_CHAT:
                vendedor.answer_chat(**ids)
            elif tarea is Tarea.DELIVER_MENSAJE:
                deliver_mensaje(s.db, cola, s.settings, s.canales, **ids)
            elif tarea is Tarea.CHECK_CANAL:
                check_canal(s.db, s.settings, s.canales, **ids)

    return run


@pytest.fixture
def sql(db: Database, canal: Bot) -> Callable[..., list[Any]]:
    """Rows of the shop."""

    def run(statement: str, **values: Any) -> list[Any]:
        with db.empresa(canal.empresa_id) as session:
            done = session.execute(text(statement), values)
            return [tuple(r) for r in done] if done.returns_rows else []  # type: ignore[attr-defined]

    return run


@pytest.fixture
def deliver(servicios: Servicios, canal: Bot, cola: ColaEnMemoria) -> Deliver:
    def call(mensaje_id: int, **cambios: Any) -> Entregado:
        s = servicios
        settings = s.settings.model_copy(update=cambios)
        key = {"empresa_id": canal.empresa_id, "mensaje_id": mensaje_id}
        return deliver_mensaje(s.db, cola, settings, s.canales, **key)

    return call


@pytest.fixture
def wrote(canal: Bot, sql: Sql) -> Callable[..., None]:
    """The customer wrote so many hours ago, and is not waiting for an answer."""

    def call(horas: float = 0.0, externo: str = TELEFONO) -> None:
        canal.chat(externo)
        sql(
            "UPDATE chat SET escrito_en = now() - make_interval(secs => :s) WHERE externo = :x",
            s=horas * 3600,
            x=externo,
        )

    return call


def entrega(canal: Bot, mensaje_id: int) -> tuple[str, str | None]:
    row = canal.row(mensaje_id)
    return row.entrega, row.error


@pytest.fixture(scope="session", autouse=True)
def _close_clients() -> Iterator[None]:
    yield
    from core.adapters.whatsapp_api import PUERTAS

    PUERTAS.close()
