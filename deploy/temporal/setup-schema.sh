#!/bin/sh
# Makes Temporal's two databases and brings their schemas to the version of these tools. Reads SQL_*; can be repeated.
set -eu

prepare() {
  temporal-sql-tool --database "$1" create
  temporal-sql-tool --database "$1" setup-schema --version 0.0
  temporal-sql-tool --database "$1" update-schema --schema-name "postgresql/v12/$2"
}

prepare temporal temporal
prepare temporal_visibility visibility
