#!/usr/bin/env bash
# Prints one hash of all that the page is built from. It stands in dist/sources.sha256 and in the page itself.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
{
  find dashboards/web/src -type f -not -path 'dashboards/web/src/gen/*'
  printf '%s\n' dashboards/web/{index.html,package.json,package-lock.json,tsconfig.json,vite.config.ts} proto/ofsweep/v1/{results,role,sweep}.proto
} | sort | xargs -d '\n' sha256sum | sha256sum | cut -d ' ' -f 1
