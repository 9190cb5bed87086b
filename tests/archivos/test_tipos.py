"""What a file is by its content, and what is left of it: its sound, and nothing about people."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.archivos.etiquetas import _crc, without_tags
from core.archivos.tipos import EXTENSIONES, mime_of
from core.errors import ArchivoIlegible
from tests.archivos.muestras import AUDIOS, SECRETO, foto, m4a, opus, webm

FOTOS = {
    "image/jpeg": foto("JPEG"),
    "image/png": foto("PNG"),
    "image/webp": foto("WEBP"),
    "image/gif": foto("GIF"),
}


def test_every_kind_is_known_by_its_content() -> None:
    samples = FOTOS | AUDIOS
    assert {mime_of(c): mime for mime, c in samples.items()} == {m: m for m in EXTENSIONES}


@pytest.mark.parametrize(
    "contenido",
    [
        b"",
        b"%PDF-1.7",
        b"<html><script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"PK\x03\x04",
        b"MZ\x90",
        b"RIFF\x00\x00\x00\x00AVI ",
        b"\x00\x00\x00\x18ftypheic" + bytes(20),
        m4a(handler=b"vide"),
        webm(codec=b"V_VP9"),
        b"OggS" + bytes(24) + b"\x80theora OpusHead",
    ],
    ids=lambda c: repr(c[:12]),
)
def test_what_is_neither_photo_nor_recording_is_nothing(contenido: bytes) -> None:
    assert mime_of(contenido) is None


@pytest.mark.parametrize("mime", AUDIOS)
def test_a_recording_loses_its_tags_and_none_of_its_sound(mime: str) -> None:
    bare = without_tags(AUDIOS[mime], mime)
    assert mime_of(bare) == mime
    assert SECRETO not in bare
    assert SECRETO[:5] not in bare
    assert bare.count(b"\x55" * 16) == AUDIOS[mime].count(b"\x55" * 16) > 0
    assert without_tags(bare, mime) == bare


@pytest.mark.parametrize(
    "mime", ["audio/wav", "audio/flac", "audio/mp4", "audio/ogg", "audio/webm"]
)
def test_no_offset_in_a_container_moves(mime: str) -> None:
    assert len(without_tags(AUDIOS[mime], mime)) == len(AUDIOS[mime])


def test_the_pages_of_ogg_still_add_up() -> None:
    """Comments of many pages too, as a picture among them makes."""
    bare = bytearray(without_tags(opus(SECRETO * 20), "audio/ogg"))
    starts = [i for i in range(len(bare)) if bare[i : i + 4] == b"OggS"]
    for start, end in zip(starts, [*starts[1:], len(bare)], strict=True):
        page = bare[start:end]
        said = int.from_bytes(page[22:26], "little")
        page[22:26] = bytes(4)
        assert _crc(page) == said
    assert SECRETO not in bare


@settings(max_examples=300, deadline=2000)
@given(st.sampled_from(sorted(AUDIOS)), st.data())
def test_whatever_is_broken_ends_soon_and_in_one_error(mime: str, data: st.DataObject) -> None:
    broken = bytearray(AUDIOS[mime])
    for _ in range(data.draw(st.integers(1, 8))):
        broken[data.draw(st.integers(4, len(broken) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(broken[: data.draw(st.integers(12, len(broken)))])
    try:
        without_tags(cut, mime)
    except ArchivoIlegible:
        return


_MUCHO = 8 * 1024 * 1024
_CABEZA_MP4 = b"\x00\x00\x00\x10ftypM4A " + bytes(4)


@pytest.mark.parametrize(
    "contenido",
    [
        b"ID3\x04\x00\x00\x00\x00\x00\x00" * (_MUCHO // 10) + b"\xff\xfb\x90\x00" * 9,
        b"\x1a\x45\xdf\xa3\x80" + b"\x81\x80" * (_MUCHO // 2),
        _CABEZA_MP4 + b"\x00\x00\x00\x08free" * (_MUCHO // 8),
        _CABEZA_MP4 + b"hdlr" * (_MUCHO // 4),
        b"fLaC" + b"\x01\x00\x00\x00" * (_MUCHO // 4),
        b"RIFF\x00\x00\x00\x00WAVE" + b"xxxx\x00\x00\x00\x00" * (_MUCHO // 8),
    ],
    ids=["tags", "elements", "boxes", "handlers", "blocks", "chunks"],
)
def test_one_made_of_nothing_but_small_parts_is_no_recording_and_costs_no_more(
    contenido: bytes,
) -> None:
    begun = time.thread_time()
    mime = mime_of(contenido)
    if mime is not None:
        with pytest.raises(ArchivoIlegible):
            without_tags(contenido, mime)
    assert time.thread_time() - begun < 2
