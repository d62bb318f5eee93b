#!/bin/sh
# Creates Temporal's two databases and migrates their schemas to the version of these tools. Reads SQL_*. Idempotent.
set -eu

prepare() {
  temporal-sql-tool --database "$1" create
  temporal-sql-tool --database "$1" setup-schema --version 0.0
  temporal-sql-tool --database "$1" update-schema --schema-name "postgresql/v12/$2"
}

prepare temporal temporal
prepare temporal_visibility visibility
