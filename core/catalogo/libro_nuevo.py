"""An XLSX written as a stream: it is sent while it is made, and never in memory whole."""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from html import escape
from zipfile import ZIP_DEFLATED, ZipFile

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_FORMATO = "http://schemas.openxmlformats.org"
_TIPO = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_RELACION = f"{_FORMATO}/officeDocument/2006/relationships"
_RELACIONES = f'<Relationships xmlns="{_FORMATO}/package/2006/relationships">'
_HOJA = "xl/worksheets/sheet1.xml"
_PARTES = {
    "[Content_Types].xml": f'<Types xmlns="{_FORMATO}/package/2006/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TIPO}.sheet.main+xml"/>'
    f'<Override PartName="/{_HOJA}" ContentType="{_TIPO}.worksheet+xml"/></Types>',
    "_rels/.rels": f'{_RELACIONES}<Relationship Id="rId1" Type="{_RELACION}/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'{_RELACIONES}<Relationship Id="rId1" '
    f'Type="{_RELACION}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_FORMATO}/spreadsheetml/2006/main" '
    f'xmlns:r="{_RELACION}"><sheets><sheet name="{{titulo}}" sheetId="1" r:id="rId1"/></sheets>'
    "</workbook>",
}
_ANTES = f'<worksheet xmlns="{_FORMATO}/spreadsheetml/2006/main"><sheetData>'
_DESPUES = "</sheetData></worksheet>"
# What XML cannot keep or would change, and what would be read as such an escape.
_ESCAPADO = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def write_libro(
    titulo: str, titulos: Sequence[str], renglones: Iterable[Sequence[Sequence[str | Decimal]]]
) -> Iterator[bytes]:
    """A book with one sheet. Texts stand in it as texts, never as formulas; Decimals are
    numbers."""
    sent = _Salida()
    with ZipFile(sent, "w", ZIP_DEFLATED) as archive:
        for name, part in _PARTES.items():
            archive.writestr(name, _XML + part.replace("{titulo}", escape(titulo)))
        with archive.open(_HOJA, "w") as sheet:
            sheet.write(f"{_XML}{_ANTES}{_row(titulos)}".encode())
            for some in renglones:
                sheet.write("".join(map(_row, some)).encode())
                yield sent.take()
            sheet.write(_DESPUES.encode())
    yield sent.take()


class _Salida:
    """A file for zipfile to write to, which cannot go back in it; and what it has written."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """What was written can still be taken."""

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def _row(cells: Sequence[str | Decimal]) -> str:
    return f"<row>{''.join(map(_cell, cells))}</row>"


def _cell(cell: str | Decimal) -> str:
    if cell == "":
        return "<c/>"
    if isinstance(cell, Decimal):
        return f"<c><v>{cell:f}</v></c>"
    text = _ESCAPADO.sub(lambda m: f"_x{ord(m[0]):04X}_", cell)
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(text, quote=False)}</t></is></c>'
