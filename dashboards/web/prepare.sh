#!/usr/bin/env bash
# Puts into a folder what Vite, TypeScript and Vitest need: the page's sources, the client that protoc-gen-es makes of the proto, and
# the packages of package-lock.json as a link, since they stay outside the checkout. Prints the folder of Node.
#
# usage: dashboards/web/prepare.sh FOLDER        (this folder itself: only the client and the link are added, for development)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(realpath -m "$1")
node=$("$here/../../deploy/setup/node_env.sh" "$here")

mkdir -p "$folder"
if [ "$folder" != "$here" ]; then
  cp -r "$here"/{src,test,index.html,package.json,tsconfig.json,vite.config.ts} "$folder"
fi
ln -sfn "$node/node_modules" "$folder/node_modules"
mkdir -p "$folder/src/gen"
cd "$here/../../proto"
PATH=$node/bin:$PATH protoc --proto_path=. --plugin="$node/node_modules/.bin/protoc-gen-es" \
  --es_out="$folder/src/gen" --es_opt=target=ts ofsweep/v1/{results,role,sweep}.proto >&2
echo "$node"
