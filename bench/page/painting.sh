#!/usr/bin/env bash
# Builds painting.html and all that it loads into a folder, from the page's sources and the packages of both package-lock.json.
#
# usage: bench/page/painting.sh FOLDER
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$(realpath -m "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
node=$("$here/../../dashboards/web/prepare.sh" "$work")
peers=$("$here/../../deploy/setup/node_env.sh" "$here")
cp "$here/painting.html" "$work/index.html"
cp "$here/painting.tsx" "$work"
(cd "$work" && PATH=$node/bin:$PATH node node_modules/vite/bin/vite.js build --outDir "$out" --emptyOutDir --logLevel warn)
cp "$peers/node_modules/plotly.js-dist-min/plotly.min.js" "$out"
