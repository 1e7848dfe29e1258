#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "experiment/memory_estimate.h"
#include "experiment/memory_share.h"
#include "experiment/step_timing.h"
#include "experiment/sweep_attributes.h"
#include "experiment/sweep_spec.h"

namespace ofsweep {

// What a plan is made for.
struct PlanFor {
  std::string device;  // "cpu" or "cuda"; empty: what train.device says, auto being a GPU where this machine has one
  double memory_bytes = 0;  // of the device; 0: what is free on this machine for a CPU, 24 GB for a GPU
  int slots = 0;  // trials that share the one device; 0: as many as this machine's cores for a CPU, 1 for a GPU
};

// Trials that cost the same: they differ in seed, learning rate and the like.
struct PlanRow {
  TrialConfig config;               // the first of them, train.device and precision as planned for
  std::vector<std::string> values;  // of the plan's columns
  std::uint64_t trials = 0;
  std::int64_t parameters = 0;
  std::int64_t tokens = 0;  // of one trial
  double flops = 0;         // of one trial
  MemoryShare share;
  bool fits = false;                  // its share of the device's memory
  std::int64_t room_for = 0;          // how many such trials fit the device's memory, whatever the slots
  std::int64_t micro_batch_size = 0;  // as given; auto: what the trainer would take
  MemoryEstimate memory;              // with it
  std::optional<StepTiming> timing;   // nothing before it was measured
  std::string unmeasured;             // why it was not, where that is known

  // Of one checkpoint, which holds the weights and the optimizer's state; 0 where none is written.
  double CheckpointBytes() const {
    return ToText(config.Get("train.checkpoint_every")) == "0" ? 0 : memory.weights + memory.optimizer;
  }
};

struct Plan {
  std::string sweep;
  std::vector<std::string> columns;  // the sweep's varying keys in which the rows differ
  std::vector<PlanRow> rows;         // in the order in which the trials run
  std::uint64_t trials = 0;
  std::uint64_t combinations = 0;                 // of the sweep file; more than the trials where several are one
  std::int64_t points = 0;                        // that all trials leave in the database
  KeepCheckpoints keep = KeepCheckpoints::kLast;  // of the sweep
  std::size_t shapes = 0;                         // distinct models
  int slots = 1;                                  // trials that run side by side on the device
};

// Needs nothing but the specification, with the fingerprints of its inputs where paths of equal content are to count as
// one, and, for prepared tokens without model.vocabulary, the NAME.json beside them.
// Mistakes go to `problems`, and then the plan is not usable.
Plan MakePlan(const SweepSpec& spec, const std::string& file, const PlanFor& planned, std::vector<Problem>& problems);

}  // namespace ofsweep
