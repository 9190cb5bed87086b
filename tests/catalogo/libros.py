"""XLSX files for tests: real ones, and archives made by hand that no program would write."""

import io
from collections.abc import Iterable
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

LIBRO = (
    f'<workbook xmlns="{MAIN}" xmlns:r="{KIND}"><sheets>'
    '<sheet name="Hoja1" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
TIPO = "application/vnd.openxmlformats-officedocument.spreadsheetml"
TIPOS = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    f'<Override PartName="/xl/workbook.xml" ContentType="{TIPO}.sheet.main+xml"/>{{}}</Types>'
)
TEXTOS = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{TIPO}.sharedStrings+xml"/>'
RELACIONES = (
    f'<Relationships xmlns="{RELS}">'
    f'<Relationship Id="rId1" Type="{KIND}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{KIND}/sharedStrings" Target="sharedStrings.xml"/>'
    "</Relationships>"
)
TITULOS = (
    '<row r="1"><c r="A1" t="str"><v>nombre</v></c><c r="B1" t="str"><v>precio</v></c>'
    '<c r="C1" t="str"><v>stock</v></c></row>'
)


def save(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def book(rows: Iterable[Iterable[Any]]) -> bytes:
    made = Workbook()
    for row in rows:
        made.active.append(list(row))
    return save(made)


def sheet(rows: str) -> str:
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def pack(rows: str = TITULOS, **parts: str | bytes) -> bytes:
    """A book with these rows as XML. parts: others, or other contents, by their last name."""
    named = {
        "[Content_Types].xml": parts.pop(
            "types", TIPOS.format(TEXTOS if "sharedStrings" in parts else "")
        ),
        "xl/workbook.xml": parts.pop("workbook", LIBRO),
        "xl/_rels/workbook.xml.rels": parts.pop("rels", RELACIONES),
        "xl/worksheets/sheet1.xml": parts.pop("sheet1", sheet(rows)),
        **{f"xl/{name}.xml": part for name, part in parts.items()},
    }
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, part in named.items():
            archive.writestr(name, part)
    return file.getvalue()
