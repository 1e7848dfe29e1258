#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "experiment/metric_point.h"
#include "experiment/trial_state.h"

namespace ofsweep {

// The trainer's standard output: one JSON object a line (docs/trainer-events.md). The trainer writes these, the worker
// reads them.

struct StartedEvent {
  std::int64_t parameters = 0;
  std::string device;
  std::int64_t tokens_per_step = 0;
  std::string config_hash;
  std::optional<std::int64_t> resumed_from;  // the step of the checkpoint
  nlohmann::ordered_json config;             // flat, with every `auto` resolved
};

struct PointsEvent {
  StepPoints points;
};

// The range of one fake quantiser (int8 evaluation); weights have threshold and candidate, activations low and high.
struct QuantizerEvent {
  std::int64_t step = 0;
  nlohmann::ordered_json fields;  // everything but event and step
};

struct CheckpointEvent {
  std::int64_t step = 0;
  std::string path;
};

struct FinishedEvent {
  TrialState outcome = TrialState::kCompleted;  // completed or diverged
  std::int64_t step = 0;
};

struct FailedEvent {
  FailureClass failure = FailureClass::kCrash;
  std::string message;
};

using TrainerEvent =
    std::variant<StartedEvent, PointsEvent, QuantizerEvent, CheckpointEvent, FinishedEvent, FailedEvent>;

// One line without the newline. NaN and ±Inf become the strings "NaN", "Infinity", "-Infinity".
std::string ToJsonLine(const TrainerEvent& event);

// InvalidArgument names what is wrong with the line.
absl::StatusOr<TrainerEvent> ParseTrainerEvent(std::string_view line);

}  // namespace ofsweep
