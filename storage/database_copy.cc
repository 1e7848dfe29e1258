#include "storage/database_copy.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "storage/schema.h"
#include "storage/sqlite_status.h"

namespace ofsweep {
namespace {

bool IsOfsweepHeader(const char (&header)[100]) {
  if (std::memcmp(header, "SQLite format 3", 16) != 0) return false;
  // The file format's big-endian "Application ID" (sqlite.org/fileformat.html).
  std::int64_t application_id = 0;
  for (int i = 68; i < 72; ++i) application_id = application_id << 8 | static_cast<unsigned char>(header[i]);
  return application_id == kApplicationId;
}

// What VACUUM INTO leaves when it is killed: it writes the first page, which says whose the file is, among the last.
bool IsUnfinished(int fd) {
  char header[100] = {};
  const ssize_t size = ::pread(fd, header, sizeof header, 0);
  const bool zeros = std::all_of(std::begin(header), std::end(header), [](char byte) { return byte == 0; });
  return size == 0 || (size > 0 && (zeros || IsOfsweepHeader(header)));
}

// SQLite says which of the two files it failed on only where it failed to write or to read.
absl::Status CannotCopy(const SQLite::Exception& error, sqlite3* connection, const std::string& source,
                        const FileDraft& draft) {
  switch (error.getErrorCode()) {
    case SQLITE_FULL:
    case SQLITE_IOERR_WRITE:
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_TRUNCATE:
      return draft.CannotWrite(error.what());
    case SQLITE_IOERR_READ:
      return ToStatus(error, connection, source);
    default:
      break;
  }
  switch (error.getErrorCode() & 0xff) {
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return absl::InternalError(absl::StrCat(
          draft.target(), ": ", source, " cannot be copied there (", error.what(), ", SQLite code ",
          error.getErrorCode(), "); what was there before stays as it was. Check the disks and folders of both",
          draft.advice()));
    default:
      return ToStatus(error, connection, source);
  }
}

}  // namespace

bool IsOfsweepDatabase(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char header[100] = {};
  file.read(header, sizeof header);
  return file && IsOfsweepHeader(header);
}

absl::StatusOr<std::unique_ptr<FileDraft>> BeginDatabase(const std::string& target, const std::string& advice) {
  return FileDraft::Begin(target, advice, IsUnfinished);
}

absl::Status CopyDatabase(SQLite::Database& source, const std::string& source_path, const FileDraft& draft) {
  sqlite3_extended_result_codes(source.getHandle(), 1);  // which of the two files failed
  // VACUUM INTO takes a file that is there only when it is empty, which a new one is.
  try {
    SQLite::Statement vacuum(source, "VACUUM INTO ?1");
    vacuum.bind(1, draft.path());
    vacuum.exec();
    return absl::OkStatus();
  } catch (const SQLite::Exception& error) {
    return CannotCopy(error, source.getHandle(), source_path, draft);
  }
}

}  // namespace ofsweep
