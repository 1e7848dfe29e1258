#pragma once

#include <cstdint>
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

  // Which of them are new. Errors as MergeDatabase.
  absl::Status Find(MergeCounts& counts);
  // After their trials.
  void Insert(MergeCounts& counts);

 private:
  struct NewOne {
    std::int64_t id = 0;  // in the source
    std::string name;     // here
  };

  absl::Status CheckNames();
  // Whether it stands here with the same specification and trials.
  bool IsSame(std::int64_t theirs, std::int64_t ours);
  std::int64_t InsertOne(const NewOne& sweep);
  // A sweep is finished exactly while all of its trials have a final state. True where it waits to be resumed.
  bool SettleState(std::int64_t sweep);

  DatabaseConnection& connection_;
  const MergeRequest& request_;
  std::vector<NewOne> new_ones_;
};

}  // namespace ofsweep
