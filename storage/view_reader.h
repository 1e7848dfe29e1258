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

// The views of views.h, in the order in which they are exported.
inline constexpr std::array<std::string_view, 9> kViewNames = {
    "results", "attempts", "params", "provenance", "specs", "sweep_attributes", "ablation", "metrics", "curves"};

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

  absl::StatusOr<std::vector<std::string>> Columns(std::string_view view);
  // Calls `visit` for each row, sweep by sweep or trial by trial, until it fails; `progress` before each of these, with
  // how many are done and how many there are. Errors: that of `visit`; those of ToStatus (sqlite_status.h).
  absl::Status Visit(std::string_view view, const Visitor& visit,
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
