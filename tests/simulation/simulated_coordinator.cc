#include "tests/simulation/simulated_coordinator.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>
#include <future>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiment/data_folder.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBreakable[] = {
    "UPDATE ON trials",        "INSERT ON trials",         "INSERT ON sweeps",
    "UPDATE ON sweeps",        "INSERT ON trial_attempts", "UPDATE ON trial_attempts",
    "INSERT ON recent_points", "INSERT ON trial_results",  "INSERT ON sweep_inputs",
};

// Of the call that this thread makes: how often it has read the clock.
thread_local std::atomic<int>* clock_reads = nullptr;

void Check(const absl::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

}  // namespace

const std::size_t SimulatedCoordinator::kWaysToBreak = std::size(kBreakable);

TimeMs SimulatedCoordinator::SimulatedClock::Now() const {
  if (clock_reads != nullptr) {
    ++*clock_reads;
    clock_reads->notify_all();
  }
  return timeline_.now();
}

SimulatedCoordinator::SimulatedCoordinator(std::string folder, const Timeline& timeline, SchedulerOptions options)
    : folder_(std::move(folder)), timeline_(timeline), options_{.scheduler = std::move(options)}, clock_(timeline) {
  fs::create_directories(folder_);
}

SimulatedCoordinator::~SimulatedCoordinator() {
  Stop();
}

void SimulatedCoordinator::Start() {
  auto store = Store::Open({.path = Path("ofsweep"), .durability = Durability::kNormal, .seal_every_steps = 5});
  Check(store.status());
  store_ = *std::move(store);
  saboteur_ = std::make_unique<SQLite::Database>(Path("ofsweep"), SQLite::OPEN_READWRITE, /*busyTimeoutMs=*/10'000);
  options_.scheduler.first_generation = static_cast<std::uint64_t>(timeline_.now()) * 1000;  // as coordinator/server.cc
  auto coordinator = Coordinator::Start(options_, *store_, clock_, nullptr);
  Check(coordinator.status());
  coordinator_ = *std::move(coordinator);
  auto secrets = AttemptSecrets::Open(folder_);
  Check(secrets.status());
  secrets_ = *std::move(secrets);
}

void SimulatedCoordinator::Stop() {
  if (is_broken()) Mend();
  coordinator_.reset();
  store_.reset();
  saboteur_.reset();
}

void SimulatedCoordinator::Copy(const std::string& name) {
  auto backup = Backup::Open(Path("ofsweep"), Path(name));
  Check(backup.status());
  Check((*backup)->Copy().status());
}

void SimulatedCoordinator::Restore(const std::string& name) {
  for (const char* part : {"", "-wal", "-shm"}) fs::remove(Path("ofsweep") + part);
  fs::copy_file(Path(name), Path("ofsweep"));
}

void SimulatedCoordinator::LoseKey() {
  fs::remove(AttemptKeyPath(folder_));
}

void SimulatedCoordinator::BreakWrites(std::size_t which) {
  broken_ = kBreakable[which];
  Execute(
      absl::StrCat("CREATE TRIGGER broken BEFORE ", broken_, " BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"));
}

void SimulatedCoordinator::Mend() {
  broken_.clear();
  Execute("DROP TRIGGER broken");
}

void SimulatedCoordinator::Execute(const std::string& sql) {
  saboteur_->exec(sql);
}

void SimulatedCoordinator::Overlap(const std::vector<Call>& calls, const std::function<void()>& meanwhile) {
  Execute("BEGIN IMMEDIATE");
  std::vector<std::future<void>> running;
  std::vector<std::atomic<int>> reads(calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) {
    std::atomic<int>& progress = reads[i];
    running.push_back(std::async(std::launch::async, [&call = calls[i], &progress] {
      clock_reads = &progress;
      call.run();
      progress = call.clock_reads;  // one that was refused at once
      progress.notify_all();
    }));
    for (int seen = progress; seen < calls[i].clock_reads; seen = progress) progress.wait(seen);
  }
  meanwhile();
  Execute("ROLLBACK");
  for (std::future<void>& call : running) call.get();
}

}  // namespace ofsweep
