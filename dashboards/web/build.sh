#!/usr/bin/env bash
# Checks the types of the page and builds it. `dist` is committed: ofsweep's C++ build embeds it and needs neither Node nor npm.
#
# usage: dashboards/web/build.sh [FOLDER]        (default: dashboards/web/dist)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$(realpath -m "${1:-$here/dist}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
node=$("$here/prepare.sh" "$work")
export PATH=$node/bin:$PATH VITE_SOURCES
VITE_SOURCES=$("$here/sources.sh")

cd "$work"
node node_modules/typescript/bin/tsc
node node_modules/vite/bin/vite.js build --outDir "$out" --emptyOutDir --logLevel warn
echo "$VITE_SOURCES" > "$out/sources.sha256"
