#!/usr/bin/env bash
# Installs, builds and runs every test. Arguments go to ctest: ./test.sh -R Storage
# In CI (CI=true) warnings are errors.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
deploy/setup/install.sh --tests
export OFSWEEP_PYTHON
OFSWEEP_PYTHON=$(deploy/setup/python_env.sh)
deploy/setup/python_env.sh clients/python/test-requirements.txt >/dev/null
deploy/setup/python_env.sh tests/docs/requirements.txt >/dev/null
deploy/setup/python_env.sh tests/dashboards/requirements.txt >/dev/null
deploy/setup/python_env.sh tests/deploy/kubernetes/requirements.txt >/dev/null
deploy/setup/python_env.sh tests/deploy/litestream/requirements.txt >/dev/null
deploy/setup/node_env.sh dashboards/grafana >/dev/null
deploy/setup/node_env.sh dashboards/web >/dev/null
deploy/setup/build.sh release -DOFSWEEP_WERROR="$([ "${CI:-}" = true ] && echo ON || echo OFF)"
results=$PWD/build/release/test-results.xml
rm -f "$results"
status=0
ctest --preset release --parallel "$(nproc)" --output-junit "$results" "$@" || status=$?
if [ "$status" -ne 0 ] && [ -e "$results" ]; then
  python3 tests/print_failures.py "$results"
fi
exit "$status"
