#!/bin/sh
# Makes a Python environment outside the checkout, and prints its folder: of the tests, or of another list of packages. A second
# call finds it and is quick.
#
# usage: deploy/setup/python_env.sh [REQUIREMENTS]        (OFSWEEP_CACHE says where; default ~/.cache/ofsweep)
set -eu

here=$(cd "$(dirname "$0")" && pwd)
requirements=${1:-$here/python-requirements.txt}
cache=${OFSWEEP_CACHE:-$HOME/.cache/ofsweep}
python=${PYTHON:-python3}

# Another list or another interpreter makes another environment.
hash=$({ cat "$requirements"; "$python" -c 'import sys; print(sys.version, sys.executable)'; } | sha256sum | cut -c 1-12)
folder=$cache/python-$hash
if [ -e "$folder/complete" ]; then
  echo "$folder"
  exit 0
fi

mkdir -p "$cache"
exec 9> "$folder.lock"
flock 9 # two tests may ask at once
if [ ! -e "$folder/complete" ]; then
  rm -rf "$folder"
  if ! "$python" -m venv "$folder" >&2; then
    echo "python_env.sh: $python cannot make a virtual environment; install the Debian package python3-venv" >&2
    exit 1
  fi
  if ! "$folder/bin/pip" install --quiet --requirement "$requirements" >&2; then
    echo "python_env.sh: pip cannot install $requirements; connect this machine to the package index (or set pip's" \
      "index-url to a mirror) and run this again" >&2
    exit 1
  fi
  touch "$folder/complete"
fi
echo "$folder"
