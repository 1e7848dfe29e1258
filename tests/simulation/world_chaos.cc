// What goes wrong in the world, and what users do.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "experiment/data_folder.h"
#include "tests/simulation/world.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

// A sweep takes its seeds from so many, which a few others take theirs from, so that they share some.
constexpr std::int64_t kSeedPool = 14;
constexpr std::array<const char*, 2> kPaths = {"/corpus-one", "/corpus-two"};
const std::array<std::string, 2> kContents = {std::string(kFingerprintDigits, 'a'),
                                              std::string(kFingerprintDigits, 'b')};

Corpora RandomCorpora(Timeline& timeline) {
  Corpora corpora;
  for (const char* path : kPaths) corpora[path] = kContents[timeline.Chance(0.9) ? 0 : 1];
  return corpora;
}

std::vector<fs::path> FilesIn(const std::string& folder) {
  std::vector<fs::path> files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

// ---- workers ----

std::string World::NewFolder() {
  return absl::StrCat(folder_, "/worker-", folders_++);
}

void World::StartWorker(Machine& machine) {
  if (machine.worker) return;
  machine.corpora = RandomCorpora(timeline_);
  AgentOptions options;
  options.data_dir = machine.folder;
  options.worker_id = machine.worker_id;
  options.slots = machine.slots;
  options.batch_points = static_cast<std::size_t>(timeline_.Pick(1, 20));
  machine.worker = std::make_shared<SimulatedWorker>(
      options, machine.has_cuda,
      SimulatedWorker::Surroundings{
          .timeline = timeline_,
          .log = log_,
          .is_chaos = is_chaos_,
          .corpora = machine.corpora,
          .synchronize =
              [this, &machine](const v1::SynchronizeRequest& request,
                               const SimulatedWorker::SynchronizeLoop::Done& done) {
                OnSynchronize(machine, request, done);
              },
          .push = [this, &machine](const v1::PushMetricsRequest& request,
                                   const SimulatedWorker::PushLoop::Done& done) { OnPush(machine, request, done); },
          .violation = [this](std::string violation) { referee_.Report(std::move(violation)); }});
  machine.worker->Start();
}

void World::KillWorker(Machine& machine) {
  machine.worker.reset();
  if (machine.is_copy) return;
  timeline_.After(timeline_.Pick(0, 2 * options_.lease_ms), [this, &machine] { StartWorker(machine); });
}

// What a crash of the machine, or its user, does to the folder of a worker that is not running.
void World::DamageFolder(Machine& machine) {
  const std::vector<fs::path> outboxes = FilesIn(OutboxFolder(machine.folder));
  const std::int64_t kind = timeline_.Pick(0, 9);
  if (kind == 0) {
    ++faults_["folder emptied"];
    machine.folder = NewFolder();
  } else if (kind == 1 && !outboxes.empty()) {
    ++faults_["outbox lost"];
    fs::remove(timeline_.PickOf(outboxes));
  } else if (kind == 2 && !outboxes.empty()) {
    ++faults_["outbox cut"];
    const fs::path& outbox = timeline_.PickOf(outboxes);
    fs::resize_file(outbox,
                    static_cast<std::uintmax_t>(timeline_.Pick(0, static_cast<std::int64_t>(fs::file_size(outbox)))));
  } else if (kind <= 4 && !outboxes.empty()) {
    ++faults_["outbox damaged"];
    DamageBytes(timeline_.PickOf(outboxes));
  }
}

// A bit of it, or up to a few lines.
void World::DamageBytes(const fs::path& path) {
  const auto size = static_cast<std::int64_t>(fs::file_size(path));
  if (size == 0) return;
  const std::int64_t begin = timeline_.Pick(0, size - 1);
  const std::int64_t length = timeline_.Chance(0.5) ? 1 : std::min(size - begin, timeline_.Pick(2, 600));
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  std::string bytes(static_cast<std::size_t>(length), '\0');
  if (length == 1) {
    file.seekg(begin).get(bytes[0]);
    bytes[0] = static_cast<char>(bytes[0] ^ (1 << timeline_.Pick(0, 7)));
  }
  file.seekp(begin) << bytes;
}

void World::CopyFolder(const Machine& original) {
  const bool is_one_too_many = std::any_of(machines_.begin(), machines_.end(),
                                           [](const auto& machine) { return machine->is_copy && machine->worker; });
  if (is_one_too_many || !fs::exists(original.folder)) return;
  ++faults_["folder copied"];
  Machine& copy = *machines_.emplace_back(std::make_unique<Machine>(original));
  copy.is_copy = true;
  copy.worker = nullptr;
  copy.silent_until = 0;
  copy.folder = NewFolder();
  fs::copy(original.folder, copy.folder, fs::copy_options::recursive);
  StartWorker(copy);
  timeline_.After(timeline_.Pick(10'000, 120'000), [this, &copy] { KillWorker(copy); });
}

void World::DisturbWorker() {
  Machine& machine = *timeline_.PickOf(machines_);
  if (!machine.worker || machine.is_copy) return;
  const std::int64_t kind = timeline_.Pick(0, 9);
  if (kind <= 3) {
    ++faults_["worker killed"];
    KillWorker(machine);
    DamageFolder(machine);
  } else if (kind <= 6) {
    ++faults_["worker silent"];
    machine.silent_until = timeline_.now() + timeline_.Pick(1'000, 3 * options_.lease_ms);
  } else if (kind <= 8) {
    ++faults_["worker stopped"];
    const TimeMs left = timeline_.Chance(0.5) ? 0 : timeline_.Pick(1'000, 60'000);
    if (left > 0) ++faults_["worker had a deadline"];
    machine.worker->ShutDownIn(left);
    timeline_.After(left + timeline_.Pick(1'000, 15'000), [this, &machine, worker = std::weak_ptr(machine.worker)] {
      if (const auto same = worker.lock(); same && same == machine.worker) KillWorker(machine);
    });
  } else {
    CopyFolder(machine);
  }
}

// ---- users ----

void World::SubmitSweep() {
  const auto number = static_cast<std::int64_t>(submissions_.size());
  const bool is_seen = timeline_.Chance(0.5);
  const std::int64_t pool = timeline_.Pick(std::max<std::int64_t>(0, number - 3), number);
  std::vector<std::int64_t> seeds(kSeedPool);
  std::iota(seeds.begin(), seeds.end(), pool * kSeedPool);
  for (std::size_t i = seeds.size() - 1; i > 0; --i) {
    std::swap(seeds[i], seeds[static_cast<std::size_t>(timeline_.Pick(0, static_cast<std::int64_t>(i)))]);
  }
  seeds.resize(static_cast<std::size_t>(timeline_.Pick(1, 8)));
  const std::size_t path = timeline_.Chance(0.5) ? 0 : 1;
  Submission submission{.name = absl::StrCat("sweep-", number), .seeds = std::move(seeds)};
  submission.trial = absl::StrCat("{train.steps: ", 9 + 4 * path, timeline_.Chance(0.2) ? ", train.device: cuda" : "",
                                  ", data: {source: text, path: ", kPaths[path], "}}");
  if (is_seen) {
    submission.seen[{"text", kPaths[path]}] = kContents[timeline_.Chance(0.9) ? 0 : 1];
  }
  submissions_.push_back(submission);
  TakeIn(submission, false).IgnoreError();
}

absl::Status World::TakeIn(const Submission& submission, bool is_update) {
  const std::string text = absl::StrCat("name: ", submission.name, "\ntrial: ", submission.trial, "\ngrid: {seed: [",
                                        absl::StrJoin(submission.seeds, ", "), "]}\n");
  std::vector<Problem> problems;
  ofsweep::Submission read{.spec = ParseSweepSpec(text, "", problems), .text = text};
  read.spec.fingerprints = submission.seen;
  SweepIntake& intake = coordinator_->intake();
  const auto result = is_update ? intake.Update(read, problems) : intake.Submit(read, problems);
  if (!problems.empty()) referee_.Report("a sweep is refused: " + ToText(problems));
  return result.status();
}

// One more seed, which other sweeps may have too.
absl::Status World::Update(Submission submission) {
  const std::int64_t seed = timeline_.Pick(0, static_cast<std::int64_t>(submissions_.size()) * kSeedPool);
  if (std::find(submission.seeds.begin(), submission.seeds.end(), seed) != submission.seeds.end()) {
    return TakeIn(submission, true);
  }
  submission.seeds.insert(submission.seeds.begin() + timeline_.Pick(0, 1), seed);
  const absl::Status status = TakeIn(submission, true);
  if (!status.ok()) return status;
  ++faults_["sweep updated"];
  for (Submission& known : submissions_) {
    if (known.name == submission.name) known.seeds = submission.seeds;
  }
  return status;
}

absl::Status World::Delete(const std::string& sweep) {
  const absl::Status status = coordinator_->Delete(sweep).status();
  if (status.ok()) ++faults_["sweep deleted"];
  return status;
}

// Half of them by name of a sweep that there may not be any more.
World::Incoming World::UserCall() {
  const Submission submission = timeline_.PickOf(submissions_);
  const std::int64_t action = timeline_.Pick(0, 12);
  Incoming incoming;
  incoming.settle = [](const absl::Status&, bool, bool) {};
  incoming.clock_reads = action <= 1 || action >= 11 ? 2 : 1;  // the intake reads it before it takes the mutex
  incoming.call = [this, submission, action]() -> absl::Status {
    const std::string& sweep = submission.name;
    if (action <= 1) return TakeIn(submission, false);
    if (action >= 11) return Update(submission);
    if (action <= 3) return coordinator_->Pause(sweep);
    if (action <= 6) return coordinator_->Resume(sweep);
    if (action <= 8) return coordinator_->Cancel(sweep);
    if (action == 9) return Delete(sweep);
    return coordinator_->Retry(sweep, {}).status();
  };
  return incoming;
}

void World::UserActs() {
  ++faults_["user acted"];
  if (timeline_.Chance(0.2)) return SubmitSweep();
  Serve(UserCall());
}

// ---- all of it ----

void World::DisturbCoordinator() {
  const std::int64_t kind = timeline_.Pick(0, 9);
  if (kind <= 1) {
    ++faults_["coordinator restarted"];
    StopCoordinator(timeline_.Pick(1'000, 2 * options_.lease_ms));
  } else if (kind <= 3 && !coordinator_.is_broken()) {
    coordinator_.Copy(kCopy);
    copied_ = referee_.promises();
  } else if (kind == 4 && copied_) {
    RestoreDatabase();
  } else if (kind <= 6 && !coordinator_.is_broken()) {
    coordinator_.BreakWrites(
        static_cast<std::size_t>(timeline_.Pick(0, static_cast<std::int64_t>(SimulatedCoordinator::kWaysToBreak) - 1)));
    ++faults_["disk broken"];
    timeline_.After(timeline_.Pick(500, 10'000), [this] {
      if (coordinator_.is_broken()) coordinator_.Mend();
    });
  } else if (!is_gathering_) {
    is_gathering_ = true;
    timeline_.After(timeline_.Pick(300, 2'000), [this] { ServeTogether(); });
  }
}

void World::Disturb() {
  if (!is_chaos_) return;
  timeline_.After(timeline_.Pick(500, 12'000), [this] { Disturb(); });
  const std::int64_t kind = timeline_.Pick(0, 99);
  if (kind < 35) return DisturbWorker();
  if (!coordinator_.is_up()) return;
  if (kind < 65) return DisturbCoordinator();
  UserActs();
  if (coordinator_.is_up() && IsFinished()) SubmitSweep();
}

void World::EndChaos() {
  is_chaos_ = false;
  if (coordinator_.is_broken()) coordinator_.Mend();
  gathered_.clear();
  is_gathering_ = false;
  for (const auto& machine : machines_) {
    machine->silent_until = 0;
    machine->worker.reset();
    if (!machine->is_copy) timeline_.After(1'000, [this, &machine = *machine] { StartWorker(machine); });
  }
  timeline_.After(2 * options_.lease_ms + 1, [this] {
    for (const SweepSummary& sweep : coordinator_->views().Summaries()) {
      if (sweep.state == SweepState::kPaused) coordinator_->Resume(sweep.name).IgnoreError();
    }
  });
}

}  // namespace ofsweep
