#include "coordinator/submitted_trial.h"

#include <algorithm>
#include <stdexcept>

#include "experiment/data_input.h"
#include "experiment/flat_json.h"

namespace ofsweep {
namespace {

void SetHash(std::string hash, TrialRow& row) {
  row.trial_id = TrialId(hash);
  row.config_hash = std::move(hash);
}

TrialConfig ConfigOf(const TrialRow& row) {
  std::vector<Problem> problems;
  TrialConfig config = ParseTrialJson(row.config_json, "", problems);
  if (!problems.empty()) throw std::logic_error("a planned trial cannot be read: " + ToText(problems));
  return config;
}

// The sweep's own trial beside an equal one.
TrialConfig Replica(const std::string& sweep, TrialConfig config) {
  const std::string& given = config.Text("replica");
  config.Set("replica", given.empty() ? sweep : given + " " + sweep);
  return config;
}

}  // namespace

std::size_t SubmittedTrial::bytes() const {
  // What the allocator adds to each piece, and who is remembered by hash and id elsewhere meanwhile.
  constexpr std::size_t kOverhead = 400;
  std::size_t texts = row.config_json.capacity() + row.arm.keys_json.capacity() + row.arm.label.capacity() +
                      row.config_hash.capacity() + unseen_hash.capacity();
  for (const auto& [key, path] : seen_paths) texts += key.capacity() + path.capacity() + sizeof(key) + sizeof(path);
  return sizeof(*this) + texts + kOverhead;
}

SubmittedTrial ReadSubmitted(const PlannedTrial& planned, const SweepSettings& settings) {
  const TrialConfig& config = planned.config;
  SubmittedTrial trial;
  SetHash(planned.config_hash, trial.row);
  trial.row.config_json = FlatJsonText(config);
  trial.row.config_json.shrink_to_fit();  // it grew by doubling, and there may be a million
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
  const TrialConfig replica = Replica(sweep, ConfigOf(trial.row));
  trial.row.config_json = FlatJsonText(replica);
  SetHash(ConfigHash(replica), trial.row);
  return Sharing::kAnewBeside;
}

std::string GivenReplica(const std::string& sweep, const std::string& replica) {
  if (replica == sweep) return "";
  const std::string made = " " + sweep;
  return replica.ends_with(made) ? replica.substr(0, replica.size() - made.size()) : replica;
}

std::optional<HeldPlace> FindHeld(const Books& books, SweepIndex sweep, SubmittedTrial& trial) {
  const auto find = [&](const std::string& hash) -> std::optional<HeldPlace> {
    const TrialRecord* known = books.FindTrial(TrialId(hash));
    if (known == nullptr) return std::nullopt;
    const auto place = std::find_if(known->places.begin(), known->places.end(),
                                    [&](Place candidate) { return candidate.sweep == sweep; });
    if (place == known->places.end()) return std::nullopt;
    const bool both_known = !known->data_fingerprint.empty() && !trial.row.data_fingerprint.empty();
    const HeldPlace held{place->position, both_known && known->data_fingerprint != trial.row.data_fingerprint};
    SetHash(hash, trial.row);
    return held;
  };
  if (const auto held = find(std::string(trial.row.config_hash))) return held;
  if (!trial.unseen_hash.empty()) {
    if (const auto held = find(trial.unseen_hash)) return held;
  }
  // The sweep may have it as a replica, made beside an equal trial that has gone since: of what was seen then.
  const TrialConfig config = ConfigOf(trial.row);
  if (const auto held = find(ConfigHash(Replica(books.sweeps()[sweep].name, config)))) return held;
  return find(ConfigHash(Replica(books.sweeps()[sweep].name, WithoutFingerprints(config))));
}

}  // namespace ofsweep
