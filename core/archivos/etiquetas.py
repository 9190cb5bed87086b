"""A recording without what its tags tell of who made it, where and with what.

Tags are blanked where they stand, so that no offset of the container moves, and the sound itself is
not touched. AMR has none. What is no such container after all is ArchivoIlegible.
"""

import struct
from collections.abc import Callable, Iterator

from core.errors import ArchivoIlegible

_CAJAS_CON_CAJAS = frozenset({b"moov", b"trak", b"moof", b"traf"})
_CAJAS_DE_ETIQUETAS = frozenset({b"udta", b"meta", b"uuid"})
_TROZOS_DE_SONIDO = frozenset({b"fmt ", b"fact", b"data"})
_BLOQUES_DE_ETIQUETAS = frozenset({2, 4, 5, 6})  # application, comment, cue sheet, picture
_RELLENO_FLAC = 1
# Comments of a voice note take a page; a picture among them, some.
_PAGINAS_MAX = 64
# Of a container: more than an hour of sound in the smallest pieces has, and soon gone through.
_PARTES_MAX = 400_000
_ETIQUETAS_MAX = 16
_SEGMENT, _TAGS, _ATTACHMENTS, _VOID = 0x18538067, 0x1254C367, 0x1941A469, 0xEC


def without_tags(contenido: bytes, mime: str) -> bytes:
    """The same recording, playable as before. Raises ArchivoIlegible."""
    clean = _POR_TIPO.get(mime)
    if clean is None:
        return contenido
    try:
        return clean(contenido)
    except (struct.error, IndexError, ValueError) as e:
        raise ArchivoIlegible("El audio está dañado.") from e


class _Partes:
    """So many and no more: what is made of nothing but small parts is made to be gone through."""

    def __init__(self, most: int = _PARTES_MAX) -> None:
        self._left = most

    def count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise ValueError("too many parts")


def _mpeg(c: bytes) -> bytes:
    """ID3v2 before, APE and ID3v1 after."""
    parts = _Partes(_ETIQUETAS_MAX)
    while c.startswith(b"ID3") and len(c) > 10:
        parts.count()
        size = c[6] << 21 | c[7] << 14 | c[8] << 7 | c[9]
        c = c[10 + size + (10 if c[5] & 0x10 else 0) :]
    if c[-128:-125] == b"TAG":
        c = c[:-128]
    if c[-32:-24] == b"APETAGEX":
        size, _, flags = struct.unpack("<III", c[-20:-8])
        c = c[: max(0, len(c) - size - (32 if flags & 0x80000000 else 0))]
    if not c:
        raise ValueError("nothing but tags")
    return c


def _mp4(c: bytes) -> bytes:
    out = bytearray(c)
    parts = _Partes()
    pending = [(0, len(out))]
    while pending:
        start, end = pending.pop()
        for at, kind, body, after in _boxes(out, start, end):
            parts.count()
            if kind in _CAJAS_DE_ETIQUETAS:
                out[at + 4 : at + 8] = b"free"
                out[body:after] = bytes(after - body)
            elif kind in _CAJAS_CON_CAJAS:
                pending.append((body, after))
    return bytes(out)


def _boxes(c: bytearray, start: int, end: int) -> Iterator[tuple[int, bytes, int, int]]:
    """(where it begins, its type, where its body begins, where it ends) of each box in a range."""
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", c, start)
        body = start + 8
        if size == 1:
            size, body = struct.unpack_from(">Q", c, start + 8)[0], start + 16
        if size and size < body - start:
            raise ValueError("a box smaller than its head")
        after = min(end, start + size) if size else end  # 0: to the end; recorders may be cut off
        yield start, kind, min(body, after), after
        start = after


def _wav(c: bytes) -> bytes:
    out, at, parts = bytearray(c), 12, _Partes()
    while at + 8 <= len(out):
        parts.count()
        kind, size = struct.unpack_from("<4sI", out, at)
        after = min(len(out), at + 8 + size)
        if kind not in _TROZOS_DE_SONIDO:
            out[at : at + 4] = b"JUNK"
            out[at + 8 : after] = bytes(after - at - 8)
        at += 8 + size + size % 2
    return bytes(out)


def _flac(c: bytes) -> bytes:
    out, at, last, parts = bytearray(c), 4, False, _Partes()
    while not last:
        parts.count()
        last, kind = bool(out[at] & 0x80), out[at] & 0x7F
        size = int.from_bytes(out[at + 1 : at + 4])
        if kind in _BLOQUES_DE_ETIQUETAS:
            out[at] = (out[at] & 0x80) | _RELLENO_FLAC
            after = min(len(out), at + 4 + size)
            out[at + 4 : after] = bytes(after - at - 4)
        at += 4 + size
    return bytes(out)


# --- Ogg -----------------------------------------------------------------------------------------


def _ogg(c: bytes) -> bytes:
    """Its second packet is the comments: none of them is left, and what they took is padding."""
    out = bytearray(c)
    pages, places = _second_packet(out)
    packet = bytes(out[i] for i in places)
    head = 8 if packet.startswith(b"OpusTags") else 7
    if packet[:head] not in (b"OpusTags", b"\x03vorbis"):
        return c  # Speex and FLAC in Ogg: no voice note is one
    vendor = int.from_bytes(packet[head : head + 4], "little")
    at = head + 4 + vendor
    if at + 4 > len(packet):
        raise ValueError("comments without their count")
    # Vorbis wants a bit after the last comment; to Opus it must be clear.
    end = b"\x01" if head == 7 else b"\x00"
    blank = (bytes(4) + end).ljust(len(packet) - at, b"\x00")[: len(packet) - at]
    for place, value in zip(places[at:], blank, strict=True):
        out[place] = value
    for start, after in pages:
        out[start + 22 : start + 26] = bytes(4)
        crc = _crc(out[start:after])
        out[start + 22 : start + 26] = crc.to_bytes(4, "little")
    return bytes(out)


def _second_packet(c: bytearray) -> tuple[list[tuple[int, int]], list[int]]:
    """Its pages as (start, end), and the place of each of its bytes."""
    pages, places = [], list[int]()
    at = _page_end(c, 0)
    for _ in range(_PAGINAS_MAX):
        after = _page_end(c, at)
        pages.append((at, after))
        place = at + 27 + c[at + 26]
        for size in c[at + 27 : at + 27 + c[at + 26]]:
            places.extend(range(place, place + size))
            place += size
            if size < 255:
                return pages, places
        at = after
    raise ValueError("comments without end")


def _page_end(c: bytearray, at: int) -> int:
    if c[at : at + 4] != b"OggS":
        raise ValueError("no page")
    segments = c[at + 26]
    end = at + 27 + segments + sum(c[at + 27 : at + 27 + segments])
    if end > len(c):
        raise ValueError("a page cut short")
    return end


def _table() -> list[int]:
    table = []
    for n in range(256):
        r = n << 24
        for _ in range(8):
            r = (r << 1) ^ 0x04C11DB7 if r & 0x80000000 else r << 1
        table.append(r & 0xFFFFFFFF)
    return table


_CRC = _table()


def _crc(page: bytes | bytearray) -> int:
    """Ogg's own: not reflected, begun at 0, unlike zlib's."""
    r = 0
    for byte in page:
        r = (r << 8 & 0xFFFFFFFF) ^ _CRC[r >> 24 ^ byte]
    return r


# --- WebM ----------------------------------------------------------------------------------------


def _webm(c: bytes) -> bytes:
    out, at, parts = bytearray(c), 0, _Partes()
    while at < len(out):
        parts.count()
        kind, body = _element_id(out, at)
        size, body = _element_size(out, body)
        if kind == _SEGMENT or size is None:
            at = body  # a recorder that streams does not know how long it will be
            continue
        after = min(len(out), body + size)
        if kind in (_TAGS, _ATTACHMENTS):
            _void(out, at, after)
        at = after
    return bytes(out)


def _element_id(c: bytearray, at: int) -> tuple[int, int]:
    n = 9 - c[at].bit_length()
    if n > 4:
        raise ValueError("no element")
    return int.from_bytes(c[at : at + n]), at + n


def _element_size(c: bytearray, at: int) -> tuple[int | None, int]:
    n = 9 - c[at].bit_length()
    if n > 8:
        raise ValueError("no size")
    value = int.from_bytes(c[at : at + n]) & (1 << 7 * n) - 1
    return None if value == (1 << 7 * n) - 1 else value, at + n


def _void(c: bytearray, start: int, end: int) -> None:
    total = end - start
    head = bytes([_VOID, 0x80 | total - 2]) if total < 9 else _long_void(total)
    c[start:end] = head.ljust(total, b"\x00")


def _long_void(total: int) -> bytes:
    return bytes([_VOID, 0x01]) + (total - 9).to_bytes(7)


_POR_TIPO: dict[str, Callable[[bytes], bytes]] = {
    "audio/mpeg": _mpeg,
    "audio/aac": _mpeg,
    "audio/mp4": _mp4,
    "audio/wav": _wav,
    "audio/flac": _flac,
    "audio/ogg": _ogg,
    "audio/webm": _webm,
}
