#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "coordinator/ablation_table.h"
#include "coordinator/coordinator_types.h"
#include "coordinator/sweep_views.h"
#include "ofsweep/v1/sweep.pb.h"
#include "storage/store.h"

namespace ofsweep {

// One page of a list.
template <typename Entry>
struct Page {
  std::vector<Entry> entries;
  std::string next_token;  // where the next page begins; "" on the last
};

// What the reading RPCs answer: from a database, and from the coordinator that runs on it where there is one. All
// methods may be called from any thread.
class SweepReader {
 public:
  // Both must outlive the reader; without `live` the database is only looked at.
  SweepReader(Store& store, SweepViews* live) : store_(store), live_(live) {}

  // NotFound for an unknown sweep.
  absl::StatusOr<v1::Sweep> Sweep(const std::string& name, bool with_spec);

  // A page begins where the token of the page before says, the first one at 0: so it goes on behind that, whatever has
  // come and gone meanwhile.

  // Newest first: at most `limit`, fewer when they would be too much for one message.
  absl::StatusOr<Page<v1::Sweep>> Sweeps(std::span<const std::string> tags, std::uint64_t limit, std::uint64_t begin);

  // In the sweep's order, as Sweeps.
  absl::StatusOr<Page<v1::Trial>> Trials(const std::string& sweep, const std::vector<TrialState>& states,
                                         std::uint64_t limit, std::uint64_t begin, bool with_config);

  // NotFound for a trial that the sweep does not hold. Of an id its beginning is enough, where one trial alone begins
  // so; FailedPrecondition names some where several do.
  absl::StatusOr<v1::GetTrialResponse> Trial(const std::string& asked, const std::string& id_or_beginning);

  // Those that are connected, or hold a trial, by their ids; none without a coordinator.
  std::vector<WorkerView> Workers();

  // Chooses the query's rows where it has none, and its columns where it has neither, or none and is to get some
  // (ChooseTableAxes).
  absl::Status ChooseAxes(const std::vector<std::string>& sweeps, bool chooses_cols, AblationQuery& query);

  // Of the trials of all these sweeps, each named once; `query` must have passed CheckAblationQuery.
  absl::StatusOr<AblationTable> Table(const std::vector<std::string>& sweeps, const AblationQuery& query);

  // NotFound names the first id that the sweep does not hold.
  absl::Status CheckTrialIds(const std::string& sweep, const std::vector<std::string>& trial_ids);

 private:
  absl::StatusOr<SweepSummary> Summary(const SweepRow& row);
  absl::StatusOr<std::string> WholeTrialId(const std::string& sweep, const std::string& id_or_beginning);
  v1::Trial TrialMessage(ResultRow row, const SweepSettings& settings, bool with_config);
  absl::StatusOr<v1::Sweep> SweepMessage(const SweepRow& row, bool with_spec);
  absl::StatusOr<std::shared_ptr<const SweepSettings>> Settings(const std::string& sweep);
  absl::Status AddToTable(const std::string& sweep, const SweepSettings& settings, const AblationQuery& query,
                          AblationBuilder& builder);

  Store& store_;
  SweepViews* const live_;
};

}  // namespace ofsweep
