"""Photos and recordings inside a turn: fetched, kept, heard and seen before the seller reads.

No transaction is open meanwhile, and all of it ends in time for an answer. Everything may run
twice: what is kept is kept once, and what a model heard or saw is remembered.
"""

import hashlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import update

from core.agente.comprension import Acto, Turno
from core.agente.decidir import contexto_de
from core.agente.entender import entender
from core.agente.estado import Memoria
from core.agente.modelo.cuaderno import huella_de
from core.agente.modelo.indicaciones import indicaciones
from core.agente.modelo.mirar import Visto, para_mirar, question_of, told
from core.agente.modelo.por_turno import cuaderno_de, tarifa_de
from core.agente.modelo.preguntar import Preguntas
from core.archivos.guardar import (
    archivos_of,
    keep_limpio,
    keep_pendiente,
    keep_rechazo,
    read_contenido,
)
from core.archivos.limpiar import Limpio, clean
from core.archivos.traer import ACABADO, LUEGO, codigo_de, fetch_limpio
from core.catalogo.texto import fold
from core.db import Database
from core.mensajes.turnos import MensajePendiente, TurnoTomado
from core.models import Mensaje
from core.ports import (
    AbrirCanal,
    Catalogo,
    LimpiarImagen,
    Medio,
    Metricas,
    Modelo,
    RespuestaModelo,
    Transcriptor,
)
from core.settings import Settings

MEDIOS = frozenset({"imagen", "audio"})
TRANSCRIBIR = "transcribir"
# Of one burst at once: an album is looked at in the time of three photos.
_A_LA_VEZ = 4
# Of the turn, what always stays for understanding, answering and recording.
_RESERVA_SEGUNDOS = 4.0
# Not worth asking for less: no provider answers sooner, and it would count as its failure.
_MINIMO_SEGUNDOS = 1.0
# Cleaning takes less, and what was uploaded is here already.
_LIMPIAR_SEGUNDOS = 5.0

# What is said where it was not understood, and where it is not even here.
_SIN_LEER = {"audio": "audio_sin_oir", "imagen": "foto_sin_ver"}
_PERDIDO = {"audio": "audio_perdido", "imagen": "foto_perdida"}
_SIN_PRODUCTO = "foto_sin_producto"
_APARTE = "foto_aparte"
# What a customer's own words may be for a photo's question to stand beside them.
_PREGUNTA = frozenset({Acto.SALUDO, Acto.CONSULTA_PRODUCTO, Acto.CONSULTA_PRECIO, Acto.OTRO})
_PIDE = frozenset({Acto.PEDIDO, Acto.MODIFICAR})


@dataclass(frozen=True)
class _Fila:
    """The archivo of a mensaje as it was when the turn began."""

    id: int
    estado: str
    mime: str | None
    sha256: bytes | None
    medio: dict[str, Any] | None


@dataclass(frozen=True)
class _Guardado:
    """A clean file; `leer` brings its content where it is needed."""

    mime: str
    sha256: bytes
    leer: Callable[[], bytes]


@dataclass(frozen=True)
class Oido:
    """What attending to photos and recordings needs of its process. `transcriptor`, `vista`: who
    listens and who looks; None for nobody."""

    db: Database
    settings: Settings
    canales: AbrirCanal
    limpiar: LimpiarImagen
    transcriptor: Transcriptor | None = None
    vista: Modelo | None = None
    metricas: Metricas | None = None

    def attend(self, turno: TurnoTomado, catalogo: Catalogo) -> TurnoTomado:
        """The turn with what its recordings say and its photos ask for as words of its mensajes,
        and with what must be said of those that stay unread. While a person has the chat they are
        kept for that person, and nobody is paid to listen."""
        waiting = [m for m in turno.mensajes if m.tipo in MEDIOS]
        if not waiting:
            return turno
        filas = self._filas(turno, waiting)
        s = self.settings
        fin = turno.tomado + min(s.escucha_segundos, s.turno_segundos - _RESERVA_SEGUNDOS)
        heard = {m.id for m in waiting[: s.medios_por_turno]} if turno.ia_activa else set[int]()

        def one(m: MensajePendiente) -> MensajePendiente:
            return _Escucha(self, turno, catalogo, fin).attend(m, filas.get(m.id), m.id in heard)

        with ThreadPoolExecutor(min(_A_LA_VEZ, len(waiting)), "oido") as threads:
            read = {m.id: m for m in threads.map(one, waiting)}
        return ask_what_photos_ask(
            replace(turno, mensajes=tuple(read.get(m.id, m) for m in turno.mensajes))
        )

    def _filas(self, turno: TurnoTomado, waiting: list[MensajePendiente]) -> dict[int, _Fila]:
        with self.db.empresa(turno.empresa_id) as session:
            rows = archivos_of(
                session, empresa_id=turno.empresa_id, mensajes=[m.id for m in waiting]
            )
            return {
                id_: _Fila(row.id, row.estado, row.mime, row.sha256, row.medio)
                for id_, row in rows.items()
            }


@dataclass(frozen=True)
class _Escucha:
    """One turn's attention, until `fin` (time.monotonic())."""

    oido: Oido
    turno: TurnoTomado
    catalogo: Catalogo
    fin: float

    def attend(self, m: MensajePendiente, fila: _Fila | None, escuchar: bool) -> MensajePendiente:
        medio = m.medio or (Medio(**fila.medio) if fila and fila.medio else None)
        if fila is None and medio is None:
            return m  # of a provider whose photos we cannot fetch
        if fila is not None and fila.estado == "rechazado":
            return replace(m, aviso=_PERDIDO[m.tipo])
        try:
            kept = self._keep(m, fila, medio)
        except LUEGO:
            return replace(m, aviso=self._later(m, fila, medio))
        except ACABADO as e:
            keep_rechazo(self.oido.db, codigo_de(e), tipo=m.tipo, **self._key(m))
            return replace(m, aviso=_PERDIDO[m.tipo])
        if not escuchar:
            return replace(m, aviso=_SIN_LEER[m.tipo])
        return self._hear(m, kept) if m.tipo == "audio" else self._look(m, kept)

    # --- keeping -------------------------------------------------------------------------------

    def _keep(self, m: MensajePendiente, fila: _Fila | None, medio: Medio | None) -> _Guardado:
        """Raises one of LUEGO or ACABADO."""
        o = self.oido
        if fila is not None and fila.estado == "listo":
            own = {"empresa_id": self.turno.empresa_id, "archivo_id": fila.id}
            return _Guardado(
                fila.mime or "", fila.sha256 or b"", lambda: read_contenido(o.db, **own)
            )
        if fila is not None and fila.estado == "recibido":
            came = read_contenido(o.db, empresa_id=self.turno.empresa_id, archivo_id=fila.id)
            limpio = clean(came, m.tipo, o.limpiar, segundos=max(self._left(), _LIMPIAR_SEGUNDOS))
        else:
            assert medio is not None
            canal = o.canales(self.turno.cuenta)
            limpio = fetch_limpio(canal, medio, o.limpiar, o.settings, fin=self.fin)
        keep_limpio(o.db, limpio, tipo=m.tipo, **self._key(m))
        return _kept(limpio)

    def _later(self, m: MensajePendiente, fila: _Fila | None, medio: Medio | None) -> str:
        """It may still come: barrido has it fetched, for the person of the shop."""
        if fila is not None and fila.estado == "recibido":
            return _SIN_LEER[m.tipo]
        assert medio is not None
        keep_pendiente(self.oido.db, medio, **self._key(m))
        return _PERDIDO[m.tipo]

    # --- listening and looking -----------------------------------------------------------------

    def _hear(self, m: MensajePendiente, kept: _Guardado) -> MensajePendiente:
        transcriptor = self.oido.transcriptor
        if transcriptor is None:
            return replace(m, aviso=_SIN_LEER[m.tipo])
        asked = f"{transcriptor.nombre}:{kept.sha256.hex()}".encode()

        def listen(segundos: float) -> RespuestaModelo:
            return transcriptor.transcribe(kept.leer(), mime=kept.mime, segundos=segundos)

        answer = self._ask(m, TRANSCRIBIR, hashlib.sha256(asked).hexdigest(), listen)
        words = _spoken(answer, self.oido.settings.mensaje_max_caracteres)
        if not words:
            return replace(m, aviso=_SIN_LEER[m.tipo])
        self._note(m, words)
        return replace(m, leido=f"{m.palabras}\n{words}" if m.palabras.strip() else words)

    def _look(self, m: MensajePendiente, kept: _Guardado) -> MensajePendiente:
        vista = self.oido.vista
        if vista is None:
            return replace(m, aviso=_SIN_LEER[m.tipo])
        peticion = para_mirar(kept.leer())

        def look(segundos: float) -> RespuestaModelo:
            return vista.ask(peticion, segundos=segundos)

        answer = self._ask(m, peticion.paso, huella_de(vista.nombre, peticion), look)
        if answer is None or answer.datos is None:
            return replace(m, aviso=_SIN_LEER[m.tipo])
        visto = Visto.model_validate(answer.datos)
        self._note(m, told(visto))
        question = question_of(visto, self.catalogo)
        if question is not None:
            return replace(m, pregunta=question)
        # Their own words say what they want: they are answered.
        return m if m.texto.strip() else replace(m, aviso=_SIN_PRODUCTO)

    def _ask(
        self,
        m: MensajePendiente,
        paso: str,
        huella: str,
        ask: Callable[[float], RespuestaModelo],
    ) -> RespuestaModelo | None:
        """The answer, remembered or new; None where the customer must write it."""
        o = self.oido
        cuaderno = cuaderno_de(o.db, o.settings, self.turno, mensaje_id=m.id)
        got = Preguntas(cuaderno, tarifa_de(o.settings), o.metricas).ask(
            paso, huella, ask, segundos=self._left, minimo=_MINIMO_SEGUNDOS
        )
        return None if got is None else got.respuesta

    def _note(self, m: MensajePendiente, transcripcion: str) -> None:
        with self.oido.db.empresa(self.turno.empresa_id) as session:
            session.execute(
                update(Mensaje)
                .where(Mensaje.empresa_id == self.turno.empresa_id, Mensaje.id == m.id)
                .values(transcripcion=transcripcion)
            )

    def _left(self) -> float:
        return self.fin - time.monotonic()

    def _key(self, m: MensajePendiente) -> dict[str, int]:
        return {"empresa_id": self.turno.empresa_id, "mensaje_id": m.id}


def ask_what_photos_ask(turno: TurnoTomado) -> TurnoTomado:
    """The turn with its photos' questions among its words, unless the customer's own words do
    something: a photo beside a yes, an order or a telephone must not make a question of it."""
    if not any(m.pregunta for m in turno.mensajes):
        return turno
    own = [m.palabras for m in turno.mensajes if m.palabras.strip()]
    contexto = contexto_de(Memoria.from_json(turno.visto.memoria), turno.visto)
    said = entender(own, contexto) if own else None
    if said is None or _leaves_room(said):
        return replace(turno, mensajes=tuple(_asking(m) for m in turno.mensajes))
    aviso = _APARTE if said.acto in _PIDE else None
    return replace(
        turno,
        mensajes=tuple(
            replace(m, aviso=m.aviso or aviso) if m.pregunta else m for m in turno.mensajes
        ),
    )


def _leaves_room(said: Turno) -> bool:
    if said.acto in _PIDE:
        return not any(item.producto for item in said.items)  # "quiero de estos"
    return said.acto in _PREGUNTA


def _asking(m: MensajePendiente) -> MensajePendiente:
    if m.pregunta is None:
        return m
    return replace(m, leido=f"{m.palabras}\n{m.pregunta}" if m.palabras.strip() else m.pregunta)


def avisos(turno: TurnoTomado, solo_texto: Callable[[MensajePendiente], bool]) -> list[str]:
    """The claves of what must be said beside the answer, each once, in the mensajes' order."""
    said = (
        m.aviso or ("solo_texto" if solo_texto(m) and not m.palabras.strip() else None)
        for m in turno.mensajes
    )
    return list(dict.fromkeys(clave for clave in said if clave))


def _kept(limpio: Limpio) -> _Guardado:
    sha256 = hashlib.sha256(limpio.contenido).digest()
    return _Guardado(limpio.mime, sha256, lambda: limpio.contenido)


def _spoken(answer: RespuestaModelo | None, most: int) -> str:
    """The words of a recording; none where a transcriber only filled a silence."""
    words = answer.texto.strip()[:most] if answer else ""
    bare = fold(words).strip(" .…,!¡?¿[]()♪♫*-")
    return "" if not bare or bare in indicaciones()["silencios"] else words
