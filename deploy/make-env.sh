#!/bin/sh
# Creates .env with the secrets that docker-compose.yml requires. Never replaces an existing .env: the passwords are set
# when PostgreSQL initialises its data directory, and stored signatures and pseudonyms depend on SECRET.
set -euC
cd "$(dirname "$0")/.."
umask 077
{
  for name in POSTGRES_PASSWORD TIDEMARK_DATABASE_PASSWORD TEMPORAL_DATABASE_PASSWORD; do
    echo "$name=$(openssl rand -hex 24)"
  done
  echo "SECRET=$(openssl rand -hex 32)"
} > .env
echo 'Created .env.'
