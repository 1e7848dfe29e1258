#!/bin/sh
# Runs one case in the Python of the tests: run.sh CASE OFSWEEP-PROGRAM. Exits with 77 where the case cannot run.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
environment=$("$here/../../deploy/setup/python_env.sh")
exec "$environment/bin/python" -B "$here/$1.py" "$2"
