"""A shop with a customer on its page and an owner at their own phone."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select, text

from core.adapters.cifrado import FernetCifrado
from core.cuentas import create_canal
from core.db import Database
from core.mensajes.entregas import deliver_mensaje
from core.mensajes.equipo.destinatarios import Nuevo, create_destinatario
from core.mensajes.equipo.entregar import Avisado, deliver_avisos
from core.mensajes.historial import hand_back, take_over, write_as_person
from core.mensajes.recibir import Destino, receive_mensaje
from core.models import Aviso, Chat, Destinatario, Mensaje, TipoCanal, Via
from core.settings import Settings
from tests.agente.tienda_real import CHAT, TiendaReal
from tests.fakes import CanalDePapel, CorreoDePapel

SKUS = {"MZ-3", "CM-1"}
_N = count(1)


@dataclass
class Negocio:
    """`tienda` is the customer's side (chat CHAT of the page); the rest is the owner's."""

    tienda: TiendaReal
    canal_id: int
    papel: CanalDePapel = field(default_factory=CanalDePapel)
    correo: CorreoDePapel = field(default_factory=CorreoDePapel)

    @property
    def db(self) -> Database:
        return self.tienda.db

    @property
    def empresa_id(self) -> int:
        return self.tienda.empresa_id

    # --- who is told ---------------------------------------------------------------------------

    def avisa_a(self, via: Via = Via.TELEGRAM, **cambios: Any) -> tuple[int, str | None]:
        nuevo = Nuevo(
            via,
            "Dueña",
            canal_id=None if via is Via.EMAIL else self.canal_id,
            email="duena@tienda.test" if via is Via.EMAIL else None,
        )
        with self.db.empresa(self.empresa_id) as session:
            who, codigo = create_destinatario(
                session, replace(nuevo, **cambios), empresa_id=self.empresa_id, actor="prueba"
            )
            return who.id, codigo

    def enlaza(self, externo: str = "900", **cambios: Any) -> int:
        """An owner whose phone is linked; the greeting is off the list."""
        who, codigo = self.avisa_a(**cambios)
        self.escribe("Hola", externo, inicio=codigo)
        self.entrega()
        self.papel.enviados.clear()
        self.papel.teclas.clear()
        return who

    # --- at a phone ------------------------------------------------------------------------------

    def escribe(self, texto: str, externo: str = "900", **crudo: Any) -> str:
        """One message over the bot, answered at once; the outcome of its turn."""
        return self.escribe_juntos(texto, externo=externo, **crudo)

    def escribe_juntos(self, *textos: str, externo: str = "900", **crudo: Any) -> str:
        """Several messages over the bot, answered in one turn."""
        for texto in textos:
            got = receive_mensaje(
                self.db,
                self.tienda.cola,
                self.tienda.settings,
                empresa_id=self.empresa_id,
                destino=Destino(canal_id=self.canal_id, externo=externo),
                crudo={"texto": texto, **crudo},
                id_externo=f"t{next(_N)}",
            )
        ended = self.tienda.vendedor.answer_chat(empresa_id=self.empresa_id, chat_id=got.chat_pk)
        if ended.error is not None:
            raise ended.error
        return ended.estado

    def pulsa(self, texto: str, externo: str = "900") -> str:
        """The newest button that shows `texto`."""
        for teclas in reversed(self.papel.teclas):
            for tecla in teclas:
                if tecla.texto == texto:
                    return self.escribe(texto, externo, boton=tecla.id)
        raise AssertionError(f"nobody offered {texto}")

    # --- the postman -----------------------------------------------------------------------------

    def entrega(self) -> list[str]:
        """Everything that waits leaves; what the owner's phone got by now."""
        with self.db.empresa(self.empresa_id) as session:
            for id_ in session.scalars(select(Destinatario.id).order_by(Destinatario.id)).all():
                self.avisos_de(id_)
        quick = self.tienda.settings.model_copy(
            update={"envio_pausa_chat": 0.0, "envio_por_segundo": 1000.0}
        )
        with self.db.empresa(self.empresa_id) as session:
            waiting = session.scalars(
                select(Mensaje.id).where(Mensaje.entrega == "pendiente").order_by(Mensaje.id)
            ).all()
        for id_ in waiting:
            deliver_mensaje(
                self.db,
                self.tienda.cola,
                quick,
                self.papel.abrir,
                empresa_id=self.empresa_id,
                mensaje_id=id_,
            )
        return [texto for externo, texto in self.papel.enviados if externo == "900"]

    def avisos_de(self, destinatario_id: int, **cambios: Any) -> Avisado:
        return deliver_avisos(
            self.db,
            self.tienda.cola,
            self.tienda.settings.model_copy(update=cambios),
            self.correo,
            empresa_id=self.empresa_id,
            destinatario_id=destinatario_id,
        )

    # --- what there is ---------------------------------------------------------------------------

    @property
    def avisos(self) -> list[Aviso]:
        with self.db.empresa(self.empresa_id) as session:
            found = session.scalars(select(Aviso).order_by(Aviso.id)).all()
            session.expunge_all()
            return list(found)

    def chat_de(self, externo: str) -> Chat:
        with self.db.empresa(self.empresa_id) as session:
            found = session.scalars(select(Chat).where(Chat.externo == externo)).one()
            session.expunge(found)
            return found

    def historial(self, chat_id: str = CHAT) -> list[tuple[str, str]]:
        with self.db.empresa(self.empresa_id) as session:
            rows = session.execute(
                select(Mensaje.remitente, Mensaje.texto)
                .join(Chat, Chat.id == Mensaje.chat_id)
                .where(Chat.chat_id == chat_id)
                .order_by(Mensaje.orden)
            )
            return [(row.remitente, row.texto) for row in rows]

    def toma(self, chat_id: str = CHAT, actor: str = "usuario:1") -> None:
        with self.db.empresa(self.empresa_id) as session:
            take_over(session, empresa_id=self.empresa_id, chat_id=chat_id, actor=actor)

    def toma_y_contesta(self, texto: str) -> None:
        self.tienda.dice("hola")
        self.toma()
        self.responde(texto)

    def abre_chats(self, *nombres: str) -> None:
        """Customers of the page, each with a chat of that name where they said hello."""
        for nombre in nombres:
            got = receive_mensaje(
                self.db,
                self.tienda.cola,
                self.tienda.settings,
                empresa_id=self.empresa_id,
                destino=Destino(chat_id=nombre),
                texto="hola",
            )
            self.tienda.vendedor.answer_chat(empresa_id=self.empresa_id, chat_id=got.chat_pk)

    def dicho(self, chat_id: str) -> list[str]:
        """What a person of the shop said in that chat."""
        return [texto for quien, texto in self.historial(chat_id) if quien == "agente"]

    def devuelve(self, chat_id: str = CHAT) -> None:
        with self.db.empresa(self.empresa_id) as session:
            hand_back(session, empresa_id=self.empresa_id, chat_id=chat_id, actor="usuario:1")

    def responde(self, texto: str, chat_id: str = CHAT) -> None:
        with self.db.empresa(self.empresa_id) as session:
            write_as_person(
                session,
                empresa_id=self.empresa_id,
                chat_id=chat_id,
                texto=texto,
                usuario_id=None,
            )

    def pasa(self, minutos: int) -> None:
        """Time goes by for everything that waits on a clock in a row."""
        with self.db.empresa(self.empresa_id) as session:
            for table, column in (("chat", "devolver_en"), ("aviso", "desde")):
                session.execute(
                    text(f"UPDATE {table} SET {column} = {column} - make_interval(mins => :m)"),
                    {"m": minutos},
                )


@pytest.fixture
def abre(db: Database, settings: Settings) -> Callable[..., Negocio]:
    def call(**ajustes: Any) -> Negocio:
        tienda = TiendaReal.open(db, settings, skus=SKUS, **ajustes)
        with db.empresa(tienda.empresa_id) as session:
            canal = create_canal(
                session,
                FernetCifrado(settings.secret("secrets_key")),
                empresa_id=tienda.empresa_id,
                tipo=TipoCanal.TELEGRAM,
                nombre="Bot",
                credenciales={"token": "1:abc", "secreto": "secreto-0123456789abc"},
                actor="prueba",
            )
            canal.estado = "activo"
            session.flush()
            negocio = Negocio(tienda, canal.id)
        tienda.vendedor = replace(tienda.vendedor, canales=negocio.papel.abrir)
        return negocio

    return call


@pytest.fixture
def negocio(abre: Callable[..., Negocio]) -> Negocio:
    return abre()
