"""Long replies in pieces: nothing lost, nothing over the limit, cut where a reader would pause."""

import re

from hypothesis import given
from hypothesis import strategies as st

from core.mensajes.partes import split_texto


def units(texto: str) -> int:
    return len(texto.encode("utf-16-le", "surrogatepass")) // 2


def test_what_fits_is_one_piece() -> None:
    assert split_texto("  Hola.  ", 4096) == ["Hola."]
    assert split_texto("", 4096) == [""]


def test_cuts_fall_at_the_ends_of_sentences() -> None:
    texto = "El martillo vale $1.500. ¿Lo quieres? ¡Claro que sí! Perfecto."
    assert split_texto(texto, 30) == [
        "El martillo vale $1.500.",
        "¿Lo quieres? ¡Claro que sí!",
        "Perfecto.",
    ]


def test_a_list_is_cut_between_its_lines() -> None:
    texto = "\n".join(f"{n}. Martillo de uña número {n}" for n in range(1, 6))
    for piece in split_texto(texto, 70):
        for line in piece.splitlines():
            assert re.fullmatch(r"\d\. Martillo de uña número \d", line)


def test_words_stay_whole_where_there_is_no_sentence() -> None:
    assert split_texto("uno dos tres cuatro", 9) == ["uno dos", "tres", "cuatro"]


def test_a_word_without_end_is_torn_but_no_letter_is() -> None:
    assert split_texto("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]
    assert split_texto("👍🏽" * 3, 5) == ["👍🏽", "👍🏽", "👍🏽"]
    assert split_texto("e\u0301" * 6, 5) == ["e\u0301" * 2] * 3


@given(
    st.text(alphabet=st.characters(codec="utf-8"), max_size=400),
    st.integers(min_value=2, max_value=60),
)
def test_every_piece_fits_and_only_white_space_is_lost(texto: str, maximo: int) -> None:
    pieces = split_texto(texto, maximo)
    assert all(units(p) <= maximo for p in pieces)
    assert "".join("".join(pieces).split()) == "".join(texto.split())
    assert pieces == split_texto(texto, maximo)
    assert len(pieces) == 1 or all(pieces)
