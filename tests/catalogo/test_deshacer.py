"""Undoing an import on real PostgreSQL: what nobody touched since returns, the rest is told."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from core.catalogo.importaciones.olvido import forget_cambios
from core.catalogo.productos import ProductoNuevo, create_producto
from core.db import Database
from core.errors import (
    AgenteError,
    CambiosVencidos,
    EsVista,
    ImportacionAbierta,
    NotFound,
    YaDeshecha,
)
from core.settings import Settings
from tests.catalogo.pasos import (
    APLICADA,
    ask_aplicar,
    ask_deshacer,
    ask_vista,
    assert_ends_the_same,
    cambios,
    edit,
    finish,
    goods,
    mensajes,
    sell,
)
from tests.catalogo.test_importar import (
    CABECERA,
    MIXTO,
    catalogue,
    counts,
    fallas,
    run,
    step,
    table,
    upload,
)

RICO = (
    "sku,nombre,precio,stock,categoria,marca,unidad,descripcion,activo\n"
    'A,Alicate,100,5,Manual,Acme,unidad,"Uno\n\ndos",sí\n,Cable,"10,50","2,5",,,metro,,sí\n'
    "B,Broca,200,5,Manual,,unidad,,no\nC,Cinta,300,5,,,unidad,,sí\n"
)
OTRO = (
    "sku,nombre,precio,stock,categoria,marca,unidad,descripcion\n"
    "a,Alicate grande,150,0,Pinzas,,docena,Otra\n,CABLE,11,3,,,metro,\nB,Broca,200,9,,,,\n"
    "N,Nivel,7.5,2,,,,\n"
)


def undo(db: Database, settings: Settings, id_: int) -> Any:
    return finish(db, settings, ask_deshacer(db, id_))


def without(rows: list[tuple[Any, ...]], clave: str) -> list[tuple[Any, ...]]:
    return [row for row in rows if row[0] != clave]


def test_everything_returns_when_nobody_touched_it(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    run(db, settings, RICO)
    before = goods(db)
    imported = run(db, settings, OTRO, modo="reemplazar")
    assert counts(imported) == (1, 3, 0, 1, 0)
    row = undo(db, settings, imported.id)
    assert row.estado in APLICADA
    assert (row.modo, row.origen_id, counts(row)) == ("deshacer", imported.id, (0, 4, 0, 1, 0))
    assert (row.filas_total, row.filas_procesadas) == (5, 5)
    assert without(goods(db), "s:n") == before
    assert catalogue(db, "sku", "stock", "activo")[-2:] == [
        ("N", 0, False),
        (None, Decimal("2.5"), True),
    ]
    with db.empresa(1) as session:
        moved = session.execute(
            text(
                "SELECT p.clave, cantidad, motivo FROM movimiento m JOIN producto p "
                "ON p.id = m.producto_id WHERE importacion_id = :i ORDER BY 1"
            ),
            {"i": row.id},
        ).all()
    assert moved == [
        ("n:cable", Decimal("-0.5"), "importacion"),
        ("s:a", 5, "importacion"),
        ("s:b", -4, "importacion"),
        ("s:n", -2, "importacion"),
    ]


def test_an_undo_is_undone_like_any_import(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    run(db, settings, RICO)
    imported = run(db, settings, OTRO, modo="reemplazar")
    states = [goods(db)]
    last = imported.id
    for _ in range(3):
        last = undo(db, settings, last).id
        states.append(goods(db))
    assert states[0] == states[2]
    assert states[1] == states[3] != states[0]


def test_an_applied_preview_is_undone(db: Database, settings: Settings, empresa_id: int) -> None:
    run(db, settings, RICO)
    before = goods(db)
    vista = finish(db, settings, ask_vista(db, OTRO, modo="reemplazar"))
    applied = finish(db, settings, ask_aplicar(db, vista.id))
    undo(db, settings, applied.id)
    assert without(goods(db), "s:n") == before


def test_what_was_touched_since_stays_and_is_told(
    db: Database, chico: Settings, empresa_id: int
) -> None:
    run(db, chico, table(5))
    new = (
        CABECERA
        + "".join(f"\nP-{n},Cosa {n},9,8" for n in range(4))
        + "\nN,Nivel,1,2\nM,Mazo,1,2\n"
    )
    imported = run(db, chico, new, modo="reemplazar")
    sell(db, "s:p-0", 3)
    edit(db, "s:p-1", nombre="A mano", precio=Decimal("9.5"))
    sell(db, "s:n")
    edit(db, "s:p-4", activo=True)
    edit(db, "s:p-2", marca="De la que el archivo no habló")
    row = undo(db, chico, imported.id)
    assert counts(row) == (0, 2, 0, 1, 4)
    assert fallas(db, row.id) == [
        (0, "activo", "movido"),
        (2, "stock", "movido"),
        (3, "nombre", "movido"),
        (3, "precio", "movido"),
        (6, "stock", "movido"),
    ]
    assert mensajes(db, row.id)[:2] == [
        "«Producto P 4»: Se importó como no y ahora es sí: se deja así.",
        "Se importó como «8» y ahora es «5»: se deja así.",
    ]
    assert catalogue(db, "clave", "nombre", "precio", "stock", "activo", "marca") == [
        ("s:m", "Mazo", 1, 0, False, ""),
        ("s:n", "Nivel", 1, 1, True, ""),
        ("s:p-0", "Producto P 0", 1000, 5, True, ""),
        ("s:p-1", "A mano", Decimal("9.5"), 5, True, ""),
        ("s:p-2", "Producto P 2", 1002, 5, True, "De la que el archivo no habló"),
        ("s:p-3", "Producto P 3", 1003, 5, True, ""),
        ("s:p-4", "Producto P 4", 1004, 5, True, ""),
    ]
    assert cambios(db, row.id)[:2] == [
        (2, "actualizado", {"nombre": ["Cosa 0", "Producto P 0"], "precio": ["9.00", "1000.00"]}),
        (3, "actualizado", {"stock": ["8.000", "5.000"]}),
    ]


def test_a_later_import_keeps_what_it_wrote(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    first = run(db, settings, CABECERA + "\nA,Aa,1,1\nB,Bb,1,1\n")
    second = run(db, settings, CABECERA + "\nA,Aa,2,1\n")
    assert counts(undo(db, settings, first.id)) == (0, 0, 0, 1, 1)
    assert catalogue(db, "clave", "precio", "activo") == [("s:a", 2, True), ("s:b", 1, False)]
    assert counts(undo(db, settings, second.id)) == (0, 1, 0, 0, 0)
    assert catalogue(db, "clave", "precio", "activo") == [("s:a", 1, True), ("s:b", 1, False)]


def test_stock_that_moved_away_and_came_back_stays(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    run(db, settings, CABECERA + "\nA,Aa,1,7\n")
    imported = run(db, settings, CABECERA + "\nA,Aa,2,50\nN,Nuevo,1,10\nC,Cero,1,0\nD,Dd,1,4\n")
    for clave, stock in (("s:a", 50), ("s:n", 10)):
        sell(db, clave, 5)
        edit(db, clave, stock=Decimal(stock))
    for stock in (3, 0):
        edit(db, "s:c", stock=Decimal(stock))
    row = undo(db, settings, imported.id)
    assert (counts(row), fallas(db, row.id)) == (
        (0, 0, 0, 1, 3),
        [(2, "stock", "movido"), (3, "stock", "movido"), (4, "stock", "movido")],
    )
    assert mensajes(db, row.id)[0] == (
        "Cambió después de importarse y ahora vuelve a ser «50»: se deja así."
    )
    assert catalogue(db, "clave", "precio", "stock", "activo") == [
        ("s:a", 1, 50, True),
        ("s:c", 1, 0, True),
        ("s:d", 1, 0, False),
        ("s:n", 1, 10, True),
    ]


def test_a_value_that_later_imports_changed_and_brought_back_stays(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    def import_(precio: int, stock: int) -> int:
        return run(db, settings, CABECERA + f"\nA,Aa,{precio},{stock}\nB,Bb,{precio},1\n").id

    import_(10, 1)
    first = import_(20, 2)
    edit(db, "s:b", precio=Decimal(10))
    finish(db, settings, ask_vista(db, CABECERA + "\nB,Bb,99,9\n"))
    edit(db, "s:b", precio=Decimal(20))
    run(db, settings, CABECERA + "\nA,Aa,30,3\n")
    run(db, settings, CABECERA + "\nA,Aa,20,2\n")
    row = undo(db, settings, first)
    assert (counts(row), fallas(db, row.id)) == (
        (0, 1, 0, 0, 1),
        [(2, "precio", "movido"), (2, "stock", "movido")],
    )
    assert catalogue(db, "clave", "precio", "stock") == [("s:a", 20, 2), ("s:b", 10, 1)]


def test_imports_are_taken_back_one_after_another(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    """A later one that was itself taken back is as if it had never been; its redoing is not."""
    ids = [
        run(db, settings, CABECERA + f"\nA,Aa,{n},{n}\nB,Bb,{n},{n}\n").id for n in (10, 20, 30, 40)
    ]
    redone = undo(db, settings, undo(db, settings, ids[3]).id)
    assert catalogue(db, "clave", "precio", "stock") == [("s:a", 40, 40), ("s:b", 40, 40)]
    undo(db, settings, redone.id)
    edit(db, "s:b", stock=Decimal(31))
    for n in (2, 1):
        row = undo(db, settings, ids[n])
        assert (counts(row), fallas(db, row.id)) == ((0, 1, 0, 0, 1), [(3, "stock", "movido")])
    assert catalogue(db, "clave", "precio", "stock") == [("s:a", 10, 10), ("s:b", 10, 31)]


def test_an_import_redone_counts_for_the_ones_before_it(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    ids = [run(db, settings, CABECERA + f"\nA,Aa,{n},1\n").id for n in (10, 20, 30)]
    undo(db, settings, undo(db, settings, ids[2]).id)
    run(db, settings, CABECERA + "\nA,Aa,20,1\n")
    row = undo(db, settings, ids[1])
    assert (counts(row), catalogue(db, "precio")) == ((0, 0, 0, 0, 1), [(20,)])


def test_a_name_returns_with_its_key_unless_another_has_it_now(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    run(db, settings, CABECERA + "\nA,Viejo a,1,1\nB,Viejo b,1,1\n")
    imported = run(db, settings, CABECERA + "\nA,Nuevo a,1,1\nB,Nuevo b,1,1\n")
    for clave in ("s:a", "s:b"):
        edit(db, clave, sku=None)
    with db.empresa(1) as session:
        nuevo = ProductoNuevo(nombre="VIEJO B", precio=Decimal(3))
        create_producto(session, empresa_id=1, nuevo=nuevo, actor="consola", usuario_id=None)
    row = undo(db, settings, imported.id)
    assert (counts(row), fallas(db, row.id)) == ((0, 1, 0, 0, 1), [(3, "nombre", "movido")])
    assert catalogue(db, "clave", "nombre") == [
        ("n:nuevo b", "Nuevo b"),
        ("n:viejo a", "Viejo a"),
        ("n:viejo b", "VIEJO B"),
    ]


def test_a_stock_that_its_unit_cannot_have_does_not_return(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    run(db, settings, "nombre;precio;stock;unidad\nCable;1;2,5;metro\n")
    imported = run(db, settings, "nombre;precio;stock;unidad\nCable;1;3;metro\n")
    edit(db, "n:cable", unidad="caja")
    row = undo(db, settings, imported.id)
    assert fallas(db, row.id) == [(2, "stock", "fraccion")]
    assert catalogue(db, "stock", "unidad") == [(3, "caja")]


def test_an_undo_killed_before_any_commit_ends_the_same(
    db: Database, chico: Settings, empresa_id: int
) -> None:
    def reset() -> int:
        run(db, chico, table(40, stock=1) + "VIEJO,Viejo,1,1\n", modo="reemplazar")
        with db.empresa(1) as session:
            session.execute(text("DELETE FROM producto WHERE sku LIKE 'Q-%'"))
        return ask_deshacer(db, run(db, chico, MIXTO, modo="reemplazar").id)

    assert_ends_the_same(db, chico, reset, estados=APLICADA)


def test_an_undo_waits_in_the_line_and_sees_what_came_before_it(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    first = run(db, settings, table(2))
    second = upload(db, CABECERA + "\nP-0,Producto P 0,7,5\n")
    undoing = ask_deshacer(db, first.id)
    assert step(db, settings, undoing) == "nada"
    finish(db, settings, second)
    row = finish(db, settings, undoing)
    assert (counts(row), fallas(db, row.id)) == ((0, 0, 0, 1, 1), [(2, "precio", "movido")])


def refusal(db: Database, id_: int, **more: Any) -> type[AgenteError]:
    with pytest.raises(AgenteError) as caught:
        ask_deshacer(db, id_, **more)
    return caught.type


def test_only_a_finished_import_is_undone_and_only_once(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    id_ = upload(db, table(3))
    assert refusal(db, id_) is ImportacionAbierta
    finish(db, settings, id_)
    assert refusal(db, id_, empresa_id=2) is NotFound
    assert refusal(db, 999) is NotFound
    undoing = ask_deshacer(db, id_)
    assert refusal(db, id_) is YaDeshecha
    finish(db, settings, undoing)
    assert refusal(db, id_) is YaDeshecha
    assert refusal(db, finish(db, settings, ask_vista(db, table(3))).id) is EsVista
    with db.empresa(1) as session:
        session.execute(text("UPDATE importacion SET cambios_hasta = now() - interval '1 second'"))
    assert refusal(db, undoing) is CambiosVencidos
    assert forget_cambios(db, empresa_id=1, importacion_id=undoing)
    assert refusal(db, undoing) is CambiosVencidos
