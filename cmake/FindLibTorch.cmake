# Finds LibTorch as deploy/setup/fetch_wheels.py unpacks it, and makes the target LibTorch::cpu. Torch's own CMake package would ask
# for the CUDA toolkit. libtorch_cuda is loaded at run time where there is a device, so that one binary serves both.

set(_torch ${OFSWEEP_CACHE}/torch-2.11.0-cp311-cp311-manylinux_2_28_x86_64/torch)
# Its libraries, below the cache; an installed trainer has the same folders below lib/ofsweep (OfsweepInstall.cmake).
set(OFSWEEP_LIBTORCH_FOLDERS torch-2.11.0-cp311-cp311-manylinux_2_28_x86_64/torch/lib
  nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64/nvidia/cu13/lib
  nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64/nvidia/cu13/lib)
list(TRANSFORM OFSWEEP_LIBTORCH_FOLDERS PREPEND ${OFSWEEP_CACHE}/ OUTPUT_VARIABLE _link_path)
list(JOIN _link_path ":" _link_path)

include(FindPackageHandleStandardArgs)
find_library(LibTorch_CPU torch_cpu PATHS ${_torch}/lib NO_DEFAULT_PATH)
find_library(LibTorch_C10 c10 PATHS ${_torch}/lib NO_DEFAULT_PATH)
find_package_handle_standard_args(LibTorch REQUIRED_VARS LibTorch_CPU LibTorch_C10
  REASON_FAILURE_MESSAGE "Run deploy/setup/install.sh, or give -DOFSWEEP_CACHE=DIR if it was told to use another folder.")

add_library(LibTorch::cpu INTERFACE IMPORTED)
target_include_directories(LibTorch::cpu SYSTEM INTERFACE ${_torch}/include ${_torch}/include/torch/csrc/api/include)
target_link_options(LibTorch::cpu INTERFACE
  # RPATH, not RUNPATH: it must also find what libtorch_cpu itself needs.
  LINKER:--disable-new-dtags LINKER:--no-as-needed LINKER:-rpath,${_link_path} LINKER:-rpath-link,${_link_path}
  LINKER:--allow-shlib-undefined)
target_link_libraries(LibTorch::cpu INTERFACE ${LibTorch_CPU} ${LibTorch_C10})
