#!/usr/bin/env bash
# Rewrites the tables and figures of docs/reproduction.md: reproduce.sh [--anew]
#
# Trains the trials of its sweeps that the database does not hold (all of them take some four hours on two cores; interrupted, it goes on where
# it was). Where there is no database yet, it begins with the one published beside this script; with --anew it does not.
#
# OFSWEEP_REPRODUCTION: the folder of the database (default: reproduction in OFSWEEP_CACHE, ~/.cache/ofsweep)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
data_dir=${OFSWEEP_REPRODUCTION:-${OFSWEEP_CACHE:-$HOME/.cache/ofsweep}/reproduction}
deploy/setup/install.sh
deploy/setup/build.sh release ofsweep ofsweep-trainer
ofsweep=build/release/bin/ofsweep
if [ "${1:-}" != --anew ] && [ ! -e "$data_dir/ofsweep.db" ]; then
  mkdir -p "$data_dir"
  gzip --decompress --stdout docs/reproduction/ofsweep.db.gz >"$data_dir/ofsweep.db"
fi
for sweep in block-optimizer-small learning-rate-small adam-epsilon-small; do
  "$ofsweep" run "sweeps/$sweep.yaml" --data-dir "$data_dir"
done
python3 docs/reproduction/report.py --ofsweep "$ofsweep" --data-dir "$data_dir"
