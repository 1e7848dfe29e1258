#!/usr/bin/env bash
# Installs, builds and runs every test. Arguments go to ctest: ./test.sh -R Storage
# In CI (CI=true) warnings are errors.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
deploy/setup/install.sh
export OFSWEEP_PYTHON
OFSWEEP_PYTHON=$(deploy/setup/python_env.sh)
deploy/setup/build.sh release -DOFSWEEP_WERROR="$([ "${CI:-}" = true ] && echo ON || echo OFF)"
ctest --preset release --parallel "$(nproc)" "$@"
