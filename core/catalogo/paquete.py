"""An XLSX as the archive of XML that it is: nothing in it is believed, and all of it is bounded.

The directory says how large each part is. zipfile never inflates more than that, so an archive
that lies about it is a damaged one, not a large one. Parts are parsed as streams, without DTDs:
where no entity can be declared, none can be expanded.
"""

import io
import zlib
from collections.abc import Collection, Iterator
from typing import Any, Protocol
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from core.catalogo.registro import ArchivoInvalido
from core.settings import Settings

# A workbook has one part for each sheet and picture. Its directory is read into memory whole.
_PARTES_MAX = 5_000
_ENTRADA = b"PK\x01\x02"
# One tag with its attributes; expat keeps it whole and would read a long one again and again.
_MARCA_MAX = 1 << 20
# Elements within elements, of which expat keeps all that are open; a sheet has six.
_HONDO_MAX = 1000
# Different names of elements and attributes, which expat never forgets.
_NOMBRES_MAX = 10_000
_PIEZA = 1 << 16
LIBRO = "xl/workbook.xml"
_CIFRADA = 0x1
_ROTO = (BadZipFile, zlib.error, EOFError, NotImplementedError, expat.ExpatError)


class Manejador(Protocol):
    """What is done with the elements of a part, in their order. Names come as they are written,
    with their prefix. hondo: how many elements are open, which it counts."""

    hondo: int

    def start(self, name: str, attributes: dict[str, str]) -> None: ...
    def end(self, name: str) -> None: ...
    def text(self, data: str) -> None: ...


class Paquete:
    """Raises ArchivoInvalido where the archive is none, is damaged, or would fill the memory."""

    def __init__(self, contenido: bytes, limites: Settings) -> None:
        if contenido.count(_ENTRADA) > _PARTES_MAX:
            raise _too_large()
        try:
            self._zip = ZipFile(io.BytesIO(contenido))
        except (*_ROTO, ValueError) as e:  # names and sizes that are none are ValueErrors
            raise _no_book() from e
        self._partes = {info.filename: info for info in self._zip.infolist()}
        if LIBRO not in self._partes:
            raise _no_book()
        _check(self._partes.values(), len(contenido), limites)

    def __contains__(self, parte: str) -> bool:
        return parte in self._partes

    def parse(self, parte: str, manejador: Manejador, *, most: int | None = None) -> Iterator[None]:
        """Parse one part, a piece with each step of the iterator. most: bytes it may have."""
        info = self._partes.get(parte)
        if info is None:
            raise _damaged()
        if most is not None and info.file_size > most:
            raise _too_large()
        parser = _parser(manejador)
        try:
            with self._zip.open(info) as source:
                done = 0
                while piece := source.read(_PIEZA):
                    parser.Parse(piece, False)
                    done += len(piece)
                    _check_state(parser, done - parser.CurrentByteIndex, manejador.hondo)
                    yield
                parser.Parse(b"", True)
        except _ROTO as e:
            raise _damaged() from e
        yield


def local(name: str) -> str:
    """An element's or attribute's name without its prefix, which each program chooses."""
    return name.rpartition(":")[2]


def _parser(manejador: Manejador) -> Any:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.XmlDeclHandler = _check_encoding
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = manejador.start
    parser.EndElementHandler = manejador.end
    parser.CharacterDataHandler = manejador.text
    return parser


def _check_state(parser: Any, tag: int, depth: int) -> None:
    """What expat holds at this moment."""
    if tag > _MARCA_MAX or depth > _HONDO_MAX or len(parser.intern) > _NOMBRES_MAX:
        raise _too_large()


def _check_encoding(version: str, encoding: str | None, standalone: int) -> None:
    """Those that the format allows; for any other, expat would ask Python's codecs."""
    if encoding is not None and encoding.lower() not in ("utf-8", "utf-16", "us-ascii"):
        raise _damaged()


def _refuse_doctype(*told: object) -> None:
    raise _damaged()


def _check(partes: Collection[ZipInfo], size: int, limites: Settings) -> None:
    if any(parte.flag_bits & _CIFRADA for parte in partes):
        detalle = "El archivo tiene contraseña: guárdelo sin ella y envíelo de nuevo."
        raise ArchivoInvalido("formato_no_soportado", detalle)
    for parte in partes:
        known = parte.compress_type in (ZIP_STORED, ZIP_DEFLATED)
        if not known or not 0 <= parte.header_offset < size:
            raise _damaged()
    total = sum(parte.file_size for parte in partes)
    most = min(limites.importacion_xlsx_max_bytes, limites.importacion_xlsx_max_razon * size)
    if total > most:
        raise _too_large()


def _no_book() -> ArchivoInvalido:
    detalle = "No es un libro de Excel (.xlsx), o está dañado: guárdelo como XLSX o CSV."
    return ArchivoInvalido("formato_no_soportado", detalle)


def _damaged() -> ArchivoInvalido:
    detalle = "El archivo de Excel está dañado: guárdelo de nuevo, o como CSV, y envíelo otra vez."
    return ArchivoInvalido("archivo_danado", detalle)


def _too_large() -> ArchivoInvalido:
    detalle = "El archivo de Excel es demasiado grande por dentro: guárdelo como CSV."
    return ArchivoInvalido("demasiado_grande", detalle)
