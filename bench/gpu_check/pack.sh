#!/bin/sh
# Packs the built trainer for a machine that has PyTorch of the same version but none of our Debian packages: build/gpu_check holds
# the program and the libraries it needs besides PyTorch's and the C library (about 20 MB).
set -eu
cd "$(dirname "$0")/../.."
folder=build/gpu_check
rm -rf "$folder"
mkdir -p "$folder/lib"
strip -o "$folder/trainer" build/release/bin/ofsweep-trainer
ldd build/release/bin/ofsweep-trainer | awk '$3 ~ /^\// {print $3}' |
  grep -Ev '/(libtorch|libc10|libcud|libcup|libgomp)[^/]*$|/lib(c|m|dl|rt|util|pthread|gcc_s|stdc\+\+)\.so' | xargs -I{} cp -L {} "$folder/lib"
cat > "$folder/ofsweep-trainer" <<'SCRIPT'
#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
torch=$(${PYTHON:-python3} -c 'import importlib.util; print(importlib.util.find_spec("torch").submodule_search_locations[0])')
LD_LIBRARY_PATH=$here/lib:$torch/lib exec "$here/trainer" "$@"
SCRIPT
chmod +x "$folder/ofsweep-trainer"
du -sh "$folder"
