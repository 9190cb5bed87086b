"""What every process of ours asks of the world: bells, figures, secrets."""

from enum import StrEnum
from typing import Any, Protocol


class Tarea(StrEnum):
    """Names of tasks as Flower shows them. Arguments are ids, never text."""

    ANSWER_CHAT = "mensajes.answer_chat"
    ANSWER_CHAT_SOLO = "mensajes.answer_chat_solo"
    DELIVER_MENSAJE = "mensajes.deliver_mensaje"
    IMPORT_STEP = "catalogo.import_step"
    FORGET_CAMBIOS = "catalogo.forget_cambios"
    FORGET_TURNOS = "mensajes.forget_turnos"
    EMBED_STEP = "embeddings.embed_step"
    INDEX_DOCUMENTO = "documentos.index_documento"
    ANSWER_BUSQUEDA = "busquedas.answer_busqueda"
    FETCH_ARCHIVO = "archivos.fetch_archivo"
    CHECK_CANAL = "canales.check_canal"
    DELIVER_AVISOS = "equipo.deliver_avisos"
    HAND_BACK = "equipo.hand_back"
    SWEEP = "barrido.sweep"


class Cola(Protocol):
    def ring(self, tarea: Tarea, *, after: float = 0.0, **ids: int) -> None:
        """Ask for work, `after` seconds from now. Returns at once and never raises.

        A bell may be lost (full, broker dead): the row it speaks of stays due and barrido rings
        again. Ringing twice costs nothing. The same task and ids rung again before they left
        replace the earlier ring, so a burst is one bell.
        """
        ...

    def close(self, timeout: float = 2.0) -> None:
        """Let out the bells that are due, for `timeout` seconds at most, and take no more."""
        ...


class Metricas(Protocol):
    """Counts what happened, for those who run the system. Never raises, never waits. Arguments
    are kinds and states: no ids, no tenant, no text. Throw-away empresas are not counted."""

    def mensaje_recibido(self, *, canal: str) -> None:
        """A customer's new message is committed; `canal` is its tipo."""
        ...

    def turno(self, *, resultado: str, motor: str, segundos: float) -> None:
        """A turn ended as core.agente.turno.Desenlace says, "nada" apart; `motor` is the engine
        that decided ("offline", …)."""
        ...

    def entrega(self, *, canal: str, resultado: str) -> None:
        """A try to deliver ended as core.mensajes.salida.Desenlace says, "ajena" apart."""
        ...

    def filas_importadas(self, n: int, *, resultado: str) -> None:
        """n more rows ended as creados, actualizados, sin_cambios, desactivados or con_error."""
        ...

    def campana_perdida(self, *, tarea: str) -> None:
        """A bell did not reach Redis; barrido will ring instead."""
        ...

    def llamada_modelo(
        self, *, paso: str, resultado: str, tokens_entrada: int, tokens_salida: int
    ) -> None:
        """A model was asked in this step; resultado: respondida, recordada (it had been asked
        before and was not again), fallida or rechazada."""
        ...

    def peticion(self, *, metodo: str, ruta: str, estado: int, segundos: float) -> None:
        """An HTTP request was answered; `ruta` is the route's pattern, never the path."""
        ...


class Claves(Protocol):
    """Passwords. Slow on purpose: never inside a transaction."""

    def hash(self, clave: str) -> str:
        """What may be stored of `clave`; another text each time."""
        ...

    def verify(self, clave: str, guardada: str | None) -> bool:
        """Whether `guardada` was made from `clave`. None costs the same time and is False."""
        ...


class Cifrado(Protocol):
    """Credentials of channels at rest, readable only in the place they were written for."""

    def encrypt(self, datos: dict[str, Any], *, empresa_id: int, clave: str) -> bytes: ...

    def decrypt(self, cifrado: bytes, *, empresa_id: int, clave: str) -> dict[str, Any]:
        """Raises CredencialesIlegibles when the keys in force, the empresa or the clave differ."""
        ...
