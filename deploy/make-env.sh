#!/bin/sh
# Makes .env with the secrets that docker-compose.yml asks for. Once: the passwords are set when PostgreSQL makes its
# data, and SECRET signs and hides what is stored, so a .env that is there is never replaced.
set -euC
cd "$(dirname "$0")/.."
umask 077
{
  for name in POSTGRES_PASSWORD TIDEMARK_DATABASE_PASSWORD TEMPORAL_DATABASE_PASSWORD; do
    echo "$name=$(openssl rand -hex 24)"
  done
  echo "SECRET=$(openssl rand -hex 32)"
} > .env
echo 'Made .env.'
