"""The shop's people at their own phone: their chat is no customer's, and what they write there is
an order to us or goes to the customer that they answer.

All of a turn is one transaction with its end (core.mensajes.cierre): it happens once. Customers'
chats are locked before their own, as everywhere.
"""

import hashlib
import re
from dataclasses import asdict
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from core.db import Database
from core.errors import ClienteDeBaja
from core.mensajes.botones import QUE_HAY
from core.mensajes.cierre import Registrado, finish_turno
from core.mensajes.equipo.avisos import Timbres, boton, botones_del_chat
from core.mensajes.equipo.entregar import SAY
from core.mensajes.equipo.palabras import di, nombre_de
from core.mensajes.historial import hand_back, take_over, write_as_person
from core.mensajes.turnos import MensajePendiente, TurnoTomado
from core.models import Chat, Cliente, Destinatario, Mensaje
from core.ports import Boton, Resultado, Tarea

_CODIGO = re.compile(r"(?:/start\s+)?(equipo-[A-Za-z0-9_-]{22})")
# The name of a chat may have spaces.
_ORDEN = re.compile(r"/(tomar|devolver|chats|ayuda|start)(?:@\w+)?(?:\s+(.+))?", re.I | re.S)
# Meant for us and misspelt: nobody says this to a customer.
_CASI_ORDEN = re.compile(r"/\w")
_ESPERAN_MAX = 5


def attend_equipo(db: Database, turno: TurnoTomado) -> Registrado | None:
    """Do what a person of the shop asks for in their own chat, or link it; None when the turn is a
    customer's. Raises LeaseLost and TurnoSuperado as `finish_turno`; then nothing was done.
    """
    if turno.externo is None:
        return None
    if turno.equipo is None and not any(_code(m) for m in turno.mensajes):
        return None
    with db.empresa(turno.empresa_id) as session:
        phone = _Telefono(session, turno)
        for m in turno.mensajes:
            phone.hear(m)
        return phone.finish()


def hash_codigo(codigo: str) -> str:
    return hashlib.sha256(codigo.encode()).hexdigest()


def _code(m: MensajePendiente) -> str | None:
    found = _CODIGO.fullmatch((m.inicio or m.palabras).strip())
    return found[1] if found else None


_LINK = text(
    """
    UPDATE destinatario d SET externo = :externo, estado = 'activo', enlazado_en = now(),
        codigo_hash = NULL, codigo_hasta = NULL
    FROM (SELECT id, externo FROM destinatario WHERE empresa_id = :empresa_id
            AND canal_id = :canal_id AND codigo_hash = :hash AND codigo_hasta > now()
          FOR UPDATE) antes
    WHERE d.empresa_id = :empresa_id AND d.id = antes.id AND NOT EXISTS (
        SELECT FROM destinatario o WHERE o.empresa_id = :empresa_id AND o.canal_id = :canal_id
          AND o.externo = :externo AND o.id <> d.id)
    RETURNING d.id, antes.externo AS antes
    """
)
# Nobody has the chat of one of us.
_MARK = text(
    "UPDATE chat SET equipo = (externo = :externo), ia_activa = true, espera_humano = false, "
    "tomado_por = NULL, tomado_en = NULL, devolver_en = NULL WHERE empresa_id = :empresa_id "
    "AND canal_id = :canal_id AND externo IN (:externo, :antes)"
)


class _Telefono:
    """One turn of one person; says what it did in `finish`."""

    def __init__(self, session: Session, turno: TurnoTomado) -> None:
        self._session = session
        self._turno = turno
        self._who = self._read_who(turno.equipo)
        self._said: list[str] = []
        self._botones: tuple[Boton, ...] = ()
        self._timbres: Timbres = ()
        self._sobre: int | None = None

    def hear(self, m: MensajePendiente) -> None:
        code = _code(m)
        if code is not None:
            self._link(code)
        elif self._who is None:
            return  # before a code that linked nothing
        elif order := _ORDEN.fullmatch(m.palabras.strip()):
            self._obey(order[1].lower(), order[2])
        elif m.inicio is not None or m.leido == QUE_HAY or _CASI_ORDEN.match(m.palabras.strip()):
            self._say("ayuda")  # also to a button that nobody remembers
        elif m.tipo == "edicion":
            # To whom it was said first nobody knows here; whom they write to may be another by now.
            self._say("editado")
        elif not m.texto.strip():
            self._say("solo_texto")
        else:
            self._write(m)
            if m.medio is not None:
                self._say("solo_texto")

    def finish(self) -> Registrado:
        turno = self._turno
        said = "\n\n".join(dict.fromkeys(self._said)) or None
        memoria, estado = turno.visto.memoria, turno.visto.estado_venta
        done = finish_turno(
            self._session,
            turno,
            respuesta=said,
            pensado=Resultado(said or "", memoria, estado, botones=self._botones),
            timbres=self._timbres,
        )
        if self._sobre is not None and done.respuesta_id is not None:
            self._about(done.respuesta_id)
        return done

    # --- what they ask for -----------------------------------------------------------------------

    def _link(self, codigo: str) -> None:
        turno = self._turno
        at = {
            "empresa_id": turno.empresa_id,
            "canal_id": turno.cuenta.id,
            "externo": turno.externo,
        }
        linked = self._session.execute(_LINK, {**at, "hash": hash_codigo(codigo)}).one_or_none()
        if linked is None:
            self._say("ya_enlazado" if self._who is not None else "codigo_vencido")
            return
        self._session.execute(_MARK, {**at, "antes": linked.antes})
        self._who = self._read_who(linked.id)
        assert self._who is not None
        tienda = turno.visto.tienda.nombre
        self._say("enlazado", nombre=self._who.nombre, tienda=tienda, ayuda=di("ayuda"))

    def _obey(self, orden: str, publico: str | None) -> None:
        if orden == "chats":
            self._list_waiting()
        elif orden in ("tomar", "devolver"):
            chat = self._named(publico) if publico else self._current()
            if chat is None:
                self._say("no_existe" if publico or orden == "tomar" else "nada_tomado")
            elif orden == "tomar":
                self._take(chat)
                self._say("tomado", nombre=self._nombre(chat))
                self._botones = (boton("boton_devolver", f"/devolver {chat.chat_id}"),)
            else:
                self._sobre = chat.id
                hand_back(self._session, chat_id=chat.chat_id, **self._as_me)
                self._say("devuelto_por_ti", nombre=self._nombre(chat))
        else:
            self._say("ayuda")

    def _write(self, m: MensajePendiente) -> None:
        """To the customer of the message that they quote; where they quote none, of the chat they
        took last. What quotes we know not what was for one customer, so nobody else gets it."""
        assert self._who is not None
        quotes = m.responde_a is not None
        chat = self._quoted(m.responde_a) if quotes else self._current()
        if chat is None:
            self._say("cita_perdida" if quotes else "nada_tomado")
            return
        if chat.ia_activa or chat.tomado_por != self._as_me["actor"]:
            self._take(chat)
        self._sobre = chat.id
        try:
            _, mensaje_id, push = write_as_person(
                self._session,
                empresa_id=self._turno.empresa_id,
                chat_id=chat.chat_id,
                texto=m.texto.strip(),
                usuario_id=self._who.usuario_id,
            )
        except ClienteDeBaja:
            self._say("de_baja", nombre=self._nombre(chat))
            return
        self._about(m.id)
        if push:
            self._ring(Tarea.DELIVER_MENSAJE, mensaje_id=mensaje_id)

    def _list_waiting(self) -> None:
        """Each who waits as a message of its own, to be answered or taken."""
        turno = self._turno
        waiting = self._session.scalars(
            select(Chat)
            .where(
                Chat.empresa_id == turno.empresa_id,
                Chat.espera_humano,
                Chat.ia_activa,
                ~Chat.equipo,
            )
            .order_by(Chat.actualizado_en, Chat.id)
        ).all()
        for chat in waiting[:_ESPERAN_MAX]:
            nombre = self._nombre(chat)
            said = "\n".join(x for x in (di("humano", nombre=nombre), chat.resumen) if x)
            mensaje_id = self._session.execute(
                SAY,
                {
                    "empresa_id": turno.empresa_id,
                    "canal_id": turno.cuenta.id,
                    "externo": turno.externo,
                    "texto": said,
                    "botones": [asdict(b) for b in botones_del_chat(chat.chat_id)],
                    "sobre_chat_id": chat.id,
                },
            ).scalar_one()
            self._ring(Tarea.DELIVER_MENSAJE, mensaje_id=mensaje_id)
        if waiting:
            self._say("esperan", n=len(waiting))
        else:
            self._say("nadie_espera")

    # --- what there is ---------------------------------------------------------------------------

    @property
    def _as_me(self) -> dict[str, Any]:
        assert self._who is not None
        return {"empresa_id": self._turno.empresa_id, "actor": f"destinatario:{self._who.id}"}

    def _take(self, chat: Chat) -> None:
        self._sobre = chat.id
        taken = take_over(self._session, chat_id=chat.chat_id, **self._as_me)
        # The last one taken is written to, whoever had it before, also within one transaction.
        taken.tomado_en = self._session.scalar(select(func.clock_timestamp()))
        self._session.flush()
        if taken.pendientes:
            self._ring(Tarea.ANSWER_CHAT, chat_id=taken.id)

    def _read_who(self, destinatario_id: int | None) -> Destinatario | None:
        if destinatario_id is None:
            return None
        key = (self._turno.empresa_id, destinatario_id)
        return self._session.get(Destinatario, key, populate_existing=True)

    def _find(self, *where: Any) -> Chat | None:
        return self._session.scalar(
            select(Chat)
            .where(Chat.empresa_id == self._turno.empresa_id, ~Chat.equipo, *where)
            .order_by(Chat.tomado_en.desc().nulls_last(), Chat.id.desc())
            .limit(1)
            .execution_options(populate_existing=True)
        )

    def _named(self, publico: str) -> Chat | None:
        return self._find(Chat.chat_id == publico)

    def _current(self) -> Chat | None:
        return self._find(Chat.tomado_por == self._as_me["actor"], ~Chat.ia_activa)

    def _quoted(self, id_proveedor: str | None) -> Chat | None:
        if id_proveedor is None:
            return None
        # The last one: another bot in the same canal counts its messages from the beginning again.
        about = (
            select(Mensaje.sobre_chat_id)
            .where(
                Mensaje.empresa_id == self._turno.empresa_id,
                Mensaje.chat_id == self._turno.chat_id,
                Mensaje.id_proveedor == id_proveedor,
            )
            .order_by(Mensaje.orden.desc())
            .limit(1)
        )
        return self._find(Chat.id == about.scalar_subquery())

    def _nombre(self, chat: Chat) -> str:
        key = (self._turno.empresa_id, chat.cliente_id)
        cliente = self._session.get(Cliente, key) if chat.cliente_id is not None else None
        return nombre_de({"nombre": cliente.nombre if cliente else None})

    def _about(self, mensaje_id: int) -> None:
        """This message speaks of that customer, and is erased with them."""
        mensaje = self._session.get_one(Mensaje, (self._turno.empresa_id, mensaje_id))
        mensaje.sobre_chat_id = self._sobre
        self._session.flush()

    def _say(self, clave: str, **datos: object) -> None:
        self._said.append(di(clave, **datos))

    def _ring(self, tarea: Tarea, **ids: int) -> None:
        self._timbres += ((tarea, {"empresa_id": self._turno.empresa_id, **ids}),)
