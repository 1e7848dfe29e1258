#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "experiment/attempt.h"
#include "experiment/metric_point.h"

namespace ofsweep {

// The trainer's standard output: one JSON object a line (docs/trainer.md), sealed (sealed_line.h). The trainer writes
// these, the worker reads them.

// How many files a corpus has that are not trained on, by reason: `link`, `not_utf8`, … (corpus/listing.h,
// trainer/documents.h).
using LeftOutFiles = std::map<std::string, std::int64_t>;

// "2 link, 1 not_utf8"; "" where nothing is left out.
std::string ToText(const LeftOutFiles& left_out);

struct StartedEvent {
  std::int64_t parameters = 0;
  std::string device;
  std::int64_t tokens_per_step = 0;
  std::string config_hash;
  std::optional<std::int64_t> resumed_from;  // the step of the checkpoint
  LeftOutFiles left_out;
  std::string revision;           // of the trainer
  nlohmann::ordered_json config;  // flat, with every `auto` resolved
};

// What a trainer's time goes into: an update, an update that also measures, a pass over the validation data, a
// checkpoint.
enum class TrainerPhase { kTrain, kMeasure, kEvaluate, kCheckpoint };
inline constexpr std::array kTrainerPhases = {TrainerPhase::kTrain, TrainerPhase::kMeasure, TrainerPhase::kEvaluate,
                                              TrainerPhase::kCheckpoint};

// "train", "measure", …, as in the events and in the label `phase`.
std::string_view Name(TrainerPhase phase);

struct PhaseTime {
  TrainerPhase phase = TrainerPhase::kTrain;
  std::int64_t times = 0;  // how often it was done, and
  double seconds = 0;      // how long all of that took
};

struct PointsEvent {
  StepPoints points;
  std::vector<PhaseTime>
      phases;  // since the event before, each phase at most once; those that did not happen are absent
};

// The range of one fake quantiser of an evaluation after rounding; weights have threshold and candidate, activations
// low and high.
struct QuantizerEvent {
  std::int64_t step = 0;
  nlohmann::ordered_json fields;  // everything but event and step
};

// An evaluation with one place rounded and all else in float32.
struct SensitivityEvent {
  std::int64_t step = 0;
  std::string bits;  // "w8a4"
  std::string place;
  double loss = 0;
  double perplexity = 0;
  double increase = 0;  // of the perplexity over that of the same model with nothing rounded
};

// All sensitivities of a model.
struct SensitivityRankingEvent {
  std::int64_t step = 0;
  std::string bits;
  double full_precision_perplexity = 0;                   // with nothing rounded
  std::vector<std::pair<std::string, double>> increases;  // (place, increase), worst first
};

struct CheckpointEvent {
  std::int64_t step = 0;
  std::string path;
};

// The last line, an AttemptEnd, says `finished` with outcome and step (completed or diverged, then with its reason), or
// `failed` with class and message.
using TrainerEvent = std::variant<StartedEvent, PointsEvent, QuantizerEvent, SensitivityEvent, SensitivityRankingEvent,
                                  CheckpointEvent, AttemptEnd>;

// A trainer exits with this when what it writes finds no room, for then it may have no voice: its trial is not to
// blame.
inline constexpr int kNoRoomExitCode = 3;

// One line without the newline. NaN and ±Inf become the strings "NaN", "Infinity", "-Infinity".
std::string ToJsonLine(const TrainerEvent& event);

// InvalidArgument names what is wrong with the line.
absl::StatusOr<TrainerEvent> ParseTrainerEvent(std::string_view line);

}  // namespace ofsweep
