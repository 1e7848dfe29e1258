#include "tests/simulation/simulated_trainer.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "experiment/data_folder.h"
#include "experiment/sealed_line.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kCheckpointEvery = 4;
constexpr TimeMs kStopGraceMs = 5'000;

// A trainer's end of it is the simulated one's; the attempt holds this.
class Handle : public Trainer {
 public:
  explicit Handle(std::shared_ptr<SimulatedTrainer> trainer) : trainer_(std::move(trainer)) {}
  int exit_fd() const override { return trainer_->exit_fd(); }
  void Signal(int signal) const override { trainer_->Signal(signal); }
  ExitStatus Reap() const override { return trainer_->exit(); }

 private:
  std::shared_ptr<SimulatedTrainer> trainer_;
};

std::string Read(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The outbox behind a trainer's standard output says whose it is.
AttemptName NameOfOutbox(int out) {
  std::error_code error;
  const std::string stem = fs::read_symlink(absl::StrCat("/proc/self/fd/", out), error).stem().string();
  const std::pair<std::string, std::string> parts = absl::StrSplit(stem, absl::MaxSplits('.', 1));
  AttemptName name{.trial_id = parts.first};
  if (!absl::SimpleAtoi(parts.second, &name.generation)) name.generation = 0;
  return name;
}

std::map<std::int64_t, fs::path> Checkpoints(const std::string& folder) {
  std::map<std::int64_t, fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string stem = entry.path().stem().string();
    std::int64_t step = 0;
    if (entry.path().extension() != kCheckpointSuffix) continue;
    if (absl::SimpleAtoi(stem.substr(kCheckpointPrefix.size()), &step)) found[step] = entry.path();
  }
  return found;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Trainer>> SimulatedTrainer::Start(const TrainerHost& host,
                                                                 const TrainerCommand& command) {
  std::shared_ptr<SimulatedTrainer> trainer(new SimulatedTrainer(host, command));
  if (!host.log.Launch(trainer->name_)) {
    host.violation(absl::StrCat(ToText(trainer->name_), " is started a second time"));
  }
  trainer->After(host.timeline.Pick(200, 3'000), &SimulatedTrainer::Begin);
  return std::make_unique<Handle>(std::move(trainer));
}

SimulatedTrainer::SimulatedTrainer(const TrainerHost& host, const TrainerCommand& command)
    : host_(host), out_(::dup(command.stdout_fd)), exit_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  name_ = NameOfOutbox(out_);
  const std::vector<std::string>& arguments = command.arguments;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    if (arguments[i] == "--resume") resume_ = true;
    if (i + 1 == arguments.size()) break;
    if (arguments[i] == "--output") output_ = arguments[i + 1];
    if (arguments[i] == "--expect") expected_.insert(absl::StrSplit(arguments[i + 1], absl::MaxSplits('=', 1)));
  }
  if (!host_.is_chaos || host_.timeline.Chance(0.6)) return;
  mishap_ = static_cast<Mishap>(host_.timeline.Pick(1, 6));
  mishap_step_ = host_.timeline.Pick(0, 12);
}

SimulatedTrainer::~SimulatedTrainer() {
  ::close(out_);
  ::close(exit_fd_);
}

void SimulatedTrainer::After(TimeMs delay, void (SimulatedTrainer::*action)()) {
  host_.timeline.After(delay, [weak = weak_from_this(), action] {
    const std::shared_ptr<SimulatedTrainer> self = weak.lock();
    if (self && self->is_alive_ && !self->hangs_) (self.get()->*action)();
  });
}

void SimulatedTrainer::Begin() {
  std::vector<Problem> problems;
  config_ = ParseTrialJson(Read(TrialConfigPath(output_)), "", problems);
  TrainingRun run{.name = name_};
  if (mishap_ != Mishap::kNone && mishap_step_ == 0) return Meet(mishap_);
  if (!FindsItsData(run.fingerprint) || (resume_ && !Resume(run))) return Exit(1, 0);
  config_.Set("data.fingerprint", run.fingerprint);
  StartedEvent started{.config = ToFlatJson(config_)};
  if (run.from_step > 0) started.resumed_from = run.from_step;
  run.step = run.from_step;
  run_ = host_.log.Begin(std::move(run));
  is_training_ = true;
  Say(started);
  if (host_.log.at(run_).step == 0) PrintPoints(host_.log.at(run_));
  After(host_.timeline.Pick(200, 2'000), &SimulatedTrainer::Train);
}

// As trainer/inputs.cc.
bool SimulatedTrainer::FindsItsData(std::string& found) {
  found = host_.corpora.at(config_.Text("data.path"));
  std::string wanted = config_.IsAuto("data.fingerprint") ? "" : config_.Text("data.fingerprint");
  if (const auto expected = expected_.find("data.fingerprint"); expected != expected_.end()) wanted = expected->second;
  if (wanted.empty() || wanted == found) return true;
  if (!host_.is_chaos) {
    // Somebody has put the right files in place.
    found = wanted;
    return true;
  }
  Say(Failed(FailureClass::kOtherData, "its path holds something else"));
  return false;
}

// As trainer/checkpoint.cc: what another corpus has trained is not continued.
bool SimulatedTrainer::Resume(TrainingRun& run) {
  const auto checkpoints = Checkpoints(output_);
  if (checkpoints.empty()) return true;
  const auto& [step, path] = *checkpoints.rbegin();
  std::size_t parent = 0;
  if (!absl::SimpleAtoi(Read(path.string()), &parent)) return true;
  if (host_.log.at(parent).fingerprint != run.fingerprint) {
    Say(Failed(FailureClass::kBadData, "the tokens have changed since its checkpoint was written"));
    return false;
  }
  run.parent = parent;
  run.from_step = step;
  return true;
}

void SimulatedTrainer::Train() {
  TrainingRun& run = host_.log.at(run_);
  const std::int64_t target = config_.Integer("train.steps");
  if (mishap_ != Mishap::kNone && run.step >= mishap_step_) return Meet(mishap_);
  for (std::int64_t steps = host_.timeline.Pick(1, 3); steps > 0 && run.step < target; --steps) {
    Update(run);
    if (run.step % kCheckpointEvery == 0 || run.step == target) SaveCheckpoint();
  }
  if (run.step < target) return After(host_.timeline.Pick(300, 4'000), &SimulatedTrainer::Train);
  run.finished = AttemptEnd{.outcome = AttemptOutcome::kCompleted, .step = run.step};
  Say(*run.finished);
  Exit(0, 0);
}

void SimulatedTrainer::Update(TrainingRun& run) {
  ++run.step;
  PrintPoints(run);
}

void SimulatedTrainer::PrintPoints(const TrainingRun& run) {
  StepPoints points{.step = run.step, .tokens = run.step * 10, .seconds = static_cast<double>(run.step)};
  points.points.push_back({{"train_loss", std::nullopt, ""}, static_cast<double>(run_)});
  Say(PointsEvent{.points = std::move(points)});
}

void SimulatedTrainer::Meet(Mishap mishap) {
  switch (mishap) {
    case Mishap::kHangs:
      hangs_ = true;
      return host_.on_hang(name_);
    case Mishap::kFails: {
      static constexpr FailureClass kClasses[] = {FailureClass::kOom,       FailureClass::kCrash,
                                                  FailureClass::kBadConfig, FailureClass::kBadData,
                                                  FailureClass::kTimeout,   FailureClass::kOtherData};
      Say(Failed(host_.timeline.PickOf(kClasses), "so it says"));
      return Exit(1, 0);
    }
    case Mishap::kDiverges: {
      if (!is_training_) return Exit(3, 0);
      TrainingRun& run = host_.log.at(run_);
      if (run.step < config_.Integer("train.steps")) Update(run);  // the step that diverged is measured
      run.finished = AttemptEnd{.outcome = AttemptOutcome::kDiverged, .step = run.step};
      Say(*run.finished);
      return Exit(0, 0);
    }
    case Mishap::kOutOfMemory:
      exit_.out_of_memory = true;
      return Exit(0, SIGKILL);
    case Mishap::kPrintsNonsense:
      Print("{\"event\": \"points\", \"step\":");
      return Exit(0, 0);
    default:
      return Exit(0, SIGSEGV);
  }
}

void SimulatedTrainer::SaveCheckpoint() {
  const TrainingRun& run = host_.log.at(run_);
  std::ofstream(CheckpointPath(output_, run.step)) << run_;
  auto checkpoints = Checkpoints(output_);
  for (; checkpoints.size() > 2; checkpoints.erase(checkpoints.begin())) fs::remove(checkpoints.begin()->second);
  Say(CheckpointEvent{.step = run.step, .path = CheckpointPath(output_, run.step)});
}

void SimulatedTrainer::Signal(int signal) {
  if (!is_alive_) return;
  if (signal == SIGKILL) return Exit(0, SIGKILL);
  After(host_.timeline.Pick(0, kStopGraceMs), &SimulatedTrainer::ObeyStop);
  // The grace period is over; the agent's own timer goes by the wall clock, which stands still here.
  host_.timeline.After(kStopGraceMs, [weak = weak_from_this()] {
    if (const std::shared_ptr<SimulatedTrainer> self = weak.lock(); self && self->is_alive_) self->Exit(0, SIGKILL);
  });
}

void SimulatedTrainer::ObeyStop() {
  if (is_training_ && host_.log.at(run_).step > 0) SaveCheckpoint();
  Exit(0, 0);
}

void SimulatedTrainer::Say(const TrainerEvent& event) {
  Print(SealLine(ToJsonLine(event), ++lines_));
}

void SimulatedTrainer::Print(const std::string& line) {
  const std::string text = line + "\n";
  if (::write(out_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    host_.violation("a trainer cannot write to its outbox");
  }
  host_.on_output();
}

void SimulatedTrainer::Exit(int code, int signal) {
  is_alive_ = false;
  exit_.code = code;
  exit_.signal = signal;
  ::eventfd_write(exit_fd_, 1);
  host_.on_output();
}

}  // namespace ofsweep
