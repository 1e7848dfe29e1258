#include "worker/outbox.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "experiment/quoted.h"
#include "host/disk.h"
#include "worker/columns.h"
#include "worker/line_reader.h"

namespace ofsweep {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kSuffix[] = ".jsonl";
constexpr char kAckedSuffix[] = ".acked";
constexpr std::size_t kScanBytes = 1 << 20;
// The agent's own lines begin so; the trainer's begin with "event".
constexpr std::string_view kOwnLine = "{\"agent\":";

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

Json ToJson(const AttemptHeader& header) {
  return {{"agent", "attempt"},
          {"trial_id", header.name.trial_id},
          {"generation", header.name.generation},
          {"attempt", header.attempt},
          {"started_at_ms", header.started_at_ms},
          {"continued_generation", header.continued_generation}};
}

Json ToJson(const AttemptEnd& end) {
  return {{"agent", "ended"}, {"outcome", Name(end.outcome)},    {"class", Name(end.failure)}, {"message", end.message},
          {"step", end.step}, {"wall_seconds", end.wall_seconds}};
}

// Where an event begins: also behind what a library has printed without a newline.
constexpr std::string_view kEventBegins = "{\"event\"";

// The agent wrote it: a line of another shape throws, and counts as garbage.
void ReadOwnLine(std::string_view line, const Outbox::Observer& observer) {
  const Json json = Json::parse(line);
  if (json.at("agent") == "attempt") {
    observer.on_header({.name = {json.at("trial_id"), json.at("generation")},
                        .attempt = json.value("attempt", 1),
                        .started_at_ms = json.at("started_at_ms"),
                        .continued_generation = json.value("continued_generation", std::uint64_t{0})});
    return;
  }
  const auto outcome = ParseAttemptOutcome(json.at("outcome").get<std::string>());
  if (!outcome) throw std::invalid_argument("the agent's record of the end has an unknown outcome");
  observer.on_end({.outcome = *outcome,
                   .failure = ParseFailureClass(json.at("class").get<std::string>()).value_or(FailureClass::kNone),
                   .message = json.at("message"),
                   .step = json.at("step"),
                   .wall_seconds = json.at("wall_seconds")});
}

}  // namespace

Outbox::Outbox(std::string path, UniqueFd file, UniqueFd acked_file)
    : path_(std::move(path)), file_(std::move(file)), acked_file_(std::move(acked_file)) {}

absl::StatusOr<std::unique_ptr<Outbox>> Outbox::OpenFiles(const std::string& path, int flags) {
  UniqueFd file(::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC | flags, 0644));
  if (file.get() < 0) return FileError("cannot open", path);
  const std::string acked_path = absl::StrCat(path, kAckedSuffix);
  UniqueFd acked_file(::open(acked_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | (flags & O_TRUNC), 0644));
  if (acked_file.get() < 0) return FileError("cannot open", acked_path);
  return std::unique_ptr<Outbox>(new Outbox(path, std::move(file), std::move(acked_file)));
}

absl::StatusOr<std::unique_ptr<Outbox>> Outbox::Create(const std::string& folder, const AttemptHeader& header) {
  const std::string path = absl::StrCat(folder, "/", header.name.trial_id, ".", header.name.generation, kSuffix);
  absl::StatusOr<std::unique_ptr<Outbox>> outbox = OpenFiles(path, O_CREAT | O_TRUNC);
  if (!outbox.ok()) return outbox;
  if (absl::Status status = WriteLine((*outbox)->file_.get(), path, ToJson(header).dump()); !status.ok()) {
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
  (*outbox)->scanned_ = (*outbox)->size();
  return outbox;
}

absl::StatusOr<std::unique_ptr<Outbox>> Outbox::Open(const std::string& path) {
  absl::StatusOr<std::unique_ptr<Outbox>> outbox = OpenFiles(path, 0);
  if (!outbox.ok()) return outbox;
  // A damaged mark only costs a resend, which changes nothing.
  std::uint64_t acked = 0;
  const ssize_t got = ::pread((*outbox)->acked_file_.get(), &acked, sizeof acked, 0);
  if (got == sizeof acked && acked <= (*outbox)->size()) (*outbox)->acked_ = acked;
  return outbox;
}

std::vector<std::string> Outbox::List(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == kSuffix) paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::uint64_t Outbox::size() const {
  struct stat status {};
  return ::fstat(file_.get(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

absl::StatusOr<bool> Outbox::Scan(const Observer& observer) {
  const std::uint64_t limit = scanned_ + kScanBytes;
  absl::Status lost;
  const absl::Status status = ReadLines(file_.get(), scanned_, [&](std::string_view line, std::uint64_t offset) {
    lost = ScanLine(line, offset, observer);
    if (!lost.ok()) scanned_ = offset;
    return lost.ok() && offset < limit;
  });
  if (!status.ok()) return status;
  if (!lost.ok()) return lost;
  return scanned_ > limit;
}

absl::Status Outbox::ScanLine(std::string_view line, std::uint64_t offset, const Observer& observer) {
  if (line.starts_with(kOwnLine)) {
    try {
      ReadOwnLine(line, observer);
    } catch (const std::exception& error) {
      observer.on_garbage(line, absl::InvalidArgumentError(error.what()));
    }
    return absl::OkStatus();
  }
  absl::StatusOr<TrainerEvent> event = ParseTrainerEvent(line);
  if (!event.ok()) {
    if (line.find(kEventBegins) != std::string_view::npos) {
      return absl::DataLossError(absl::StrCat(
          "an event of the trainer cannot be read: ", Printable(std::string(event.status().message())), ": ",
          Printable(line), "; nothing else may write to its standard output, and its version has to be the worker's"));
    }
    observer.on_garbage(line, event.status());
    return absl::OkStatus();
  }
  if (const auto* points = std::get_if<PointsEvent>(&*event); points != nullptr && offset >= acked_) {
    unsent_ += points->points.points.size();
  }
  observer.on_event(*event);
  return absl::OkStatus();
}

absl::StatusOr<Outbox::Batch> Outbox::NextBatch(std::size_t max_points, v1::TrialPoints& out) const {
  Batch batch{.end_offset = acked_};
  if (unsent_ == 0) return batch;
  ColumnWriter columns(out);
  std::uint64_t offset = acked_;
  const absl::Status status = ReadLines(file_.get(), offset, [&](std::string_view line, std::uint64_t line_offset) {
    if (line_offset >= scanned_) return false;
    if (line.starts_with(kOwnLine)) return true;
    const absl::StatusOr<TrainerEvent> event = ParseTrainerEvent(line);
    if (!event.ok()) return true;
    const auto* points = std::get_if<PointsEvent>(&*event);
    if (points == nullptr) return true;
    columns.Add(points->points);
    batch.points += points->points.points.size();
    return batch.points < max_points;
  });
  if (!status.ok()) return status;
  batch.end_offset = std::min(offset, scanned_);
  return batch;
}

absl::Status Outbox::Rewind(std::int64_t stored_through) {
  std::uint64_t mark = 0;
  std::uint64_t unsent = 0;
  std::uint64_t offset = 0;
  const absl::Status status = ReadLines(file_.get(), offset, [&](std::string_view line, std::uint64_t line_offset) {
    if (line_offset >= scanned_) return false;
    if (line.starts_with(kOwnLine)) return true;
    const absl::StatusOr<TrainerEvent> event = ParseTrainerEvent(line);
    const auto* points = event.ok() ? std::get_if<PointsEvent>(&*event) : nullptr;
    if (points == nullptr) return true;
    // 0 also stands for a curve of which nothing is stored, step 0 neither.
    const bool is_stored = points->points.step <= stored_through && stored_through > 0;
    const bool waits = line_offset >= acked_ || !is_stored;
    if (waits && unsent == 0) mark = line_offset;
    if (waits) unsent += points->points.points.size();
    return true;
  });
  if (!status.ok()) return status;
  acked_ = unsent > 0 ? mark : scanned_;
  unsent_ = unsent;
  WriteMark();
  return absl::OkStatus();
}

void Outbox::Acknowledge(const Batch& batch) {
  acked_ = batch.end_offset;
  unsent_ -= batch.points;
  WriteMark();
}

// Eight bytes at once: a kill leaves the old mark or the new one. An old one costs a resend.
void Outbox::WriteMark() {
  [[maybe_unused]] const ssize_t written = ::pwrite(acked_file_.get(), &acked_, sizeof acked_, 0);
}

absl::Status Outbox::AppendEnd(const AttemptEnd& end) {
  if (::ftruncate(file_.get(), static_cast<off_t>(scanned_)) != 0) return FileError("cannot cut", path_);
  return WriteLine(file_.get(), path_, ToJson(end).dump());
}

void Outbox::Remove() {
  ::unlink(path_.c_str());
  ::unlink(absl::StrCat(path_, kAckedSuffix).c_str());
}

}  // namespace ofsweep
