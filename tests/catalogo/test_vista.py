"""Previews on real PostgreSQL: they change nothing, and are applied as they were shown."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from core.catalogo.importaciones.olvido import forget_cambios, ring_expired_cambios
from core.catalogo.productos import ProductoNuevo, create_producto
from core.cuentas import reset_empresa
from core.db import Database
from core.errors import (
    AgenteError,
    ImportacionAbierta,
    NoEsVista,
    NotFound,
    VistaAplicada,
    VistaFallida,
    VistaVencida,
)
from core.ports import Tarea
from core.settings import Settings
from tests.catalogo.pasos import (
    APLICADA,
    ask_aplicar,
    ask_vista,
    assert_ends_the_same,
    cambios,
    edit,
    everything,
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
from tests.fakes import ColaEnMemoria

ANTES = (
    CABECERA
    + ",categoria\nA,Alicate,100,5,Manual\nB,Broca,200,5,Manual\nC,Cinta,300,5,\nD,Dado,1,1,"
)
VIEJOS = table(40, stock=1) + "VIEJO,Viejo,1,1\n"
DESPUES = CABECERA + "\nA,Alicate,150,5\nB,Broca,200,5\nN,Nivel,7.5,2\nX,Mala,abc,1\n"


def shop(db: Database, settings: Settings) -> None:
    run(db, settings, ANTES + "\n")
    edit(db, "s:d", activo=False)


def test_a_preview_says_what_becomes_of_each_row_and_changes_nothing(
    db: Database, chico: Settings, empresa_id: int
) -> None:
    shop(db, chico)
    before = everything(db)
    row = finish(db, chico, ask_vista(db, DESPUES, modo="reemplazar"))
    assert (row.estado, row.simulada, counts(row)) == ("completada", True, (1, 1, 1, 1, 1))
    assert (row.filas_total, row.filas_procesadas, row.contenido) == (4, 4, None)
    assert cambios(db, row.id) == [
        (2, "actualizado", {"precio": ["100.00", "150.00"]}),
        (3, "sin_cambios", None),
        (
            4,
            "creado",
            {
                "sku": [None, "N"],
                "nombre": [None, "Nivel"],
                "descripcion": [None, ""],
                "categoria": [None, ""],
                "marca": [None, ""],
                "unidad": [None, "unidad"],
                "precio": [None, "7.50"],
                "stock": [None, "2.000"],
                "activo": [None, True],
            },
        ),
        (5, "error", None),
        (None, "desactivado", {"activo": [True, False]}),
    ]
    assert fallas(db, row.id) == [(5, "precio", "numero_invalido")]
    assert everything(db) == before


@pytest.mark.parametrize("modo", ["actualizar", "reemplazar"])
def test_an_applied_preview_leaves_what_a_direct_import_would(
    db: Database, chico: Settings, empresa_id: int, modo: str
) -> None:
    for id_ in (1, 2):
        finish(db, chico, upload(db, VIEJOS, empresa_id=id_), empresa_id=id_)
    vista = finish(db, chico, ask_vista(db, MIXTO, modo=modo))
    applied = finish(db, chico, ask_aplicar(db, vista.id))
    direct = finish(db, chico, upload(db, MIXTO, modo=modo, empresa_id=2), empresa_id=2)
    assert goods(db) == goods(db, empresa_id=2)
    assert applied.estado in APLICADA
    assert counts(applied) == counts(vista) == counts(direct)
    assert (applied.filas_total, applied.filas_procesadas) == (58, 58)
    assert fallas(db, applied.id) == fallas(db, vista.id)
    done = [c for c in cambios(db, vista.id) if c[1] != "sin_cambios"]
    assert cambios(db, applied.id) == cambios(db, direct.id, empresa_id=2) == done


def test_what_moved_since_the_preview_is_told_and_left(
    db: Database, chico: Settings, empresa_id: int
) -> None:
    run(db, chico, table(6))
    new = CABECERA + "".join(f"\nP-{n},Producto P {n},9,5" for n in range(5)) + "\nN,Nivel,1,2\n"
    vista = finish(db, chico, ask_vista(db, new, modo="reemplazar"))
    edit(db, "s:p-0", precio=Decimal("77.50"))
    sell(db, "s:p-1", 2)
    edit(db, "s:p-2", activo=False, nombre="Otro nombre")
    edit(db, "s:p-3", marca="De la que el archivo no habla")
    edit(db, "s:p-5", activo=False)
    with db.empresa(1) as session:
        for sku, nombre in (("n", "Ya estaba"), ("Z", "Recién llegado")):
            nuevo = ProductoNuevo(sku=sku, nombre=nombre, precio=Decimal(3))
            create_producto(session, empresa_id=1, nuevo=nuevo, actor="consola", usuario_id=None)
    row = finish(db, chico, ask_aplicar(db, vista.id))
    assert (row.estado in APLICADA, counts(row)) == (True, (0, 2, 0, 0, 6))
    assert fallas(db, row.id) == [
        (0, "activo", "movido"),
        (0, None, "movido"),
        (2, "precio", "movido"),
        (3, "stock", "movido"),
        (4, "activo", "movido"),
        (4, "nombre", "movido"),
        (7, "sku", "movido"),
    ]
    assert mensajes(db, row.id) == [
        "«Producto P 5»: Se mostró como sí y ahora es no.",
        "«Recién llegado» es nuevo o cambió desde la simulación y el archivo no lo nombra: "
        "se deja.",
        "Se mostró como «1000.00» y ahora es «77.50».",
        "Se mostró como «5» y ahora es «3».",
        "Se mostró como sí y ahora es no.",
        "Se mostró como «Producto P 2» y ahora es «Otro nombre».",
        "Se mostró como nuevo y ahora ya existe.",
    ]
    assert catalogue(db, "clave", "precio", "stock", "activo") == [
        ("s:n", 3, 0, True),
        ("s:p-0", Decimal("77.50"), 5, True),
        ("s:p-1", 1001, 3, True),
        ("s:p-2", 1002, 5, False),
        ("s:p-3", 9, 5, True),
        ("s:p-4", 9, 5, True),
        ("s:p-5", 1005, 5, False),
        ("s:z", 3, 0, True),
    ]


def test_a_row_shown_unchanged_is_told_when_it_moved(
    db: Database, chico: Settings, empresa_id: int
) -> None:
    run(db, chico, table(3))
    vista = finish(db, chico, ask_vista(db, table(3)))
    sell(db, "s:p-1")
    row = finish(db, chico, ask_aplicar(db, vista.id))
    assert (counts(row), fallas(db, row.id)) == ((0, 0, 2, 0, 1), [(3, "stock", "movido")])
    assert catalogue(db, "stock") == [(4,), (5,), (5,)]


def test_a_fraction_is_refused_in_the_preview_already(
    db: Database, chico: Settings, empresa_id: int
) -> None:
    run(db, chico, "nombre;precio;stock;unidad\nCable;1200;2,5;metro\nMartillo;1;1;unidad\n")
    vista = finish(
        db, chico, ask_vista(db, "nombre;precio;stock\nCable;1200;3,5\nMartillo;1;1,5\n")
    )
    assert (counts(vista), fallas(db, vista.id)) == ((0, 1, 0, 0, 1), [(3, "stock", "fraccion")])
    edit(db, "n:cable", stock=Decimal(3))
    row = finish(db, chico, ask_aplicar(db, vista.id))
    assert fallas(db, row.id) == [(2, "stock", "movido"), (3, "stock", "fraccion")]


# --- killed, queued, out of time -----------------------------------------------------------------


def test_a_preview_killed_before_any_commit_ends_the_same(
    db: Database, chico: Settings, empresa_id: int
) -> None:
    run(db, chico, VIEJOS)
    before = everything(db)

    def ask() -> int:
        return ask_vista(db, MIXTO, modo="reemplazar")

    assert_ends_the_same(db, chico, ask, estados=["completada"])
    assert everything(db) == before


def test_an_application_killed_before_any_commit_ends_the_same(
    db: Database, chico: Settings, empresa_id: int
) -> None:
    def reset() -> int:
        run(db, chico, VIEJOS, modo="reemplazar")
        with db.empresa(1) as session:
            session.execute(text("DELETE FROM producto WHERE sku LIKE 'Q-%'"))
        return ask_aplicar(db, finish(db, chico, ask_vista(db, MIXTO, modo="reemplazar")).id)

    assert_ends_the_same(db, chico, reset, estados=APLICADA)


def test_hurried_steps_go_on_where_they_stopped(
    db: Database, chico: Settings, empresa_id: int
) -> None:
    run(db, chico, table(25, prefix="V"))
    hurried = chico.model_copy(update={"importacion_paso_segundos": 0.0})
    vista = finish(db, hurried, ask_vista(db, table(25), modo="reemplazar"))
    assert (counts(vista), len(cambios(db, vista.id))) == ((25, 0, 0, 25, 0), 50)
    row = finish(db, hurried, ask_aplicar(db, vista.id))
    assert (counts(row), row.filas_procesadas) == ((25, 0, 0, 25, 0), 25)


def test_previews_wait_in_the_same_line_as_imports(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    first, second = upload(db, table(3)), ask_vista(db, table(3))
    assert step(db, settings, second) == "nada"
    assert counts(finish(db, settings, first)) == (3, 0, 0, 0, 0)
    assert counts(finish(db, settings, second)) == (0, 0, 3, 0, 0)


@pytest.mark.parametrize("simulada", [True, False])
def test_a_shop_emptied_meanwhile_stays_empty(
    db: Database, chico: Settings, empresa_id: int, simulada: bool
) -> None:
    id_ = ask_vista(db, table(35)) if simulada else upload(db, table(35))
    opened: list[None] = []

    class Emptied(Database):
        """Its admin empties the shop before our second chunk."""

        def empresa(self, empresa_id: int) -> Any:
            opened.append(None)
            if len(opened) == 6:
                with db.empresa(1) as session:
                    reset_empresa(session, empresa_id=1, confirmar="Tienda 1", actor="consola")
            return super().empresa(empresa_id)

    emptied = Emptied(app=db.app_engine, sistema=db.sistema_engine)
    assert step(emptied, chico, id_) == "perdido"
    assert (goods(db), cambios(db, id_)) == ([], [])


def refusal(db: Database, id_: int, **more: Any) -> type[AgenteError]:
    with pytest.raises(AgenteError) as caught:
        ask_aplicar(db, id_, **more)
    return caught.type


def test_only_a_finished_preview_is_applied_and_only_once(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    vista = ask_vista(db, table(3))
    assert refusal(db, vista) is ImportacionAbierta
    finish(db, settings, vista)
    assert refusal(db, vista, empresa_id=2) is NotFound
    assert refusal(db, 999) is NotFound
    applied = ask_aplicar(db, vista)
    assert refusal(db, vista) is VistaAplicada
    finish(db, settings, applied)
    assert refusal(db, vista) is VistaAplicada
    assert refusal(db, applied) is NoEsVista
    assert refusal(db, finish(db, settings, ask_vista(db, "hola")).id) is VistaFallida


def test_a_preview_is_kept_for_its_time_and_while_it_is_applied(
    db: Database, settings: Settings, empresa_id: int
) -> None:
    kept, applied = (finish(db, settings, ask_vista(db, table(3))).id for _ in range(2))
    applying = ask_aplicar(db, applied)
    cola = ColaEnMemoria()
    assert ring_expired_cambios(db, cola) == 0
    assert not forget_cambios(db, empresa_id=1, importacion_id=kept)
    with db.empresa(1) as session:
        session.execute(
            text(
                "UPDATE importacion SET cambios_hasta = now() - interval '1 second' "
                "WHERE cambios_hasta IS NOT NULL"
            )
        )
    assert refusal(db, kept) is VistaVencida
    assert ring_expired_cambios(db, cola) == 2
    assert (Tarea.FORGET_CAMBIOS, {"empresa_id": 1, "importacion_id": kept}) in cola.timbres
    assert forget_cambios(db, empresa_id=1, importacion_id=kept)
    assert not forget_cambios(db, empresa_id=1, importacion_id=applied)
    assert (cambios(db, kept), len(cambios(db, applied))) == ([], 3)
    assert counts(finish(db, settings, applying)) == (3, 0, 0, 0, 0)
    assert forget_cambios(db, empresa_id=1, importacion_id=applied)
    assert ring_expired_cambios(db, cola) == 0
    assert refusal(db, kept) is VistaVencida
