"""A customer's file, as it came, into one that may be kept and shown."""

from dataclasses import dataclass

from core.archivos.etiquetas import without_tags
from core.archivos.tipos import mime_of, tipo_of
from core.errors import ArchivoIlegible, Invalid, TipoNoAdmitido, TooLarge
from core.ports import LimpiarImagen
from core.settings import Settings

_DE = {"imagen": "una foto", "audio": "un audio"}
_SE_ADMITE = {
    "imagen": "JPEG, PNG, WebP o GIF",
    "audio": "OGG, MP3, M4A, AAC, WAV, WebM, AMR o FLAC",
}


@dataclass(frozen=True)
class Limpio:
    """What is kept. ancho, alto: of a picture, in points."""

    mime: str
    contenido: bytes
    ancho: int | None = None
    alto: int | None = None


def max_bytes(settings: Settings, tipo: str) -> int:
    return settings.imagen_max_bytes if tipo == "imagen" else settings.audio_max_bytes


def check(contenido: bytes, tipo: str, settings: Settings) -> str:
    """The mime of what claims to be of `tipo`, by its content. Cheap: nothing is decoded.

    Raises Invalid for an empty file, TooLarge, or TipoNoAdmitido.
    """
    most = max_bytes(settings, tipo)
    if len(contenido) > most:
        raise TooLarge(f"El archivo pasa de {most // 1024**2} MB.")
    if not contenido:
        raise Invalid("El archivo está vacío.")
    mime = mime_of(contenido)
    if mime is None or tipo_of(mime) != tipo:
        raise TipoNoAdmitido(f"No es {_DE[tipo]} que se admita: {_SE_ADMITE[tipo]}.")
    return mime


def clean(contenido: bytes, tipo: str, limpiar: LimpiarImagen, *, segundos: float) -> Limpio:
    """Without tags, place or author; a picture is drawn anew. Slow: never inside a transaction.

    Raises ArchivoIlegible. `contenido` has passed `check`.
    """
    if tipo == "imagen":
        imagen = limpiar(contenido, segundos=segundos)
        return Limpio("image/jpeg", imagen.contenido, imagen.ancho, imagen.alto)
    bare = without_tags(contenido, mime_of(contenido) or "")
    mime = mime_of(bare)
    if mime is None or tipo_of(mime) != tipo:  # tags, and behind them something else
        raise ArchivoIlegible("El audio está dañado.")
    return Limpio(mime, bare)
