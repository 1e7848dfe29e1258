#!/usr/bin/env bash
# Serves the page from its sources, and passes its calls to a coordinator's gRPC port.
#
# usage: dashboards/web/dev.sh [HOST:PORT]        (of the coordinator; default 127.0.0.1:7070)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
node=$("$here/prepare.sh" "$here")
cd "$here"
export OFSWEEP_COORDINATOR=${1:-127.0.0.1:7070}
PATH=$node/bin:$PATH exec node node_modules/vite/bin/vite.js --config dev/vite.config.ts
