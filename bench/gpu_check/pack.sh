#!/bin/sh
# Packs the built trainer, and trainer_gpu_test where it is built beside it, for a machine that has PyTorch of the same version but
# none of our Debian packages: the programs and the libraries they need besides PyTorch's and the C library (12 MB).
#
# usage: bench/gpu_check/pack.sh [TRAINER [FOLDER]]        (build/release/bin/ofsweep-trainer, into build/gpu_check)
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
trainer=${1:-$root/build/release/bin/ofsweep-trainer}
folder=${2:-$root/build/gpu_check}
rm -rf "$folder"
mkdir -p "$folder/bin" "$folder/lib"
for program in "$trainer" "$(dirname "$trainer")/trainer_gpu_test"; do
  [ -e "$program" ] || continue
  name=$(basename "$program")
  strip -o "$folder/bin/$name" "$program"
  ldd "$program" | awk '$3 ~ /^\// {print $3}' |
    grep -Ev '/(libtorch|libc10|libcud|libcup|libgomp)[^/]*$|/lib(c|m|dl|rt|util|pthread|gcc_s|stdc\+\+)\.so' | xargs -I{} cp -L {} "$folder/lib"
  cat > "$folder/$name" <<'SCRIPT'
#!/bin/sh
# TORCH: the folder of a PyTorch 2.11, asked of PYTHON (default python3) where it is not given.
here=$(cd "$(dirname "$0")" && pwd)
torch=${TORCH:-$(${PYTHON:-python3} -c 'import importlib.util; print(importlib.util.find_spec("torch").submodule_search_locations[0])')}
# libtorch_cuda opens the driver, libcuda.so.1, by name: where the machine's own path has it, or where containers mount it.
export LD_LIBRARY_PATH="$here/lib:$torch/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}:/usr/local/nvidia/lib64"
exec "$here/bin/$(basename "$0")" "$@"
SCRIPT
  chmod +x "$folder/$name"
done
du -sh "$folder"
