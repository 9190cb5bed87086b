"""Folding and sizes: what two ways of writing one thing have in common."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalogo.busqueda.indice import contradicts
from core.catalogo.busqueda.parecidos import sound
from core.catalogo.texto import Medida, fold, fold_key, stem, terms


def sizes(texto: str) -> list[str]:
    return [t.clave for t in terms(texto) if isinstance(t, Medida)]


@pytest.mark.parametrize(
    ("uno", "otro"),
    [
        ("martillos", "Martillo"),
        ("LÁPICES", "lápiz"),
        ("llaves", "llave"),
        ("colores", "color"),
        ("alicates", "alicate"),
        ("luces", "luz"),
        ("ladrillos de obra", "ladrillo obra"),
        ("de la", ""),
    ],
)
def test_plurals_accents_and_case_do_not_matter(uno: str, otro: str) -> None:
    assert terms(uno) == terms(otro)


@pytest.mark.parametrize(
    ("escrituras", "clave"),
    [
        (['1/2"', "1/2''", "1/2 pulgada", "½”", "media pulgada", "1/2", "de media"], "1/2in"),
        (['1 1/2"', "1-1/2 plg", "1½ pulgadas", "pulgada y media", "una pulgada y media"], "3/2in"),
        (["3/4 de pulgada", "de tres cuartos", "tres cuartos de pulgada"], "3/4in"),
        (["9W", "9 w", "9 vatios", "9watts"], "9w"),
        (["12 V", "12v", "doce voltios"], "12v"),
        (["5m", "5 mts", "5 metros", "cinco metros", "500 cm"], "5000mm"),
        (["2.5 mm", "2,5mm"], "5/2mm"),
        (["PH2", "ph 2", "ph-2"], "ph2"),
        (["12 AWG", "calibre 12", "#12", "No. 12", "número 12"], "12#"),
        (["1 kg", "un kilo", "1000 g"], "1000g"),
        (["1/4 galón", "cuarto de galón"], "1/4gal"),
        (["20A", "20 amperios"], "20amp"),
        (["1.000 lm", "1000 lúmenes"], "1000lm"),
    ],
)
def test_one_size_has_one_key_however_it_is_written(escrituras: list[str], clave: str) -> None:
    for escritura in escrituras:
        assert sizes(f"cosa {escritura}") == [clave], escritura


@pytest.mark.parametrize(
    ("texto", "claves"),
    [
        ("Tornillo 2x50", ["2", "50", "x:2x50"]),
        ('Destornillador 1/4 x 6"', ["1/4in", "6in", "x:1/4x6"]),
        ("Foco 110/220V", ["110v", "220v"]),
        ("Teléfono 3001234567", ["3001234567"]),
        ("10 martillos", ["10"]),
        ("WD-40", ["wd40"]),
        ("de 10 a 20", ["10", "20"]),
    ],
)
def test_what_stands_beside_each_other_is_kept_apart(texto: str, claves: list[str]) -> None:
    assert sizes(texto) == claves


@pytest.mark.parametrize(
    ("pedida", "tiene", "contradice"),
    [
        ("1/4", 'Tubo 1/2"', True),
        ("1/2", 'Tubo 1/2"', False),
        ("9w", "Bombillo 12W", True),
        ("9w", "Bombillo E27", False),
        ("5 m", "Cinta 3 m x 16 mm", True),
        ("2x50", "Cable 2x60", True),
        ("6 x 1", 'Tornillo 6 x 1" x 100 unidades', False),
        ("ph2", "Punta PH1", True),
        ("8", 'Alicate 6"', False),
    ],
)
def test_a_size_contradicts_only_its_own_kind(pedida: str, tiene: str, contradice: bool) -> None:
    has = [t for t in terms(tiene) if isinstance(t, Medida)]
    asked = [t for t in terms(pedida) if isinstance(t, Medida)][-1]
    assert contradicts(asked, has) is contradice


def test_a_key_is_the_sku_or_else_the_name() -> None:
    assert fold_key(" M-1 ", "x") == fold_key("m-1", "y")
    assert fold_key(None, "Árbol  Grande") == fold_key(None, "arbol grande")
    assert fold_key("martillo", "x") != fold_key(None, "martillo")
    assert fold_key(None, "Martillo") != fold_key(None, "Martillos")
    assert fold_key(None, 'Tubo 1/2"') != fold_key(None, 'Tubo 1/4"')


def test_words_that_sound_alike_in_latin_america() -> None:
    pairs = ("cinta sinta", "brocha brosha", "llave yave", "tubo tuvo", "queso keso", "hacha acha")
    for pair in pairs:
        one, other = pair.split()
        assert sound(one) == sound(other)


@given(st.text(max_size=200))
def test_any_text_folds_once_and_for_all(texto: str) -> None:
    assert fold(fold(texto)) == fold(texto)
    for term in terms(texto):
        assert isinstance(term, Medida) or stem(term)
