#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/live_trials.h"
#include "experiment/over_blocks.h"

namespace ofsweep {

// What Prometheus is shown of a trial.
struct LiveTrials::Shown {
  std::optional<TrialInfo> info;  // none before it was started
  std::string worker;             // "" while none runs it
  std::int64_t step = 0;
  std::int64_t tokens = 0;
  std::optional<TimeMs> reported_at;
  // Sorted, and never changed: others take its place when one is added, so that a copy costs nothing.
  std::shared_ptr<const std::vector<Series>> series = std::make_shared<const std::vector<Series>>();
  std::vector<std::optional<double>> newest;  // of each; none while it is only announced
};

// One row of the live table.
struct LiveTrials::Trial : LiveTrials::Shown {
  // Shows one row of points, of no earlier step than the newest.
  void Show(const PointColumns& points, std::size_t row);
  // Where its values lie, in the order of the points' dictionary; a dictionary that is sent again costs a comparison.
  void ReadDictionary(const std::vector<Series>& named);

  std::uint64_t number = 0;  // in the order of their starts
  std::optional<TimeMs> finished_at;
  std::size_t left_out = 0;  // of its series, counted in dropped_

  std::vector<Series> dictionary;              // the last one
  std::vector<std::size_t> dictionary_places;  // of each of it in `series`

  void ForgetAttempt();

  // Of the attempt that runs.
  std::optional<std::int64_t> attempt_step;
  std::string doing;  // before it has a step
  struct Update {
    std::int64_t step = 0;
    double seconds = 0;  // of training when it was done
  };
  std::optional<Update> newest_update;
  OverBlocks kurtosis;
  std::optional<double> train_loss;
  std::optional<double> steps_per_second;
};

}  // namespace ofsweep
