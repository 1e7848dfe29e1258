// From a specification to its trials.

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiment/exclusions.h"
#include "experiment/sweep_spec.h"

namespace ofsweep {
namespace {

constexpr std::string_view kSeed = "seed";

bool VariesSeed(const Axis& axis) {
  return std::any_of(axis.points.begin(), axis.points.end(),
                     [](const Overrides& point) { return point.contains(kSeed); });
}

// Moves the axis that varies the seed to the front, its points seed by seed in the order the seeds are first named.
std::vector<Axis> SeedMajor(const SweepSpec& spec) {
  std::vector<Axis> axes = spec.axes;
  const auto seeds = std::find_if(axes.begin(), axes.end(), VariesSeed);
  if (seeds == axes.end()) return axes;
  const Value default_seed = DefaultValue(*FindTrialKey(kSeed));
  std::unordered_map<std::string, std::size_t> order;
  std::vector<std::pair<std::size_t, Overrides>> ranked;
  ranked.reserve(seeds->points.size());
  for (Overrides& point : seeds->points) {
    const auto found = point.find(kSeed);
    const std::string seed = ToText(found == point.end() ? default_seed : found->second);
    const std::size_t rank = order.try_emplace(seed, order.size()).first->second;
    ranked.emplace_back(rank, std::move(point));
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::transform(ranked.begin(), ranked.end(), seeds->points.begin(),
                 [](auto& point) { return std::move(point.second); });
  std::rotate(axes.begin(), seeds, seeds + 1);
  return axes;
}

// A key whose variation alone would make no other trials, so that all but the first of its values would be dropped.
std::optional<std::string> KeyThatVariesNothing(const Axis& axis) {
  if (axis.points.size() < 2) return std::nullopt;
  std::optional<std::string> key;
  for (const Overrides& point : axis.points) {
    for (const auto& [name, value] : point) {
      if (FindTrialKey(name)->identity != Identity::kOperation) return std::nullopt;
      key = name;
    }
  }
  return key;
}

// Walks the product of the axes, the last one fastest.
class Expansion {
 public:
  Expansion(const SweepSpec& spec, const std::string& file, std::vector<Problem>& problems,
            const std::function<void(PlannedTrial)>& visit, const std::function<bool()>& is_cancelled)
      : spec_(spec),
        file_(file),
        problems_(problems),
        visit_(visit),
        is_cancelled_(is_cancelled),
        axes_(SeedMajor(spec)),
        base_(TrialConfig::FromOverrides(spec.trial)),
        exclusions_(spec.exclude) {}

  std::uint64_t Run() {
    std::vector<std::size_t> position(axes_.size(), 0);
    for (bool more = true; more; more = Advance(position)) {
      if (is_cancelled_()) return hashes_.size();
      VisitCell(position);
    }
    for (const Exclusion* entry : exclusions_.Unmatched()) {
      problems_.push_back({file_, entry->line, "exclude", "an entry matches no trial of this sweep",
                           "mend its keys and values, or remove it"});
    }
    return hashes_.size();
  }

  std::uint64_t combinations() const { return combinations_; }

 private:
  bool Advance(std::vector<std::size_t>& position) const {
    for (std::size_t axis = axes_.size(); axis-- > 0;) {
      if (++position[axis] < axes_[axis].points.size()) return true;
      position[axis] = 0;
    }
    return false;
  }

  TrialConfig ConfigOf(const std::vector<std::size_t>& position) const {
    bool has_preset = false;
    for (std::size_t axis = 0; axis < axes_.size(); ++axis) {
      has_preset = has_preset || axes_[axis].points[position[axis]].contains("model.preset");
    }
    // A preset stands below the keys of `trial`, so it needs the whole pile; all else is laid on the common base.
    Overrides all;
    if (has_preset) all = spec_.trial;
    TrialConfig config = base_;
    for (std::size_t axis = 0; axis < axes_.size(); ++axis) {
      for (const auto& [key, value] : axes_[axis].points[position[axis]]) {
        if (has_preset) {
          all.insert_or_assign(key, value);
        } else {
          config.Set(key, value);
        }
      }
    }
    return has_preset ? TrialConfig::FromOverrides(all) : config;
  }

  void VisitCell(const std::vector<std::size_t>& position) {
    TrialConfig config = ConfigOf(position);
    std::optional<TrialConfig> written;
    if (!exclusions_.empty()) written = config;
    ResolveAuto(config);
    if (written && exclusions_.Match(*written, config)) return;
    ++combinations_;
    if (!visit_) return;
    SetFingerprints(spec_.fingerprints, config);
    for (Problem& problem : CheckTrial(config, file_)) Report(std::move(problem));
    CheckEvaluatedTokens(config);
    std::string hash = ConfigHash(config);
    if (hashes_.insert(hash).second) visit_({std::move(config), std::move(hash)});
  }

  // A loss over other tokens is another number. Who varies how much is evaluated means it.
  void CheckEvaluatedTokens(const TrialConfig& config) {
    if (config.IsAuto("evaluate.batches") || !spec_.trial.contains("evaluate.batches")) return;
    const std::int64_t tokens =
        config.Integer("evaluate.batches") * config.Integer("train.batch_size") * config.Integer("model.context");
    if (!evaluated_tokens_) evaluated_tokens_ = tokens;
    if (*evaluated_tokens_ == tokens) return;
    Report({file_, 0, "evaluate.batches",
            absl::StrCat("gives trials of this sweep other validation tokens (", *evaluated_tokens_, " and ", tokens,
                         "): it counts batches of train.batch_size × model.context, which the sweep varies"),
            "leave it out, then all are evaluated on the same; or zip it with what varies"});
  }

  void Report(Problem problem) {
    if (!reported_.insert(problem.key + problem.message).second) return;
    if (const auto set = spec_.set.find(problem.key); set != spec_.set.end()) {
      problem.key = SetOptionText(problem.key, ToText(set->second));
    } else if (const auto line = spec_.lines.find(problem.key); line != spec_.lines.end()) {
      problem.line = line->second;
    }
    problems_.push_back(std::move(problem));
  }

  const SweepSpec& spec_;
  const std::string& file_;
  std::vector<Problem>& problems_;
  const std::function<void(PlannedTrial)>& visit_;
  const std::function<bool()>& is_cancelled_;
  std::vector<Axis> axes_;
  TrialConfig base_;
  Exclusions exclusions_;
  std::uint64_t combinations_ = 0;  // that no exclusion has left out
  std::unordered_set<std::string> hashes_;
  std::set<std::string> reported_;
  std::optional<std::int64_t> evaluated_tokens_;  // of the first trial, where their number is given for all
};

}  // namespace

std::uint64_t CountCells(const SweepSpec& spec) {
  std::uint64_t count = 1;
  for (const Axis& axis : spec.axes) {
    if (__builtin_mul_overflow(count, axis.points.size(), &count)) return std::numeric_limits<std::uint64_t>::max();
  }
  return count;
}

std::uint64_t CountCombinations(const SweepSpec& spec) {
  const std::uint64_t cells = CountCells(spec);
  if (spec.exclude.empty() || cells > kMaxTrials) return cells;
  const std::string no_file;
  std::vector<Problem> ignored;
  const std::function<void(PlannedTrial)> only_count;
  const std::function<bool()> is_cancelled = [] { return false; };
  Expansion expansion(spec, no_file, ignored, only_count, is_cancelled);
  expansion.Run();
  return expansion.combinations();
}

std::uint64_t ExpandSweep(const SweepSpec& spec, const std::string& file, std::vector<Problem>& problems,
                          const std::function<void(PlannedTrial)>& visit, const std::function<bool()>& is_cancelled) {
  const std::uint64_t cells = CountCells(spec);
  if (cells > kMaxTrials) {
    problems.push_back({file, 0, "grid",
                        absl::StrCat("spans ", cells, " trials, more than the ", kMaxTrials, " a sweep may have"),
                        "vary fewer keys at once, or split it into several sweeps"});
    return 0;
  }
  const std::size_t before = problems.size();
  for (const Axis& axis : spec.axes) {
    const auto key = KeyThatVariesNothing(axis);
    if (!key) continue;
    const auto line = spec.lines.find(*key);
    problems.push_back({file, line == spec.lines.end() ? 0 : line->second, *key,
                        "is no part of a trial's identity: trials that differ in nothing else are one",
                        "give it one value in `trial:`, or zip it with `replica` to train each anew"});
  }
  const std::uint64_t trials = Expansion(spec, file, problems, visit, is_cancelled).Run();
  if (trials == 0 && problems.size() == before && !is_cancelled()) {
    problems.push_back({file, 0, "exclude", absl::StrCat("leaves none of the ", cells, " trials"), "remove an entry"});
  }
  return trials;
}

}  // namespace ofsweep
