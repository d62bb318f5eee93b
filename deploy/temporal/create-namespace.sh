#!/bin/sh
# Waits for Temporal and creates the namespace unless it exists. Closed workflows are retained for 30 days.
set -eu

attempt() {
  temporal operator cluster health &&
    { temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" ||
      temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 30d; }
}

for _ in $(seq 60); do
  # A server may refuse requests just after its start. After the last attempt its output is printed.
  if output=$(attempt 2>&1); then
    echo "Namespace $TEMPORAL_NAMESPACE exists."
    exit 0
  fi
  sleep 2
done
echo "$output" >&2
exit 1
