"""Doors to customers and to the shop's people, and the values that go through them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol


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
    it showed. `inicio`: what a link that opened the chat carried (Telegram's /start parameter; ""
    for a bare /start).
    `pedido`: an order put together in the provider's own catalogue; `texto` is its note.
    `responde_a`: what `send` returned of the message of ours that this one quotes."""

    texto: str
    tipo: str = "texto"
    nombre: str | None = None
    boton: str | None = None
    medio: Medio | None = None
    inicio: str | None = None
    pedido: tuple[Pedida, ...] = ()
    responde_a: str | None = None


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
