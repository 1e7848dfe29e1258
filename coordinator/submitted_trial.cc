#include "coordinator/submitted_trial.h"

#include <algorithm>
#include <stdexcept>

#include "experiment/data_input.h"

namespace ofsweep {
namespace {

// Every key, as the store keeps it. A submission may write a million: without a tree of JSON.
std::string FlatJsonText(const TrialConfig& config) {
  std::string json = "{";
  json.reserve(2048);
  for (const TrialKey& key : TrialKeys()) {
    if (json.size() > 1) json += ',';
    json.append("\"").append(key.name).append("\":");
    AppendJson(config.Get(key.name), json);
  }
  json += '}';
  return json;
}

void SetHash(std::string hash, TrialRow& row) {
  row.trial_id = TrialId(hash);
  row.config_hash = std::move(hash);
}

void MakeReplica(const std::string& sweep, TrialRow& row) {
  std::vector<Problem> problems;
  TrialConfig config = ParseTrialJson(row.config_json, "", problems);
  if (!problems.empty()) throw std::logic_error("a planned trial cannot be read: " + ToText(problems));
  const std::string& given = config.Text("replica");
  config.Set("replica", given.empty() ? sweep : given + " " + sweep);
  row.config_json = FlatJsonText(config);
  SetHash(ConfigHash(config), row);
}

}  // namespace

SubmittedTrial ReadSubmitted(const PlannedTrial& planned, const SweepSettings& settings) {
  const TrialConfig& config = planned.config;
  SubmittedTrial trial;
  SetHash(planned.config_hash, trial.row);
  trial.row.config_json = FlatJsonText(config);
  trial.row.arm = ArmOf(settings, config);
  trial.row.target_steps = config.Integer("train.steps");
  trial.row.data_fingerprint = DataFingerprint(config);
  trial.needs_cuda = NeedsCuda(config.Text("train.device"));
  for (const InputKeys& keys : kInputKeys) {
    if (config.IsAuto(keys.fingerprint) || !InputOf(config, keys)) continue;
    trial.seen_paths.emplace(keys.path, config.Text(keys.path));
  }
  const bool is_unseen = std::all_of(kInputKeys.begin(), kInputKeys.end(),
                                     [&](const InputKeys& keys) { return config.IsAuto(keys.fingerprint); });
  if (!is_unseen) trial.unseen_hash = ConfigHash(WithoutFingerprints(config));
  return trial;
}

Sharing Identify(const Books& books, const std::string& sweep, SubmittedTrial& trial, const TrialRecord*& beside) {
  beside = books.FindTrial(trial.row.trial_id);
  const bool is_open = trial.row.data_fingerprint.empty();
  if (beside == nullptr && !is_open && !trial.unseen_hash.empty()) {
    const TrialRecord* unseen = books.FindTrial(TrialId(trial.unseen_hash));
    if (unseen == nullptr || unseen->data_fingerprint != trial.row.data_fingerprint) return Sharing::kNew;
    SetHash(trial.unseen_hash, trial.row);
    beside = unseen;
  }
  if (beside == nullptr) return Sharing::kNew;
  if (!is_open) return Sharing::kShared;
  MakeReplica(sweep, trial.row);
  return Sharing::kAnewBeside;
}

Resubmission Compare(const Books& books, const SweepRecord& sweep, const std::vector<SubmittedTrial>& trials,
                     bool same_text) {
  if (sweep.trials.size() != trials.size()) return Resubmission::kOtherTrials;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const TrialRecord& held = books.trial(sweep.trials[i]);
    const TrialRow& row = trials[i].row;
    const bool same_key = held.id == row.trial_id || held.id == TrialId(trials[i].unseen_hash);
    if (!same_key && !same_text) return Resubmission::kOtherTrials;
    const bool both_known = !held.data_fingerprint.empty() && !row.data_fingerprint.empty();
    if (both_known && held.data_fingerprint != row.data_fingerprint) return Resubmission::kOtherData;
  }
  return Resubmission::kSame;
}

}  // namespace ofsweep
