"""Files into the catalogue on real PostgreSQL: the same result however often it was killed."""

import csv
import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text

from core.catalogo.barrido import free_catalogo, ring_due_importaciones
from core.catalogo.busqueda.buscar import Buscador
from core.catalogo.busqueda.indexar import embed_step
from core.catalogo.importaciones.importar import create_importacion, import_step
from core.db import Database
from core.models import Importacion, ImportacionFila
from core.ports import LineaPedida, Tarea
from core.settings import Settings
from core.ventas import record_venta
from tests.catalogo.conftest import unbalanced
from tests.catalogo.libros import TITULOS, book, pack
from tests.fakes import ColaEnMemoria, EmbedderDePapel

CABECERA = "sku,nombre,precio,stock"


def upload(
    db: Database,
    contenido: str | bytes,
    *,
    modo: str = "actualizar",
    empresa_id: int = 1,
    simulada: bool = False,
) -> int:
    raw = contenido.encode() if isinstance(contenido, str) else contenido
    with db.empresa(empresa_id) as session:
        return create_importacion(
            session,
            empresa_id=empresa_id,
            modo=modo,
            nombre_archivo="archivo.csv",
            contenido=raw,
            actor="consola",
            usuario_id=None,
            simulada=simulada,
        )


def step(db: Database, settings: Settings, id_: int, *, empresa_id: int = 1) -> str:
    cola = ColaEnMemoria()
    ids = {"empresa_id": empresa_id, "importacion_id": id_}
    return import_step(db, cola, settings, **ids, worker="w").estado


def run(db: Database, settings: Settings, contenido: str | bytes, **more: Any) -> Importacion:
    """Upload and step until it ends, vectors included."""
    id_ = upload(db, contenido, **more)
    empresa_id = more.get("empresa_id", 1)
    while step(db, settings, id_, empresa_id=empresa_id) == "sigue":
        pass
    index(db, settings, empresa_id=empresa_id)
    return read(db, id_)


def index(db: Database, settings: Settings, *, empresa_id: int = 1) -> None:
    """What waits for vectors is complete."""
    ids = {"empresa_id": empresa_id, "worker": "w"}
    while embed_step(db, ColaEnMemoria(), settings, EmbedderDePapel(), **ids).estado == "sigue":
        pass


def read(db: Database, id_: int) -> Importacion:
    with db.empresa(1) as session:
        row = session.scalars(select(Importacion).where(Importacion.id == id_)).one()
        session.expunge(row)
        return row


def counts(row: Importacion) -> tuple[int, ...]:
    """creados, actualizados, sin_cambios, desactivados, con_error."""
    return (row.creados, row.actualizados, row.sin_cambios, row.desactivados, row.con_error)


def catalogue(db: Database, *columns: str) -> list[tuple[Any, ...]]:
    names = ", ".join(columns or ("clave", "nombre", "precio", "stock", "activo", "unidad"))
    with db.empresa(1) as session:
        return [tuple(r) for r in session.execute(text(f"SELECT {names} FROM producto ORDER BY 1"))]


def fallas(db: Database, id_: int) -> list[tuple[int, str | None, str | None]]:
    with db.empresa(1) as session:
        rows = session.scalars(
            select(ImportacionFila)
            .where(ImportacionFila.importacion_id == id_)
            .order_by(ImportacionFila.fila, ImportacionFila.n)
        )
        return [(r.fila, r.columna, r.codigo) for r in rows]


def table(n: int, *, stock: int = 5, prefix: str = "P") -> str:
    lines = [f"{prefix}-{i},Producto {prefix} {i},{1000 + i},{stock}" for i in range(n)]
    return "\n".join([CABECERA, *lines]) + "\n"


def test_a_file_becomes_productos_with_their_ledger(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    row = run(db, settings, CABECERA + "\nM-1,Martillo,$ 28.900,7\n,Cable,1200,0\n")
    assert (row.estado, counts(row)) == ("completada", (2, 0, 0, 0, 0))
    assert (row.filas_total, row.filas_procesadas, row.indexados) == (2, 2, 2)
    assert row.contenido is None
    assert catalogue(db, "clave", "sku", "precio", "stock") == [
        ("n:cable", None, Decimal(1200), Decimal(0)),
        ("s:m-1", "M-1", Decimal(28900), Decimal(7)),
    ]
    found = Buscador(db).de(1).buscar("martillos")
    assert [h.producto.stock for h in found] == [7]


def test_the_same_file_twice_changes_nothing_more(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    run(db, settings, table(30))
    before = catalogue(db, "clave", "version", "actualizado_en")
    again = run(db, settings, table(30), modo="reemplazar")
    assert counts(again) == (0, 0, 30, 0, 0)
    assert catalogue(db, "clave", "version", "actualizado_en") == before
    with db.empresa(1) as session:
        assert session.scalar(text("SELECT count(*) FROM movimiento")) == 30


def test_a_change_moves_the_difference(db: Database, settings: Settings, empresa_id: int) -> None:
    run(db, settings, table(3, stock=5))
    row = run(db, settings, CABECERA + "\nP-0,Producto P 0,1000,2\np-1,Otro nombre,1001,5\n")
    assert counts(row) == (0, 2, 0, 0, 0)
    assert catalogue(db, "clave", "sku", "nombre", "stock") == [
        ("s:p-0", "P-0", "Producto P 0", 2),
        ("s:p-1", "p-1", "Otro nombre", 5),
        ("s:p-2", "P-2", "Producto P 2", 5),
    ]
    with db.empresa(1) as session:
        moved = session.execute(
            text("SELECT cantidad, motivo FROM movimiento WHERE importacion_id = :i"), {"i": row.id}
        ).all()
    assert moved == [(-3, "importacion")]


def test_what_a_file_does_not_say_stays(db: Database, settings: Settings, empresa_id: int) -> None:
    run(
        db,
        settings,
        "nombre;precio;stock;unidad;marca;categoria;descripcion\n"
        "Cable;1200;2,5;metro;Cobre SA;Eléctrico;Rojo\n",
    )
    row = run(db, settings, "nombre;precio;stock\ncable;1300;7,5\n")
    assert counts(row) == (0, 1, 0, 0, 0)
    assert catalogue(db, "nombre", "unidad", "marca", "descripcion", "stock") == [
        ("cable", "metro", "Cobre SA", "Rojo", Decimal("7.5"))
    ]
    emptied = run(db, settings, "nombre;precio;stock;marca;unidad\ncable;1300;7,5;;\n")
    assert counts(emptied) == (0, 1, 0, 0, 0)
    assert catalogue(db, "marca", "unidad") == [("", "metro")]


def test_fractions_of_a_unit_are_refused_even_when_only_the_catalogue_knows_the_unit(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    run(db, settings, "nombre;precio;stock;unidad\nCable;1200;2,5;metro\nMartillo;1;1;unidad\n")
    row = run(db, settings, "nombre;precio;stock\nCable;1200;3,5\nMartillo;1;1,5\nNuevo;1;0,5\n")
    assert counts(row) == (0, 1, 0, 0, 2)
    assert fallas(db, row.id) == [(3, "stock", "fraccion"), (4, "stock", "fraccion")]
    assert catalogue(db, "nombre", "stock") == [("Cable", Decimal("3.5")), ("Martillo", 1)]


def test_reemplazar_takes_out_of_sale_what_the_file_does_not_name(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    run(db, settings, table(5))
    row = run(db, settings, table(3) + "P-3,,x,1\n", modo="reemplazar")
    assert counts(row) == (0, 0, 3, 1, 1)  # a bad line's producto is left alone
    assert catalogue(db, "clave", "activo") == [
        *((f"s:p-{n}", True) for n in range(4)),
        ("s:p-4", False),
    ]
    back = run(db, settings, table(5), modo="reemplazar")
    assert counts(back) == (0, 1, 4, 0, 0)
    assert all(activo for _, activo in catalogue(db, "clave", "activo"))


def test_a_line_with_broken_quotes_still_protects_its_producto(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    run(db, settings, 'nombre,precio,stock\n"Tubo 1/2"" PVC",100,5\nCodo,1,1\nTee,1,1\n')
    bad = 'nombre,precio,stock\n"Tubo 1/2" PVC",100,9\nCodo,1,1\n'
    row = run(db, settings, bad, modo="reemplazar")
    assert (counts(row), fallas(db, row.id)) == ((0, 0, 1, 1, 1), [(2, None, "comillas")])
    assert catalogue(db, "nombre", "stock", "activo") == [
        ("Codo", 1, True),
        ("Tee", 1, False),
        ('Tubo 1/2" PVC', 5, True),
    ]


@pytest.mark.parametrize("sku", ["#N/A", "x" * 70, "x" * 10_001, "a\0b"])
@pytest.mark.parametrize("simulada", [True, False])
def test_a_line_whose_sku_is_broken_protects_what_its_nombre_says(
    db: Database, settings: Settings, empresa_id: int, sku: str, simulada: bool
) -> None:
    run(db, settings, CABECERA + "\nMAR-16,Martillo,1,1\n,Martíllo,1,1\nM-2,Mazo,1,1\nT,Tee,1,1\n")
    bad = CABECERA + f"\n{sku},MARTILLO,2,2\nT,Tee,1,1\n"
    row = run(db, settings, bad, modo="reemplazar", simulada=simulada)
    assert counts(row) == (0, 0, 1, 1, 1)
    gone = [("s:m-2", simulada)]
    assert catalogue(db, "clave", "activo") == sorted(
        [("n:martillo", True), ("s:mar-16", True), ("s:t", True), *gone]
    )


def test_a_line_with_more_cells_than_titles_protects_what_its_first_cell_begins(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    before = (
        'nombre,precio,stock,sku\n"Martillo, 16 oz",9,5\n"Martillo 2, 16 oz",1,1\n'
        'Tee,1,1\n"Tubo 1/2"", PVC",1,1\n"Pala, larga",1,1,P-1\n'
    )
    run(db, settings, before)
    bad = "nombre,sku,precio,stock\nMartillo, 16 oz,,10,5\nPala, larga,P-1,10,5\n"
    bad += '"Tubo 1/2", PVC,,1,1\nTee,,1,1\n'
    row = run(db, settings, bad, modo="reemplazar")
    assert counts(row) == (0, 0, 1, 1, 3)
    assert [nombre for nombre, activo in catalogue(db, "nombre", "activo") if not activo] == [
        "Martillo 2, 16 oz"
    ]
    unquoted = "nombre,precio,stock\nMartillo, 16 oz,10,5\nTee,1,1\n"
    row = run(db, settings, unquoted, modo="reemplazar")
    assert (counts(row), fallas(db, row.id)) == ((0, 0, 1, 2, 1), [(2, None, "columnas_de_mas")])
    assert ("Martillo, 16 oz", 9, True) in catalogue(db, "nombre", "precio", "activo")


def test_the_columna_activo_is_obeyed(db: Database, settings: Settings, empresa_id: int) -> None:
    run(db, settings, CABECERA + ",activo\nA,Aa,1,1,sí\nB,Bb,1,1,no\nC,Cc,1,1,\nD,Dd,1,1,tal vez\n")
    assert catalogue(db, "sku", "activo") == [("A", True), ("B", False), ("C", True)]


@pytest.mark.parametrize(
    ("contenido", "codigo"),
    [
        (b"", "vacio"),
        (b"  \n \n", "vacio"),
        (b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(3000), "no_es_tabla"),
        (b"PK\x03\x04whatever", "formato_no_soportado"),
        ("hola\nmundo\n", "no_es_tabla"),
        ("nombre,precio\nMartillo,1\n", "faltan_columnas"),
        ("nombre,precio,precio,stock\nMartillo,1,1,1\n", "columna_repetida"),
        (CABECERA + "\n", "sin_filas"),
        (CABECERA + "\nP-0,Producto,gratis,1\n", "sin_filas_validas"),
        (",".join([*CABECERA.split(","), *(f"c{n}" for n in range(200))]), "demasiadas_columnas"),
    ],
)
def test_a_file_that_is_no_table_changes_nothing(
    db: Database, settings: Settings, empresa_id: int, contenido: str | bytes, codigo: str
) -> None:
    run(db, settings, table(3))
    before = catalogue(db)
    row = run(db, settings, contenido, modo="reemplazar")
    assert (row.estado, row.error and row.error["codigo"]) == ("fallida", codigo)
    assert row.error["mensaje"]
    assert catalogue(db) == before


def test_too_many_lines_are_refused_whole(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    few = settings.model_copy(update={"importacion_max_filas": 5})
    assert run(db, few, table(5)).estado == "completada"
    row = run(db, few, table(6, prefix="Q"), modo="reemplazar")
    assert (row.estado, row.error["codigo"]) == ("fallida", "demasiadas_filas")


# --- killed --------------------------------------------------------------------------------------

MIXTO = (
    table(35)
    + "P-1,otra vez,1,1\nX-1,Mal precio,abc,1\n"
    + table(20, prefix="Q").partition("\n")[2]
    + "X-2,Sin stock,5,\n"
)


class Muerto(Exception):
    """What stands for kill -9 in these tests: nothing after it runs, no lease is given back."""


def killed_after(db: Database, commits: int) -> Database:
    """A Database whose process dies right before its n-th commit."""
    left = [commits]

    class Dying(Database):
        def empresa(self, empresa_id: int) -> Any:
            if left[0] < 0:
                raise Muerto
            context = super().empresa(empresa_id)

            class Context:
                def __enter__(self) -> Any:
                    self.session = context.__enter__()
                    return self.session

                def __exit__(self, *error: Any) -> Any:
                    left[0] -= 1
                    if left[0] < 0 and error[0] is None:
                        context.__exit__(Muerto, Muerto(), None)
                        raise Muerto
                    return context.__exit__(*error)

            return Context()

    return Dying(app=db.app_engine, sistema=db.sistema_engine)


def expire(db: Database) -> None:
    """Time passes: the dead worker's lease has ended."""
    with db.empresa(1) as session:
        session.execute(text("UPDATE importacion SET lease_hasta = now() - interval '1 second'"))


def test_killed_before_any_commit_it_ends_the_same(
    db: Database, chico: Settings, empresa_id: int
) -> None:
    before = table(40, stock=1) + "VIEJO,Viejo,1,1\n"

    def outcome(row: Importacion) -> object:
        return row.estado, counts(row), fallas(db, row.id), catalogue(db), unbalanced(db)

    run(db, chico, before)
    straight = outcome(run(db, chico, MIXTO, modo="reemplazar"))
    assert straight[:2] == ("completada", (20, 35, 0, 6, 3))
    for commits in range(40):
        run(db, chico, before, modo="reemplazar")
        id_ = upload(db, MIXTO, modo="reemplazar")
        with db.empresa(1) as session:
            session.execute(text("DELETE FROM producto WHERE sku LIKE 'Q-%'"))
        try:
            estado = step(killed_after(db, commits), chico, id_)
        except Muerto:
            expire(db)
            estado = step(db, chico, id_)
        else:
            break
        assert estado in ("indexando", "nada")  # nada: it had just ended
        index(db, chico)
        assert outcome(read(db, id_)) == straight
    assert commits > 8


def test_a_worker_thought_dead_writes_nothing(
    db: Database, chico: Settings, empresa_id: int
) -> None:
    id_ = upload(db, table(35))
    stolen = []

    class Slow(Database):
        """Another worker takes the importacion before our second chunk."""

        def empresa(self, empresa_id: int) -> Any:
            stolen.append(None)
            if len(stolen) == 4:
                expire(db)
                assert step(db, chico, id_) == "indexando"
            return super().empresa(empresa_id)

    assert step(Slow(app=db.app_engine, sistema=db.sistema_engine), chico, id_) == "perdido"
    row = read(db, id_)
    assert (row.estado, counts(row)) == ("indexando", (35, 0, 0, 0, 0))


def test_a_leased_or_later_file_waits(db: Database, settings: Settings, empresa_id: int) -> None:
    first, second = upload(db, table(3)), upload(db, table(2, stock=9))
    assert step(db, settings, second) == "nada"
    cola = ColaEnMemoria()
    ids = {"empresa_id": 1, "importacion_id": first}
    assert import_step(db, cola, settings, **ids, worker="w").estado == "indexando"
    assert cola.timbres == [
        (Tarea.IMPORT_STEP, {"empresa_id": 1, "importacion_id": second}),
        (Tarea.EMBED_STEP, {"empresa_id": 1}),
    ]
    assert step(db, settings, first) == "nada"
    assert step(db, settings, second) == "indexando", "it need not wait for the first's vectors"
    assert catalogue(db, "clave", "stock")[:2] == [("s:p-0", 9), ("s:p-1", 9)]


def test_a_step_that_runs_out_of_time_rings_for_the_rest(
    db: Database, chico: Settings, empresa_id: int
) -> None:
    hurried = chico.model_copy(update={"importacion_paso_segundos": 0.0})
    id_ = upload(db, table(25), modo="reemplazar")
    cola = ColaEnMemoria()
    seen = []
    while True:
        ids = {"empresa_id": 1, "importacion_id": id_}
        estado = import_step(db, cola, hurried, **ids, worker="w").estado
        seen.append((estado, read(db, id_).filas_procesadas))
        if estado != "sigue":
            break
    assert seen == [("sigue", 10), ("sigue", 20), ("sigue", 25), ("indexando", 25)]
    assert [t for t, _ in cola.timbres] == [*[Tarea.IMPORT_STEP] * 3, Tarea.EMBED_STEP]


def test_a_book_is_read_once_and_taken_up_where_it_was_left(
    db: Database, chico: Settings, empresa_id: int
) -> None:
    header, *rows = csv.reader(table(25).splitlines())
    assert counts(run(db, chico, table(25))) == (25, 0, 0, 0, 0)
    rows[3][1] = "Producto\nP 3"
    more = [("P-1", "Otra vez", 1, 1), (None,) * 4, ("P-99", "#N/A", 1, 1)]
    hurried = chico.model_copy(update={"importacion_paso_segundos": 0.0})
    id_ = upload(db, book([header, *rows, *more]), modo="reemplazar")
    assert step(db, hurried, id_) == "sigue"
    assert read(db, id_).contenido.decode("utf-8-sig").splitlines()[0] == CABECERA
    assert read(db, id_).filas_total == 27
    assert [step(db, hurried, id_) for _ in range(3)] == ["sigue", "sigue", "indexando"]
    assert counts(read(db, id_)) == (0, 0, 25, 0, 2)
    assert fallas(db, id_) == [(27, "sku", "duplicado"), (29, "nombre", "celda_con_error")]


def test_a_book_whose_reader_is_killed_anywhere_ends_the_same(
    db: Database, chico: Settings, empresa_id: int
) -> None:
    libro = book(csv.reader(MIXTO.splitlines()))
    outcomes = set()
    for commits in range(9):
        id_ = upload(db, libro)
        with pytest.raises(Muerto):
            step(killed_after(db, commits), chico, id_)
        expire(db)
        assert step(db, chico, id_) in ("indexando", "nada")
        row = read(db, id_)
        outcomes.add((row.filas_procesadas, row.con_error, tuple(fallas(db, id_))))
        index(db, chico)
    assert len(outcomes) == 1
    assert len(catalogue(db)) == 55


def test_a_worker_thought_dead_puts_no_book_back(
    db: Database, chico: Settings, empresa_id: int
) -> None:
    """Another one took it while it was reading."""
    id_ = upload(db, book(csv.reader(table(35).splitlines())))
    begun = []

    class Slow(Database):
        def empresa(self, empresa_id: int) -> Any:
            begun.append(None)
            if len(begun) == 2:
                expire(db)
                assert step(db, chico, id_) == "indexando"
            return super().empresa(empresa_id)

    assert step(Slow(app=db.app_engine, sistema=db.sistema_engine), chico, id_) == "perdido"
    row = read(db, id_)
    assert (row.estado, row.contenido, counts(row)) == ("indexando", None, (35, 0, 0, 0, 0))


def test_a_book_damaged_in_its_last_row_changes_nothing(
    db: Database, chico: Settings, empresa_id: int
) -> None:
    named = "".join(
        f'<row><c t="str"><v>P {n}</v></c><c><v>{n}</v></c><c><v>1</v></c></row>' for n in range(50)
    )
    row = run(db, chico, pack(TITULOS + named + "<row><c><v>x</v></c></row>"))
    assert (row.estado, row.error and row.error["codigo"]) == ("fallida", "archivo_danado")
    assert (catalogue(db), row.filas_procesadas) == ([], 0)


def test_the_sweep_rings_for_what_is_due_and_unclaimed(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    first = upload(db, table(3))
    upload(db, table(2))
    other = upload(db, table(2), empresa_id=2)

    def rung() -> list[int]:
        cola = ColaEnMemoria()
        ring_due_importaciones(db, cola)
        return sorted(ids["importacion_id"] for _, ids in cola.timbres)

    assert rung() == []  # their own bells are still on their way
    with db.empresa(1) as session:
        session.execute(text("UPDATE importacion SET creada_en = now() - interval '1 minute'"))
    assert rung() == [first]
    with db.empresa(1) as session:
        session.execute(
            text(
                "UPDATE importacion SET lease_de = 'w', lease_hasta = now() + interval '1 minute' "
                "WHERE id = :id"
            ),
            {"id": first},
        )
    assert rung() == []
    assert free_catalogo(db, worker="another") == 0
    assert free_catalogo(db, worker="w") == 1
    assert rung() == [first]
    with db.empresa(2) as session:
        session.execute(text("UPDATE importacion SET creada_en = now() - interval '1 minute'"))
        session.execute(text("UPDATE empresa SET efimera = true"))
    assert rung() == [first], other  # a throw-away empresa is its maker's business


def test_a_file_that_kills_its_workers_is_given_up(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    id_ = upload(db, table(3))
    for _ in range(5):
        with pytest.raises(Muerto):
            step(killed_after(db, 1), settings, id_)
        expire(db)
    assert step(db, settings, id_) == "fallida"
    assert read(db, id_).error == {"codigo": "interno", "mensaje": read(db, id_).error["mensaje"]}


def test_sales_during_an_import_keep_the_ledger(
    db: Database, chico: Settings, empresa_id: int
) -> None:
    run(db, chico, table(60, stock=1000))
    with db.empresa(1) as session:
        rows = session.execute(text("SELECT id, precio FROM producto ORDER BY id")).all()

    def sell(n: int) -> None:
        picked = random.Random(n).sample(rows, 5)
        lineas = [LineaPedida(r.id, Decimal(1), r.precio) for r in picked]
        with db.empresa(1) as session:
            record_venta(session, empresa_id=1, lineas=lineas, clave=f"t:{n}", actor="consola")

    with ThreadPoolExecutor(6) as pool:
        sales = [pool.submit(sell, n) for n in range(60)]
        for stock in (500, 1000):
            row = run(db, chico, table(60, stock=stock))
            assert row.estado == "completada"
        for sale in sales:
            sale.result()
    with db.empresa(1) as session:
        kinds = session.execute(text("SELECT motivo, count(*) FROM movimiento GROUP BY 1")).all()
    assert dict(map(tuple, kinds))["venta"] == 300


def test_one_empresas_file_touches_no_other(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    run(db, settings, table(3))
    before = catalogue(db)
    id_ = upload(db, table(2), modo="reemplazar", empresa_id=2)
    assert step(db, settings, id_, empresa_id=1) == "nada"
    assert step(db, settings, id_, empresa_id=2) == "indexando"
    assert catalogue(db) == before
