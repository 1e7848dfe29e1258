#!/usr/bin/env bash
# Rewrites the tables and figures of docs/reproduction.md: reproduce.sh [--anew]
#
# Reads the database that is published beside this script; with --anew, one that it trains into first (some four hours on two cores; interrupted, it
# goes on where it was).
#
# OFSWEEP_REPRODUCTION: the folder of the database of --anew (default: reproduction in OFSWEEP_CACHE, ~/.cache/ofsweep)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
deploy/setup/install.sh
ofsweep=build/release/bin/ofsweep
if [ "${1:-}" = --anew ]; then
  deploy/setup/build.sh release ofsweep ofsweep-trainer
  data_dir=${OFSWEEP_REPRODUCTION:-${OFSWEEP_CACHE:-$HOME/.cache/ofsweep}/reproduction}
  for sweep in block-optimizer-small learning-rate-small adam-epsilon-small; do
    "$ofsweep" run "sweeps/$sweep.yaml" --data-dir "$data_dir"
  done
else
  deploy/setup/build.sh release ofsweep
  data_dir=$(mktemp -d)
  trap 'rm -rf "$data_dir"' EXIT
  gzip --decompress --stdout docs/reproduction/ofsweep.db.gz >"$data_dir/published.db"
  # An earlier version wrote it; what is merged is of this one.
  "$ofsweep" db merge "$data_dir/published.db" --into "$data_dir"
fi
python3 docs/reproduction/report.py --ofsweep "$ofsweep" --data-dir "$data_dir"
