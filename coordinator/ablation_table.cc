#include "coordinator/ablation_table.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/best_value.h"
#include "experiment/flat_json.h"
#include "experiment/metric_column.h"
#include "experiment/metric_table.h"
#include "experiment/quoted.h"
#include "experiment/trial_key.h"
#include "experiment/unknown_keys.h"
#include "experiment/value.h"

namespace ofsweep {
namespace {

bool IsRounded(const ResultNumber& number) {
  return number.of == ResultOf::kLast && FindMetric(number.metric)->name == "{bits}_perplexity";
}

// The values of a JSON object as a user would type them.
std::map<std::string, std::string> TextsOf(const std::string& json) {
  std::map<std::string, std::string> texts;
  const auto object = nlohmann::ordered_json::parse(json);
  for (const auto& [key, value] : object.items()) texts[key] = TextOfJson(value);
  return texts;
}

std::set<std::string> InertKeys(const std::string& flat_config_json) {
  const std::optional<TrialConfig> config = ReadFlatJson(flat_config_json);
  std::set<std::string> inert;
  if (!config) return inert;
  for (const TrialKey& key : TrialKeys()) {
    if (config->IsInert(key)) inert.emplace(key.name);
  }
  return inert;
}

// What a trial that counts came to.
struct Sample {
  double value = 0;
  std::int64_t seed = 0;
};

CellStatistic Summarise(const std::vector<Sample>& samples) {
  CellStatistic statistic{.count = static_cast<std::uint32_t>(samples.size())};
  if (samples.empty()) return statistic;
  std::vector<double> values;
  for (const Sample& sample : samples) values.push_back(sample.value);
  statistic.median = Median(values);
  statistic.geometric_mean = GeometricMean(values);
  // Of a wider range than the values: perplexities of diverged trials have squares that no double holds.
  const long double n = static_cast<long double>(values.size());
  long double sum = 0;
  for (double value : values) sum += value;
  const long double mean = sum / n;
  statistic.mean = static_cast<double>(mean);
  if (values.size() < 2 || !std::isfinite(mean)) return statistic;
  long double squares = 0;
  for (double value : values) squares += (value - mean) * (value - mean);
  statistic.standard_deviation = static_cast<double>(std::sqrt(squares / (n - 1)));
  return statistic;
}

std::map<std::int64_t, double> MeanBySeed(const std::vector<Sample>& samples) {
  std::map<std::int64_t, std::pair<double, int>> sums;
  for (const Sample& sample : samples) {
    auto& [sum, count] = sums[sample.seed];
    sum += sample.value;
    ++count;
  }
  std::map<std::int64_t, double> means;
  for (const auto& [seed, sum] : sums) means[seed] = sum.first / sum.second;
  return means;
}

PairedDifference Difference(const std::vector<Sample>& samples, const std::vector<Sample>& baseline) {
  const std::map<std::int64_t, double> ours = MeanBySeed(samples);
  const std::map<std::int64_t, double> theirs = MeanBySeed(baseline);
  std::vector<double> differences;
  double sum = 0;
  for (const auto& [seed, value] : ours) {
    const auto other = theirs.find(seed);
    if (other == theirs.end()) continue;
    differences.push_back(value - other->second);
    sum += differences.back();
  }
  if (std::isfinite(sum)) return ComparePairs(differences);
  return {.pairs = static_cast<std::uint32_t>(differences.size()), .mean = sum};
}

// As tables show it: "1e-3" is "0.001".
std::string Normalised(const std::string& key, const std::string& text) {
  const TrialKey* known = FindTrialKey(key);
  const auto value = known == nullptr ? absl::StatusOr<Value>(text) : ParseValue(*known, text);
  return value.ok() ? ToText(*value) : text;
}

void AddTo(CellOutcomes& sum, const CellOutcomes& added) {
  sum.trials += added.trials;
  sum.diverged += added.diverged;
  sum.failed += added.failed;
  sum.missing += added.missing;
}

// Whoever reads a table looks for the smallest p in all of it, so all of its tests are one family.
void AdjustForAllTests(std::vector<AblationCell>& cells) {
  std::vector<CellStatistic*> tested;
  std::vector<double> p_values;
  for (AblationCell& cell : cells) {
    for (CellStatistic& statistic : cell.statistics) {
      if (!statistic.difference || !statistic.difference->p) continue;
      tested.push_back(&statistic);
      p_values.push_back(*statistic.difference->p);
    }
  }
  const std::vector<double> adjusted = AdjustHolm(p_values);
  for (std::size_t i = 0; i < tested.size(); ++i) tested[i]->adjusted_p = adjusted[i];
}

bool Contains(const std::vector<std::string>& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// A key twice would be two axes with one value, a metric twice two tests of one thing.
void CheckOnce(const std::vector<std::string>& names, const std::string& field, std::vector<Problem>& problems) {
  std::set<std::string> known;
  for (const std::string& name : names) {
    if (known.insert(name).second) continue;
    problems.push_back({.key = field, .message = Quoted(name) + " is named twice", .fix = "name it once"});
  }
}

void CheckBest(const AblationQuery& query, std::vector<Problem>& problems) {
  CheckKeysAreKnown({query.best}, "best", problems);
  if (query.best == "seed") {
    problems.push_back({.key = "best",
                        .message = "the best seed is luck",
                        .fix = "name a key that is tuned, like optimizer.learning_rate"});
  }
  if (Contains(query.rows, query.best) || Contains(query.cols, query.best)) {
    problems.push_back({.key = "best",
                        .message = Quoted(query.best) + " has a cell for each value already",
                        .fix = "leave it out of rows and cols"});
  }
  if (Contains(query.pool, query.best)) {
    problems.push_back({.key = "best",
                        .message = "a cell cannot average over " + Quoted(query.best) + " and be of its best value",
                        .fix = "leave it out of pool"});
  }
}

}  // namespace

std::vector<Problem> CheckAblationQuery(const AblationQuery& query) {
  std::vector<Problem> problems;
  const auto check_keys = [&problems](std::vector<std::string> keys, const std::string& field) {
    std::erase(keys, kSweepKey);
    CheckKeysAreKnown(keys, field, problems);
  };
  check_keys(query.rows, "rows");
  check_keys(query.cols, "cols");
  check_keys(query.pool, "pool");
  CheckOnce(query.rows, "rows", problems);
  std::vector<std::string> axes = query.rows;
  axes.insert(axes.end(), query.cols.begin(), query.cols.end());
  if (problems.empty()) CheckOnce(axes, "cols", problems);
  CheckOnce(query.metrics, "metrics", problems);
  for (const std::string& metric : query.metrics) {
    if (FindResultNumber(metric) != nullptr) continue;
    const auto column = ParseMetricColumn(metric);
    if (!column.ok()) problems.push_back({.key = "metrics", .message = std::string(column.status().message())});
  }
  for (const auto& [key, value] : query.baseline) {
    if (Contains(query.rows, key) || Contains(query.cols, key)) continue;
    if (FindTrialKey(key) == nullptr && key != kSweepKey) {
      CheckKeysAreKnown({key}, "baseline", problems);
      continue;
    }
    problems.push_back({.key = "baseline",
                        .message = Quoted(key) + " is in neither rows nor cols",
                        .fix = "name a key of an axis, with one of its values"});
  }
  if (!query.best.empty()) CheckBest(query, problems);
  return problems;
}

struct AblationBuilder::Cell {
  AblationCell counts;
  std::vector<std::vector<Sample>> values;  // by metric, of the trials that count
  std::set<std::int64_t> seeds;
  std::vector<Sample> losses;  // of the trials that count
  absl::flat_hash_set<std::string> trial_ids;
  std::set<const Arm*> arms;
  std::map<std::string, std::set<std::string>> varied;  // values of each varied key, not the seed
  absl::flat_hash_set<Maker> makers;                    // of the trials that count
};

AblationBuilder::AblationBuilder(AblationQuery query, std::vector<std::string> varied)
    : query_(std::move(query)), shows_roundings_that_exist_(query_.metrics.empty()) {
  if (shows_roundings_that_exist_) {
    query_.metrics = {"eval_loss", "kurtosis_max", "eval_perplexity"};
    for (const ResultNumber& number : kResultNumbers) {
      if (IsRounded(number)) query_.metrics.emplace_back(number.name);
    }
  }
  varied_ = std::move(varied);
  std::erase(varied_, "seed");
  keys_ = query_.rows;
  keys_.insert(keys_.end(), query_.cols.begin(), query_.cols.end());
  if (!query_.best.empty()) keys_.push_back(query_.best);
  seen_.resize(keys_.size());
  has_metric_.resize(query_.metrics.size());
  for (auto& [key, value] : query_.baseline) value = Normalised(key, value);
}

AblationBuilder::~AblationBuilder() = default;

std::size_t AblationBuilder::FirstSeen::RankOf(const std::string& value) {
  const auto [rank, is_new] = ranks_.try_emplace(value, values_.size());
  if (is_new) values_.push_back(&rank->first);
  return rank->second;
}

std::optional<std::size_t> AblationBuilder::FirstSeen::Find(const std::string& value) const {
  const auto found = ranks_.find(value);
  return found == ranks_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> AblationBuilder::FirstSeen::Values() const {
  std::vector<std::string> values;
  for (const std::string* value : values_) values.push_back(*value);
  return values;
}

std::vector<std::string> AblationBuilder::NumbersRead() const {
  std::vector<std::string> names = query_.metrics;
  names.insert(names.end(), {"seed", "eval_loss"});
  return names;
}

void AblationBuilder::BeginSweep(std::string name, ConfigOf config_of) {
  sweep_ = std::move(name);
  config_of_ = std::move(config_of);
}

AblationBuilder::Keys AblationBuilder::KeysOf(const ResultRow& row) {
  const auto [arm, is_new_arm] = arms_.try_emplace(absl::StrCat(sweep_, "\n", row.trial.arm.keys_json));
  if (is_new_arm) {
    const std::string config = config_of_(row);
    arm->second = {TextsOf(row.trial.arm.keys_json), TextsOf(config), InertKeys(config)};
  }
  return {row, arm->second, ResolvedBy(row.origin)};
}

const AblationBuilder::Texts& AblationBuilder::ResolvedBy(const AttemptOrigin& origin) {
  const auto [resolved, is_new] = resolved_.try_emplace(origin.resolved_json);
  if (is_new) resolved->second = TextsOf(origin.resolved_json);
  return resolved->second;
}

std::string AblationBuilder::TextOf(const std::string& key, const Keys& keys) const {
  if (key == kSweepKey) return sweep_;
  if (key == "seed") {
    const auto seed = keys.row.values.find("seed");
    return seed == keys.row.values.end() ? "" : absl::StrCat(static_cast<std::int64_t>(seed->second));
  }
  return TextOf(key, keys.arm, keys.resolved);
}

std::string AblationBuilder::TextOf(const std::string& key, const Arm& arm, const Texts& resolved) const {
  if (arm.inert.contains(key)) return "inert";
  const Texts* const as_submitted[] = {&arm.varied, &arm.config, &resolved};
  const Texts* const as_resolved[] = {&arm.varied, &resolved, &arm.config};
  for (const Texts* texts : Contains(varied_, key) ? as_submitted : as_resolved) {
    if (const auto found = texts->find(key); found != texts->end()) return found->second;
  }
  return "";
}

void AblationBuilder::Add(const ResultRow& row) {
  const Keys keys = KeysOf(row);
  std::vector<std::size_t> ranks;
  for (std::size_t i = 0; i < keys_.size(); ++i) ranks.push_back(seen_[i].RankOf(TextOf(keys_[i], keys)));
  Cell& cell = cells_[ranks];
  if (!cell.trial_ids.insert(row.trial.trial_id).second) return;  // of an earlier sweep too
  Compare(keys, cell);
  cell.values.resize(query_.metrics.size());
  const bool counts = Count(row.trial.state, cell.counts.outcomes);
  const auto seed = row.values.find("seed");
  const std::int64_t seed_value = seed == row.values.end() ? 0 : static_cast<std::int64_t>(seed->second);
  for (std::size_t metric = 0; metric < query_.metrics.size(); ++metric) {
    const auto found = row.values.find(query_.metrics[metric]);
    if (found == row.values.end()) continue;
    has_metric_[metric] = true;
    if (counts) cell.values[metric].push_back({found->second, seed_value});
  }
  cell.seeds.insert(cell.seeds.end(), seed_value);  // they mostly ascend
  if (!counts) return;
  const auto loss = row.values.find("eval_loss");
  if (loss != row.values.end()) cell.losses.push_back({loss->second, seed_value});
  const auto note_maker = [&](const AttemptOrigin& origin, const Texts& resolved) {
    cell.makers.emplace(&keys.arm, &resolved, origin.device, origin.revision, row.trial.data_fingerprint);
  };
  note_maker(row.origin, keys.resolved);
  for (const AttemptOrigin& earlier : row.earlier_origins) note_maker(earlier, ResolvedBy(earlier));
}

std::vector<std::string> AblationBuilder::MixedIn(const Cell& cell) const {
  std::map<std::string, std::set<std::string>> made_with;
  for (const auto& [arm, resolved, device, revision, data] : cell.makers) {
    made_with["train.precision"].insert(TextOf("train.precision", *arm, *resolved));
    made_with["device"].insert(device);
    made_with["trainer_revision"].insert(revision);
    made_with["data_fingerprint"].insert(data);
  }
  std::vector<std::string> mixed;
  for (const auto& [what, values] : made_with) {
    if (values.size() > 1) mixed.push_back(what);
  }
  return mixed;
}

void AblationBuilder::Compare(const Keys& keys, Cell& cell) {
  const bool is_new_arm = cell.arms.insert(&keys.arm).second;
  if (!is_new_arm) return;  // its other trials are alike
  for (const std::string& key : varied_) cell.varied[key].insert(TextOf(key, keys));
}

bool AblationBuilder::Count(TrialState state, CellOutcomes& outcomes) const {
  const bool has_result = state == TrialState::kCompleted || state == TrialState::kDiverged;
  if (state == TrialState::kDiverged) ++outcomes.diverged;
  if (state == TrialState::kFailed) ++outcomes.failed;
  if (!has_result && state != TrialState::kFailed) ++outcomes.missing;
  const bool counts = has_result && !(state == TrialState::kDiverged && query_.drop_diverged);
  if (counts) ++outcomes.trials;
  return counts;
}

void AblationBuilder::KeepBest() {
  std::map<std::vector<std::size_t>, std::vector<std::pair<std::size_t, Cell>>> candidates;  // with the value's rank
  for (auto& [ranks, cell] : cells_) {
    candidates[{ranks.begin(), ranks.end() - 1}].emplace_back(ranks.back(), std::move(cell));
  }
  cells_.clear();
  for (auto& [ranks, of_cell] : candidates) {
    std::vector<TunedValue> values;
    for (const auto& [rank, cell] : of_cell) values.push_back({cell.seeds, MeanBySeed(cell.losses)});
    const std::optional<std::size_t> best = PickBestValue(values);
    Cell& kept = cells_[ranks];
    kept.values.resize(query_.metrics.size());
    CellOutcomes others;
    for (std::size_t i = 0; i < of_cell.size(); ++i) {
      if (i != best) AddTo(others, of_cell[i].second.counts.outcomes);
    }
    if (best) {
      kept = std::move(of_cell[*best].second);
      kept.counts.best_value = seen_.back()[of_cell[*best].first];
    }
    (best ? kept.counts.passed_over : kept.counts.outcomes) = others;
  }
  keys_.pop_back();
}

AblationTable AblationBuilder::Build() {
  AblationTable table;
  DescribeCells(table);
  table.problems = Check(table.pooled);
  if (!query_.best.empty()) KeepBest();
  std::vector<std::size_t> shown;
  for (std::size_t metric = 0; metric < query_.metrics.size(); ++metric) {
    const ResultNumber* number = FindResultNumber(query_.metrics[metric]);
    const bool is_left_out =
        shows_roundings_that_exist_ && number != nullptr && IsRounded(*number) && !has_metric_[metric];
    if (is_left_out) continue;
    shown.push_back(metric);
    table.metrics.push_back(query_.metrics[metric]);
  }
  for (auto& [ranks, found] : cells_) {
    AblationCell& cell = table.cells.emplace_back(std::move(found.counts));
    cell.mixed = MixedIn(found);
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      (i < query_.rows.size() ? cell.row_values : cell.col_values).push_back(seen_[i][ranks[i]]);
    }
    const Cell* baseline = BaselineOf(ranks);
    for (const std::size_t metric : shown) {
      CellStatistic& statistic = cell.statistics.emplace_back(Summarise(found.values[metric]));
      if (baseline != nullptr) statistic.difference = Difference(found.values[metric], baseline->values[metric]);
    }
  }
  AdjustForAllTests(table.cells);
  return table;
}

const AblationBuilder::Cell* AblationBuilder::BaselineOf(std::vector<std::size_t> ranks) const {
  const std::vector<std::size_t> own = ranks;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const auto value = query_.baseline.find(keys_[i]);
    if (value == query_.baseline.end()) continue;
    const auto rank = seen_[i].Find(value->second);
    if (!rank) return nullptr;
    ranks[i] = *rank;
  }
  const auto cell = cells_.find(ranks);
  return ranks == own || cell == cells_.end() ? nullptr : &cell->second;
}

void AblationBuilder::DescribeCells(AblationTable& table) const {
  for (const std::string& key : varied_) {
    bool is_pooled = false;
    bool is_equal = true;  // in all cells
    for (const auto& [ranks, cell] : cells_) {
      const std::set<std::string>& values = cell.varied.at(key);
      is_pooled |= values.size() > 1;
      is_equal &= values == cells_.begin()->second.varied.at(key);
    }
    if (is_pooled) table.pooled.push_back(key);
    if (is_equal || Contains(keys_, key)) continue;
    (is_pooled ? table.uneven : table.confounded).push_back(key);
  }
  const auto pools_seeds = [](const auto& ranked) { return ranked.second.seeds.size() > 1; };
  if (std::any_of(cells_.begin(), cells_.end(), pools_seeds)) table.pooled.emplace_back("seed");
}

std::vector<Problem> AblationBuilder::Check(const std::vector<std::string>& pooled) const {
  std::vector<Problem> problems;
  for (const std::string& key : pooled) {
    if (key == "seed" || Contains(query_.pool, key)) continue;
    problems.push_back({.key = "pool",
                        .message = "the trials of a cell differ in " + key,
                        .fix = "tell them apart with it in rows or cols, or average over it with it in pool"});
  }
  for (const auto& [key, value] : query_.baseline) {
    const auto axis = std::find(keys_.begin(), keys_.end(), key);
    const FirstSeen& seen = seen_[static_cast<std::size_t>(axis - keys_.begin())];
    if (seen.Find(value)) continue;
    problems.push_back({.key = "baseline",
                        .message = absl::StrCat("no trial has ", key, " = ", Quoted(value)),
                        .fix = absl::StrCat("name one of ", absl::StrJoin(seen.Values(), ", "))});
  }
  return problems;
}

}  // namespace ofsweep
