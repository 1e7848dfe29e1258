#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "trainer/decoder.h"
#include "trainer/optimizer.h"
#include "trainer/safetensors.h"

namespace ofsweep {

// What a trial has besides its model and optimiser when it stops after `step` updates.
struct TrainingProgress {
  std::int64_t step = 0;
  double seconds = 0;                 // of training
  std::int64_t high_loss_since = -1;  // first step of the current run of losses that look like divergence; −1: none
  std::string config;                 // the resolved configuration, a flat JSON object
  std::string config_hash;
  std::string data_fingerprint;
};

// Copies every parameter of `decoder` from the file, converting precision. FailedPrecondition names what is missing, of
// another shape, or no parameter of this model; state of an optimiser or generator in the file is ignored.
absl::Status LoadParameters(const SafetensorsFile& file, Decoder& decoder);

// What a checkpoint is wanted for: how a message says to mend it.
enum class CheckpointUse { kContinue, kEvaluate };

// The progress stored in a checkpoint. DataLoss where the file is a safetensors file but no checkpoint,
// FailedPrecondition where another version of the trainer wrote it.
absl::StatusOr<TrainingProgress> ReadProgress(const SafetensorsFile& file,
                                              CheckpointUse use = CheckpointUse::kContinue);

// Whether a checkpoint at `path` is of the trial `expected`, and its tokens are those it was trained on:
// InvalidArgument or FailedPrecondition say which differs.
absl::Status CheckBelongs(const TrainingProgress& stored, const TrainingProgress& expected,
                          const std::filesystem::path& path, CheckpointUse use);

// Puts a checkpoint back: parameters, optimiser state, generator state. `progress` is what the trial expects of it.
absl::Status Restore(const SafetensorsFile& file, Decoder& decoder, Optimizer& optimizer, TrainingProgress& progress);

// The checkpoints of one trial: safetensors files checkpoint-STEP.safetensors in a folder, of which the last two are
// kept, or all.
class CheckpointFolder {
 public:
  explicit CheckpointFolder(std::filesystem::path folder, bool keep_all = false)
      : folder_(std::move(folder)), keep_all_(keep_all) {}

  // The path written. Parameters have their own names, optimiser state the prefix "optimizer.", the dropout generator's
  // state is "generator.cpu" or "generator.cuda"; the progress is metadata.
  absl::StatusOr<std::filesystem::path> Save(const TrainingProgress& progress, Decoder& decoder,
                                             const Optimizer& optimizer);

  // The newest checkpoint that is whole; nothing where there is none. One that is damaged, or no file, is reported on
  // standard error, and the one before it is taken. One of another version is whole, but not ours to replace:
  // FailedPrecondition.
  absl::StatusOr<std::optional<SafetensorsFile>> Newest() const;

 private:
  // Leaves the checkpoint of `step` and the one before it, or all. Later ones are damaged, or of a run that this one
  // replaces.
  void RemoveOthers(std::int64_t step) const;

  std::filesystem::path folder_;
  bool keep_all_;
};

}  // namespace ofsweep
