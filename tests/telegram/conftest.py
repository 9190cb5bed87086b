"""A shop with a Telegram bot, a customer who writes to it, and replies on their way out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import func, select, text

from core.adapters.cifrado import FernetCifrado
from core.cuentas import create_canal, create_empresa
from core.db import Database
from core.mensajes.entregas import Entregado, deliver_mensaje
from core.models import Canal, Chat, Entrega, Mensaje, TipoCanal
from core.ports import AbrirCanal
from core.settings import Settings
from tests.fakes import ColaEnMemoria
from tests.telegram.emulador import Emulador

TOKEN = "123456:canario-del-token-de-prueba-AAAA"
SECRETO = "secreto-de-prueba-0123456789"


@dataclass
class Bot:
    """An empresa's telegram canal row."""

    db: Database
    empresa_id: int
    canal_id: int
    clave: str
    _chats: dict[str, int] = field(default_factory=dict)

    def chat(self, externo: str = "42") -> int:
        if externo not in self._chats:
            with self.db.empresa(self.empresa_id) as session:
                chat = Chat(
                    empresa_id=self.empresa_id,
                    canal_id=self.canal_id,
                    chat_id=f"{self.canal_id}-{externo}",
                    externo=externo,
                )
                session.add(chat)
                session.flush()
                self._chats[externo] = chat.id
        return self._chats[externo]

    def reply(self, texto: str, externo: str = "42", botones: Sequence[str] = ()) -> int:
        """A reply as the recording transaction leaves it: pendiente, due now."""
        chat_id = self.chat(externo)
        with self.db.empresa(self.empresa_id) as session:
            chat = session.scalars(select(Chat).where(Chat.id == chat_id).with_for_update()).one()
            chat.ultimo_orden += 1
            mensaje = Mensaje(
                empresa_id=self.empresa_id,
                canal_id=self.canal_id,
                chat_id=chat_id,
                orden=chat.ultimo_orden,
                remitente="bot",
                texto=texto,
                botones=[{"texto": b, "valor": b, "despues": b} for b in botones] or None,
                entrega=Entrega.PENDIENTE.value,
                entrega_desde=func.now(),
            )
            session.add(mensaje)
            session.flush()
            return mensaje.id

    def row(self, mensaje_id: int) -> Mensaje:
        with self.db.empresa(self.empresa_id) as session:
            found = session.scalars(select(Mensaje).where(Mensaje.id == mensaje_id)).one()
            session.expunge(found)
            return found

    def canal(self) -> Canal:
        with self.db.empresa(self.empresa_id) as session:
            found = session.scalars(select(Canal).where(Canal.id == self.canal_id)).one()
            session.expunge(found)
            return found

    def mensajes(self) -> list[Mensaje]:
        with self.db.empresa(self.empresa_id) as session:
            found = session.scalars(select(Mensaje).order_by(Mensaje.id)).all()
            session.expunge_all()
            return list(found)

    def age(self, seconds: float) -> None:
        """Let time pass for everything that waits on a clock in a row."""
        past = {"s": seconds}
        with self.db.empresa(self.empresa_id) as session:
            session.execute(
                text(
                    "UPDATE mensaje SET entrega_desde = entrega_desde - make_interval(secs => :s)"
                ),
                past,
            )
            session.execute(
                text("UPDATE canal SET proximo_envio = proximo_envio - make_interval(secs => :s)"),
                past,
            )


@pytest.fixture
def ajustes(settings: Settings) -> Settings:
    """No burst window; a bot that may speak a thousand times a second, in any chat at once."""
    return settings.model_copy(
        update={
            "ventana_rafaga_ms": 0,
            "envio_por_segundo": 1000.0,
            "envio_pausa_chat": 0.0,
            "envio_segundos": 2.0,
        }
    )


@pytest.fixture
def cola() -> ColaEnMemoria:
    return ColaEnMemoria()


@pytest.fixture
def empresa_id(db: Database) -> int:
    return create_empresa(db, nombre="Ferretería Prueba").empresa_id


@pytest.fixture
def make_bot(db: Database, settings: Settings, empresa_id: int) -> Callable[..., Bot]:
    def make(token: str = TOKEN, *, estado: str = "activo") -> Bot:
        with db.empresa(empresa_id) as session:
            canal = create_canal(
                session,
                FernetCifrado(settings.secret("secrets_key")),
                empresa_id=empresa_id,
                tipo=TipoCanal.TELEGRAM,
                nombre="Bot",
                credenciales={"token": token, "secreto": SECRETO},
                actor="prueba",
            )
            canal.estado = estado
            session.flush()
            return Bot(db, empresa_id, canal.id, canal.clave)

    return make


@pytest.fixture
def bot(make_bot: Callable[..., Bot]) -> Bot:
    return make_bot()


@pytest.fixture
def deliver(
    db: Database, cola: ColaEnMemoria, ajustes: Settings, empresa_id: int
) -> Callable[..., Entregado]:
    def call(canales: AbrirCanal, mensaje_id: int, **cambios: Any) -> Entregado:
        return deliver_mensaje(
            db,
            cola,
            ajustes.model_copy(update=cambios),
            canales,
            empresa_id=empresa_id,
            mensaje_id=mensaje_id,
        )

    return call


@pytest.fixture
def emulador() -> Iterator[Emulador]:
    """The Bot API with our bot in it; a call that Telegram would call malformed fails the test."""
    with Emulador() as emulador:
        emulador.add_bot(TOKEN)
        yield emulador
    assert emulador.violaciones == []


@pytest.fixture(scope="session", autouse=True)
def _close_clients() -> Iterator[None]:
    yield
    from core.adapters.telegram_api import PUERTAS

    PUERTAS.close()
