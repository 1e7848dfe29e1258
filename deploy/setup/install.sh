#!/usr/bin/env bash
# Installs all that ofsweep is built with: Debian packages, then LibTorch and google.rpc's messages into the cache, and CUDA's
# libraries (2 GB) where the driver of a GPU is.
# A second run finds everything in place and installs nothing.
#
# usage: install.sh [--tests] [--analysis]
#   --tests      also what ./test.sh needs: a browser, LaTeX, PyTorch (1 GB)
#   --analysis   also what tests/analyze.sh needs: Clang and clang-tidy (300 MB)
# OFSWEEP_CACHE: where downloads are kept, outside the checkout (default: ~/.cache/ofsweep)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${OFSWEEP_CACHE:-$HOME/.cache/ofsweep}

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

lists=("$here/debian-packages.txt")
for option in "$@"; do
  case $option in
    --tests) lists+=("$here/debian-packages-tests.txt") ;;
    --analysis) lists+=("$here/debian-packages-analysis.txt") ;;
    *) fail "$option is not known; usage: install.sh [--tests] [--analysis]" ;;
  esac
done

missing_packages() {
  local package
  sed 's/#.*//' "${lists[@]}" | tr -s '[:space:]' '\n' | while read -r package; do
    [ -z "$package" ] && continue
    dpkg-query --show --showformat='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || echo "$package"
  done
}

command -v dpkg-query >/dev/null || fail "this is no Debian system; ofsweep is built and tested on Debian 12"
mapfile -t missing < <(missing_packages)
if [ ${#missing[@]} -gt 0 ]; then
  [ "$(id -u)" = 0 ] || fail "these packages are missing: ${missing[*]}; run this as root, or have them installed"
  echo "installing ${#missing[@]} Debian packages" >&2
  export DEBIAN_FRONTEND=noninteractive
  log=$(mktemp)
  apt-get update >"$log" 2>&1 && apt-get install -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1 ||
    fail "apt-get failed; is this machine connected? The end of its output:"$'\n'"$(tail -n 15 "$log")"
  rm -f "$log"
fi

cuda=()
[ ! -e /dev/nvidiactl ] || cuda=(--cuda)
python3 "$here/fetch_wheels.py" "$cache" "${cuda[@]}"
