"""Our names for Meta's error codes, in answers and in webhooks alike. Its text is kept nowhere.

https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
"""

from core.errors import (
    AgenteError,
    ChatLimitado,
    CredencialesRechazadas,
    EnvioLimitado,
    EnvioRechazado,
    FueraDeVentana,
    NoEntregable,
    Unavailable,
)

# The token, what it may do, or the account behind it: a person must act.
_TOKEN = frozenset({0, 3, 10, 102, 190, 131005, 131031, 131042, 131045, 133010, *range(200, 300)})
_UNREACHABLE = frozenset({130472, 131021, 131026, 131030, 131049, 131050})
_RATE = frozenset({4, 80007, 130429, 131048, 133016})
_PASSING = frozenset({1, 2, 131000, 131016, 131057, 133004, 133005, 135000})
_WINDOW = 131047
_PAIR = 131056
_PAIR_SECONDS = 6
RATE_SECONDS = 2


def failure_of(number: int) -> AgenteError:
    """What `number` means for a message that was to be sent, or was."""
    if number == _WINDOW:
        return FueraDeVentana("Pasaron 24 horas desde que el cliente escribió.", numero=number)
    if number == _PAIR:
        return ChatLimitado("Demasiados mensajes a este cliente.", segundos=_PAIR_SECONDS)
    if number in _UNREACHABLE:
        return NoEntregable("WhatsApp no puede entregarlo a este cliente.", numero=number)
    if number in _RATE:
        return EnvioLimitado("WhatsApp pide esperar.", segundos=RATE_SECONDS)
    if number in _TOKEN:
        said = f"WhatsApp no acepta el token o la cuenta (error {number})."
        return CredencialesRechazadas(said, numero=number)
    if number in _PASSING:
        return Unavailable("WhatsApp tiene un problema.", segundos=2)
    return EnvioRechazado(f"WhatsApp lo rechaza (error {number}).", numero=number)


def motivo_of(number: int | None) -> str:
    """What is kept beside a reply that WhatsApp could not deliver after all: "codigo:number"."""
    if number is None:
        return EnvioRechazado.codigo
    return f"{failure_of(number).codigo}:{number}"
