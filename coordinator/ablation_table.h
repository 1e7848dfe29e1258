#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "coordinator/paired_statistics.h"
#include "experiment/problem.h"
#include "storage/store.h"

namespace ofsweep {

// Which trials form a cell, and what is averaged over them.
struct AblationQuery {
  std::vector<std::string> rows;     // trial keys, or kSweepKey
  std::vector<std::string> cols;     // the same
  std::vector<std::string> metrics;  // of kResultNumbers, or as ParseMetricColumn reads them
  std::vector<std::string> pool;     // trial keys that a cell may average over, besides the seed
  bool drop_diverged = false;        // they are counted, and do not enter the means
  // Keys of rows or cols with one of their values, as a user types it: each cell is compared with that one of the table
  // that has these values, and in its other keys those of the cell.
  std::map<std::string, std::string> baseline = {};
  // A trial key that is no axis, or "": each cell is of that value of it alone of which the loss is lowest
  // (PickBestValue of eval_loss).
  std::string best = {};
};

// In a table of several sweeps a key like those of trials: the name of a trial's sweep.
inline constexpr char kSweepKey[] = "sweep";

// What became of trials.
struct CellOutcomes {
  std::uint32_t trials = 0;  // that count: completed and, unless dropped, diverged ones, these with their last values
  std::uint32_t diverged = 0;
  std::uint32_t failed = 0;
  std::uint32_t missing = 0;  // without an outcome: unfinished, cancelled or pruned
};

// A NaN result makes the mean NaN, an infinite one infinite: they are results too.
struct CellStatistic {
  std::uint32_t count = 0;     // trials that have the value
  std::optional<double> mean;  // none for count 0
  std::optional<double>
      standard_deviation;  // of the sample (n − 1); none for a count below 2 or a mean that is not finite
  std::optional<double> median;
  std::optional<double> geometric_mean;  // none where a value is not positive
  // From the baseline's cell, paired by seed: of each seed the mean of the cell's values less that of the baseline's.
  // None in the baseline itself. A difference that is not finite leaves no interval and no p.
  std::optional<PairedDifference> difference;
  std::optional<double> adjusted_p;  // of difference.p: Holm, over all tests of the table
};

struct AblationCell {
  std::vector<std::string> row_values;  // one for each key of `rows`, as a user would type it
  std::vector<std::string> col_values;
  CellOutcomes outcomes;
  std::vector<CellStatistic> statistics;  // one for each metric
  // In what, of how they were made, the trials that count differ: "train.precision", "device", "data_fingerprint".
  std::vector<std::string> mixed;
  std::optional<std::string> best_value;  // of the query's `best`; none where no trial of the cell has a loss
  CellOutcomes passed_over;               // of the trials of the other values
};

struct AblationTable {
  std::vector<std::string> metrics;
  std::vector<AblationCell> cells;
  // The varied keys in which the trials of a cell differ, in the sweep's order and the seed behind them.
  std::vector<std::string> pooled;
  // Of those, not the seed: cells average over different values of them, so that their means are of different mixtures.
  std::vector<std::string> uneven;
  // Varied keys that are in neither rows nor cols and differ from cell to cell: what sets two cells apart may be these.
  std::vector<std::string> confounded;
  // Why the query may not have this table: a value of the baseline that no trial has, and each key, the seed aside,
  // that is pooled in silence. As of CheckAblationQuery.
  std::vector<Problem> problems;
};

// Unknown trial keys and metrics, each with the nearest known one, keys of the baseline that are no axis, and a best
// key that is one; the key of a problem is the field: "rows", "cols", "pool", "metrics", "baseline", "best".
std::vector<Problem> CheckAblationQuery(const AblationQuery& query);

// The table of a checked query, from trial after trial in their sweeps' order, which is also the order of each key's
// values; a cell without any trial is left out. Without metrics it shows the loss, the kurtosis, the perplexity, and
// each perplexity after rounding that a trial has. A trial that several sweeps hold counts once a cell.
class AblationBuilder {
 public:
  // The flat configuration of a row's trial as the row's sweep has submitted it. Asked for once an arm: its trials
  // differ in their seeds alone.
  using ConfigOf = std::function<std::string(const ResultRow& row)>;

  // `varied`: the keys in which trials may differ: those that the sweep varies; of several sweeps those that one of
  // them varies or sets, and kSweepKey.
  AblationBuilder(AblationQuery query, std::vector<std::string> varied);
  ~AblationBuilder();

  // The result numbers and metric columns that rows are to have.
  std::vector<std::string> NumbersRead() const;
  // Whose trials are added next. Before the first of them.
  void BeginSweep(std::string name, ConfigOf config_of);
  void Add(const ResultRow& row);  // without its configuration
  AblationTable Build();           // once

 private:
  using Texts = std::map<std::string, std::string>;  // by key, as a user would type them
  struct Arm {
    Texts varied;
    Texts config;
    std::set<std::string> inert;
  };
  struct Cell;
  // What made a trial's numbers: its arm, what its trainer resolved, the device, the trainer's revision, and the data.
  using Maker = std::tuple<const Arm*, const Texts*, std::string, std::string, std::string>;
  // The values of one key in the order in which trials first show them.
  class FirstSeen {
   public:
    std::size_t RankOf(const std::string& value);
    std::optional<std::size_t> Find(const std::string& value) const;
    std::vector<std::string> Values() const;
    const std::string& operator[](std::size_t rank) const { return *values_[rank]; }

   private:
    std::unordered_map<std::string, std::size_t> ranks_;
    std::vector<const std::string*> values_;  // in ranks_
  };

  // Where a trial's keys are found.
  struct Keys {
    const ResultRow& row;
    const Arm& arm;
    const Texts& resolved;
  };
  Keys KeysOf(const ResultRow& row);
  const Texts& ResolvedBy(const AttemptOrigin& origin);
  // What varies as it was submitted, other keys as the trainer resolved them. An `auto` that two machines resolved
  // differently is one value. "inert" where the key means nothing (SOAP's under Adam).
  std::string TextOf(const std::string& key, const Keys& keys) const;
  std::string TextOf(const std::string& key, const Arm& arm, const Texts& resolved) const;
  // In what its makers differ.
  std::vector<std::string> MixedIn(const Cell& cell) const;
  // Notes the cell's values of each varied key.
  void Compare(const Keys& keys, Cell& cell);
  // The cell that another one is compared with; null for none, and for the baseline itself.
  const Cell* BaselineOf(std::vector<std::size_t> ranks) const;
  // Of the cells that differ in the best key alone one is left, and it is no key any more.
  void KeepBest();
  // Which varied keys the cells pool, how evenly, and which they leave out though they differ.
  void DescribeCells(AblationTable& table) const;
  std::vector<Problem> Check(const std::vector<std::string>& pooled) const;
  // Whether the trial's values count.
  bool Count(TrialState state, CellOutcomes& outcomes) const;

  AblationQuery query_;
  const bool shows_roundings_that_exist_;
  std::vector<bool> has_metric_;                     // a trial has it
  std::string sweep_;                                // that was begun last
  ConfigOf config_of_;                               // of its trials
  std::unordered_map<std::string, Arm> arms_;        // by their sweep and keys
  std::unordered_map<std::string, Texts> resolved_;  // what trainers made of `auto`, by its JSON
  std::vector<std::string> keys_;                    // of rows, cols, and the best key
  std::vector<FirstSeen> seen_;                      // of each of them
  std::vector<std::string> varied_;                  // without the seed
  std::map<std::vector<std::size_t>, Cell> cells_;   // by the rank of each key's value
};

}  // namespace ofsweep
