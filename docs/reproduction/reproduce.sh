#!/usr/bin/env bash
# Trains the three sweeps of docs/reproduction.md and rewrites its tables and figures. Takes some hours on two cores; interrupted, it goes on
# where it was. When everything is trained, it only writes the report.
#
# OFSWEEP_REPRODUCTION: the folder of the database (default: reproduction in OFSWEEP_CACHE, ~/.cache/ofsweep)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
data_dir=${OFSWEEP_REPRODUCTION:-${OFSWEEP_CACHE:-$HOME/.cache/ofsweep}/reproduction}
deploy/setup/install.sh
deploy/setup/build.sh release ofsweep ofsweep-trainer
ofsweep=build/release/bin/ofsweep
for sweep in block-optimizer-small learning-rate-small adam-epsilon-small; do
  "$ofsweep" run "sweeps/$sweep.yaml" --data-dir "$data_dir"
done
python=$(deploy/setup/python_env.sh docs/reproduction/requirements.txt)/bin/python
"$python" docs/reproduction/report.py --ofsweep "$ofsweep" --data-dir "$data_dir"
