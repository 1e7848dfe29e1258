#include "cli/exported_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/format.h"
#include "storage/database_draft.h"
#include "storage/file_identity.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBufferBytes = std::size_t{1} << 18;

std::string JsonText(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

struct CsvValue {
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(std::int64_t number) const { return absl::StrCat(number); }
  std::string operator()(double number) const { return CsvNumber(number); }
  std::string operator()(const std::string& text) const { return CsvField(text); }
};

struct JsonValue {
  std::string operator()(std::monostate) const { return "null"; }
  std::string operator()(std::int64_t number) const { return absl::StrCat(number); }
  std::string operator()(double number) const {
    const std::string text = CsvNumber(number);
    return std::isfinite(number) ? text : absl::StrCat("\"", text, "\"");
  }
  std::string operator()(const std::string& text) const { return JsonText(text); }
};

}  // namespace

ExportedFile::ExportedFile(std::string path, ExportFormat format)
    : path_(std::move(path)), draft_(DraftOf(path_)), format_(format) {}

ExportedFile::~ExportedFile() {
  if (fd_ < 0) return;
  ::unlink(draft_.c_str());
  ::close(fd_);
}

absl::Status ExportedFile::Open() {
  const int fd = ::open(draft_.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
  if (fd < 0) return CannotWrite(errno);
  struct stat opened {};
  const bool is_mine = ::flock(fd, LOCK_EX | LOCK_NB) == 0 && ::fstat(fd, &opened) == 0 &&
                       IdentityOf(opened) == IdentityOf(draft_);  // else another export has just finished it
  if (!is_mine) {
    ::close(fd);
    return absl::UnavailableError(
        absl::StrCat(path_, ": another `ofsweep db export` is writing it; let that one end, or give another --to"));
  }
  fd_ = fd;
  return ::ftruncate(fd_, 0) == 0 ? absl::OkStatus() : CannotWrite(errno);
}

absl::StatusOr<std::unique_ptr<ExportedFile>> ExportedFile::Begin(const std::string& path, ExportFormat format,
                                                                  const std::vector<std::string>& columns) {
  std::unique_ptr<ExportedFile> file(new ExportedFile(path, format));
  if (absl::Status opened = file->Open(); !opened.ok()) return opened;
  for (const std::string& column : columns) {
    file->names_.push_back(format == ExportFormat::kCsv ? CsvField(column) : JsonText(column));
  }
  if (format == ExportFormat::kJsonl) return file;
  file->buffer_ = absl::StrCat(absl::StrJoin(file->names_, ","), "\n");
  return file;
}

absl::Status ExportedFile::Write(std::span<const ViewValue> row) {
  const bool is_json = format_ == ExportFormat::kJsonl;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (is_json) {
      absl::StrAppend(&buffer_, i == 0 ? "{" : ",", names_[i], ":", std::visit(JsonValue(), row[i]));
    } else {
      absl::StrAppend(&buffer_, i == 0 ? "" : ",", std::visit(CsvValue(), row[i]));
    }
  }
  buffer_ += is_json ? "}\n" : "\n";
  ++rows_;
  return buffer_.size() < kBufferBytes ? absl::OkStatus() : Flush();
}

absl::Status ExportedFile::Flush() {
  for (std::size_t done = 0; done < buffer_.size();) {
    const ssize_t size = ::write(fd_, buffer_.data() + done, buffer_.size() - done);
    if (size < 0 && errno != EINTR) return CannotWrite(errno);
    if (size > 0) done += static_cast<std::size_t>(size);
  }
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status ExportedFile::Finish() {
  if (absl::Status written = Flush(); !written.ok()) return written;
  return ::fsync(fd_) == 0 ? absl::OkStatus() : CannotWrite(errno);
}

absl::Status ExportedFile::TakePlace() {
  std::error_code error;
  fs::rename(draft_, path_, error);
  if (error) {
    return absl::ResourceExhaustedError(absl::StrCat(path_, ": cannot be replaced (", error.message(),
                                                     "); move what is there away, or give another --to"));
  }
  ::close(std::exchange(fd_, -1));
  return absl::OkStatus();
}

absl::Status ExportedFile::CannotWrite(int error) const {
  return absl::ResourceExhaustedError(
      absl::StrCat(path_, ": cannot be written (", std::strerror(error),
                   "); what was there before stays as it was. Free space there, make the folder writable, or give "
                   "another --to"));
}

}  // namespace ofsweep
