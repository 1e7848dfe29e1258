#!/usr/bin/env bash
# run.sh OFSWEEP [--client BENCH_CONTROL_CLIENT] [--rounds N] [--quick] [--only SECTION,…] [--keep FOLDER]
#
# Measures the coordinator of the program OFSWEEP beside its peers (README.md). Without --client it builds the client; the first
# call installs the peers into ofsweep's cache. Only loopback is used, and nothing is left running.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
setup=$here/../../deploy/setup
client=()
if [[ " $* " != *" --client "* && " $* " != *" --help "* ]]; then
  "$setup/build.sh" no-torch -DOFSWEEP_BENCH=ON bench_control_client
  client=(--client "$here/../../build/no-torch/bin/bench_control_client")
fi
python=$("$setup/python_env.sh" "$here/requirements.txt")/bin/python
exec python3 "$here/bench.py" "$@" "${client[@]}" --python "$python"
