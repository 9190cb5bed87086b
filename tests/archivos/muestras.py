"""Small photos and recordings of every kind, each with something in it that nobody should read."""

import io
import struct
from typing import Any

from core.archivos.etiquetas import _crc

SECRETO = b"Maria Perez +57 300 1234567 4.60,-74.08"


def foto(
    formato: str = "JPEG", size: tuple[int, int] = (300, 200), mode: str = "RGB", **how: Any
) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    color: Any = (200, 30, 30) if mode == "RGB" else 0
    Image.new(mode, size, color).save(out, formato, **how)
    return out.getvalue()


def foto_con_datos(orientacion: int = 6) -> bytes:
    """A JPEG with GPS, an author, XMP and a comment; red above, blue below, as it is stored."""
    from PIL import Image

    picture = Image.new("RGB", (400, 200), (0, 0, 255))
    picture.paste((255, 0, 0), (0, 0, 400, 100))
    exif = Image.Exif()
    exif[0x0112] = orientacion
    exif[0x013B] = SECRETO.decode()
    exif.get_ifd(0x8825)[1] = "N"
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif, comment=SECRETO, xmp=SECRETO)
    assert out.getvalue().count(SECRETO) == 3
    return out.getvalue()


# --- recordings: not to be heard, but each as its container says --------------------------------


def mp3() -> bytes:
    frame = b"\xff\xfb\x90\x00" + b"\x55" * 400
    id3 = b"ID3\x04\x00\x00" + bytes([0, 0, 0, len(SECRETO)]) + SECRETO
    return id3 + frame + b"TAG" + SECRETO.ljust(125, b"\x00")


def aac() -> bytes:
    return b"\xff\xf1\x50\x80" + b"\x55" * 200


def amr() -> bytes:
    return b"#!AMR\n" + b"\x3c" + b"\x55" * 31


def wav() -> bytes:
    chunks = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
    info = b"INFO" + SECRETO + b"\x00" * (len(SECRETO) % 2)
    chunks += b"LIST" + struct.pack("<I", len(info)) + info
    chunks += b"data" + struct.pack("<I", 100) + b"\x55" * 100
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def flac() -> bytes:
    comment = b"\x84" + len(SECRETO).to_bytes(3) + SECRETO
    return (
        b"fLaC" + b"\x00" + (34).to_bytes(3) + b"\x11" * 34 + comment + b"\xff\xf8" + b"\x55" * 99
    )


def caja(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def m4a(handler: bytes = b"soun") -> bytes:
    track = caja(b"mdia", caja(b"hdlr", bytes(8) + handler + bytes(13)))
    moov = caja(b"mvhd", bytes(100)) + caja(b"trak", track + caja(b"udta", SECRETO))
    moov += caja(b"udta", caja(b"\xa9xyz", SECRETO))
    media = caja(b"mdat", b"\x55" * 300)
    return caja(b"ftyp", b"M4A \x00\x00\x00\x00isom") + caja(b"moov", moov) + media


def pagina(seq: int, body: bytes, flags: int = 0) -> bytes:
    """One Ogg page of one whole packet."""
    lacing = bytes([255] * (len(body) // 255) + [len(body) % 255])
    head = b"OggS\x00" + bytes([flags]) + struct.pack("<QII", 0, 7, seq)
    page = bytearray(head + bytes(4) + bytes([len(lacing)]) + lacing + body)
    page[22:26] = _crc(page).to_bytes(4, "little")
    return bytes(page)


def opus(comentario: bytes = SECRETO) -> bytes:
    head = b"OpusHead\x01\x01" + bytes(9)
    tags = b"OpusTags" + struct.pack("<I", 3) + b"lib" + struct.pack("<II", 1, len(comentario))
    tags += comentario
    return pagina(0, head, 2) + pagina(1, tags) + pagina(2, b"\x55" * 500, 4)


def webm(codec: bytes = b"A_OPUS") -> bytes:
    """As a recorder streams it: of unknown length, tags before the sound."""
    head = b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm"
    track = b"\x16\x54\xae\x6b" + bytes([0x80 | len(codec) + 2]) + b"\x86"
    track += bytes([0x80 | len(codec)]) + codec
    tags = b"\x12\x54\xc3\x67" + bytes([0x80 | len(SECRETO)]) + SECRETO
    cluster = b"\x1f\x43\xb6\x75\xff" + b"\xa3\x90" + b"\x55" * 16
    return head + b"\x18\x53\x80\x67\xff" + track + tags + cluster


AUDIOS = {
    "audio/mpeg": mp3(),
    "audio/aac": aac(),
    "audio/amr": amr(),
    "audio/wav": wav(),
    "audio/flac": flac(),
    "audio/mp4": m4a(),
    "audio/ogg": opus(),
    "audio/webm": webm(),
}
