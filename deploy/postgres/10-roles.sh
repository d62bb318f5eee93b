#!/bin/bash
# Runs once, when PostgreSQL initialises its data directory. Tidemark and Temporal each get a role that owns its own
# databases and cannot read the other's.
set -euo pipefail
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set "tidemark_password=$TIDEMARK_DATABASE_PASSWORD" --set "temporal_password=$TEMPORAL_DATABASE_PASSWORD" <<'SQL'
CREATE ROLE tidemark LOGIN PASSWORD :'tidemark_password';
CREATE DATABASE tidemark OWNER tidemark;
REVOKE CONNECT ON DATABASE tidemark FROM PUBLIC;
-- Temporal's schema tool creates its two databases.
CREATE ROLE temporal LOGIN CREATEDB PASSWORD :'temporal_password';
SQL
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname tidemark --command 'CREATE EXTENSION pg_stat_statements'
