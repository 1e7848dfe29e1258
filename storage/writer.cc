#include "storage/writer.h"

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "storage/disk_probe.h"
#include "storage/sqlite_status.h"
#include "storage/writer_connection.h"

namespace ofsweep {
namespace {

// What is committed together: large enough that a commit's cost is shared by many operations, small enough that the
// first of a group is not kept waiting by the last.
constexpr std::size_t kGroupBytes = std::size_t{4} << 20;

// Pages in the WAL at which it is copied into the database.
constexpr int kCheckpointPages = 4096;
// On a small disk earlier: while what is free could take it twice, because folding back makes the database grow. Not
// for less than this, though.
constexpr int kFewPages = 64;
// Trials whose points are sealed in one commit, where so many end within this time.
constexpr std::size_t kSealsTogether = 64;
constexpr std::chrono::nanoseconds kSealPatience = std::chrono::milliseconds(200);

constexpr std::uint64_t kPageBytes = 4096;  // SQLite's own default, which no migration changes

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Writer>> Writer::Open(const StoreOptions& options) {
  absl::StatusOr<WriterConnection> opened = OpenToWrite(options);
  if (!opened.ok()) return opened.status();
  try {
    std::unique_ptr<Writer> writer(
        new Writer(options.path, std::move(opened->lock), std::move(opened->connection), options.seal_every_steps));
    writer->points_.RequestInterruptedSeals();
    writer->thread_ = std::thread(&Writer::Run, writer.get());
    return writer;
  } catch (const SQLite::Exception& error) {
    return ToStatus(error, nullptr, options.path);
  }
}

Writer::Writer(std::string path, std::unique_ptr<WriterLock> lock, std::unique_ptr<DatabaseConnection> connection,
               std::int64_t seal_every_steps)
    : path_(std::move(path)),
      lock_(std::move(lock)),
      connection_(std::move(connection)),
      file_(IdentityOf(path_)),
      points_(*connection_, seal_every_steps) {
  // Takes the place of SQLite's own checkpoints, which would run inside COMMIT and keep its callers waiting.
  const auto note_pages = [](void* pages, sqlite3*, const char*, int count) {
    *static_cast<int*>(pages) = count;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(connection_->handle(), note_pages, &wal_pages_);
}

Writer::~Writer() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void Writer::Submit(Operation operation) {
  const absl::MutexLock lock(&mutex_);
  queue_.push_back(std::move(operation));
}

void Writer::Observe(Observer observer) {
  const absl::MutexLock lock(&mutex_);
  observer_ = std::move(observer);
}

void Writer::ObserveFailures(std::function<void(const absl::Status&)> observer) {
  const absl::MutexLock lock(&mutex_);
  failure_observer_ = std::move(observer);
}

std::vector<Writer::Operation> Writer::TakeGroup() {
  std::vector<Operation> group;
  const absl::MutexLock lock(&mutex_);
  const absl::Condition has_work(this, &Writer::HasOperationsOrStops);
  const bool will_seal = points_.HasSealWork() && !slice_failed_;
  if (!will_seal && !ClearIsDue()) {
    mutex_.Await(has_work);
  } else if (!SealIsDue() && !ClearIsDue()) {
    const auto waited = std::chrono::steady_clock::now() - points_.seals_asked_at();
    mutex_.AwaitWithTimeout(has_work, absl::FromChrono(kSealPatience - waited));
  }
  std::size_t bytes = 0;
  while (!queue_.empty() && (group.empty() || bytes + queue_.front().bytes <= kGroupBytes)) {
    bytes += queue_.front().bytes;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return group;
}

bool Writer::SealIsDue() const {
  if (!points_.HasSealWork() || slice_failed_) return false;
  return points_.seals() >= kSealsTogether ||
         std::chrono::steady_clock::now() >= points_.seals_asked_at() + kSealPatience;
}

bool Writer::ClearIsDue() const {
  return points_.HasClearWork() && !slice_failed_;
}

void Writer::Run() {
  while (true) {
    std::vector<Operation> group = TakeGroup();
    if (!group.empty()) {
      Commit(group);
    } else {
      const absl::MutexLock lock(&mutex_);
      if (stopping_ && queue_.empty()) return;
    }
    if (SealIsDue()) {
      WriteSlice("seal", &PointWrites::SealSlice);
    } else if (ClearIsDue()) {
      WriteSlice("clear", &PointWrites::ClearSlice);
    }
    CheckpointLongWal();
  }
}

void Writer::Commit(std::span<Operation> group) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<absl::Status> outcomes(group.size());
  absl::Status committed = ApplyTogether(group, outcomes);
  if (committed.ok()) committed = CheckFilesAreThere();
  // Its own log may be what fills the disk.
  if (absl::IsResourceExhausted(committed)) FoldWalBack();
  // Who could not get the lock together will not get it alone, and would wait as long again.
  if (!committed.ok() && !absl::IsUnavailable(committed) && group.size() > 1) {
    for (std::size_t i = 0; i < group.size(); ++i) Commit(group.subspan(i, 1));
    return;
  }
  if (committed.ok()) {
    slice_failed_ = false;
    Report(group, SecondsSince(start));
  }
  ReportFailure(committed, outcomes);
  for (std::size_t i = 0; i < group.size(); ++i) group[i].done(committed.ok() ? outcomes[i] : committed);
}

bool Writer::ApplyUnguarded(std::span<Operation> group) {
  try {
    return std::all_of(group.begin(), group.end(),
                       [this](const Operation& operation) { return operation.apply(*connection_, points_).ok(); });
  } catch (const std::exception&) {  // it will be thrown again
    return false;
  }
}

// Not OK: nothing of the group is stored.
absl::Status Writer::ApplyTogether(std::span<Operation> group, std::vector<absl::Status>& outcomes) {
  try {
    connection_->Execute("BEGIN IMMEDIATE");
    if (!ApplyUnguarded(group)) {
      Rollback();
      connection_->Execute("BEGIN IMMEDIATE");
      for (std::size_t i = 0; i < group.size(); ++i) {
        outcomes[i] = ApplyOne(group[i]);
        if (!connection_->InTransaction()) return outcomes[i];
      }
    }
    connection_->Execute("COMMIT");
    return absl::OkStatus();
  } catch (const SQLite::Exception& error) {
    const absl::Status status = ToStatus(error, connection_->handle(), path_);
    Rollback();
    return status;
  }
}

absl::Status Writer::CheckFilesAreThere() {
  const std::string log_path = path_ + "-wal";
  const std::optional<FileIdentity> now = IdentityOf(path_);
  const std::optional<FileIdentity> log = IdentityOf(log_path);
  if (!log_) log_ = log;  // there since the first commit
  if (now == file_ && log == log_) return absl::OkStatus();
  const bool is_log = now == file_;
  return absl::UnavailableError(absl::StrCat(
      is_log ? log_path : path_, is_log ? ": the newest part of the database was " : ": the database was ",
      (is_log ? log : now) ? "replaced" : "deleted", " while this coordinator has it open, so that ",
      "nothing is stored any more; stop the coordinator, put the database back (or a copy of it), and start it again"));
}

absl::Status Writer::ApplyOne(const Operation& operation) {
  absl::Status status;
  Query(connection_->Prepare("SAVEPOINT operation")).Run();
  try {
    status = operation.apply(*connection_, points_);
  } catch (const SQLite::Exception& error) {
    status = ToStatus(error, connection_->handle(), path_);
    points_.Forget();
  } catch (const std::exception& error) {
    status = absl::InternalError(absl::StrCat(path_, ": ", error.what()));
    points_.Forget();
  }
  if (!connection_->InTransaction()) return status;
  if (!status.ok()) connection_->Execute("ROLLBACK TO operation");
  Query(connection_->Prepare("RELEASE operation")).Run();
  return status;
}

void Writer::WriteSlice(std::string_view kind, void (PointWrites::*slice)()) {
  const auto start = std::chrono::steady_clock::now();
  try {
    connection_->Execute("BEGIN IMMEDIATE");
    (points_.*slice)();
    connection_->Execute("COMMIT");
    points_.SliceIsDurable();
  } catch (const SQLite::Exception&) {
    // The points stay where they are, where readers do not mind them; the next commit that succeeds tries again.
    Rollback();
    slice_failed_ = true;
    return;
  }
  const Operation done{.kind = kind};
  Report({&done, 1}, SecondsSince(start));
}

void Writer::Rollback() {
  points_.Forget();
  if (connection_->InTransaction()) connection_->database().tryExec("ROLLBACK");
}

void Writer::CheckpointLongWal() {
  const auto bytes = static_cast<std::uint64_t>(wal_pages_) * kPageBytes;
  if (wal_pages_ >= kFewPages && FreeBytesOnDiskOf(path_) < 2 * bytes) FoldWalBack();
  if (wal_pages_ < kCheckpointPages) return;
  wal_pages_ = 0;
  // Failure is harmless: the WAL holds everything, grows, and is copied after a later commit.
  sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

void Writer::FoldWalBack() {
  wal_pages_ = 0;
  sqlite3_busy_timeout(connection_->handle(), 0);  // a long reader must not stop all writes
  sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  sqlite3_busy_timeout(connection_->handle(), kBusyTimeoutMs);
}

void Writer::ReportFailure(const absl::Status& committed, std::span<const absl::Status> outcomes) {
  const bool is_known = absl::IsResourceExhausted(committed) || (!committed.ok() && !CheckFilesAreThere().ok());
  const absl::Status* failure = is_known ? &committed : nullptr;
  for (const absl::Status& outcome : outcomes) {
    if (committed.ok() && absl::IsResourceExhausted(outcome)) failure = &outcome;
  }
  if (failure == nullptr) return;
  std::function<void(const absl::Status&)> observer;
  {
    const absl::MutexLock lock(&mutex_);
    observer = failure_observer_;
  }
  if (observer) observer(*failure);
}

void Writer::Report(std::span<const Operation> group, double seconds) {
  std::set<std::string_view> kinds;
  for (const Operation& operation : group) kinds.insert(operation.kind);
  Observer observer;
  {
    const absl::MutexLock lock(&mutex_);
    observer = observer_;
  }
  if (!observer) return;
  for (const std::string_view kind : kinds) observer(std::string(kind), seconds);
}

}  // namespace ofsweep
