#!/bin/sh
# bench/trainer/compare.py in the Python that it needs; the first call installs PyTorch beside the checkout (5 GB).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
environment=$("$here/../../deploy/setup/python_env.sh" "$here/requirements.txt")
exec "$environment/bin/python" "$here/compare.py" "$@"
