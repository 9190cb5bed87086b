"""P7 in PostgreSQL itself: what each role may see and touch, whatever the code above asks for."""

import re
from collections.abc import Iterator

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Connection, create_engine, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from core.cuentas import delete_efimera
from core.db import EMPRESA, Database, make_engine
from core.models import Base, Cliente, Empresa, Rol
from core.settings import Settings
from tests.acceso import Tienda, open_tienda
from tests.plantas import CANARIO, SHARED, plant_all

TABLES = sorted(Base.metadata.tables.keys() - SHARED)
# Every column that holds what people wrote, or a secret. Ids, states, times and hashes are not.
PRIVATE = {
    "empresa": {"nombre", "moneda", "ajustes", "sinonimos"},
    "usuario": {"email", "nombre", "password_hash"},
    "canal": {"nombre", "credenciales", "detalle"},
    "mensaje": {"texto", "crudo", "id_externo", "id_proveedor", "error", "transcripcion"},
    "chat": {"chat_id", "externo", "conversacion", "resumen"},
    "venta": {"cliente", "clave", "huella", "total"},
    "importacion": {"nombre_archivo", "contenido", "error"},
    "indexacion": {"error"},
    "turno": {"acto", "regla", "registro"},
    "documento": {"titulo", "formato", "contenido", "sha256", "error"},
    "aviso": {"clave", "asunto", "texto", "botones", "id_proveedor", "error"},
    "archivo": {"contenido", "medio", "mime", "sha256", "error"},
    "respuesta_modelo": {"respuesta", "paso", "huella", "modelo", "costo"},
}
CLOSED = {"cliente", "producto", "movimiento", "venta_linea", "importacion_fila", "log"}
CLOSED |= {"destinatario", "importacion_cambio", "prompt", "consumo_modelo"}
CLOSED |= {"producto_embedding", "demanda", "busqueda", "embedding", "pasaje"}


@pytest.fixture
def mine(app: OpenAPI) -> Tienda:
    tienda = open_tienda(app)
    plant_all(tienda)
    return tienda


@pytest.fixture
def theirs(app: OpenAPI) -> Tienda:
    tienda = open_tienda(app)
    plant_all(tienda)
    return tienda


@pytest.fixture
def as_app(db: Database) -> Iterator[Connection]:
    """The ordinary role with no empresa set: a query that somebody forgot to bind."""
    with db.app_engine.connect() as connection:
        yield connection


@pytest.fixture
def as_sistema(db: Database) -> Iterator[Connection]:
    with db.sistema_engine.connect() as connection:
        yield connection


@pytest.mark.parametrize("table", TABLES)
def test_the_app_role_without_an_empresa_sees_no_row(
    as_app: Connection, mine: Tienda, table: str
) -> None:
    with mine.db.empresa(mine.empresa_id) as session:
        if table not in ("evento", "sesion"):
            assert session.execute(text(f"SELECT 1 FROM {table}")).first(), "nothing was planted"
    assert as_app.execute(text(f"SELECT 1 FROM {table}")).all() == []


@pytest.mark.parametrize("table", [t for t in TABLES if t not in ("log", "movimiento", "evento")])
def test_the_app_role_without_an_empresa_changes_nothing(
    as_app: Connection, mine: Tienda, table: str
) -> None:
    key = "id" if table == "empresa" else "empresa_id"
    assert as_app.execute(text(f"UPDATE {table} SET {key} = {key}")).rowcount == 0
    assert as_app.execute(text(f"DELETE FROM {table}")).rowcount == 0


def test_the_app_role_without_an_empresa_cannot_insert(as_app: Connection, mine: Tienda) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"):
        as_app.execute(
            text("INSERT INTO cliente (empresa_id, nombre) VALUES (:e, 'x')"),
            {"e": mine.empresa_id},
        )


def test_one_empresa_sees_none_of_anothers_rows_in_any_table(mine: Tienda, theirs: Tienda) -> None:
    with mine.db.empresa(mine.empresa_id) as session:
        for table in TABLES:
            key = "id" if table == "empresa" else "empresa_id"
            seen = set(session.scalars(text(f"SELECT {key} FROM {table}")).all())
            assert seen <= {mine.empresa_id}, table


def test_a_row_for_another_empresa_is_refused(mine: Tienda, theirs: Tienda) -> None:
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        mine.db.empresa(mine.empresa_id) as session,
    ):
        session.add(Cliente(empresa_id=theirs.empresa_id, nombre="x"))


def test_a_row_cannot_be_moved_to_another_empresa(mine: Tienda, theirs: Tienda) -> None:
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        mine.db.empresa(mine.empresa_id) as session,
    ):
        session.execute(text("UPDATE cliente SET empresa_id = :e"), {"e": theirs.empresa_id})


def test_a_reference_to_anothers_row_is_refused(mine: Tienda, theirs: Tienda) -> None:
    """Foreign keys look past row security, so the empresa is part of each."""
    chat_id = theirs.chat("suyo")
    with pytest.raises(IntegrityError), mine.db.empresa(mine.empresa_id) as session:
        session.execute(
            text(
                "INSERT INTO evento (empresa_id, chat_id, n, tipo, ref_id) "
                "VALUES (:e, :c, 1, :t, 1)"
            ),
            {"e": mine.empresa_id, "c": chat_id, "t": "mensaje"},
        )


def test_the_second_transaction_of_a_session_is_bound_too(mine: Tienda, theirs: Tienda) -> None:
    with Session(mine.db.app_engine, info={EMPRESA: mine.empresa_id}) as session:
        for _ in range(3):
            assert session.scalars(select(Empresa.id)).all() == [mine.empresa_id]
            session.commit()
        session.rollback()
        assert session.scalars(select(Empresa.id)).all() == [mine.empresa_id]


def test_a_lent_connection_forgets_the_empresa_of_the_one_before(
    mine: Tienda, settings: Settings
) -> None:
    engine = make_engine(settings.app_url, max_connections=1)
    try:
        with Session(engine, info={EMPRESA: mine.empresa_id}) as session:
            pid = session.scalar(text("SELECT pg_backend_pid()"))
            assert session.scalars(select(Empresa.id)).all() == [mine.empresa_id]
            session.commit()
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT pg_backend_pid()")) == pid
            assert connection.execute(text("SELECT id FROM empresa")).all() == []
    finally:
        engine.dispose()


def test_a_throw_away_shop_goes_whole_and_no_other_shop_does(mine: Tienda, theirs: Tienda) -> None:
    with mine.db.empresa(mine.empresa_id) as session:
        session.get_one(Empresa, mine.empresa_id).efimera = True
    assert delete_efimera(mine.db, empresa_id=mine.empresa_id)
    assert not delete_efimera(mine.db, empresa_id=mine.empresa_id)
    assert not delete_efimera(mine.db, empresa_id=theirs.empresa_id)
    for tienda, rows in ((mine, 0), (theirs, 1)):
        with mine.db.empresa(tienda.empresa_id) as session:
            for table in TABLES:
                if table != "sesion":
                    found = len(session.execute(text(f"SELECT 1 FROM {table} LIMIT 1")).all())
                    assert found == rows, table


# --- the role that crosses empresas ------------------------------------------------------------


def test_sistema_sees_ids_of_all_and_no_text_of_any(
    as_sistema: Connection, mine: Tienda, theirs: Tienda
) -> None:
    ids = {mine.empresa_id, theirs.empresa_id}
    assert set(as_sistema.scalars(text("SELECT id FROM empresa"))) == ids
    granted = as_sistema.execute(
        text(
            "SELECT table_name, column_name FROM information_schema.column_privileges "
            "WHERE grantee = current_user AND privilege_type = 'SELECT'"
        )
    ).all()
    for table, column in granted:
        assert column not in PRIVATE.get(table, set()), (table, column)
        if table in Base.metadata.tables:
            shown = as_sistema.scalars(text(f"SELECT {column}::text FROM {table}")).all()
            assert not any(CANARIO in (value or "") for value in shown), (table, column)


@pytest.mark.parametrize(("table", "column"), [(t, c) for t in PRIVATE for c in sorted(PRIVATE[t])])
def test_sistema_is_refused_what_people_wrote(
    as_sistema: Connection, table: str, column: str
) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        as_sistema.execute(text(f"SELECT {column} FROM {table}"))


@pytest.mark.parametrize("table", sorted(CLOSED))
def test_sistema_has_no_business_in_these(as_sistema: Connection, table: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        as_sistema.execute(text(f"SELECT 1 FROM {table}"))


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("doing", ["DELETE FROM {}", "INSERT INTO {} DEFAULT VALUES"])
def test_sistema_neither_makes_nor_deletes_rows(
    as_sistema: Connection, table: str, doing: str
) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        as_sistema.execute(text(doing.format(table)))


def test_every_table_is_in_one_of_these_lists() -> None:
    """So that a new one is thought about: what in it is text, and whether sistema needs it."""
    known = PRIVATE.keys() | CLOSED | {"sesion", "evento"}
    assert known == set(TABLES) | SHARED


# --- roles and functions -----------------------------------------------------------------------


def test_no_function_of_ours_runs_with_another_role_rights(settings: Settings) -> None:
    owner = create_engine(settings.owner_url)
    with owner.connect() as connection:
        definers = connection.scalars(
            text(
                "SELECT proname FROM pg_proc WHERE prosecdef "
                "AND pronamespace = 'public'::regnamespace"
            )
        ).all()
        super_, bypass = connection.execute(
            text("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        ).one()
    owner.dispose()
    assert definers == []
    assert (super_, bypass) == (False, False)


def test_even_the_owner_sees_no_row_without_an_empresa(settings: Settings, mine: Tienda) -> None:
    owner = create_engine(settings.owner_url)
    with owner.connect() as connection:
        seen = [t for t in TABLES if connection.execute(text(f"SELECT 1 FROM {t}")).first()]
    owner.dispose()
    assert seen == []


@pytest.mark.parametrize("table", ["log", "movimiento"])
def test_what_was_written_down_cannot_be_rewritten(mine: Tienda, table: str) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        mine.db.empresa(mine.empresa_id) as session,
    ):
        session.execute(text(f"UPDATE {table} SET creado_en = now()"))


def test_the_app_role_cannot_lift_row_security(as_app: Connection) -> None:
    for statement in (
        "ALTER TABLE venta DISABLE ROW LEVEL SECURITY",
        "SET ROLE postgres",
        "CREATE TABLE x (a int)",
        "ALTER ROLE CURRENT_USER BYPASSRLS",
    ):
        with pytest.raises(DBAPIError):
            as_app.execute(text(statement))
        as_app.rollback()
    as_app.execute(text("SET row_security = off"))
    with pytest.raises(DBAPIError, match=re.compile("row-level security")):
        as_app.execute(text("SELECT 1 FROM venta"))


def test_roles_of_people_are_the_contracts(mine: Tienda) -> None:
    assert [r.value for r in Rol] == ["superadmin", "admin", "vendedor", "observador", "cliente"]
