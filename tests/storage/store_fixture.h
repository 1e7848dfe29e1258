#pragma once

#include <signal.h>
#include <sys/resource.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "storage/store.h"
#include "tests/temporary_folder.h"

namespace ofsweep {

// A limit on the size of files stands for a full disk: writes beyond it fail as they do there.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

// The value, or an exception that fails the test with the status.
template <class Value>
Value Must(absl::StatusOr<Value> result) {
  if (!result.ok()) throw std::runtime_error(result.status().ToString());
  return *std::move(result);
}

std::unique_ptr<Store> OpenStore(const std::string& path, std::int64_t seal_every_steps = 2000,
                                 Durability durability = Durability::kNormal);

// A pending trial whose hash begins with its id; `block`, `optimizer`, `learning_rate` and `seed` in its configuration,
// and all but the seed in its arm.
TrialRow MakeTrial(const std::string& id, const std::string& block = "op", const std::string& optimizer = "adam",
                   double learning_rate = 1e-3, int seed = 0);

// A pending trial that is named after its configuration, as a coordinator makes it, and measured at every 10th step.
TrialRow MakeNamedTrial(int seed);

// Stores a sweep of these trials.
void InsertTrials(Store& store, const std::string& sweep, std::vector<TrialRow> trials);

// Where an attempt ran, and what it read there.
struct TrainedAt {
  std::string worker = "worker";
  std::string data_fingerprint = "d1";
};

// An attempt of the trial trains it, a second after the one before: points of steps 0, 10, … before `steps`, each of
// that value, and its end after a second, unless it still runs: preempted where the trial is pending then.
void Train(Store& store, const AttemptName& attempt, std::int64_t steps, double value,
           TrialState outcome = TrialState::kCompleted, const TrainedAt& at = {});

void SetState(Store& store, const std::string& trial_id, TrialState state, TimeMs at = 1);

// Points of one step: tokens = 100 * step, seconds = step / 10.
StepPoints MakeStep(std::int64_t step, std::vector<MetricPoint> points);

// Rows of a query by an SQL user: columns joined by '|', NULL for NULLs.
std::vector<std::string> Sql(const std::string& path, const std::string& query);

// How SQLite means to answer a query, one line a step.
std::string QueryPlan(const std::string& path, const std::string& query);

}  // namespace ofsweep
