"""Models of every kind, and what prepares a picture for one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel


@dataclass(frozen=True)
class ImagenLimpia:
    """A picture drawn anew: a JPEG, upright, of the picture's points and nothing else."""

    contenido: bytes
    ancho: int
    alto: int


class LimpiarImagen(Protocol):
    """Draws a customer's picture anew. Safe from any thread, whatever the file is made to do."""

    def __call__(self, contenido: bytes, *, segundos: float) -> ImagenLimpia:
        """Raises ArchivoIlegible for what is no picture, has too many points or takes too much;
        Unavailable when it was not done within `segundos`."""
        ...


Vector = bytes
"""A vector of length 1 as it is kept and exchanged: float16, little-endian."""


class Embedder(Protocol):
    """Turns texts into vectors; alike in meaning is near in angle. Safe to call from any thread.

    `modelo` names what its vectors may be compared with: equal names mean equal vectors for equal
    texts, wherever and whenever they were made. `lote`: how many texts one call is best given.
    """

    modelo: str
    lote: int

    def embed(self, textos: Sequence[str], *, consulta: bool = False) -> list[Vector]:
        """Map n texts to n vectors, in the same order. `consulta`: they are questions, which some
        models prepare otherwise than what is searched.

        Raises Unavailable for what time may cure, ModeloRechazado for what only a person can.
        """
        ...


class VectorIndex(Protocol):
    """The vectors of one empresa by one model, by producto id. Not thread safe: its keeper locks
    it. What it holds can always be made again from PostgreSQL."""

    @property
    def version(self) -> int:
        """Every change up to this one of indexacion.version is in it."""
        ...

    def __len__(self) -> int: ...

    def put(self, ids: Sequence[int], vectores: Sequence[Vector], *, version: int) -> None:
        """Add the productos, or replace their vectors; repeating it changes nothing."""
        ...

    def clear(self) -> None:
        """Forget everything; `version` is 0 again."""
        ...

    def nearest(self, vector: Vector, n: int) -> list[tuple[int, float]]:
        """(producto id, cosine) of at most n, nearest first. None for a vector of another length:
        it is not of the model that made these."""
        ...

    def dump(self) -> bytes:
        """All of it, for `load`; empty where nothing is gained by keeping it as a file."""
        ...

    def load(self, foto: bytes, *, version: int) -> None:
        """Become what `dump` returned at `version`. The caller vouches for every bit of it."""
        ...


@dataclass(frozen=True)
class Peticion:
    """What a model is asked for. `paso` names the step. `sistema`: what never changes first, then
    what only the empresa changes, so that a provider can remember the beginning of the prompt.
    `mensajes`: (rol, texto), rol "user" or "assistant". `forma`: the answer's shape; None: words.
    `imagen`: a JPEG that belongs to the last of them.
    """

    paso: str
    sistema: tuple[str, ...]
    mensajes: tuple[tuple[str, str], ...]
    forma: type[BaseModel] | None = None
    imagen: bytes | None = None


@dataclass(frozen=True)
class RespuestaModelo:
    """`datos`: what fits the forma that was asked for, as JSON; None when words were. The tokens
    are of every try that the provider counted."""

    modelo: str
    texto: str = ""
    datos: dict[str, Any] | None = None
    tokens_entrada: int = 0
    tokens_salida: int = 0


class Modelo(Protocol):
    """A language model. Safe to call from any thread; `nombre` is the provider's own for it."""

    nombre: str

    def ask(self, peticion: Peticion, *, segundos: float) -> RespuestaModelo:
        """Its answer within `segundos`, tries and repairs together, whatever the provider does.

        Raises Unavailable for what time may cure (slow, busy, down, talking nonsense, or failing
        so often lately that it is not even asked), ModeloRechazado for what only a person can.
        """
        ...


class Transcriptor(Protocol):
    """Writes down what is said in a recording. Safe from any thread; `nombre` is the provider's own
    for the model."""

    nombre: str

    def transcribe(self, audio: bytes, *, mime: str, segundos: float) -> RespuestaModelo:
        """The words within `segundos`, tries together; empty when nothing is said in it. `mime` is
        what it is (core.archivos.tipos).

        Raises Unavailable and ModeloRechazado as Modelo.ask does; the latter also for a recording
        that the provider does not take.
        """
        ...
