#include "coordinator/stored_state.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "experiment/sweep_spec.h"

namespace ofsweep {
namespace {

constexpr std::uint64_t kSweepsAPage = 1000;

// Oldest first.
absl::StatusOr<std::vector<SweepRow>> ListAllSweeps(Store& store) {
  std::vector<SweepRow> rows;
  while (true) {
    auto page = store.ListSweeps(kSweepsAPage, rows.empty() ? 0 : rows.back().id);
    if (!page.ok()) return page.status();
    if (page->empty()) break;
    std::move(page->begin(), page->end(), std::back_inserter(rows));
  }
  std::reverse(rows.begin(), rows.end());
  return rows;
}

// "" where the configuration cannot be read: its trainer will say so.
absl::StatusOr<std::string> DeviceOf(Store& store, const std::string& trial_id) {
  const auto trial = store.FindTrial(trial_id);
  if (!trial.ok()) return trial.status();
  if (!*trial) return "";
  const auto config = nlohmann::json::parse((*trial)->config_json, nullptr, /*allow_exceptions=*/false);
  const auto device = config.is_object() ? config.find("train.device") : config.end();
  return device != config.end() && device->is_string() ? device->get<std::string>() : "";
}

absl::StatusOr<StoredSweep> LoadSweep(Store& store, const SweepRow& row, const SweepSettings& settings) {
  auto trials = store.LoadTrials(row.name);
  if (!trials.ok()) return trials.status();
  StoredSweep sweep{.name = row.name,
                    .owner = row.owner,
                    .attributes = row.attributes,
                    .state = row.state,
                    .submitted_at = row.submitted_at,
                    .trials = {}};
  sweep.trials.reserve(trials->size());
  for (TrialRow& trial : *trials) {
    std::string device = settings.device.value_or("");
    if (!settings.device && !IsTerminal(trial.state)) {
      auto own = DeviceOf(store, trial.trial_id);
      if (!own.ok()) return own.status();
      device = *std::move(own);
    }
    sweep.trials.push_back({.trial = {.trial_id = std::move(trial.trial_id),
                                      .target_steps = trial.target_steps,
                                      .needs_cuda = NeedsCuda(device),
                                      .data_fingerprint = std::move(trial.data_fingerprint)},
                            .state = trial.state,
                            .generation = trial.generation,
                            .attempts = trial.attempts,
                            .failures = trial.failures,
                            .step = trial.step,
                            .worker = std::move(trial.worker),
                            .stored_through = trial.stored_through,
                            .curve_generation = trial.curve_generation,
                            .attempt_open = trial.attempt_open,
                            .started_at = trial.attempt_started_at});
  }
  return sweep;
}

}  // namespace

absl::StatusOr<StoredState> LoadState(Store& store, const SchedulerOptions& options, TimeMs now) {
  const auto rows = ListAllSweeps(store);
  if (!rows.ok()) return rows.status();
  StoredState state{.scheduler = Scheduler(options), .settings = {}, .agreed_inputs = {}};
  std::vector<StoredSweep> sweeps;
  for (const SweepRow& row : *rows) {
    auto settings = std::make_shared<const SweepSettings>(SettingsOf(row));
    auto sweep = LoadSweep(store, row, *settings);
    if (!sweep.ok()) return sweep.status();
    auto agreed = store.FixedInputs(row.name);
    if (!agreed.ok()) return agreed.status();
    state.settings[row.name] = std::move(settings);
    state.agreed_inputs.Set(row.name, *std::move(agreed));
    sweeps.push_back(*std::move(sweep));
  }
  auto deleted = store.ListDeletedTrials();
  if (!deleted.ok()) return deleted.status();
  Decision ended = state.scheduler.Restore(sweeps, now, *std::move(deleted));
  if (ended.change.empty()) return state;
  ended.change.at = now;
  if (absl::Status status = store.Apply(std::move(ended.change)).get(); !status.ok()) return status;
  return state;
}

}  // namespace ofsweep
