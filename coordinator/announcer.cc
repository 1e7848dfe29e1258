#include "coordinator/announcer.h"

#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "experiment/value.h"

namespace ofsweep {
namespace {

// Without its sweeps.
TrialInfo DescribeTrial(const TrialRow& row) {
  const auto config = nlohmann::ordered_json::parse(row.config_json, nullptr, /*allow_exceptions=*/false);
  const auto text = [&](const char* key) {
    const auto value = config.find(key);
    return value == config.end() ? std::string() : TextOfJson(*value);
  };
  TrialInfo info;
  info.trial_id = row.trial_id;
  info.block = text("model.block");
  info.optimizer = text("optimizer.name");
  info.learning_rate = text("optimizer.learning_rate");
  info.seed = text("seed");
  info.step = row.step;
  info.tokens = row.tokens;
  info.target_steps = row.target_steps;
  return info;
}

}  // namespace

absl::Status Announcer::Commit(CommitLog& log, CommitLog::Ticket ticket) {
  if (absl::Status status = log.Commit(ticket); !status.ok()) return status;
  Announce(ticket.transitions(), {});
  return absl::OkStatus();
}

void Announcer::Announce(const std::vector<Transition>& transitions, const TrialRows& read) {
  for (const Transition& transition : transitions) {
    if (transition.why != FailureClass::kNone) spdlog::info("trial {}: {}", transition.trial_id, transition.reason);
    if (transition.to == TrialState::kRunning) {
      const auto known = read.find(transition.trial_id);
      if (known != read.end()) {
        AnnounceStart(known->second, transition.worker);
      } else if (const auto row = store_.FindTrial(transition.trial_id); row.ok() && *row) {
        // A trial without telemetry still runs; whoever needs its configuration will meet the error.
        AnnounceStart(**row, transition.worker);
      }
    } else if (IsTerminal(transition.to)) {
      live_.Finish(transition.trial_id, clock_.Now());
    } else {
      live_.Unassign(transition.trial_id);
    }
    if (observer_ == nullptr) continue;
    if (transition.lease_expired) observer_->LeaseExpired();
    if (IsTerminal(transition.to)) {
      observer_->TrialFinished(transition.sweeps, transition.to);
    } else if (transition.from == TrialState::kRunning) {
      observer_->TrialRestarted(transition.sweeps, std::string(Name(transition.why)));
    }
  }
}

void Announcer::AnnounceStart(const TrialRow& trial, const std::string& worker) {
  const auto arms = store_.ListArms(trial.trial_id);
  if (!arms.ok()) return;
  TrialInfo info = DescribeTrial(trial);
  for (const auto& [sweep, arm] : *arms) info.sweeps.push_back({sweep, arm.label});
  live_.Start(info, worker, clock_.Now());
}

void Announcer::AnnounceJoined(const std::string& sweep, const std::vector<std::string>& trial_ids) {
  for (const std::string& trial_id : trial_ids) {
    const auto arms = store_.ListArms(trial_id);
    if (!arms.ok()) continue;
    for (const auto& [holder, arm] : *arms) {
      if (holder == sweep) live_.Join(trial_id, {sweep, arm.label});
    }
  }
}

void Announcer::AnnounceUpdated(const std::string& sweep, const std::vector<std::string>& joined) {
  AnnounceJoined(sweep, live_.TrialsOf(sweep));
  AnnounceJoined(sweep, joined);
}

}  // namespace ofsweep
