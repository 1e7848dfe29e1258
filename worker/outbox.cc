#include "worker/outbox.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>
#include <variant>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "experiment/terminal_text.h"
#include "host/disk.h"
#include "worker/columns.h"
#include "worker/line_reader.h"
#include "worker/trial_folder.h"

namespace ofsweep {
namespace {

constexpr char kSuffix[] = ".jsonl";
constexpr char kAckedSuffix[] = ".acked";
constexpr std::size_t kScanBytes = 1 << 20;

absl::Status FileError(const char* what, const std::string& path) {
  const int error = errno;
  const bool full = IsNoSpace(error);
  const std::string message = absl::StrCat(what, " ", path, ": ", std::strerror(error),
                                           full ? "; free some space, or give the worker another --data-dir" : "");
  return full ? absl::ResourceExhaustedError(message) : absl::InternalError(message);
}

absl::Status WriteLine(int fd, const std::string& path, std::string line) {
  line += '\n';
  const ssize_t written = ::write(fd, line.data(), line.size());
  if (written == static_cast<ssize_t>(line.size())) return absl::OkStatus();
  if (written >= 0) errno = ENOSPC;  // a regular file takes less only when it cannot grow
  return FileError("cannot write", path);
}

using Entry = std::filesystem::directory_entry;

std::vector<Entry> EntriesOf(const std::string& folder) {
  std::vector<Entry> entries;
  std::error_code ignored;
  for (std::filesystem::directory_iterator entry(folder, ignored), end; entry != end; entry.increment(ignored)) {
    entries.push_back(*entry);
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

// "TRIAL.GENERATION.jsonl"
bool IsOutboxName(std::string_view name) {
  if (!name.ends_with(kSuffix)) return false;
  name.remove_suffix(sizeof kSuffix - 1);
  const std::size_t dot = name.rfind('.');
  std::uint64_t generation = 0;
  return dot != std::string_view::npos && IsTrialFolderName(std::string(name.substr(0, dot))) &&
         absl::SimpleAtoi(std::string(name.substr(dot + 1)), &generation);
}

bool IsOutbox(const Entry& entry) {
  std::error_code ignored;
  return IsOutboxName(entry.path().filename().string()) && entry.is_regular_file(ignored);
}

bool IsMark(const Entry& entry) {
  return entry.path().extension() == kAckedSuffix && IsOutboxName(entry.path().stem().string());
}

}  // namespace

Outbox::Outbox(std::string path, UniqueFd file, UniqueFd acked_file)
    : path_(std::move(path)), file_(std::move(file)), acked_file_(std::move(acked_file)) {}

absl::StatusOr<std::unique_ptr<Outbox>> Outbox::OpenFiles(const std::string& path, int flags) {
  UniqueFd file(::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC | flags, 0600));
  if (file.get() < 0) return FileError("cannot open", path);
  const std::string acked_path = absl::StrCat(path, kAckedSuffix);
  UniqueFd acked_file(::open(acked_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | (flags & O_TRUNC), 0600));
  if (acked_file.get() < 0) return FileError("cannot open", acked_path);
  return std::unique_ptr<Outbox>(new Outbox(path, std::move(file), std::move(acked_file)));
}

absl::StatusOr<std::unique_ptr<Outbox>> Outbox::Create(const std::string& folder, const AttemptHeader& header) {
  const std::string path = PathOf(folder, header.name);
  absl::StatusOr<std::unique_ptr<Outbox>> outbox = OpenFiles(path, O_CREAT | O_TRUNC);
  if (!outbox.ok()) return outbox;
  if (absl::Status status = WriteLine((*outbox)->file_.get(), path, HeaderLine(header)); !status.ok()) {
    (*outbox)->Remove();
    return status;
  }
  // A power cut may cost the file its last lines, but must not take it whole.
  const UniqueFd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync((*outbox)->file_.get()) != 0 || ::fsync(directory.get()) != 0) {
    const absl::Status status = FileError("cannot sync", path);
    (*outbox)->Remove();
    return status;
  }
  (*outbox)->scanned_ = {.offset = (*outbox)->size(), .line = 1};
  return outbox;
}

absl::StatusOr<std::unique_ptr<Outbox>> Outbox::Open(const std::string& path) {
  absl::StatusOr<std::unique_ptr<Outbox>> outbox = OpenFiles(path, 0);
  if (!outbox.ok()) return outbox;
  // A damaged mark only costs a resend, which changes nothing.
  std::uint64_t acked = 0;
  const ssize_t got = ::pread((*outbox)->acked_file_.get(), &acked, sizeof acked, 0);
  if (got == sizeof acked && acked <= (*outbox)->size()) (*outbox)->acked_.offset = acked;
  return outbox;
}

std::string Outbox::PathOf(const std::string& folder, const AttemptName& name) {
  return absl::StrCat(folder, "/", name.trial_id, ".", name.generation, kSuffix);
}

std::vector<std::string> Outbox::List(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : EntriesOf(folder)) {
    if (IsOutbox(entry)) paths.push_back(entry.path().string());
  }
  return paths;
}

std::vector<std::string> Outbox::ListStrays(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : EntriesOf(folder)) {
    if (!IsOutbox(entry) && !IsMark(entry)) names.push_back(TerminalText(entry.path().filename().string()));
  }
  return names;
}

std::uint64_t Outbox::size() const {
  struct stat status {};
  return ::fstat(file_.get(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

absl::StatusOr<bool> Outbox::Scan(const Observer& observer) {
  const std::uint64_t limit = scanned_.offset + kScanBytes;
  std::uint64_t offset = scanned_.offset;
  absl::Status lost;
  const absl::Status status = ReadLines(file_.get(), offset, [&](std::string_view line, std::uint64_t line_offset) {
    lost = ScanLine(line, offset, observer);
    return lost.ok() && line_offset < limit;
  });
  if (!status.ok()) return status;
  if (!lost.ok()) return lost;
  return scanned_.offset > limit;
}

absl::Status Outbox::ScanLine(std::string_view line, std::uint64_t end_offset, const Observer& observer) {
  absl::StatusOr<OutboxLine> read = ReadOutboxLine(line, scanned_.line);
  if (!read.ok()) return read.status();
  const bool was_acknowledged = scanned_.offset < acked_.offset;
  const auto* event = std::get_if<TrainerEvent>(&*read);
  if (const auto* points = event != nullptr ? std::get_if<PointsEvent>(event) : nullptr) {
    scanned_.step = points->points.step;
    if (!was_acknowledged) unsent_ += points->points.points.size();
  }
  scanned_.offset = end_offset;
  if (!std::holds_alternative<Garbage>(*read)) ++scanned_.line;
  if (was_acknowledged) acked_ = {.offset = acked_.offset, .line = scanned_.line, .step = scanned_.step};
  if (const auto* header = std::get_if<AttemptHeader>(&*read)) {
    observer.on_header(*header);
  } else if (const auto* end = std::get_if<AttemptEnd>(&*read)) {
    observer.on_end(*end);
  } else if (auto* trainer_event = std::get_if<TrainerEvent>(&*read)) {
    observer.on_event(*trainer_event);
  } else {
    observer.on_garbage(line);
  }
  return absl::OkStatus();
}

absl::Status Outbox::ReadPoints(
    Position& at, const std::function<bool(const Position& begin, const StepPoints& points)>& visit) const {
  std::uint64_t offset = at.offset;
  absl::Status lost;
  const absl::Status status = ReadLines(file_.get(), offset, [&](std::string_view line, std::uint64_t line_offset) {
    if (line_offset >= scanned_.offset) return false;
    const absl::StatusOr<OutboxLine> read = ReadOutboxLine(line, at.line);
    lost = read.status();
    if (!lost.ok()) return false;
    const Position begin = std::exchange(at, {.offset = offset, .line = at.line, .step = at.step});
    if (!std::holds_alternative<Garbage>(*read)) ++at.line;
    const auto* event = std::get_if<TrainerEvent>(&*read);
    const auto* points = event != nullptr ? std::get_if<PointsEvent>(event) : nullptr;
    if (points == nullptr) return true;
    at.step = points->points.step;
    return visit(begin, points->points);
  });
  return status.ok() ? lost : status;
}

absl::StatusOr<Outbox::Batch> Outbox::NextBatch(std::size_t max_points, v1::TrialPoints& out) const {
  Batch batch{.end = acked_};
  if (unsent_ == 0) return batch;
  out.set_after_step(static_cast<std::uint64_t>(acked_.step));
  ColumnWriter columns(out);
  const absl::Status status = ReadPoints(batch.end, [&](const Position&, const StepPoints& points) {
    columns.Add(points);
    batch.points += points.points.size();
    return batch.points < max_points;
  });
  if (!status.ok() && batch.points == 0) return status;
  return batch;
}

absl::Status Outbox::Rewind(std::int64_t stored_through) {
  std::optional<Position> mark;
  std::uint64_t unsent = 0;
  Position at;
  const absl::Status status = ReadPoints(at, [&](const Position& begin, const StepPoints& points) {
    // 0 also stands for a curve of which nothing is stored, step 0 neither.
    const bool is_stored = points.step <= stored_through && stored_through > 0;
    if (!mark && is_stored && begin.offset < acked_.offset) return true;
    if (!mark) mark = begin;
    unsent += points.points.size();
    return true;
  });
  if (!status.ok()) return status;
  acked_ = mark.value_or(scanned_);
  unsent_ = unsent;
  WriteMark();
  return absl::OkStatus();
}

void Outbox::Acknowledge(const Batch& batch) {
  acked_ = batch.end;
  unsent_ -= batch.points;
  WriteMark();
}

// Eight bytes at once: a kill leaves the old mark or the new one. An old one costs a resend.
void Outbox::WriteMark() {
  [[maybe_unused]] const ssize_t written = ::pwrite(acked_file_.get(), &acked_.offset, sizeof acked_.offset, 0);
}

absl::Status Outbox::AppendEnd(const AttemptEnd& end) {
  if (::ftruncate(file_.get(), static_cast<off_t>(scanned_.offset)) != 0) return FileError("cannot cut", path_);
  return WriteLine(file_.get(), path_, EndLine(end, scanned_.line));
}

void Outbox::Remove() {
  ::unlink(path_.c_str());
  ::unlink(absl::StrCat(path_, kAckedSuffix).c_str());
}

}  // namespace ofsweep
