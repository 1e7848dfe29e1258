#!/bin/sh
# Packs the built trainer for a machine that has PyTorch of the same version but none of our Debian packages: the program and the
# libraries it needs besides PyTorch's and the C library (11 MB).
#
# usage: bench/gpu_check/pack.sh [TRAINER [FOLDER]]        (build/release/bin/ofsweep-trainer, into build/gpu_check)
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
trainer=${1:-$root/build/release/bin/ofsweep-trainer}
folder=${2:-$root/build/gpu_check}
rm -rf "$folder"
mkdir -p "$folder/lib"
strip -o "$folder/trainer" "$trainer"
ldd "$trainer" | awk '$3 ~ /^\// {print $3}' |
  grep -Ev '/(libtorch|libc10|libcud|libcup|libgomp)[^/]*$|/lib(c|m|dl|rt|util|pthread|gcc_s|stdc\+\+)\.so' | xargs -I{} cp -L {} "$folder/lib"
cat > "$folder/ofsweep-trainer" <<'SCRIPT'
#!/bin/sh
# TORCH: the folder of a PyTorch 2.11, asked of PYTHON (default python3) where it is not given.
here=$(cd "$(dirname "$0")" && pwd)
torch=${TORCH:-$(${PYTHON:-python3} -c 'import importlib.util; print(importlib.util.find_spec("torch").submodule_search_locations[0])')}
# libtorch_cuda opens the driver, libcuda.so.1, by name: where the machine's own path has it, or where containers mount it.
export LD_LIBRARY_PATH="$here/lib:$torch/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}:/usr/local/nvidia/lib64"
exec "$here/trainer" "$@"
SCRIPT
chmod +x "$folder/ofsweep-trainer"
du -sh "$folder"
