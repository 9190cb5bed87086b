"""What the core asks of the world, and the plain values that cross its seams.

Every Protocol has a fake that holds state (tests/fakes.py) and one contract test run against
fake and real adapter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from pydantic import BaseModel


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


# --- figures -----------------------------------------------------------------------------------


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


# --- secrets -----------------------------------------------------------------------------------


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


# --- channels ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Boton:
    """An answer that the customer can press. `texto` is what it shows; a channel cuts it to its own
    limit. `valor`: what pressing it says, in words that the seller reads, while nothing else was
    said since. `despues`: what it says once something was."""

    texto: str
    valor: str
    despues: str


@dataclass(frozen=True)
class Tecla:
    """A Boton as a channel sends it: `id` comes back when it is pressed (<= 40 characters)."""

    id: str
    texto: str


@dataclass(frozen=True)
class Medio:
    """A photo or a recording that waits at the provider. `id` is the provider's own, never an
    address. tipo: imagen or audio; mime and bytes as the provider says, to be believed of nothing.
    """

    id: str
    tipo: str
    mime: str | None = None
    bytes: int | None = None


@dataclass(frozen=True)
class Pedida:
    """A line of an order from a provider's catalogue: which producto of ours and how many. Its
    price there is no price: ours counts."""

    sku: str
    cantidad: Decimal


@dataclass(frozen=True)
class Entrante:
    """A provider's update, read whole by a worker. `texto` may be empty for what we do not read;
    of a media message it is the caption. `boton`: the Tecla.id that was pressed, `texto` then what
    it showed. `inicio`: what a link that opened the chat carried (Telegram's /start parameter).
    `responde_a`: what `send` returned of the message of ours that this one quotes.
    `pedido`: an order put together in the provider's own catalogue; `texto` is its note."""

    texto: str
    tipo: str = "texto"
    nombre: str | None = None
    boton: str | None = None
    medio: Medio | None = None
    inicio: str | None = None
    responde_a: str | None = None
    pedido: tuple[Pedida, ...] = ()


@dataclass(frozen=True)
class Plantilla:
    """A message that the provider approved beforehand, for a customer who has not written lately.
    con_texto: what is said goes into it as its one parameter; else it only asks them to write."""

    nombre: str
    idioma: str
    con_texto: bool = True


@dataclass(frozen=True)
class CuentaCanal:
    """A canal's row as its adapter is built from; `credenciales` are still encrypted."""

    empresa_id: int
    id: int
    tipo: str
    clave: str
    credenciales: bytes | None


class Canal(Protocol):
    """One bot or number of one empresa. Built per use; holds the decrypted credentials."""

    # Counted in UTF-16 units, the strictest reading of any provider.
    max_caracteres: int

    def parse(self, crudo: dict[str, Any]) -> Entrante | None:
        """Read a provider's update; None for those we do not answer."""
        ...

    def send(
        self,
        externo: str,
        texto: str,
        teclas: Sequence[Tecla] = (),
        *,
        referencia: str = "",
        plantilla: Plantilla | None = None,
    ) -> str:
        """Post `texto` (at most max_caracteres) to the provider's chat and return its message id.
        `teclas` are shown below it, as many as the channel can show. `referencia` comes back with
        the provider's news of this message (core.mensajes.acuses) and `plantilla` carries it, on
        channels that have such things.

        Raises ChatCerrado or EnvioRechazado when retrying is pointless, Unavailable when it is
        not: EnvioLimitado for the provider's RetryAfter (ChatLimitado: of this customer only),
        FueraDeVentana when they have to write first, EnvioIncierto when it may have been
        accepted all the same. CredencialesRechazadas means that only a person can help.
        """
        ...

    def show_escribiendo(self, externo: str, id_externo: str | None) -> None:
        """Show that somebody is writing, for some seconds; `id_externo` is the message that is
        being answered. Returns at once and never raises: nothing depends on it."""
        ...

    def fetch(self, medio: Medio, *, max_bytes: int, segundos: float) -> bytes:
        """The content of a photo or recording, from the provider's own host and nowhere else.

        Raises TooLarge beyond max_bytes, EnvioRechazado when it is not there (any more),
        Unavailable when it did not come within `segundos`.
        """
        ...

    def check(self, *, webhook_url: str | None) -> str:
        """Speak to the provider: who are we, is the webhook registered (or removed, for polling).

        Returns what a person may read of it; raises CredencialesRechazadas or EnvioRechazado for
        what a person must change, Unavailable when the provider did not answer.
        """
        ...


AbrirCanal = Callable[[CuentaCanal], Canal]
"""Builds a row's adapter. Raises CredencialesIlegibles when its secrets cannot be decrypted."""


# --- photos and recordings ---------------------------------------------------------------------


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


# --- email ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Carta:
    """An email. `id`: the same for the same one, however often it is sent (a Message-ID's part)."""

    para: str
    asunto: str
    texto: str
    id: str


class Correo(Protocol):
    """Email, of the installation."""

    def send(self, carta: Carta) -> str:
        """Give `carta` to the mail server and return its Message-ID.

        Raises EnvioRechazado when repeating it is pointless, CredencialesRechazadas when a person
        must look at the settings, Unavailable when time may cure it: EnvioIncierto when the
        server may have taken it all the same.
        """
        ...


# --- what the seller sees ----------------------------------------------------------------------


@dataclass(frozen=True)
class ProductoVisto:
    """A producto of this empresa as its row was just now. precio per `unidad`, taxes included."""

    id: int
    sku: str | None
    nombre: str
    precio: Decimal
    stock: Decimal
    moneda: str
    unidad: str = "unidad"
    categoria: str = ""
    marca: str = ""
    descripcion: str = ""


@dataclass(frozen=True)
class Hallazgo:
    """A search result. puntaje: 0 < p <= 1, higher is surer; motivo: why it matched, for people."""

    producto: ProductoVisto
    puntaje: float
    motivo: str


# --- meaning -----------------------------------------------------------------------------------

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


# --- words -------------------------------------------------------------------------------------


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


class Catalogo(Protocol):
    """The one door to an empresa's productos, active ones only."""

    def buscar(self, texto: str, n: int = 10) -> list[Hallazgo]:
        """Best first, at most n; empty when nothing is like `texto`."""
        ...

    def por_id(self, ids: Sequence[int]) -> dict[int, ProductoVisto]:
        """Fresh rows of those of `ids` that exist and are active."""
        ...


@dataclass(frozen=True)
class Pasaje:
    """A piece of what the shop wrote about itself. puntaje: 0 < p <= 1, how surely it answers."""

    id: int
    documento_id: int
    documento: str
    texto: str
    puntaje: float


class Documentos(Protocol):
    """The one door to what an empresa knows beside its productos."""

    def buscar(self, texto: str, n: int = 3) -> list[Pasaje]:
        """Passages that may answer `texto`, best first, at most n; empty when nothing is near."""
        ...


class SinDocumentos:
    """Documentos of a shop that wrote down nothing."""

    def buscar(self, texto: str, n: int = 3) -> list[Pasaje]:
        return []


@dataclass(frozen=True)
class Fuentes:
    """Everything that a turn may look up: rows of its own empresa, read only."""

    catalogo: Catalogo
    documentos: Documentos = field(default_factory=SinDocumentos)


@dataclass(frozen=True)
class LineaPedida:
    """One line of a sale as it was offered. The price is part of the agreement."""

    producto_id: int
    cantidad: Decimal
    precio_unitario: Decimal


@dataclass(frozen=True)
class VentaVista:
    """A sale in force or cancelled, as the seller may speak of it."""

    id: int
    estado: str
    total: Decimal
    moneda: str
    lineas: list[dict[str, Any]]
    creada_en: datetime


@dataclass(frozen=True)
class Tienda:
    """prompts: which version of each prompt of its own is in force; propios: their contents, which
    are no part of what a turn records of itself."""

    nombre: str
    moneda: str
    ajustes: dict[str, Any] = field(default_factory=dict)
    prompts: dict[str, int] = field(default_factory=dict)
    propios: dict[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class ChatVisto:
    """All that a turn knows of its chat besides the new mensajes. `memoria` is the seller's own
    JSON (chat.conversacion), opaque to everybody else."""

    tienda: Tienda
    memoria: dict[str, Any]
    estado_venta: str
    ultima_respuesta: str | None = None
    ultima_venta: VentaVista | None = None
    cliente: dict[str, Any] = field(default_factory=dict)
    # Whether all of the new mensajes were written after the last reply: a yes that was already on
    # its way when the offer was made is no yes to it.
    leida: bool = True
    # The database's clock when the chat was taken: what is too late is decided by nothing else.
    ahora: datetime = field(default_factory=lambda: datetime.now(UTC))
    # A person was called and has not come yet.
    espera_humano: bool = False
    # They asked for no messages that the shop begins.
    baja: bool = False


@dataclass(frozen=True)
class Resultado:
    """What one turn wants: words and effects. All of it is recorded, or nothing.

    oferta_n numbers the proposal inside its chat; a venta is unique per (chat, oferta_n), so two
    confirmations of one proposal are one sale. With both vender and cancelar_venta_id the new sale
    takes the place of that one. carrito is what GET /chats shows.
    """

    respuesta: str
    memoria: dict[str, Any]
    estado_venta: str
    vender: tuple[LineaPedida, ...] = ()
    oferta_n: int | None = None
    cancelar_venta_id: int | None = None
    humano: bool = False
    # For the person who comes; None leaves what there is.
    resumen: str | None = None
    # True: they want no more messages. False: they do again. None: nothing was said of it.
    baja: bool | None = None
    cliente: dict[str, Any] = field(default_factory=dict)
    # What the customer asked for and was told that the shop has not.
    no_encontrado: tuple[str, ...] = ()
    # What the customer may press instead of writing it.
    botones: tuple[Boton, ...] = ()
    # For metrics and logs: the act understood and the rule that decided, never text.
    acto: str = "otro"
    regla: str = ""
    # True when the verifier refused a draft and the template took its place.
    corregido: bool = False
    # Why: everything that the turn saw and decided (core.agente.registro), as JSON. Empty where
    # nobody thought.
    registro: dict[str, Any] = field(default_factory=dict)
    # Who read and worded it ("offline", or a model's name), and what that took.
    motor: str = "offline"
    tokens_entrada: int = 0
    tokens_salida: int = 0
    costo: Decimal = Decimal(0)
