"""What a file is, by its first bytes: neither a name nor a sender's word for it is believed."""

from collections.abc import Callable

# Of the first 64 KB: where a container says what is in it.
_CABEZA = 64 * 1024
# A recording has one; what has this many is made to be looked through.
_MANEJADORES_MAX = 100
_VIDEO_WEBM = (b"V_VP8", b"V_VP9", b"V_AV1", b"V_MPEG", b"V_THEORA")
_MARCAS_DE_AUDIO = (b"M4A", b"M4B", b"mp4", b"iso", b"3gp", b"dash", b"MSNV", b"f4a", b"qt  ")

EXTENSIONES = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/gif": "gif",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/aac": "aac",
    "audio/wav": "wav",
    "audio/webm": "webm",
    "audio/amr": "amr",
    "audio/flac": "flac",
}


def mime_of(contenido: bytes) -> str | None:
    """One of EXTENSIONES, or None for whatever else it is, moving pictures included."""
    return next((mime for mime, is_it in _TIPOS if is_it(contenido)), None)


def tipo_of(mime: str) -> str:
    """imagen or audio."""
    return "imagen" if mime.startswith("image/") else "audio"


def _riff(kind: bytes) -> Callable[[bytes], bool]:
    return lambda c: c.startswith(b"RIFF") and c[8:12] == kind


def _is_ogg(c: bytes) -> bool:
    head = c[:_CABEZA]
    sound = (b"OpusHead", b"\x01vorbis", b"Speex   ", b"\x7fFLAC")
    return c.startswith(b"OggS") and any(s in head for s in sound) and b"theora" not in head


def _is_mp4(c: bytes) -> bool:
    return c[4:8] == b"ftyp" and c[8:12].startswith(_MARCAS_DE_AUDIO) and not _has_video_track(c)


def _has_video_track(c: bytes) -> bool:
    """Whether a handler of the container says that its track is seen, not heard."""
    at = c.find(b"hdlr")
    for _ in range(_MANEJADORES_MAX):
        if at < 0:
            return False
        if c[at + 12 : at + 16] == b"vide":
            return True
        at = c.find(b"hdlr", at + 4)
    return True


def _is_webm(c: bytes) -> bool:
    head = c[:_CABEZA]
    return c.startswith(b"\x1a\x45\xdf\xa3") and not any(v in head for v in _VIDEO_WEBM)


def _is_aac(c: bytes) -> bool:
    """ADTS: twelve bits set, then a layer that is always 0."""
    return len(c) > 7 and c[0] == 0xFF and c[1] & 0xF6 == 0xF0


def _is_mp3(c: bytes) -> bool:
    """A tag, or a frame: eleven bits set, a layer, a rate and a frequency that exist."""
    if c.startswith(b"ID3"):
        return True
    frame = len(c) > 4 and c[0] == 0xFF and c[1] & 0xE0 == 0xE0
    return frame and c[1] & 0x06 != 0 and c[2] & 0xF0 != 0xF0 and c[2] & 0x0C != 0x0C


_TIPOS: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("image/jpeg", lambda c: c.startswith(b"\xff\xd8\xff")),
    ("image/png", lambda c: c.startswith(b"\x89PNG\r\n\x1a\n")),
    ("image/webp", _riff(b"WEBP")),
    ("image/gif", lambda c: c.startswith((b"GIF87a", b"GIF89a"))),
    ("audio/ogg", _is_ogg),
    ("audio/wav", _riff(b"WAVE")),
    ("audio/flac", lambda c: c.startswith(b"fLaC")),
    ("audio/amr", lambda c: c.startswith((b"#!AMR\n", b"#!AMR-WB\n"))),
    ("audio/mp4", _is_mp4),
    ("audio/webm", _is_webm),
    ("audio/aac", _is_aac),
    ("audio/mpeg", _is_mp3),
)
