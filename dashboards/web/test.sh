#!/usr/bin/env bash
# Runs the page's unit tests. Further arguments go to Vitest.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
node=$("$here/prepare.sh" "$work")
cd "$work"
PATH=$node/bin:$PATH node node_modules/vitest/vitest.mjs run "$@"
