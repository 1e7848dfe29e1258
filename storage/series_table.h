#pragma once

#include <cstdint>
#include <unordered_map>

#include "experiment/metric_point.h"
#include "storage/database_connection.h"
#include "storage/result_columns.h"

namespace ofsweep {

// The writer's view of the table `series`: the integer that stands for each (metric, layer, site).
class SeriesTable {
 public:
  struct Entry {
    std::int64_t id = 0;
    ResultRole role;
  };

  explicit SeriesTable(DatabaseConnection& connection) : connection_(connection) {}

  // Adds the series when it is new, in the transaction that is open.
  Entry Intern(const Series& series);
  // After a rollback: rows added by it are gone.
  void Forget() { entries_.clear(); }

 private:
  struct Hash {
    std::size_t operator()(const Series& series) const;
  };

  DatabaseConnection& connection_;
  std::unordered_map<Series, Entry, Hash> entries_;
};

// How the tables spell "no layer".
inline constexpr int kNoLayer = -1;

}  // namespace ofsweep
