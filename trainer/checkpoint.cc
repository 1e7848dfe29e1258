#include "trainer/checkpoint.h"

#include <algorithm>
#include <functional>
#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "experiment/data_folder.h"
#include "experiment/quoted.h"
#include "experiment/value.h"
#include "trainer/log.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

constexpr char kFormatName[] = "ofsweep checkpoint ";
constexpr char kFormat[] = "ofsweep checkpoint 1";
constexpr std::string_view kOptimizerPrefix = "optimizer.";
constexpr std::string_view kGeneratorPrefix = "generator.";
constexpr std::size_t kKept = 2;

std::string GeneratorName(const at::Generator& generator) {
  return std::string(kGeneratorPrefix) + (generator.device().is_cuda() ? "cuda" : "cpu");
}

bool IsParameterName(std::string_view name) {
  return !name.starts_with(kOptimizerPrefix) && !name.starts_with(kGeneratorPrefix);
}

std::string ShapeText(at::IntArrayRef shape) {
  return absl::StrCat("[", absl::StrJoin(shape, ", "), "]");
}

// A folder of such a name is as little use as a damaged file.
absl::StatusOr<SafetensorsFile> OpenCheckpoint(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error) && !error) {
    return absl::DataLossError(absl::StrCat(path.string(), ": is no file"));
  }
  return SafetensorsFile::Open(path);
}

absl::Status CheckNames(const SafetensorsFile& file, const Decoder& decoder) {
  std::vector<std::string> wrong;
  for (const NamedTensor& parameter : decoder.Parameters()) {
    if (!file.Has(parameter.name)) wrong.push_back(absl::StrCat(parameter.name, " is missing"));
  }
  const std::vector<std::string> names = file.Names();
  const bool has_others = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return IsParameterName(name) && std::none_of(decoder.Parameters().begin(), decoder.Parameters().end(),
                                                 [&](const NamedTensor& parameter) { return parameter.name == name; });
  });
  if (has_others) wrong.emplace_back("it holds tensors that are no parameters of this model");
  if (wrong.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(file.path().string(),
                                                    ": does not fit the model keys of this trial: ", FirstOf(wrong),
                                                    "; correct the keys or the file"));
}

}  // namespace

absl::Status LoadParameters(const SafetensorsFile& file, Decoder& decoder) {
  if (absl::Status status = CheckNames(file, decoder); !status.ok()) return status;
  const at::NoGradGuard no_gradients;
  for (const NamedTensor& parameter : decoder.Parameters()) {
    const at::Tensor values = file.Read(parameter.name);
    if (values.sizes() != parameter.tensor.sizes()) {
      return absl::FailedPreconditionError(absl::StrCat(file.path().string(), ": ", parameter.name,
                                                        " has another shape than ", ShapeText(parameter.tensor.sizes()),
                                                        ", which this trial's model keys ask for"));
    }
    at::Tensor(parameter.tensor).copy_(values);
  }
  return absl::OkStatus();
}

absl::StatusOr<TrainingProgress> ReadProgress(const SafetensorsFile& file, CheckpointUse use) {
  const auto text = [&](std::string_view key) {
    const auto found = file.metadata().find(key);
    return found == file.metadata().end() ? std::string() : found->second;
  };
  TrainingProgress progress{
      .config = text("config"), .config_hash = text("config_hash"), .data_fingerprint = text("data_fingerprint")};
  const std::string format = text("format");
  if (format.starts_with(kFormatName) && format != kFormat) {
    return absl::FailedPreconditionError(absl::StrCat(
        file.path().string(), ": has another format than this version of ofsweep-trainer reads, \"", kFormat,
        use == CheckpointUse::kContinue
            ? "\"; continue with the version that wrote it, or start anew in another --output"
            : "\"; evaluate it with the version that wrote it"));
  }
  if (format != kFormat || text("sha256").empty() || !absl::SimpleAtoi(text("step"), &progress.step) ||
      !absl::SimpleAtod(text("seconds"), &progress.seconds) ||
      !absl::SimpleAtoi(text("high_loss_since"), &progress.high_loss_since)) {
    return absl::DataLossError(
        absl::StrCat(file.path().string(), ": is no checkpoint of ofsweep-trainer",
                     use == CheckpointUse::kContinue ? "" : "; give the file that this trial's training wrote"));
  }
  return progress;
}

absl::Status CheckBelongs(const TrainingProgress& stored, const TrainingProgress& expected, const fs::path& path,
                          CheckpointUse use) {
  const bool continues = use == CheckpointUse::kContinue;
  if (stored.config_hash != expected.config_hash) {
    return absl::InvalidArgumentError(
        absl::StrCat(path.string(), ": belongs to another trial than that of the config_hash ", expected.config_hash,
                     continues ? "; choose another --output, or train without --resume"
                               : "; give the checkpoint of this trial, or the configuration of that one"));
  }
  if (stored.data_fingerprint != expected.data_fingerprint) {
    return absl::FailedPreconditionError(absl::StrCat(path.string(), ": the tokens have changed since it was written; ",
                                                      continues
                                                          ? "restore the corpus, or start anew in another --output"
                                                          : "restore the corpus that it was trained on (data.path)"));
  }
  return absl::OkStatus();
}

absl::Status Restore(const SafetensorsFile& file, Decoder& decoder, Optimizer& optimizer, TrainingProgress& progress) {
  const absl::StatusOr<TrainingProgress> stored = ReadProgress(file);
  if (!stored.ok()) return stored.status();
  if (absl::Status status = CheckBelongs(*stored, progress, file.path(), CheckpointUse::kContinue); !status.ok())
    return status;
  if (absl::Status status = LoadParameters(file, decoder); !status.ok()) return status;
  TensorMap state;
  for (const std::string& name : file.Names()) {
    if (name.starts_with(kOptimizerPrefix)) state[name.substr(kOptimizerPrefix.size())] = file.Read(name);
  }
  if (absl::Status status = optimizer.LoadState(state); !status.ok()) {
    return absl::FailedPreconditionError(absl::StrCat(file.path().string(), ": ", status.message()));
  }
  at::Generator& generator = decoder.DropoutGenerator();
  if (file.Has(GeneratorName(generator))) {
    generator.set_state(file.Read(GeneratorName(generator)));
  } else {
    LogWarning(absl::StrCat(file.path().string(), ": was written on another kind of device; dropout starts afresh"));
  }
  progress.step = stored->step;
  progress.seconds = stored->seconds;
  progress.high_loss_since = stored->high_loss_since;
  return absl::OkStatus();
}

absl::StatusOr<fs::path> CheckpointFolder::Save(const TrainingProgress& progress, Decoder& decoder,
                                                const Optimizer& optimizer) {
  if (absl::Status status = MakeFolder(folder_); !status.ok()) return status;
  std::vector<NamedTensor> tensors = decoder.Parameters();
  for (NamedTensor& state : optimizer.State()) {
    tensors.push_back({std::string(kOptimizerPrefix) + state.name, std::move(state.tensor)});
  }
  const at::Generator& generator = decoder.DropoutGenerator();
  tensors.push_back({GeneratorName(generator), generator.get_state()});
  const fs::path path = CheckpointPath(folder_.string(), progress.step);
  absl::Status status = WriteSafetensors(path, tensors,
                                         {{"format", kFormat},
                                          {"step", std::to_string(progress.step)},
                                          {"seconds", ShortestNumber(progress.seconds)},
                                          {"high_loss_since", std::to_string(progress.high_loss_since)},
                                          {"config", progress.config},
                                          {"config_hash", progress.config_hash},
                                          {"data_fingerprint", progress.data_fingerprint}});
  if (!status.ok()) return status;
  RemoveOthers(progress.step);
  return path;
}

absl::StatusOr<std::optional<SafetensorsFile>> CheckpointFolder::Newest() const {
  for (const auto& [step, path] : ListCheckpoints(folder_)) {
    absl::StatusOr<SafetensorsFile> file = OpenCheckpoint(path);
    absl::Status status = file.status();
    if (status.ok()) status = ReadProgress(*file).status();
    if (status.ok()) return *std::move(file);
    if (!absl::IsDataLoss(status)) return status;
    LogWarning(absl::StrCat(status.message(), " (trying the checkpoint before it)"));
  }
  return std::nullopt;
}

void CheckpointFolder::RemoveOthers(std::int64_t step) const {
  std::error_code ignored;  // a file that stays costs space, nothing else
  std::size_t kept = 0;
  for (const auto& [other, path] : ListCheckpoints(folder_)) {
    if (!fs::is_regular_file(path, ignored)) continue;  // someone else's
    if (other > step || (!keep_all_ && kept++ >= kKept)) fs::remove(path, ignored);
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_, ignored)) {
    // Half-written files of a process that was killed: checkpoint-STEP.safetensors.XXXXXX.
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kCheckpointPrefix) && entry.path().stem().string().ends_with(kCheckpointSuffix)) {
      fs::remove(entry.path(), ignored);
    }
  }
}

}  // namespace ofsweep
