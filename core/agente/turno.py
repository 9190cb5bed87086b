"""The orchestra of one turn: take the chat, read, think, record, ring the postman.

No transaction is open while anything thinks. Everything here may run twice: the lease's token
lets only the latest taker record, and what a turn sells is named by its offer.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from core.agente.bajas import baja_en_silencio
from core.agente.comprension import Encargo
from core.agente.encargar import find_encargos
from core.agente.escribiendo import escribiendo
from core.agente.escuchar import Oido, avisos
from core.agente.horas import ilegible
from core.agente.leer import leer
from core.agente.motor import Motor
from core.agente.registrar import record_turno
from core.agente.textos import textos_de
from core.agente.vendedor import respond
from core.catalogo.busqueda.buscar import Buscador
from core.cuentas import Propios
from core.db import DATABASE_DOWN, Database
from core.errors import LeaseLost, PrecioMovido, StockInsuficiente, Unavailable
from core.mensajes.cierre import Registrado, quarantine, record_silence
from core.mensajes.equipo.telefono import attend_equipo
from core.mensajes.turnos import (
    TurnoSuperado,
    TurnoTomado,
    release_chat,
    take_chat,
)
from core.ports import (
    AbrirCanal,
    Cola,
    Documentos,
    Fuentes,
    Resultado,
    SinDocumentos,
    Tarea,
)
from core.settings import Settings

# Stock or price moved between the look and the sale: look again, this often at most.
_LOOKS = 3
# After a turn that failed on its own, and after one whose neighbours were down, in seconds.
_RETRY_SECONDS = 1.0
_OUTAGE_SECONDS = 2.0

# Kinds that are words, or that nobody expects an answer to ("otro": a service notice).
_READ = frozenset({"texto", "edicion", "pedido", "otro"})
# What a provider does not hand on may be another program's, which would answer for ever: not twice.
_NOT_TWICE = "desconocido"


@dataclass(frozen=True)
class Desenlace:
    """How a turn ended: respondido, silencio, reiniciado, perdido, cuarentena, fallido, nada."""

    estado: str
    segundos: float = 0.0
    resultado: Resultado | None = None
    registrado: Registrado | None = None
    error: BaseException | None = None


def sin_modelo(turno: TurnoTomado) -> Motor | None:
    return None


def _sin_documentos(empresa_id: int) -> Documentos:
    return SinDocumentos()


@dataclass(frozen=True)
class Vendedor:
    """What a turn needs of its process. `worker` names the lease's holder; `motor` builds who
    reads and words a turn, None for the offline seller; `documentos` opens an empresa's own.
    Without `oido` nobody attends to photos and recordings."""

    db: Database
    cola: Cola
    settings: Settings
    canales: AbrirCanal
    buscador: Buscador
    worker: str
    motor: Callable[[TurnoTomado], Motor | None] = sin_modelo
    documentos: Callable[[int], Documentos] = _sin_documentos
    propios: Propios = field(default_factory=Propios)
    oido: Oido | None = None

    def answer_chat(self, *, empresa_id: int, chat_id: int, solo: bool = False) -> Desenlace:
        """Answer everything that waits in a chat, once.

        Safe to repeat: a chat that is leased, not due or empty is left alone ("nada"). Raises
        nothing that time may cure: barrido brings the chat back.
        """
        start = time.monotonic()
        try:
            turno = take_chat(
                self.db,
                self.settings,
                empresa_id=empresa_id,
                chat_id=chat_id,
                worker=self.worker,
                solo=solo,
            )
        except DATABASE_DOWN as e:
            return Desenlace("fallido", error=e)
        if turno is None:
            return Desenlace("nada")
        with escribiendo(self.canales, turno):
            ended = self._conduct(turno)
        return replace(ended, segundos=time.monotonic() - start)

    def _conduct(self, turno: TurnoTomado) -> Desenlace:
        try:
            ended = self._turn(turno)
        except TurnoSuperado:
            self._let_go(turno, reinicio=True)
            return Desenlace("reiniciado")
        except LeaseLost:
            # Fenced: a newer taker or a person has the chat. What waits is theirs to answer.
            return Desenlace("perdido")
        except (Unavailable, *DATABASE_DOWN) as e:
            self._let_go(turno, espera=_OUTAGE_SECONDS, forgive=True)
            return Desenlace("fallido", error=e)
        except Exception as e:  # a poison may raise anything, and must harm only its own chat
            self._let_go(turno, espera=_RETRY_SECONDS, solo=True)
            return Desenlace("fallido", error=e)
        recorded = ended.registrado
        if recorded is not None:
            self._ring_next(turno, recorded)
        return ended

    def _turn(self, turno: TurnoTomado) -> Desenlace:
        turno = self._with_own_words(turno)
        if turno.agotado:
            sorry = quarantine(self.db, turno, ilegible(turno.visto))
            return Desenlace("cuarentena", registrado=sorry)
        turno = _with_edits(leer(self.db, self.canales, turno))
        own = attend_equipo(self.db, turno)
        if own is not None:
            return Desenlace("silencio", registrado=own)
        if self.oido is not None:
            turno = self.oido.attend(turno, self.buscador.de(turno.empresa_id))
        textos = [m.palabras for m in turno.mensajes if m.palabras.strip()]
        unread = _unread(turno)
        encargos = find_encargos(self.db, turno)
        if not turno.ia_activa or not (textos or unread or encargos):
            baja = baja_en_silencio(textos)
            return Desenlace("silencio", registrado=record_silence(self.db, turno, baja=baja))
        for look in range(_LOOKS):
            resultado = _introduce(turno, self._think(turno, textos, encargos, unread=unread))
            try:
                recorded = record_turno(self.db, turno, resultado)
            except (StockInsuficiente, PrecioMovido):
                if look == _LOOKS - 1:
                    raise
                continue
            return Desenlace("respondido", resultado=resultado, registrado=recorded)
        raise AssertionError("unreachable")

    def _with_own_words(self, turno: TurnoTomado) -> TurnoTomado:
        tienda = turno.visto.tienda
        if not tienda.prompts:
            return turno
        own = self.propios.of(self.db, empresa_id=turno.empresa_id, versiones=tienda.prompts)
        return replace(turno, visto=replace(turno.visto, tienda=replace(tienda, propios=own)))

    def _think(
        self,
        turno: TurnoTomado,
        textos: list[str],
        encargos: Sequence[Encargo],
        *,
        unread: list[str],
    ) -> Resultado:
        """What the seller says to the words; what it could not read (`unread`), it says so."""
        wording = textos_de(turno.visto.tienda)
        notes = "\n\n".join(str(wording[clave]) for clave in unread)
        if not textos and not encargos:
            return Resultado(notes, turno.visto.memoria, turno.visto.estado_venta, regla=unread[0])
        fuentes = Fuentes(
            catalogo=self.buscador.de(turno.empresa_id),
            documentos=self.documentos(turno.empresa_id),
        )
        resultado = respond(fuentes, turno.visto, textos, self.motor(turno), encargos=encargos)
        if unread:
            resultado = replace(resultado, respuesta=f"{resultado.respuesta}\n\n{notes}")
        return resultado

    def _let_go(self, turno: TurnoTomado, **how: float | bool) -> None:
        try:
            due = release_chat(self.db, turno, **how)  # type: ignore[arg-type]
        except DATABASE_DOWN:
            return  # the lease ends by itself, and barrido finds the chat
        if due is not None:
            self._ring(turno, due, solo=turno.solo or bool(how.get("solo")))

    def _ring_next(self, turno: TurnoTomado, recorded: Registrado) -> None:
        if recorded.por_enviar and recorded.respuesta_id is not None:
            self.cola.ring(
                Tarea.DELIVER_MENSAJE,
                empresa_id=turno.empresa_id,
                mensaje_id=recorded.respuesta_id,
            )
        for tarea, ids in recorded.timbres:
            self.cola.ring(tarea, **ids)
        if recorded.pendientes:
            self._ring(turno, max(0.0, recorded.espera), solo=turno.solo)

    def _ring(self, turno: TurnoTomado, after: float, *, solo: bool) -> None:
        tarea = Tarea.ANSWER_CHAT_SOLO if solo else Tarea.ANSWER_CHAT
        self.cola.ring(tarea, after=after, empresa_id=turno.empresa_id, chat_id=turno.chat_id)


def _with_edits(turno: TurnoTomado) -> TurnoTomado:
    """An edited message stands where it stood: its yes may have been to an older offer, so it is no
    yes to this one."""
    if all(m.tipo != "edicion" for m in turno.mensajes):
        return turno
    return replace(turno, visto=replace(turno.visto, leida=False))


def _unread(turno: TurnoTomado) -> list[str]:
    said = str(textos_de(turno.visto.tienda)["solo_texto"]) in (turno.visto.ultima_respuesta or "")
    read = _READ | {_NOT_TWICE} if said else _READ
    return avisos(turno, lambda m: m.tipo not in read)


def _introduce(turno: TurnoTomado, resultado: Resultado) -> Resultado:
    """Remember the name that the provider gives of a person who has not given another."""
    nombre = next((m.nombre for m in turno.mensajes if m.nombre), None)
    if nombre is None or "nombre" in turno.visto.cliente or "nombre" in resultado.cliente:
        return resultado
    return replace(resultado, cliente={**resultado.cliente, "nombre": nombre})
