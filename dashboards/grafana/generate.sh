#!/usr/bin/env bash
# Writes the dashboards' JSON from their TypeScript, after checking the types of both.
#
# usage: dashboards/grafana/generate.sh [FOLDER]        (default: dashboards/grafana/json)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$(realpath -m "${1:-$here/json}")
node=$("$here/../../deploy/setup/node_env.sh" "$here")

# node_modules stays outside the checkout, so the sources go where they find it.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$here/src" "$here/tsconfig.json" "$work"
ln -s "$node/node_modules" "$work/node_modules"
cd "$work"
export PATH=$node/bin:$PATH

mkdir -p "$out" check
node node_modules/esbuild/bin/esbuild src/generate.ts --bundle --platform=node --log-level=warning --outfile=generate.cjs
node generate.cjs "$out"
for file in "$out"/*.json; do
  {
    echo "import type { ClassicDashboard } from '../src/classic';"
    echo "export const dashboard = ("
    cat "$file"
    echo ") satisfies ClassicDashboard;"
  } > "check/$(basename "$file" .json).ts"
done
node node_modules/typescript/bin/tsc
