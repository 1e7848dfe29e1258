#!/bin/sh
# The plan for a GPU that is there for fifteen minutes, in two calls of less than ten. What each item printed goes to a file of its
# own, so that a call that is cut short has what came before. The first item is a smoke test: without it nothing else is begun.
#
# usage: bench/gpu_check/fifteen_minutes.sh first|second FOLDER [OPTIONS of gpu_check.py]
#        … first FOLDER --device cpu --tiny      rehearses it on any machine
set -u
call=$1
folder=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
export PYTHONUNBUFFERED=1
# Where containers mount the driver, and may not say so.
export PATH="$PATH:/usr/local/nvidia/bin" LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}/usr/local/nvidia/lib64"
unset NVIDIA_TF32_OVERRIDE # it would turn TF32 on below LibTorch, where SOAP must not have it
mkdir -p "$folder"

# item NAME SECONDS COMMAND…
item() {
  name=$1
  seconds=$2
  shift 2
  start=$(date +%s)
  timeout --kill-after=5 "$seconds" "$@" >"$folder/$name.txt" 2>&1
  status=$?
  cat "$folder/$name.txt"
  echo "== $name: exit code $status after $(($(date +%s) - start)) of at most $seconds s" | tee -a "$folder/summary.txt"
  return $status
}

# check NAME SECONDS OPTIONS of gpu_check.py
check() {
  name=$1
  seconds=$2
  shift 2
  item "$name" "$seconds" "$python" "$here/gpu_check.py" "$@"
}

if [ "$call" = first ]; then
  case " $* " in
    *" cpu "*) ;;
    *) item 0-machine 20 sh -c "nvidia-smi && $python -c 'import ctypes; ctypes.CDLL(\"libcuda.so.1\")'" || exit 1 ;;
  esac
  check 1-smoke 40 "$@" --parts kernels references --cases op-adam || exit 1
  check 2-trainer 120 "$@" --parts trainer
  check 3-references 110 "$@" --parts references
  check 4-bf16 50 "$@" --parts bf16
  check 5-codeparrot 240 "$@" --parts codeparrot-130m --rounds 1
else
  check 6-languini 180 "$@" --parts languini-1.2b --rounds 1 --sides adam eager
  check 7-languini-compile 160 "$@" --parts languini-1.2b --rounds 1 --sides compile
fi
