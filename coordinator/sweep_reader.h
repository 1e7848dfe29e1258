#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "coordinator/coordinator.h"
#include "coordinator/coordinator_types.h"
#include "ofsweep/v1/sweep.pb.h"
#include "storage/store.h"

namespace ofsweep {

// One page of a list.
template <typename Entry>
struct Page {
  std::vector<Entry> entries;
  std::string next_token;  // the offset of the next page; "" on the last
};

// What the reading RPCs answer: from the running coordinator and its store, or, without a coordinator, from a database
// that is only looked at. All methods may be called from any thread.
class SweepReader {
 public:
  // Both must outlive the reader; `coordinator` may be null.
  SweepReader(Store& store, Coordinator* coordinator) : store_(store), coordinator_(coordinator) {}

  // NotFound for an unknown sweep.
  absl::StatusOr<v1::Sweep> Sweep(const std::string& name, bool with_spec);

  // Newest first, from the `offset`th on: at most `limit`, fewer when they would be too much for one message.
  absl::StatusOr<Page<v1::Sweep>> Sweeps(std::uint64_t limit, std::uint64_t offset);

  // In the sweep's order, as Sweeps.
  absl::StatusOr<Page<v1::Trial>> Trials(const std::string& sweep, const std::vector<TrialState>& states,
                                         std::uint64_t limit, std::uint64_t offset);

  // NotFound names the first id that the sweep does not hold.
  absl::Status CheckTrialIds(const std::string& sweep, const std::vector<std::string>& trial_ids);

 private:
  absl::StatusOr<SweepSummary> Summary(const SweepRow& row);
  v1::Trial TrialMessage(const ResultRow& row, const std::vector<std::string>& label_keys);
  absl::StatusOr<std::vector<std::string>> LabelKeys(const std::string& sweep);

  Store& store_;
  Coordinator* const coordinator_;
};

}  // namespace ofsweep
