#include "trainer/machine.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include <ATen/cpu/Utils.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "experiment/memory_advice.h"
#include "experiment/memory_estimate.h"
#include "host/cores.h"
#include "trainer/device_memory.h"
#include "trainer/log.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

// LibTorch's GPU half is loaded only where it is wanted, so that one program serves machines without it.
absl::Status LoadCuda() {
  // Else memory that is cut into pieces of a few sizes counts as taken. LibTorch reads this when it is loaded.
  if (std::getenv("PYTORCH_ALLOC_CONF") == nullptr) {
    setenv("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True", /*replace=*/0);
  }
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    return absl::UnavailableError(absl::StrCat("train.device: LibTorch's GPU libraries cannot be loaded (", dlerror(),
                                               "); run deploy/setup/install.sh on this machine, which fetches them "
                                               "where there is a GPU, or set train.device to cpu"));
  }
  if (!at::hasCUDA()) {
    return absl::UnavailableError(
        "train.device: no GPU is usable here; check nvidia-smi and CUDA_VISIBLE_DEVICES, or set train.device to cpu");
  }
  try {
    // The first tensor would do it too, but the allocator's statistics do not wait for one.
    at::globalContext().lazyInitDevice(at::kCUDA);
  } catch (const c10::Error& error) {
    return absl::UnavailableError(absl::StrCat("train.device: CUDA cannot be initialised (",
                                               error.what_without_backtrace(),
                                               "); check nvidia-smi and the driver's version, or set train.device to "
                                               "cpu"));
  }
  return absl::OkStatus();
}

absl::StatusOr<at::Device> ResolveDevice(const std::string& name) {
  if (name == "cpu") return at::Device(at::kCPU);
  if (name == "auto") {
    if (!fs::exists("/dev/nvidiactl")) return at::Device(at::kCPU);
    if (absl::Status status = LoadCuda(); !status.ok()) return status;
    return at::Device(at::kCUDA, 0);
  }
  int index = 0;  // of cuda:N
  if (name.starts_with("cuda:") && !absl::SimpleAtoi(name.substr(5), &index)) {
    index = std::numeric_limits<int>::max();  // more digits than any machine has GPUs
  }
  if (absl::Status status = LoadCuda(); !status.ok()) return status;
  if (index >= at::detail::getCUDAHooks().deviceCount()) {
    return absl::UnavailableError(absl::StrCat("train.device: ", name, ": there are only ",
                                               at::detail::getCUDAHooks().deviceCount(), " GPUs here"));
  }
  return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(index));
}

at::ScalarType PrecisionOf(const std::string& name) {
  if (name == "fp64") return at::kDouble;
  return name == "bf16" ? at::kBFloat16 : at::kFloat;
}

// x86's avx512_bf16 and amx_bf16, Arm's arm_bf16 and sve_bf16.
bool CpuHasBfloat16() {
  for (const auto& [name, value] : at::cpu::get_cpu_capabilities()) {
    if (value.isBool() && value.toBool() && name.find("bf16") != std::string::npos) return true;
  }
  return false;
}

void WarnOfSlowBfloat16(const Machine& machine) {
  if (machine.precision != at::kBFloat16 || !machine.device.is_cpu() || CpuHasBfloat16()) return;
  LogWarning(
      "train.precision: this CPU has no bf16 instructions, so that bf16 can be 100 times slower than fp32; set it to "
      "fp32 or auto");
}

// Where `config` leaves `key` at auto, the value that a checkpoint was trained with.
template <class Type>
void Keep(const std::string& checkpoint_config, const char* key, TrialConfig& config) {
  const nlohmann::json stored = nlohmann::json::parse(checkpoint_config, nullptr, false);
  if (stored.is_object() && stored.contains(key) && config.IsAuto(key)) config.Set(key, stored[key].get<Type>());
}

// A share that others have taken a part of meanwhile is what they have left of it.
void ResolveMicroBatch(at::Device device, const MemoryShare& share, TrialConfig& config) {
  const double bytes = std::min(share.Bytes(), FreeDeviceMemoryBytes(device));
  const std::int64_t rows = FittingMicroBatch(config, bytes);
  config.Set("train.micro_batch_size", rows);
  LogInfo(absl::StrCat("train.micro_batch_size: ", rows, " of ", config.Integer("train.batch_size"),
                       ", for which the trial needs ", Gigabytes(EstimateMemory(config, rows).peak), " of ",
                       Gigabytes(bytes), share.slots > 1 ? ", its share" : " free"));
}

}  // namespace

void KeepPrecision(const std::string& checkpoint_config, TrialConfig& config) {
  Keep<std::string>(checkpoint_config, "train.precision", config);
}

absl::StatusOr<Machine> ResolveForMachine(const Dataset& dataset, const std::string& checkpoint_config,
                                          const MachineShare& share, TrialConfig& config) {
  KeepPrecision(checkpoint_config, config);
  Keep<std::int64_t>(checkpoint_config, "train.micro_batch_size", config);
  const auto resolve = [&config](std::string_view key, const Value& value) {
    if (config.IsAuto(key)) config.Set(key, value);
  };
  const absl::StatusOr<at::Device> device = ResolveDevice(config.Text("train.device"));
  if (!device.ok()) return device.status();
  config.Set("train.device", device->str());
  resolve("train.precision", std::string(device->is_cuda() ? "bf16" : "fp32"));
  resolve("train.threads", std::int64_t{ThreadsOfATrial(UsableCores(), share.slots, std::getenv("OMP_NUM_THREADS"))});
  resolve("model.vocabulary", dataset.vocabulary);
  if (dataset.train.file != nullptr) resolve("data.token_type", std::string(Name(dataset.train.file->type())));
  const MemoryShare memory = ShareOfMemory(*device, share);
  if (config.IsAuto("train.micro_batch_size")) ResolveMicroBatch(*device, memory, config);

  at::set_num_threads(static_cast<int>(config.Integer("train.threads")));
  at::set_num_interop_threads(1);
  const Machine machine{*device, PrecisionOf(config.Text("train.precision")), memory};
  WarnOfSlowBfloat16(machine);
  return machine;
}

}  // namespace ofsweep
