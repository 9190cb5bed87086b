"""What can go wrong, as families. `codigo` is part of the public API: never rename one.

Each family has one HTTP status (web/app.py) and one retry policy (workers/): `Unavailable`
may be cured by time, everything else will fail again in the same way.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any


class AgenteError(Exception):
    """Root of the tree. The message is written for the person who reads it: Spanish, no secrets."""

    codigo = "error"


class NotFound(AgenteError):
    codigo = "no_encontrado"

    def __init__(self) -> None:
        """One wording for all: a foreign id and an id that never was must look the same."""
        super().__init__("No existe.")


class Unauthenticated(AgenteError):
    codigo = "no_autenticado"


class Forbidden(AgenteError):
    codigo = "sin_permiso"


class OrigenNoPermitido(Forbidden):
    """A page of another site that the canal does not name."""

    codigo = "origen_no_permitido"


class Invalid(AgenteError):
    """The request itself is wrong. `errores` names the fields: [{campo, mensaje}]."""

    codigo = "datos_invalidos"

    def __init__(self, detalle: str, *, errores: list[dict[str, str]] | None = None) -> None:
        super().__init__(detalle)
        self.errores = errores or []


class ArchivoIlegible(Invalid):
    """Damaged, or made to harm: no photo and no recording, whatever its first bytes say."""

    codigo = "archivo_ilegible"


class TooLarge(AgenteError):
    codigo = "demasiado_grande"


class TipoNoAdmitido(AgenteError):
    """By its content it is none of the kinds that are taken here."""

    codigo = "tipo_no_admitido"


class Conflict(AgenteError):
    codigo = "conflicto"


class ClienteDeBaja(Conflict):
    """The customer asked for no more messages; only they can begin again."""

    codigo = "cliente_de_baja"


class EmailEnUso(Conflict):
    codigo = "email_en_uso"


class VersionCambiada(Conflict):
    """Somebody wrote another version meanwhile."""

    codigo = "version_cambiada"


class CredencialesIlegibles(Conflict):
    """Encrypted with a SECRETS_KEY that is no longer among the configured ones."""

    codigo = "credenciales_ilegibles"


class TransicionInvalida(Conflict):
    codigo = "transicion_invalida"


class ClaveReutilizada(Conflict):
    """The same Idempotency-Key came with a different body."""

    codigo = "clave_reutilizada"


class StockInsuficiente(Conflict):
    """`faltantes`: one entry per line that cannot be served, with what there is of it."""

    codigo = "stock_insuficiente"

    def __init__(self, faltantes: list[dict[str, str | Decimal]]) -> None:
        super().__init__("No hay stock suficiente.")
        self.faltantes = faltantes


class ProductoRepetido(Conflict):
    """Its sku, or its nombre where it has none, is already that of producto `producto_id`."""

    codigo = "producto_repetido"

    def __init__(self, producto_id: int, *, es_sku: bool, activo: bool) -> None:
        super().__init__(
            f"Ya hay un producto con ese {'sku' if es_sku else 'nombre'}: {producto_id}"
            f"{'' if activo else ', inactivo'}."
        )
        self.producto_id = producto_id


class PrecioMovido(Conflict):
    """The price is not the agreed one any more; `productos` are the ids that moved."""

    codigo = "precio_cambiado"

    def __init__(self, productos: list[int]) -> None:
        super().__init__("El precio cambió desde la oferta.")
        self.productos = productos


class ImportacionAbierta(Conflict):
    """It has not ended yet: nobody can say what it will have changed."""

    codigo = "importacion_abierta"


class NoEsVista(Conflict):
    """Only a preview can be applied."""

    codigo = "no_es_vista"


class EsVista(Conflict):
    """A preview changed nothing that could be undone."""

    codigo = "es_vista"


class VistaFallida(Conflict):
    codigo = "vista_fallida"


class VistaAplicada(Conflict):
    codigo = "vista_aplicada"


class VistaVencida(Conflict):
    """What it showed is no longer kept."""

    codigo = "vista_vencida"


class YaDeshecha(Conflict):
    codigo = "ya_deshecha"


class CambiosVencidos(Conflict):
    """What it changed is no longer kept."""

    codigo = "cambios_vencidos"


class DemasiadosDocumentos(Conflict):
    """One has to go before another may come."""

    codigo = "demasiados_documentos"


class ArchivoNoListo(Conflict):
    """It has not come yet, nobody has looked it through, or it was refused: it is shown to none."""

    codigo = "archivo_no_listo"

    def __init__(self, estado: str) -> None:
        """`estado`: of the archivo; all but `rechazado` may still become `listo`."""
        super().__init__("Ese archivo no está listo.")
        self.estado = estado


class TooManyRequests(AgenteError):
    codigo = "demasiadas_peticiones"

    def __init__(self, detalle: str, *, segundos: int) -> None:
        super().__init__(detalle)
        self.segundos = segundos


class NotImplementedYet(AgenteError):
    codigo = "no_disponible"


class Unavailable(AgenteError):
    """A neighbour (database, queue, channel, model) failed in a way that time may cure."""

    codigo = "no_disponible_ahora"

    def __init__(self, detalle: str, *, segundos: int = 1) -> None:
        super().__init__(detalle)
        self.segundos = segundos


class ChatCerrado(Conflict):
    """The person blocked the bot or left. Permanent: stop writing to this chat."""

    codigo = "chat_cerrado"


class EnvioRechazado(Conflict):
    """The provider refuses this very message for good; the chat itself stays open. `numero`: the
    provider's own code, where it has one."""

    codigo = "envio_rechazado"

    def __init__(self, detalle: str, *, numero: int | None = None) -> None:
        super().__init__(detalle)
        self.numero = numero

    @property
    def motivo(self) -> str:
        """What is kept of it beside the message: stable, no text."""
        return self.codigo if self.numero is None else f"{self.codigo}:{self.numero}"


class NoEntregable(EnvioRechazado):
    """The person cannot be reached through this canal (any more): no account, or blocked."""

    codigo = "no_entregable"


class FueraDeVentana(EnvioRechazado):
    """The customer has not written lately enough: until they do, only a template may be sent."""

    codigo = "fuera_de_ventana"


class CredencialesRechazadas(EnvioRechazado):
    """The provider does not know this token (any more). Nothing is wrong with chat or message."""

    codigo = "credenciales_rechazadas"


class CanalOcupado(Conflict):
    """Somebody else reads this bot's messages: another program, or a webhook set elsewhere."""

    codigo = "canal_ocupado"


class EnvioLimitado(Unavailable):
    """The provider asks this canal for silence during `segundos`. The message was not taken."""

    codigo = "envio_limitado"


class ChatLimitado(EnvioLimitado):
    """As EnvioLimitado, of this one customer: the others need not wait."""

    codigo = "chat_limitado"


class EnvioIncierto(Unavailable):
    """The answer never came: the provider may have taken the message, or not."""

    codigo = "envio_incierto"


class ModeloRechazado(Conflict):
    """The provider of a model refuses for good: no such model, a key that is none."""

    codigo = "modelo_rechazado"


class LeaseLost(AgenteError):
    """Another worker holds the chat or job by now: everything of this turn is rolled back."""

    codigo = "turno_perdido"


# pydantic's words for what people get wrong; {} are fields of its context.
_QUEJAS = {
    "missing": "falta",
    "extra_forbidden": "no se conoce",
    "json_invalid": "no es JSON",
    "string_type": "es un texto",
    "int_type": "es un número entero",
    "int_parsing": "es un número entero",
    "int_from_float": "es un número entero",
    "float_type": "es un número",
    "float_parsing": "es un número",
    "decimal_type": "es un número",
    "decimal_parsing": "es un número",
    "finite_number": "es un número finito",
    "decimal_max_digits": "tiene {max_digits} cifras como máximo",
    "decimal_whole_digits": "tiene {whole_digits} cifras enteras como máximo",
    "decimal_max_places": "tiene {decimal_places} decimales como máximo",
    "bool_type": "es true o false",
    "bool_parsing": "es true o false",
    "greater_than": "es mayor que {gt}",
    "greater_than_equal": "es {ge} como mínimo",
    "less_than": "es menor que {lt}",
    "less_than_equal": "es {le} como máximo",
    "string_too_short": "tiene {min_length} caracteres como mínimo",
    "string_too_long": "tiene {max_length} caracteres como máximo",
    "too_short": "tiene {min_length} como mínimo",
    "too_long": "tiene {max_length} como máximo",
    "literal_error": "es {expected}",
    "enum": "es {expected}",
    "list_type": "es una lista",
    "dict_type": "es un objeto JSON",
    "model_type": "es un objeto JSON",
    "model_attributes_type": "es un objeto JSON",
    "value_error": "{error}",
}

_UNO_DE = frozenset({"literal_error", "enum"})


def explain(problem: Mapping[str, Any]) -> str:
    """One of pydantic's errors, for the person who reads it. Never what was sent."""
    said = _QUEJAS.get(problem["type"], "no es válido").format_map(problem.get("ctx", {}))
    return said.replace(" or ", " o ") if problem["type"] in _UNO_DE else said
