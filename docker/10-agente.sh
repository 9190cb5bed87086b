#!/bin/sh
# Runs once, on an empty volume. The owner migrates and is no superuser, so that row level security
# binds it, too; it may create the two roles that do the work. Extensions need the superuser.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$AGENTE_OWNER_PASSWORD" -U "$POSTGRES_USER" -d postgres <<'SQL'
CREATE ROLE agente LOGIN NOSUPERUSER NOBYPASSRLS CREATEROLE PASSWORD :'password';
CREATE DATABASE agente OWNER agente ENCODING 'UTF8' TEMPLATE template0;
SQL
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d agente <<'SQL'
CREATE EXTENSION IF NOT EXISTS vector;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO agente;
SQL
