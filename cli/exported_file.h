#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/commands.h"
#include "storage/view_reader.h"

namespace ofsweep {

// A view on its way into a file: written under a name beside it, which TakePlace turns into its own, or else gone with
// the object. Numbers are the shortest text that reads back to the same double.
//   csv    a line of column names, then a line a row (RFC 4180); NULL is empty; NaN, Infinity and -Infinity
//   jsonl  an object a line; NULL is null; those three are strings
class ExportedFile {
 public:
  // Unavailable while another process writes it; ResourceExhausted when it cannot be made; so below when it cannot be
  // written, on a full disk say.
  static absl::StatusOr<std::unique_ptr<ExportedFile>> Begin(const std::string& path, ExportFormat format,
                                                             const std::vector<std::string>& columns);
  ~ExportedFile();
  ExportedFile(const ExportedFile&) = delete;
  ExportedFile& operator=(const ExportedFile&) = delete;

  const std::string& path() const { return path_; }
  std::uint64_t rows() const { return rows_; }

  absl::Status Write(std::span<const ViewValue> row);
  // After the last row: all of it is on disk then.
  absl::Status Finish();
  absl::Status TakePlace();

 private:
  ExportedFile(std::string path, ExportFormat format);

  absl::Status Open();
  absl::Status Flush();
  absl::Status CannotWrite(int error) const;

  const std::string path_;
  const std::string draft_;
  const ExportFormat format_;
  int fd_ = -1;                     // the lock on it keeps two exports into one folder apart
  std::string buffer_;              // of rows that are still to be written
  std::vector<std::string> names_;  // of the columns, as the format writes them
  std::uint64_t rows_ = 0;
};

}  // namespace ofsweep
