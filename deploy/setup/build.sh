#!/usr/bin/env bash
# Configures and builds a preset of CMakePresets.json: build.sh PRESET [-DOPTION=VALUE…] [TARGET…]. Without a target it builds
# everything, tests too. A build that is up to date takes a second.
set -euo pipefail
preset=$1
shift
options=()
targets=()
for argument in "$@"; do
  case $argument in
    -D*) options+=("$argument") ;;
    *) targets+=("$argument") ;;
  esac
done
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! cmake --preset "$preset" "${options[@]}" >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
cmake --build --preset "$preset" ${targets[@]:+--target "${targets[@]}"} >&2
