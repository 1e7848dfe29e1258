#include "coordinator/submission.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "experiment/trial_key.h"

namespace ofsweep {
namespace {

absl::Status OtherData(const std::string& sweep) {
  return absl::AlreadyExistsError(absl::StrCat("a sweep called \"", sweep,
                                               "\" exists, and what its trials read was another content: ",
                                               "give this one another name, and it is trained on what is there now"));
}

// What the sweep's trials read, as far as it is known.
std::set<std::string> ContentsOf(const Books& books, const SweepRecord& sweep) {
  std::set<std::string> contents;
  for (const TrialIndex index : sweep.trials) contents.insert(books.trial(index).data_fingerprint);
  contents.erase("");
  return contents;
}

// All that a specification says of a key: its value in every trial, and the axes that vary it.
std::pair<Value, std::vector<std::vector<Overrides>>> Said(const SweepSpec& spec, const TrialKey& key) {
  const auto given = spec.trial.find(key.name);
  std::vector<std::vector<Overrides>> axes;
  for (const Axis& axis : spec.axes) {
    const bool names_it = std::any_of(axis.points.begin(), axis.points.end(),
                                      [&](const Overrides& point) { return point.contains(key.name); });
    if (names_it) axes.push_back(axis.points);
  }
  return {given == spec.trial.end() ? DefaultValue(key) : given->second, std::move(axes)};
}

// "with --set train.steps=100 --set seed=1", "without --set".
std::string SetOptions(const SweepSpec& spec) {
  if (spec.set.empty()) return "without --set";
  return absl::StrCat("with ", absl::StrJoin(spec.set, " ", [](std::string* out, const auto& given) {
                        out->append(SetOptionText(given.first, ToText(given.second)));
                      }));
}

Problem NoRoom(const SweepSettings& settings, std::size_t trials, std::size_t bytes, std::uint64_t cells) {
  return {settings.file, 0, "grid",
          absl::StrCat("spans ", cells, " trials of some ", bytes / trials, " bytes each: the first ", trials,
                       " of them take the room that there is, for all sweeps that are submitted at once ",
                       kExpansionBytes >> 30, " GiB"),
          "split it into several sweeps, and submit them one after the other"};
}

}  // namespace

absl::StatusOr<std::vector<SubmittedTrial>> ExpandSubmission(const SweepSpec& spec, const SweepSettings& settings,
                                                             std::vector<Problem>& problems, ByteRoom::Share& share,
                                                             const std::function<bool()>& is_cancelled) {
  const bool too_many = CountCells(spec) > kMaxTrials;
  if (spec.name.empty()) problems.push_back({settings.file, 0, "name", "is missing", "add a line like name: my-sweep"});
  std::vector<SubmittedTrial> trials;
  if (!too_many) trials.reserve(CountCells(spec));
  std::size_t bytes = 0;
  bool is_full = false;
  const auto visit = [&](const PlannedTrial& planned) {
    trials.push_back(ReadSubmitted(planned, settings));
    bytes += trials.back().bytes();
    is_full = !share.GrowTo(bytes);
  };
  ExpandSweep(spec, settings.file, problems, visit, [&] { return is_full || is_cancelled(); });
  if (is_cancelled()) return absl::CancelledError("the caller has gone; nothing was stored");
  if (is_full) problems = {NoRoom(settings, trials.size(), bytes, CountCells(spec))};
  if (problems.empty()) return trials;
  const std::string text = ToText(problems);
  return too_many || is_full ? absl::ResourceExhaustedError(text) : absl::InvalidArgumentError(text);
}

absl::Status CheckIsSame(const Books& books, SweepIndex sweep, const SweepAttributes& attributes,
                         std::vector<SubmittedTrial>& trials, bool known_text, const std::string& difference) {
  const SweepRecord& existing = books.sweeps()[sweep];
  std::optional<std::set<std::string>> contents;  // read where a trial is not found, which is seldom
  bool others = !known_text && existing.trials.size() != trials.size();
  for (std::size_t i = 0; i < trials.size() && !others; ++i) {
    const std::optional<HeldPlace> held = FindHeld(books, sweep, trials[i]);
    if (held && held->has_other_data) return OtherData(existing.name);
    if (held) continue;
    // Of a text that is known its trials are there, if under ids that another version gave, unless they are of other
    // data.
    const std::string& content = trials[i].row.data_fingerprint;
    if (known_text && !content.empty()) {
      if (!contents) contents = ContentsOf(books, existing);
      if (!contents->empty() && !contents->contains(content)) return OtherData(existing.name);
    }
    others = !known_text;
  }
  if (others) {
    return absl::AlreadyExistsError(absl::StrCat("a sweep called \"", existing.name, "\" exists with other trials",
                                                 difference.empty() ? "" : ": ", difference,
                                                 "; give this one another name, or add to what it has with --update"));
  }
  const std::vector<std::string> differing = DifferingKeys(existing.attributes, attributes);
  if (known_text || differing.empty()) return absl::OkStatus();
  return absl::AlreadyExistsError(absl::StrCat("a sweep called \"", existing.name, "\" exists with another ",
                                               absl::StrJoin(differing, " and "), "; give it this one with --update"));
}

std::string DescribeDifference(const SweepSpec& stored, const SweepSpec& submitted) {
  std::vector<std::string> parts;
  if (stored.set != submitted.set) {
    parts.push_back(absl::StrCat("it was submitted ", SetOptions(stored), ", this one is ", SetOptions(submitted)));
  }
  std::vector<std::string> keys;
  for (const TrialKey& key : TrialKeys()) {
    const bool is_set = stored.set.contains(key.name) || submitted.set.contains(key.name);
    if (is_set || key.identity == Identity::kOperation || Said(stored, key) == Said(submitted, key)) continue;
    keys.emplace_back(key.name);
  }
  constexpr std::size_t kNamed = 3;
  const bool are_more = keys.size() > kNamed;
  if (are_more) keys.resize(kNamed);
  if (!keys.empty()) {
    parts.push_back(absl::StrCat("their files differ in ", absl::StrJoin(keys, ", "), are_more ? " and more" : ""));
  }
  return absl::StrJoin(parts, "; ");
}

std::vector<std::string> DifferingKeys(const SweepSpec& a, const SweepSpec& b) {
  std::vector<std::string> keys = DifferingKeys(a.attributes, b.attributes);
  for (const TrialKey& key : TrialKeys()) {
    const bool differs = key.identity == Identity::kOperation && Said(a, key) != Said(b, key);
    if (differs) keys.emplace_back(key.name);
  }
  return keys;
}

absl::StatusOr<UpdatedTrials> Divide(const Books& books, SweepIndex sweep, std::vector<SubmittedTrial> trials) {
  const SweepRecord& existing = books.sweeps()[sweep];
  UpdatedTrials updated{.held = std::vector<TrialRow>(existing.trials.size()), .added = {}};
  std::size_t found = 0;
  for (SubmittedTrial& trial : trials) {
    const std::optional<HeldPlace> place = FindHeld(books, sweep, trial);
    if (!place) {
      updated.added.push_back(std::move(trial));
      continue;
    }
    if (place->has_other_data) return OtherData(existing.name);
    updated.held[place->position] = std::move(trial.row);
    ++found;
  }
  if (found == existing.trials.size()) return updated;
  return absl::FailedPreconditionError(absl::StrCat("this leaves out ", existing.trials.size() - found, " of the ",
                                                    existing.trials.size(), " trials of sweep \"", existing.name,
                                                    "\"; an update only adds trials: keep those that it has, on the "
                                                    "data that they read, or give this one another name"));
}

void IdentifyAll(const Books& books, const std::string& sweep, std::vector<SubmittedTrial>& trials,
                 SubmitResult& result) {
  for (SubmittedTrial& trial : trials) {
    const TrialRecord* beside = nullptr;
    const Sharing sharing = Identify(books, sweep, trial, beside);
    if (sharing == Sharing::kNew) continue;
    const std::string& oldest = books.sweeps()[beside->places.front().sweep].name;
    const bool starts_anew = beside->state == TrialState::kFailed || beside->state == TrialState::kCancelled;
    if (sharing == Sharing::kAnewBeside) {
      ++result.anew_beside[oldest];
    } else if (!starts_anew) {
      ++result.shared_with[oldest];
    }
  }
}

absl::Status CheckQuota(const Books& books, const std::string& owner, const std::vector<SubmittedTrial>& added,
                        std::uint64_t most, std::vector<Problem>& problems) {
  const auto is_to_be_trained = [&](const SubmittedTrial& trial) {
    const TrialRecord* known = books.FindTrial(trial.row.trial_id);
    return known == nullptr || (known->state != TrialState::kCompleted && known->state != TrialState::kDiverged);
  };
  const auto more = static_cast<std::uint64_t>(std::count_if(added.begin(), added.end(), is_to_be_trained));
  const std::uint64_t have = books.UnfinishedOf(owner);
  if (have + more <= most) return absl::OkStatus();
  problems.push_back({.key = "grid",
                      .message = absl::StrCat("has ", more, " trials that are to be trained, and of ",
                                              owner.empty() ? "callers without a name" : owner, " ", have,
                                              " wait or run already: one caller may have ", most,
                                              " (the coordinator's --max-trials-per-caller)"),
                      .fix = "wait until some have ended, cancel a sweep, or submit fewer"});
  return absl::ResourceExhaustedError(ToText(problems));
}

}  // namespace ofsweep
