#include "trainer/commands.h"

#include <unistd.h>

#include <functional>
#include <iostream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "corpus/input_content.h"
#include "experiment/problem.h"
#include "experiment/quoted.h"
#include "experiment/trainer_event.h"
#include "host/disk.h"
#include "trainer/device_memory.h"
#include "trainer/evaluation.h"
#include "trainer/event_output.h"
#include "trainer/failure.h"
#include "trainer/log.h"
#include "trainer/matrix_statistics.h"
#include "trainer/quantised_events.h"
#include "trainer/step_timer.h"
#include "trainer/training.h"

namespace ofsweep {
namespace {

// What is called by hand reads what its caller can read.
const DataRoots kCallersFiles;

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kInvalid = 2;

bool FoundNoRoom(const std::exception& error) {
  const auto* system_error = dynamic_cast<const std::system_error*>(&error);
  return system_error != nullptr && IsNoSpace(system_error->code().value());
}

int Fail(EventOutput& events, const AttemptEnd& failure, bool found_no_room) {
  LogError(failure.message);
  try {
    events.Emit(failure);
  } catch (const std::exception& error) {
    LogError(error.what());  // standard output itself is what failed: standard error and the exit code have to do
    found_no_room = found_no_room || FoundNoRoom(error);
  }
  return found_no_room ? kNoRoomExitCode : kFailed;
}

// The process boundary: whatever goes wrong inside becomes a `failed` event and an exit code.
int Guarded(EventOutput& events, const std::function<absl::Status()>& work) {
  try {
    const absl::Status status = work();
    return status.ok() ? kDone : Fail(events, FailureOf(status), absl::IsResourceExhausted(status));
  } catch (const std::exception& error) {
    return Fail(events, FailureOf(error), FoundNoRoom(error));
  }
}

// What the command line changes in a configuration; its own mistakes go to `problems`.
using Adjustment = std::function<void(TrialConfig& config, std::vector<Problem>& problems)>;

// Reads trial.json, adjusts it and goes on with `work`.
int WithConfig(EventOutput& events, const std::filesystem::path& path,
               const std::function<absl::Status(const TrialConfig&)>& work, const Adjustment& adjust = {}) {
  const absl::StatusOr<MappedFile> file = MappedFile::Open(path);
  std::vector<Problem> problems;
  TrialConfig config;
  if (file.ok()) {
    config = ParseTrialJson(file->text(), path.string(), problems);
  } else {
    problems.push_back({.message = std::string(file.status().message()), .fix = "give the trial's file with --config"});
  }
  if (problems.empty() && adjust) adjust(config, problems);
  if (!problems.empty()) {
    const std::string text = ToText(problems);
    std::cerr << text << std::endl;
    events.Emit(Failed(FailureClass::kBadConfig, text));
    return kInvalid;
  }
  return Guarded(events, [&] { return work(config); });
}

std::filesystem::path CacheOr(const std::filesystem::path& cache) {
  return cache.empty() ? DefaultDatasetCache() : cache;
}

// `evaluate` rounds to int8 and to the bits that the command asks for.
void AdjustForEvaluation(const EvaluateCommand& command, TrialConfig& config, std::vector<Problem>& problems) {
  config.Set("evaluate.int8", command.int8);
  if (!command.bits.empty()) {
    const absl::StatusOr<Value> bits = ParseValue(*FindTrialKey("evaluate.bits"), command.bits);
    if (bits.ok()) {
      config.Set("evaluate.bits", *bits);
    } else {
      problems.push_back({.key = "--bits", .message = std::string(bits.status().message())});
    }
  }
  if (command.sensitivity && problems.empty() && QuantisedEvaluations(config).empty()) {
    problems.push_back({.key = "--sensitivity",
                        .message = "nothing is rounded, so there is nothing to be sensitive to",
                        .fix = "add --int8 or --bits w8a4"});
  }
}

// `config_hash` is of the configuration as it was written.
absl::Status Evaluate(const EvaluateCommand& command, TrialConfig config, const std::string& config_hash,
                      EventOutput& events) {
  const std::filesystem::path cache = CacheOr(command.cache);
  const std::span<const InputKeys> inputs =
      command.checkpoint.empty() ? std::span<const InputKeys>(kInputKeys) : kDataKeys;
  const absl::StatusOr<FoundInputs> found = FindInputs(inputs, {}, kCallersFiles, cache, config);
  if (!found.ok()) return found.status();
  const absl::StatusOr<Dataset> dataset = OpenDataset(config, *found, cache);
  if (!dataset.ok()) return dataset.status();
  if (dataset->validation.size == 0) {
    return absl::InvalidArgumentError(
        "data.validation_fraction: 0 leaves nothing to evaluate on; raise it, or give data.validation_path");
  }
  const std::filesystem::path weights =
      command.checkpoint.empty() ? std::filesystem::path(config.Text("model.init_from")) : command.checkpoint;
  std::optional<SafetensorsFile> file;
  TrainingProgress trained;  // as far as the file is a checkpoint
  if (!weights.empty()) {
    absl::StatusOr<SafetensorsFile> opened = SafetensorsFile::Open(weights);
    if (!opened.ok()) return opened.status();
    const absl::StatusOr<TrainingProgress> progress = ReadProgress(*opened, CheckpointUse::kEvaluate);
    if (command.as_trained) {
      if (!progress.ok()) return progress.status();
      const TrainingProgress expected{.config_hash = config_hash, .data_fingerprint = dataset->fingerprint};
      if (absl::Status status = CheckBelongs(*progress, expected, opened->path(), CheckpointUse::kEvaluate);
          !status.ok()) {
        return status;
      }
    }
    if (progress.ok()) trained = *progress;
    file = *std::move(opened);
  }
  KeepPrecision(trained.config, config);
  const absl::StatusOr<Machine> machine = ResolveForMachine(*dataset, "", command.share, config);
  if (!machine.ok()) return machine.status();
  if (absl::Status status = CheckItCanBeEvaluated(config, machine->memory); !status.ok()) return status;
  Decoder decoder(ModelShapeOf(config), static_cast<std::uint64_t>(config.Integer("seed")), machine->precision,
                  machine->device);
  if (file) {
    if (absl::Status status = LoadParameters(*file, decoder); !status.ok()) return status;
  }
  if (absl::Status status = CheckOpened(inputs, kCallersFiles, cache, config); !status.ok()) return status;
  StepPoints evaluation{
      .step = trained.step,
      .tokens = trained.step * config.Integer("train.batch_size") * config.Integer("model.context"),
      .seconds = trained.seconds,
      .points = {},
  };
  evaluation.points = LossPoints("eval", *ValidationLoss(config, *dataset, machine->device, decoder));
  events.Emit(PointsEvent{evaluation});
  EmitQuantised(config, *dataset, machine->device, decoder, command.sensitivity, std::move(evaluation), events);
  return absl::OkStatus();
}

// What keeps a tensor from being measured; "" where nothing does.
std::string WhyNotMeasured(const SafetensorsFile& file, const std::string& name) {
  const std::optional<at::ScalarType> type = file.Type(name);
  const at::IntArrayRef shape = file.Shape(name);
  if (!type || !at::isFloatingType(*type)) return Printable(file.Dtype(name)) + " is not F64, F32, F16 or BF16";
  if (shape.size() != 2) return absl::StrCat("[", Printable(absl::StrJoin(shape, ", ")), "] is no matrix");
  if (c10::multiply_integers(shape) == 0) return "empty";
  return "";
}

absl::Status Measure(const std::filesystem::path& path, EventOutput& events) {
  const absl::StatusOr<SafetensorsFile> file = SafetensorsFile::Open(path, SafetensorsFile::ForeignTypes::kKept);
  if (!file.ok()) return file.status();
  StepPoints measured;
  std::vector<std::string> skipped;
  for (const std::string& name : file->Names()) {
    if (const std::string reason = WhyNotMeasured(*file, name); !reason.empty()) {
      skipped.push_back(absl::StrCat(Printable(name), " (", reason, ")"));
      continue;
    }
    for (const auto& [metric, value] : MeasureMatrix(file->Read(name))) {
      measured.points.push_back({{metric, std::nullopt, name}, value});
    }
  }
  if (!skipped.empty()) LogInfo(absl::StrCat(path.string(), ": not measured: ", FirstOf(skipped)));
  if (measured.points.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(path.string(), ": holds no matrix [tokens, width] of floating-point numbers to measure"));
  }
  events.Emit(PointsEvent{std::move(measured)});
  return absl::OkStatus();
}

absl::Status Time(const TimeCommand& command, TrialConfig config) {
  if (config.IsAuto("model.vocabulary")) {
    return absl::InvalidArgumentError(
        "model.vocabulary: auto is known only with the tokens, which `time` does not read; give the number");
  }
  const absl::StatusOr<Machine> machine =
      ResolveForMachine({.vocabulary = config.Integer("model.vocabulary")}, "", command.share, config);
  if (!machine.ok()) return machine.status();
  if (command.rows > 0) config.Set("train.micro_batch_size", command.rows);
  if (absl::Status status = CheckItFits(config, machine->memory); !status.ok()) return status;
  std::cout << ToJsonLine(TimeSteps(config, *machine, command.rows)) << std::endl;
  return absl::OkStatus();
}

Overrides ReadExpected(const std::vector<std::string>& assignments, std::vector<Problem>& problems) {
  Overrides expected;
  for (const std::string& text : assignments) {
    const std::size_t equals = text.find('=');
    const TrialKey* key = FindTrialKey(text.substr(0, equals));
    const bool is_assignment = equals != std::string::npos && key != nullptr && key->type == KeyType::kFingerprint;
    const absl::StatusOr<Value> value =
        is_assignment ? ParseValue(*key, text.substr(equals + 1))
                      : absl::InvalidArgumentError("expected the key of a fingerprint, =, and the fingerprint");
    if (value.ok()) {
      expected.insert_or_assign(std::string(key->name), *value);
    } else {
      problems.push_back(
          {.key = "--expect", .message = absl::StrCat(Quoted(text), ": ", std::string(value.status().message()))});
    }
  }
  return expected;
}

}  // namespace

int RunTrain(const TrainCommand& command) {
  EventOutput events;
  Overrides expected;
  return WithConfig(
      events, command.config,
      [&](const TrialConfig& config) -> absl::Status {
        const TrainingOptions options{
            .output = command.output,
            .resume = command.resume,
            .keep_all_checkpoints = command.keep_all_checkpoints,
            .roots = command.data_roots.empty() ? kCallersFiles : DataRoots(command.data_roots),
            .cache = CacheOr(command.cache),
            .share = command.share,
            .expected = expected,
            .revision = command.revision};
        if (options.output.empty()) LogInfo("no --output: this run writes no checkpoints");
        const absl::StatusOr<std::unique_ptr<Training>> training = Training::Start(config, options, events);
        if (!training.ok()) return training.status();
        return (*training)->Run().status();
      },
      [&](const TrialConfig& config, std::vector<Problem>& problems) {
        expected = ReadExpected(command.expect, problems);
        const std::string trial_id = TrialId(ConfigHash(config));
        if (command.trial_id.empty() || command.trial_id == trial_id) return;
        problems.push_back({.file = command.config.string(),
                            .message = absl::StrCat("is of trial ", trial_id, ", not of ", command.trial_id),
                            .fix = "give the trial's own configuration, or leave out --trial-id"});
      });
}

int RunPrepare(const PrepareCommand& command) {
  EventOutput events;
  return WithConfig(events, command.config, [&](TrialConfig config) -> absl::Status {
    const std::filesystem::path cache = CacheOr(command.cache);
    const absl::StatusOr<FoundInputs> found = FindInputs(kDataKeys, {}, kCallersFiles, cache, config);
    if (!found.ok()) return found.status();
    const absl::StatusOr<Dataset> dataset = OpenDataset(config, *found, cache);
    if (!dataset.ok()) return dataset.status();
    const absl::StatusOr<PreparedFiles> files = PrepareDataset(config, *found, cache);
    if (!files.ok()) return files.status();
    const std::string left_out = ToText(dataset->left_out);
    std::cout << files->tokens.string() << ": " << dataset->train.size << " tokens to train on, "
              << dataset->validation.size << " to validate on"
              << (files->validation.empty() ? "" : " in " + files->validation.string()) << ", vocabulary "
              << dataset->vocabulary << (left_out.empty() ? "" : "; files left out: " + left_out) << std::endl;
    return absl::OkStatus();
  });
}

int RunEvaluate(const EvaluateCommand& command) {
  EventOutput events;
  std::string config_hash;
  return WithConfig(
      events, command.config, [&](const TrialConfig& config) { return Evaluate(command, config, config_hash, events); },
      [&](TrialConfig& config, std::vector<Problem>& problems) {
        config_hash = ConfigHash(config);
        AdjustForEvaluation(command, config, problems);
      });
}

int RunMeasure(const MeasureCommand& command) {
  EventOutput events;
  return Guarded(events, [&] { return Measure(command.file, events); });
}

int RunTime(const TimeCommand& command) {
  alarm(command.limit);
  EventOutput events;
  return WithConfig(events, command.config, [&](const TrialConfig& config) { return Time(command, config); });
}

}  // namespace ofsweep
