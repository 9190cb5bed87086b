"""The spine: tables, the two unprivileged roles, row level security.

Roles are made idempotently and never dropped: another database of the same cluster may use them.
Their passwords follow from the configured URLs at every `migrate`, not from this file.

Revision ID: 0001
Revises:
"""

from pathlib import Path

from alembic import context, op

revision = "0001"
down_revision = None

# The tables in the order they may be dropped in; all but `empresa` carry empresa_id.
TABLES = (
    "log importacion_fila importacion movimiento venta_linea evento mensaje sesion venta "
    "chat cliente canal producto usuario empresa"
).split()

_MINE = "(select nullif(current_setting('app.empresa_id', true), '')::bigint)"

# What ordinary work may do. The audit trail and the ledger are append only; a ledger goes with
# its producto (reset), never by itself.
_APP_GRANTS = {
    "log": "SELECT, INSERT",
    "movimiento": "SELECT, INSERT, DELETE",
    "evento": "SELECT, INSERT, DELETE",
}
_APP_DEFAULT = "SELECT, INSERT, UPDATE, DELETE"

# What work across empresas may see and change: ids, states, times, hashes.
_SISTEMA_GRANTS = {
    "empresa": "SELECT (id, reservada, efimera, catalogo_version, creada_en)",
    "usuario": "SELECT (empresa_id, id, email_hash, activo, rol)",
    "canal": "SELECT (empresa_id, id, tipo, clave, secreto_hash, estado, por_defecto, "
    "proximo_envio, creado_en)",
    "chat": "SELECT (empresa_id, id, canal_id, ia_activa, pendientes, turno_desde, lease_de, "
    "lease_hasta, token, solo, timbre_en), UPDATE (lease_hasta, solo, timbre_en)",
    "mensaje": "SELECT (empresa_id, id, canal_id, chat_id, orden, remitente, estado, entrega, "
    "entrega_desde, entrega_intentos, timbre_en, creado_en), UPDATE (timbre_en)",
    "importacion": "SELECT (empresa_id, id, estado, lease_de, lease_hasta, filas_procesadas, "
    "con_error, creada_en), UPDATE (lease_hasta)",
    "venta": "SELECT (empresa_id, id, estado, creada_en)",
}


def upgrade() -> None:
    app, sistema = context.config.attributes["roles"]
    op.execute("SET LOCAL lock_timeout = '4s'")
    for statement in _statements():
        op.execute(statement)
    for role in (app, sistema):
        op.execute(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN "
            f'CREATE ROLE "{role}" LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE; '
            "END IF; END $$"
        )
        op.execute(f'GRANT USAGE ON SCHEMA public TO "{role}"')
    for table in reversed(TABLES):
        key = "id" if table == "empresa" else "empresa_id"
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY de_la_empresa ON {table} "
            f"USING ({key} = {_MINE}) WITH CHECK ({key} = {_MINE})"
        )
        op.execute(f'GRANT {_APP_GRANTS.get(table, _APP_DEFAULT)} ON {table} TO "{app}"')
        if table in _SISTEMA_GRANTS:
            op.execute(f'CREATE POLICY del_sistema ON {table} TO "{sistema}" USING (true)')
            op.execute(f'GRANT {_SISTEMA_GRANTS[table]} ON {table} TO "{sistema}"')
    op.execute(f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO "{app}"')


def _statements() -> list[str]:
    """The .sql beside this file, one statement each (none holds a semicolon inside)."""
    sql = Path(__file__).with_suffix(".sql").read_text()
    return [s for part in sql.split(";\n") if (s := part.strip())]


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
