#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/commands.h"
#include "storage/file_draft.h"
#include "storage/view_reader.h"

namespace ofsweep {

// A view on its way into a file (file_draft.h). Numbers are the shortest text that reads back to the same double.
//   csv    a line of column names, then a line a row (RFC 4180); NULL is empty; NaN, Infinity and -Infinity
//   jsonl  an object a line; NULL is null; those three are strings
class ExportedFile {
 public:
  // Errors of FileDraft, here and below.
  static absl::StatusOr<std::unique_ptr<ExportedFile>> Begin(const std::string& path, ExportFormat format,
                                                             const std::vector<std::string>& columns);

  const std::string& path() const { return draft_->target(); }
  std::uint64_t rows() const { return rows_; }

  absl::Status Write(std::span<const ViewValue> row);
  // After the last row: all of it is on disk then.
  absl::Status Finish();
  absl::Status TakePlace() { return draft_->TakePlace(); }

 private:
  ExportedFile(std::unique_ptr<FileDraft> draft, ExportFormat format);

  absl::Status Flush();

  const std::unique_ptr<FileDraft> draft_;
  const ExportFormat format_;
  std::string buffer_;              // of rows that are still to be written
  std::vector<std::string> names_;  // of the columns, as the format writes them
  std::uint64_t rows_ = 0;
};

}  // namespace ofsweep
