#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "storage/database_connection.h"
#include "storage/merge.h"

namespace ofsweep {

// The sweeps of the attached database `source` on their way into the main one, in the transaction that is open.
// SQLite's errors are thrown.
class MergedSweeps {
 public:
  MergedSweeps(DatabaseConnection& connection, const MergeRequest& request)
      : connection_(connection), request_(request) {}

  // Which of them are new, or updates of ours. Errors as MergeDatabase.
  absl::Status Find(MergeCounts& counts);
  // After their trials.
  void Insert(MergeCounts& counts);

 private:
  struct Brought {
    std::int64_t id = 0;                // in the source
    std::string name;                   // here
    std::optional<std::int64_t> place;  // of ours that it takes
  };

  absl::Status CheckNames();
  std::int64_t InsertOne(const Brought& sweep);
  // A sweep is finished exactly while all of its trials have a final state. True where it waits to be resumed.
  bool SettleState(std::int64_t sweep);

  DatabaseConnection& connection_;
  const MergeRequest& request_;
  std::vector<Brought> brought_;
};

}  // namespace ofsweep
