#!/bin/sh
# Waits for Temporal and makes the namespace, if it is not there yet. Closed workflows are kept for 30 days.
set -eu

attempt() {
  temporal operator cluster health &&
    { temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" ||
      temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 30d; }
}

for _ in $(seq 60); do
  # A server that has just started may refuse for a moment; what it said last is what was wrong.
  if said=$(attempt 2>&1); then
    echo "Namespace $TEMPORAL_NAMESPACE is there."
    exit 0
  fi
  sleep 2
done
echo "$said" >&2
exit 1
