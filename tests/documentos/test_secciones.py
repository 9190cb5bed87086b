"""Headings: each section has those above it, at whatever level a text begins."""

from core.documentos.secciones import read_markdown


def test_sections_of_one_level_stand_side_by_side_without_a_title_above() -> None:
    read = read_markdown(
        "## Envíos\nSale a las 3.\n\n## Garantía\nUn mes.\n\n### Pilas\nNinguna.\n"
    )
    assert [s.titulo for s in read] == ["Envíos", "Garantía", "Garantía › Pilas"]
