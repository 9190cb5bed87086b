"""The Catalogo port over real rows: fresh, per empresa, caught up with every change."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from sqlalchemy import text

from core.agente.elegir import PLAUSIBLE
from core.catalogo.busqueda.buscar import Buscador
from core.catalogo.busqueda.indice import Indice, Texto
from core.catalogo.busqueda.sinonimos import sinonimos
from core.db import Database
from core.models import Empresa, Producto


def add(db: Database, empresa_id: int, nombre: str, **more: object) -> int:
    """A producto as the catalogue's own code would leave it: stamped with a new version."""
    with db.empresa(empresa_id) as session:
        version = session.scalar(
            text(
                "UPDATE empresa SET catalogo_version = catalogo_version + 1 "
                "RETURNING catalogo_version"
            )
        )
        producto = Producto(
            empresa_id=empresa_id,
            clave=f"n:{nombre}",
            nombre=nombre,
            precio=Decimal("10"),
            moneda="COP",
            version=version,
            **more,
        )
        session.add(producto)
        session.flush()
        return producto.id


@pytest.fixture
def empresa_id(db: Database) -> int:
    for id_ in (1, 2):
        with db.empresa(id_) as session:
            session.add(Empresa(id=id_, nombre=f"Tienda {id_}"))
    return 1


def names(db: Database, empresa_id: int, texto: str) -> list[str]:
    return [h.producto.nombre for h in Buscador(db).de(empresa_id).buscar(texto)]


def test_a_new_producto_is_found_at_the_next_search(db: Database, empresa_id: int) -> None:
    add(db, empresa_id, "Serrucho 18 pulgadas")
    assert names(db, empresa_id, "serrucho") == ["Serrucho 18 pulgadas"]
    add(db, empresa_id, "Martillo de uña")
    assert names(db, empresa_id, "martillos") == ["Martillo de uña"]


def test_another_empresa_finds_nothing_of_it(db: Database, empresa_id: int) -> None:
    mine = add(db, empresa_id, "Martillo de uña")
    assert names(db, 2, "martillo") == []
    assert Buscador(db).de(2).por_id([mine]) == {}


def test_stock_and_price_are_those_of_the_row_right_now(db: Database, empresa_id: int) -> None:
    add(db, empresa_id, "Martillo de uña", stock=Decimal(7))
    catalogo = Buscador(db).de(empresa_id)
    assert catalogo.buscar("martillo")[0].producto.stock == 7
    with db.empresa(empresa_id) as session:  # a sale: nothing a search reads has changed
        session.execute(text("UPDATE producto SET stock = 2, precio = 12.5"))
    found = catalogo.buscar("martillo")[0].producto
    assert (found.stock, found.precio) == (2, Decimal("12.50"))


def test_an_inactive_producto_is_neither_found_nor_shown(db: Database, empresa_id: int) -> None:
    id_ = add(db, empresa_id, "Martillo de uña", activo=False)
    assert names(db, empresa_id, "martillo") == []
    assert Buscador(db).de(empresa_id).por_id([id_]) == {}


def test_deleted_rows_leave_the_index(db: Database, empresa_id: int) -> None:
    add(db, empresa_id, "Martillo de uña")
    assert names(db, empresa_id, "martillo")
    with db.empresa(empresa_id) as session:
        session.execute(text("DELETE FROM producto"))
        session.execute(text("UPDATE empresa SET catalogo_version = catalogo_version + 1"))
    add(db, empresa_id, "Serrucho")
    assert names(db, empresa_id, "martillo") == []
    assert names(db, empresa_id, "serrucho") == ["Serrucho"]


def test_an_exact_sku_comes_first_and_alone_is_sure(db: Database, empresa_id: int) -> None:
    add(db, empresa_id, "Martillo MAR-7 de uña", sku="OTRO-1")
    add(db, empresa_id, "Serrucho", sku="MAR-7")
    found = Buscador(db).de(empresa_id).buscar("mar-7")
    assert (found[0].producto.nombre, found[0].puntaje) == ("Serrucho", 1.0)


def test_an_unknown_empresa_has_no_catalogue(db: Database, empresa_id: int) -> None:
    assert names(db, 99, "martillo") == []


def test_many_threads_search_while_the_catalogue_grows(db: Database, empresa_id: int) -> None:
    def work(n: int) -> int:
        if n % 4 == 0:
            add(db, empresa_id, f"Martillo {n}")
        return len(names(db, empresa_id, "martillo"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(32)))
    assert len(Buscador(db).de(empresa_id).buscar("martillo", n=50)) == 8


def test_a_name_written_by_hand_is_found_by_its_id(db: Database, empresa_id: int) -> None:
    """Rows that came without a new version, as a restore or a script would leave them."""
    add(db, empresa_id, "Martillo")
    assert names(db, empresa_id, "martillo") == ["Martillo"]
    with db.empresa(empresa_id) as session:
        session.execute(
            text(
                "INSERT INTO producto (empresa_id, clave, nombre, precio, moneda) "
                "VALUES (:e, 'n:serrucho', 'Serrucho', 1, 'COP')"
            ),
            {"e": empresa_id},
        )
    assert names(db, empresa_id, "serrucho") == ["Serrucho"]


def test_an_index_that_is_mostly_replaced_entries_is_built_anew() -> None:
    indice = Indice(sinonimos())
    for n in range(1200):
        indice.put(Texto(1, None, f"Martillo {n}", "", "", "", activo=True))
    assert indice.worn
    assert [a.id for a in indice.search("martillo", 5)] == [1]
    assert len(indice) == 1


def found_in(productos: Sequence[str | tuple[str, str]], q: str) -> list[tuple[str, str]]:
    """(nombre, motivo) of what is sure enough to be offered, best first."""
    indice = Indice(sinonimos())
    rows = [(None, p) if isinstance(p, str) else p for p in productos]
    for n, (sku, nombre) in enumerate(rows):
        indice.put(Texto(n, sku, nombre, "", "", "", activo=True))
    hits = indice.search(q, 10)
    return [(rows[a.id][1], a.motivo) for a in hits if a.puntaje >= PLAUSIBLE]


@pytest.mark.parametrize(
    "q", ["martillos", "martiyos", "hammer", "desarmadores", "destornilador", "martiyo"]
)
def test_a_thing_comes_before_what_is_made_for_it(q: str) -> None:
    shop = [
        "Mango para martillo",
        "Martillo de carpintero 16 oz",
        "Estuche para destornillador",
        'Destornillador plano 6"',
    ]
    first = found_in(shop, q)[0][0]
    assert first in ("Martillo de carpintero 16 oz", 'Destornillador plano 6"')


@pytest.mark.parametrize(
    "q",
    [
        "leche de 1 litro",
        "arroz de 1000 g",
        "arroz 1 kg",
        "brocas de 3/8",
        "cable 10",
        "cable calibre 10",
    ],
)
def test_another_size_is_never_as_good_as_the_one_that_was_asked_for(q: str) -> None:
    shop = ["Leche entera 900 ml", "Arroz 5 kg", "Broca 3 mm", "Cable 14 AWG"]
    assert found_in(shop, q) == []


@pytest.mark.parametrize(
    ("q", "nombre"),
    [
        ("arroz de 5000 g", "Arroz 5 kg"),
        ("broca 1/8", "Broca 3 mm"),
        ("cable 14", "Cable 14 AWG"),
        ("leche de 0,9 litros", "Leche entera 900 ml"),
    ],
)
def test_a_size_is_the_same_in_other_units(q: str, nombre: str) -> None:
    shop = ["Leche entera 900 ml", "Arroz 5 kg", "Broca 3 mm", "Cable 14 AWG"]
    assert found_in(shop, q)[0][0] == nombre


@pytest.mark.parametrize(
    ("q", "nombre"),
    [
        ("camiseta XXXL", "Camiseta XXXL"),
        ("camiseta xl", "Camiseta XL"),
        ("pilas AAA", "Pila AAA"),
        ("holaaa tienes pilas aa", "Pila AA"),
        ("perno 3/8 x 3", 'Perno 3/8"x3"'),
        ('perno 3/8" x 2"', 'Perno 3/8"x2"'),
    ],
)
def test_a_size_said_in_letters_or_inches_is_read_whole(q: str, nombre: str) -> None:
    shop = [
        *("Camiseta XL", "Camiseta XXXL", "Pila 9V", "Pila AA", "Pila AAA"),
        *('Perno 3/8"x2"', 'Perno 3/8"x3"'),
    ]
    assert found_in(shop, q)[0][0] == nombre


@pytest.mark.parametrize(
    ("q", "nombres"),
    [
        ("14", ["Cemento"]),
        ("1/4", ['Tubo 1/4"']),
        ("1.4", []),
        ("12-5", ["B"]),
        ("125", ["A"]),
        ("hm 101", ["Martillo"]),
        ("HM101", ["Martillo"]),
        ("hm-1", ["Martillo"]),
    ],
)
def test_a_code_is_a_code_and_a_size_is_none(q: str, nombres: list[str]) -> None:
    shop = [("14", "Cemento"), ("T14", 'Tubo 1/4"'), ("125", "A"), ("12-5", "B")]
    assert [n for n, _ in found_in([*shop, ("HM-101", "Martillo")], q)] == nombres
