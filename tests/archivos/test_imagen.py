"""core.ports.LimpiarImagen: one contract for the paper one and Pillow's; pictures made to harm."""

import io
import struct
import time
import zlib

import pytest
from PIL import Image

from core.adapters.imagen import PillowLimpiador
from core.errors import ArchivoIlegible, Unavailable
from core.ports import LimpiarImagen
from core.settings import Settings
from tests.archivos.muestras import SECRETO, foto, foto_con_datos
from tests.fakes import LimpiadorDePapel

AJUSTES = Settings(_env_file=None)  # type: ignore[call-arg]
PILLOW = PillowLimpiador.of(AJUSTES)


@pytest.fixture(params=[LimpiadorDePapel(), PILLOW], ids=["papel", "pillow"])
def limpiar(request: pytest.FixtureRequest) -> LimpiarImagen:
    found: LimpiarImagen = request.param
    return found


def test_a_picture_comes_back_as_a_jpeg_of_its_size(limpiar: LimpiarImagen) -> None:
    clean = limpiar(foto("PNG"), segundos=20)
    assert clean.contenido.startswith(b"\xff\xd8\xff")
    assert clean.ancho > 0
    assert clean.alto > 0


def test_what_is_no_picture_is_refused(limpiar: LimpiarImagen) -> None:
    with pytest.raises(ArchivoIlegible):
        limpiar(b"\xff\xd8\xff nothing of the kind", segundos=20)


@pytest.mark.parametrize(
    "contenido",
    [
        foto("JPEG"),
        foto("JPEG", mode="CMYK"),
        foto("PNG", mode="RGBA"),
        foto("PNG", mode="LA"),
        foto("PNG", mode="P"),
        foto("PNG", mode="I;16"),
        foto("PNG", mode="1"),
        foto("WEBP"),
        foto("GIF"),
    ],
)
def test_every_kind_of_colour_is_drawn(contenido: bytes) -> None:
    clean = PILLOW(contenido, segundos=20)
    assert (clean.ancho, clean.alto) == (300, 200)


def test_place_author_and_comment_are_gone_and_the_picture_stands_upright() -> None:
    clean = PILLOW(foto_con_datos(orientacion=6), segundos=20)
    assert SECRETO not in clean.contenido
    assert b"Exif" not in clean.contenido
    with Image.open(io.BytesIO(clean.contenido)) as picture:
        assert picture.size == (clean.ancho, clean.alto) == (200, 400)
        assert not picture.getexif()
        red, _, blue = picture.getpixel((190, 200))  # type: ignore[misc]
        assert red > 200 > blue  # what was above is at the right now


def test_a_large_photo_is_kept_smaller() -> None:
    clean = PILLOW(foto("JPEG", size=(6000, 3000)), segundos=20)
    assert (clean.ancho, clean.alto) == (2048, 1024)


def png_of(ancho: int, alto: int) -> bytes:
    """A PNG that says so many points, and has none."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", ancho, alto, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(100_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_a_bomb_costs_no_more_than_a_look() -> None:
    start = time.monotonic()
    for bomb in (png_of(100_000, 100_000), png_of(2**31 - 1, 1), foto("PNG", size=(8000, 8000))):
        with pytest.raises(ArchivoIlegible):
            PILLOW(bomb, segundos=20)
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("formato", ["JPEG", "PNG", "WEBP", "GIF"])
def test_half_a_file_is_refused_or_drawn_and_ends_nobody(formato: str) -> None:
    whole = foto(formato, size=(900, 900))
    try:
        PILLOW(whole[: len(whole) // 2], segundos=20)
    except ArchivoIlegible:
        return


def test_one_that_takes_too_much_memory_ends_its_own_process_only() -> None:
    little = PillowLimpiador(pixeles=50_000_000, lado=2048, cpu_segundos=10, memoria=120_000_000)
    with pytest.raises(ArchivoIlegible):
        little(foto("PNG", size=(7000, 7000)), segundos=30)


def test_one_that_is_not_done_in_time_may_be_tried_again() -> None:
    with pytest.raises(Unavailable):
        PILLOW(foto("PNG", size=(6000, 6000)), segundos=0.05)
