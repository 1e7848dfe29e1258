#!/usr/bin/env bash
# From a fresh clone to the finding: installs, builds, and trains the six trials of sweeps/quickstart.yaml.
# Arguments go to `ofsweep run`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
deploy/setup/install.sh
deploy/setup/build.sh release ofsweep ofsweep-trainer
exec build/release/bin/ofsweep run sweeps/quickstart.yaml "$@"
