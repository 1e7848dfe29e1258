#include "trainer/gpu_kernel.h"

#include <dlfcn.h>

#include <stdexcept>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

// The functions of NVRTC and of the driver that are called here, found when they are wanted: a machine without a GPU
// has neither. All return 0 where they succeed.
struct Cuda {
  int (*nvrtcCreateProgram)(void** program, const char* source, const char* name, int headers, const char* const*,
                            const char* const*);
  int (*nvrtcCompileProgram)(void* program, int options, const char* const* values);
  int (*nvrtcGetProgramLogSize)(void* program, std::size_t* size);
  int (*nvrtcGetProgramLog)(void* program, char* log);
  int (*nvrtcGetPTXSize)(void* program, std::size_t* size);
  int (*nvrtcGetPTX)(void* program, char* ptx);
  int (*nvrtcDestroyProgram)(void** program);
  int (*cuModuleLoadData)(void** module, const void* image);
  int (*cuModuleGetFunction)(void** function, void* module, const char* name);
  int (*cuLaunchKernel)(void* function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                        unsigned block_y, unsigned block_z, unsigned shared_bytes, void* stream, void** arguments,
                        void** extra);
};

template <class Function>
absl::Status Find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr ? absl::OkStatus()
                             : absl::UnavailableError(absl::StrCat("no ", name, " in CUDA's libraries"));
}

absl::StatusOr<Cuda> LoadCudaFunctions() {
  // LibTorch's own door to NVRTC and the driver: it lies beside libtorch_cuda and knows where both are.
  void* const library = dlopen("libcaffe2_nvrtc.so", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return absl::UnavailableError(dlerror());
  Cuda cuda{};
  absl::Status status;
  const auto find = [&](const char* name, auto& function) {
    if (status.ok()) status = Find(library, name, function);
  };
  find("nvrtcCreateProgram", cuda.nvrtcCreateProgram);
  find("nvrtcCompileProgram", cuda.nvrtcCompileProgram);
  find("nvrtcGetProgramLogSize", cuda.nvrtcGetProgramLogSize);
  find("nvrtcGetProgramLog", cuda.nvrtcGetProgramLog);
  find("nvrtcGetPTXSize", cuda.nvrtcGetPTXSize);
  find("nvrtcGetPTX", cuda.nvrtcGetPTX);
  find("nvrtcDestroyProgram", cuda.nvrtcDestroyProgram);
  find("cuModuleLoadData", cuda.cuModuleLoadData);
  find("cuModuleGetFunction", cuda.cuModuleGetFunction);
  find("cuLaunchKernel", cuda.cuLaunchKernel);
  if (!status.ok()) return status;
  return cuda;
}

const absl::StatusOr<Cuda>& CudaFunctions() {
  static const absl::StatusOr<Cuda> cuda = LoadCudaFunctions();
  return cuda;
}

// PTX, which the driver translates for its GPU.
absl::StatusOr<std::string> CompileToPtx(const Cuda& cuda, const std::string& source, const std::string& name) {
  void* program = nullptr;
  if (const int error = cuda.nvrtcCreateProgram(&program, source.c_str(), name.c_str(), 0, nullptr, nullptr);
      error != 0) {
    return absl::UnavailableError(absl::StrCat("nvrtcCreateProgram: error ", error));
  }
  const absl::Cleanup destroy = [&] { cuda.nvrtcDestroyProgram(&program); };
  const char* const options[] = {"--gpu-architecture=compute_80", "--std=c++17"};
  if (const int error = cuda.nvrtcCompileProgram(program, std::size(options), options); error != 0) {
    std::size_t size = 0;
    cuda.nvrtcGetProgramLogSize(program, &size);
    std::string log(size, '\0');
    cuda.nvrtcGetProgramLog(program, log.data());
    return absl::UnavailableError(absl::StrCat(name, ": nvrtcCompileProgram: error ", error, ": ", log));
  }
  std::size_t size = 0;
  cuda.nvrtcGetPTXSize(program, &size);
  std::string ptx(size, '\0');
  cuda.nvrtcGetPTX(program, ptx.data());
  return ptx;
}

}  // namespace

absl::StatusOr<GpuKernel> GpuKernel::Compile(const std::string& source, const std::string& name) {
  const absl::StatusOr<Cuda>& cuda = CudaFunctions();
  if (!cuda.ok()) return cuda.status();
  const absl::StatusOr<std::string> ptx = CompileToPtx(*cuda, source, name);
  if (!ptx.ok()) return ptx.status();
  void* module = nullptr;
  void* function = nullptr;
  if (const int error = cuda->cuModuleLoadData(&module, ptx->c_str()); error != 0) {
    return absl::UnavailableError(absl::StrCat(name, ": cuModuleLoadData: error ", error));
  }
  if (const int error = cuda->cuModuleGetFunction(&function, module, name.c_str()); error != 0) {
    return absl::UnavailableError(absl::StrCat(name, ": cuModuleGetFunction: error ", error));
  }
  return GpuKernel(function);
}

void GpuKernel::Launch(unsigned blocks, unsigned threads, std::span<void*> arguments) const {
  const int error =
      CudaFunctions()->cuLaunchKernel(function_, blocks, 1, 1, threads, 1, 1, 0, nullptr, arguments.data(), nullptr);
  if (error != 0) throw std::runtime_error(absl::StrCat("cuLaunchKernel: error ", error));
}

}  // namespace ofsweep
