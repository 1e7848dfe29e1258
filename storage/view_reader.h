#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/database_connection.h"

namespace ofsweep {

// A view of views.h: its name, the column that picks its rows ("sweep", "trial_id"), and how those of one are ordered,
// in SQL.
struct ReadableView {
  std::string_view name;
  std::string_view key;
  std::string_view order = "";
};

// All of them but `audit`, which is of no sweep, in the order in which they are exported. Of curves, points come curve
// by curve, as they are stored: they are many to sort.
inline constexpr std::array<ReadableView, 9> kReadableViews = {{
    {"results", "sweep"},
    {"attempts", "trial_id", " ORDER BY generation"},
    {"params", "trial_id"},
    {"provenance", "sweep", " ORDER BY trial_id, generation"},
    {"specs", "sweep", " ORDER BY number"},
    {"sweep_attributes", "sweep"},
    {"ablation", "sweep", " ORDER BY arm"},
    {"metrics", "trial_id", " ORDER BY metric, site, layer, aggregate"},
    {"curves", "trial_id"},
}};

// A value of a view; nothing for NULL. In `value` of curves and metrics, where NULL stands for it, NaN is a number.
using ViewValue = std::variant<std::monostate, std::int64_t, double, std::string>;

// Reads whole views in one snapshot, beside a running coordinator too, whose write-ahead log grows meanwhile.
class ViewReader {
 public:
  using Visitor = std::function<absl::Status(std::span<const ViewValue>)>;

  // Only of these sweeps and their trials; none named: all. NotFound where there is no such database or sweep;
  // otherwise as Store::OpenReadOnly.
  static absl::StatusOr<std::unique_ptr<ViewReader>> Open(const std::string& path,
                                                          const std::vector<std::string>& sweeps);

  absl::StatusOr<std::vector<std::string>> Columns(const ReadableView& view);
  // Calls `visit` for each row, sweep by sweep or trial by trial, until it fails; `progress` before each of these, with
  // how many are done and how many there are. Errors: that of `visit`; those of ToStatus (sqlite_status.h).
  absl::Status Visit(const ReadableView& view, const Visitor& visit,
                     const std::function<void(std::size_t done, std::size_t all)>& progress);

 private:
  ViewReader(std::string path, std::unique_ptr<DatabaseConnection> connection);

  absl::Status FindSweeps(const std::vector<std::string>& sweeps);
  void FindTrials();

  const std::string path_;
  const std::unique_ptr<DatabaseConnection> connection_;
  SQLite::Transaction snapshot_;
  std::vector<std::string> sweeps_;  // oldest first
  std::vector<std::string> trials_;  // of these, each once, in the order of the first sweep that has it
};

}  // namespace ofsweep
