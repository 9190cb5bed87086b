"""An XLSX as the archive of XML that it is, gone through before openpyxl opens it.

openpyxl makes objects of whatever a book says. Here nothing is made: each part streams through
expat once, so that what would fill the memory, or declares entities, is refused before.
"""

import io
import zlib
from collections.abc import Collection
from typing import Any
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from core.catalogo.archivos.registro import ArchivoInvalido
from core.settings import Settings

# A workbook has one part for each sheet and picture. Its directory is read into memory whole.
_PARTES_MAX = 5_000
_ENTRADA = b"PK\x01\x02"
_PIEZA = 1 << 16
_CIFRADA = 0x1
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
# The elements that openpyxl forgets when it has read them, by the root of their part.
_OLVIDADOS = {f"{_MAIN} worksheet": f"{_MAIN} row", f"{_MAIN} sst": f"{_MAIN} si"}
# How many of those, what one may hold (16,384 cells with their values are a third of it), and all
# other elements of a part: a book with every style that Excel allows has two thirds of it.
_OLVIDADOS_MAX, _DENTRO_MAX, _FUERA_MAX = 2_000_000, 100_000, 300_000
# Elements within elements; a sheet has six.
_HONDO_MAX = 1_000
# One tag with its attributes; expat keeps it whole and would read a long one again and again.
_MARCA_MAX = 1 << 20
# Different names of elements and attributes, which expat never forgets.
_NOMBRES_MAX = 10_000


def check_paquete(contenido: bytes, limites: Settings) -> None:
    """Raises ArchivoInvalido where the archive is none or would fill the memory.

    Of what the directory says only the sizes matter: zipfile never inflates more than they admit.
    """
    if contenido.count(_ENTRADA) > _PARTES_MAX:
        raise too_large()
    try:
        archive = ZipFile(io.BytesIO(contenido))
    except (BadZipFile, NotImplementedError, ValueError) as e:  # ValueError: names that are none
        raise _no_book() from e
    with archive:
        partes = archive.infolist()
        if "xl/workbook.xml" not in archive.namelist():
            raise _no_book()
        _check_directory(partes, len(contenido), limites)
        for parte in partes:
            _check_parte(archive, parte)


def damaged() -> ArchivoInvalido:
    detalle = "El archivo de Excel está dañado: guárdelo de nuevo, o como CSV, y envíelo otra vez."
    return ArchivoInvalido("archivo_danado", detalle)


def _check_directory(partes: Collection[ZipInfo], size: int, limites: Settings) -> None:
    if any(parte.flag_bits & _CIFRADA for parte in partes):
        detalle = "El archivo tiene contraseña: guárdelo sin ella y envíelo de nuevo."
        raise ArchivoInvalido("formato_no_soportado", detalle)
    for parte in partes:
        known = parte.compress_type in (ZIP_STORED, ZIP_DEFLATED)
        if not known or not 0 <= parte.header_offset < size:
            raise damaged()
    total = sum(parte.file_size for parte in partes)
    most = min(limites.importacion_xlsx_max_bytes, limites.importacion_xlsx_max_razon * size)
    if total > most:
        raise too_large()


def _check_parte(archive: ZipFile, parte: ZipInfo) -> None:
    """Any part may be the sheet, whatever it is called. One that cannot be read on, as a picture
    cannot, is left at that place: openpyxl will get no further in it."""
    seen = _Vistos()
    parser = _parser(seen)
    done = 0
    try:
        with archive.open(parte) as source:
            while piece := source.read(_PIEZA):
                parser.Parse(piece, False)
                done += len(piece)
                tag = done - parser.CurrentByteIndex
                if seen.too_many or tag > _MARCA_MAX or len(parser.intern) > _NOMBRES_MAX:
                    raise too_large()
    except (expat.ExpatError, BadZipFile, zlib.error, EOFError, NotImplementedError):
        return


class _Vistos:
    """Counts what openpyxl would hold at once of the part that is being parsed."""

    def __init__(self) -> None:
        self._hondo = self._olvidados = self._dentro = self._fuera = 0
        self._olvidado = ""
        self._abierto = 0  # the depth of the element that is open and will be forgotten

    def start(self, name: str, attributes: object) -> None:
        self._hondo += 1
        if self._abierto:
            self._dentro += 1
        elif name == self._olvidado:
            self._abierto = self._hondo
            self._olvidados += 1
            self._dentro = 0
        else:
            self._fuera += 1
            if self._hondo == 1:
                self._olvidado = _OLVIDADOS.get(name, "")

    def end(self, name: str) -> None:
        if self._hondo == self._abierto:
            self._abierto = 0
        self._hondo -= 1

    @property
    def too_many(self) -> bool:
        return (
            self._hondo > _HONDO_MAX
            or self._olvidados > _OLVIDADOS_MAX
            or self._dentro > _DENTRO_MAX
            or self._fuera > _FUERA_MAX
        )


def _parser(seen: _Vistos) -> Any:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.XmlDeclHandler = _check_encoding
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = seen.start
    parser.EndElementHandler = seen.end
    return parser


def _check_encoding(version: str, encoding: str | None, standalone: int) -> None:
    """Those that the format allows; for any other, expat would ask Python's codecs."""
    if encoding is not None and encoding.lower() not in ("utf-8", "utf-16", "us-ascii"):
        raise damaged()


def _refuse_doctype(*told: object) -> None:
    """Where no entity can be declared, none can be expanded."""
    raise damaged()


def _no_book() -> ArchivoInvalido:
    detalle = "No es un libro de Excel (.xlsx), o está dañado: guárdelo como XLSX o CSV."
    return ArchivoInvalido("formato_no_soportado", detalle)


def too_large() -> ArchivoInvalido:
    detalle = "El archivo de Excel es demasiado grande por dentro: guárdelo como CSV."
    return ArchivoInvalido("demasiado_grande", detalle)
