#include "worker/supervisor.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <boost/asio/post.hpp>

#include "worker/outbox_line.h"

namespace ofsweep {
namespace {

using std::chrono::seconds;

// A timer that is due when it is cancelled still fires: it must not start anew.
TEST(SupervisorTest, LeavesNothingOnTheLoopWhenClosedAtTheMomentOfADiskCheck) {
  const std::string folder = testing::TempDir() + "/supervisor-" + std::to_string(::getpid());
  std::filesystem::create_directories(folder + "/outbox");
  const AgentOptions options{.data_dir = folder, .slots = 1, .disk_check_every = std::chrono::milliseconds(20)};
  boost::asio::io_context io;
  const auto nothing = [] {};
  WorkerMetrics metrics({});
  Supervisor supervisor(io, options, {}, metrics, {.on_points = nothing, .on_change = nothing, .on_let_go = nothing});
  ASSERT_TRUE(supervisor.Open().ok());
  boost::asio::post(io, [&] { supervisor.Close(); });
  std::this_thread::sleep_for(options.disk_check_every);  // now the check is due too, and runs right after Close
  io.run_for(seconds(10));
  EXPECT_TRUE(io.stopped()) << "the agent would never end";
  std::filesystem::remove_all(folder);
}

// Three slots on two GPUs: the first and the third use one together.
TEST(SupervisorTest, TellsATrainerHowManySlotsShareItsGpu) {
  const std::string folder = testing::TempDir() + "/supervisor-gpus-" + std::to_string(::getpid());
  std::filesystem::create_directories(folder + "/outbox");
  const AgentOptions options{
      .data_dir = folder, .slots = 3, .trainer_path = OFSWEEP_SOURCE_DIR "/tests/worker/scripted_trainer.py"};
  boost::asio::io_context io;
  const auto nothing = [] {};
  WorkerMetrics metrics({});
  Supervisor supervisor(io, options, {{"0", ""}, {"1", ""}}, metrics,
                        {.on_points = nothing, .on_change = nothing, .on_let_go = nothing});
  ASSERT_TRUE(supervisor.Open().ok());
  v1::SynchronizeResponse told;
  for (const char* trial : {"t0", "t1", "t2"}) {
    v1::Start& assignment = *told.add_start();
    assignment.set_trial_id(trial);
    assignment.set_generation(1);
    assignment.set_config_json(R"({"script": [["hang", 0]]})");
  }
  supervisor.Apply(told);
  const auto arguments = [&](const std::string& trial) {
    const std::string path = folder + "/trials/" + trial + "/arguments";
    const auto deadline = std::chrono::steady_clock::now() + seconds(60);
    while (!std::filesystem::exists(path) && std::chrono::steady_clock::now() < deadline) {
      io.run_for(std::chrono::milliseconds(10));
    }
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_THAT(arguments("t0"), testing::HasSubstr("--gpu-slots 2"));
  EXPECT_THAT(arguments("t1"), testing::HasSubstr("--gpu-slots 1"));
  EXPECT_THAT(arguments("t2"), testing::HasSubstr("--gpu-slots 2"));
  supervisor.Close();
  std::filesystem::remove_all(folder);
}

// Trainers are stopped while there is room for their last words, and a start needs more than what stops them.
TEST(SupervisorTest, OffersItsSlotsAgainOnlyWhenTwiceTheReserveIsFree) {
  const std::string folder = testing::TempDir() + "/supervisor-disk-" + std::to_string(::getpid());
  std::filesystem::create_directories(folder + "/outbox");
  const AgentOptions options{.data_dir = folder,
                             .slots = 3,
                             .trainer_path = OFSWEEP_SOURCE_DIR "/tests/worker/scripted_trainer.py",
                             .min_free_bytes = 100 << 20,
                             .disk_check_every = std::chrono::milliseconds(5)};
  boost::asio::io_context io;
  std::uint64_t free_bytes = 120 << 20;
  int changes = 0;
  const auto nothing = [] {};
  WorkerMetrics metrics({});
  Supervisor supervisor(io, options, {}, metrics,
                        {.on_points = nothing,
                         .on_change = [&] { ++changes; },
                         .on_let_go = nothing,
                         .free_bytes = [&](const std::string&) { return free_bytes; }});
  ASSERT_TRUE(supervisor.Open().ok());
  const auto run_until = [&](const auto& is_so) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(60);
    while (!is_so() && std::chrono::steady_clock::now() < deadline) io.run_for(std::chrono::milliseconds(10));
    return is_so();
  };
  EXPECT_EQ(supervisor.offered_slots(), 3);
  v1::SynchronizeResponse told;
  v1::Start& assignment = *told.add_start();
  assignment.set_trial_id("t0");
  assignment.set_generation(1);
  assignment.set_config_json(R"({"script": [["hang", 0]]})");
  supervisor.Apply(told);
  ASSERT_TRUE(supervisor.any_alive());

  free_bytes = 99 << 20;
  ASSERT_TRUE(run_until([&] { return !supervisor.any_alive(); }));
  EXPECT_EQ(supervisor.offered_slots(), 0);

  free_bytes = 199 << 20;
  changes = 0;
  io.run_for(std::chrono::milliseconds(50));
  EXPECT_EQ(supervisor.offered_slots(), 0);
  EXPECT_EQ(changes, 0) << "a disk that stays full is no news";

  free_bytes = 200 << 20;
  EXPECT_TRUE(run_until([&] { return supervisor.offered_slots() == 3; }));
  EXPECT_EQ(changes, 1);
  supervisor.Close();
  std::filesystem::remove_all(folder);
}

// On a loop of its own, with one slot and disks as the test says.
class SupervisorOnADisk : public testing::Test {
 protected:
  SupervisorOnADisk() : folder_(testing::TempDir() + "/supervisor-room-" + std::to_string(::getpid())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/outbox");
    std::filesystem::create_directories(folder_ + "/datasets");
    options_ = {.data_dir = folder_,
                .slots = 1,
                .trainer_path = OFSWEEP_SOURCE_DIR "/tests/worker/scripted_trainer.py",
                .min_free_bytes = 100 << 20,
                .disk_check_every = std::chrono::milliseconds(5)};
    supervisor_ = std::make_unique<Supervisor>(
        io_, options_, std::vector<Gpu>{}, metrics_,
        Supervisor::Callbacks{.on_points = [] {},
                              .on_change = [] {},
                              .on_let_go = [] {},
                              .free_bytes = [this](const std::string& folder) { return free_bytes_(folder); },
                              .has_room = [this](const std::string&, std::uint64_t bytes) { return bytes <= room_; }});
  }
  ~SupervisorOnADisk() override {
    supervisor_->Close();
    std::filesystem::remove_all(folder_);
  }

  void Start(const std::string& trial, const std::string& script) {
    v1::SynchronizeResponse told;
    told.mutable_database()->set_incarnation(1);
    v1::Start& assignment = *told.add_start();
    assignment.set_trial_id(trial);
    assignment.set_generation(1);
    assignment.set_config_json(R"({"script": )" + script + "}");
    supervisor_->Apply(told);
  }
  bool RunUntil(const std::function<bool()>& is_so) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(60);
    while (!is_so() && std::chrono::steady_clock::now() < deadline) io_.run_for(std::chrono::milliseconds(10));
    return is_so();
  }
  v1::Ended EndOf(const std::string& trial) const {
    v1::SynchronizeRequest request;
    supervisor_->Report(request);
    for (const v1::AttemptReport& report : request.attempts()) {
      if (report.trial_id() == trial) return report.ended();
    }
    return {};
  }

  const std::string folder_;
  AgentOptions options_;
  boost::asio::io_context io_;
  WorkerMetrics metrics_{{}};
  std::function<std::uint64_t(const std::string&)> free_bytes_ = [](const std::string&) { return 1ull << 40; };
  std::uint64_t room_ = ~std::uint64_t{0};
  std::unique_ptr<Supervisor> supervisor_;
};

TEST_F(SupervisorOnADisk, TheDiskOfPreparedDataCountsTooBeforeTheFirstTrial) {
  free_bytes_ = [](const std::string& folder) { return folder.ends_with("/datasets") ? 1 << 20 : 1ull << 40; };
  ASSERT_TRUE(supervisor_->Open().ok());
  EXPECT_EQ(supervisor_->offered_slots(), 0);
  Start("t0", R"([["hang", 0]])");
  EXPECT_EQ(EndOf("t0").outcome(), "preempted");
  EXPECT_THAT(EndOf("t0").failure_message(), testing::HasSubstr(folder_ + "/datasets"));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/trials/t0/pid"));
}

// A quota is used up, or a checkpoint larger than what is left: free bytes do not show it.
TEST_F(SupervisorOnADisk, WhereATrainerFoundNoRoomNothingStartsBeforeTwiceAsMuchIsThere) {
  ASSERT_TRUE(supervisor_->Open().ok());
  room_ = 300 << 20;
  Start("t0", R"([["started", 0], ["failed", "crash"], ["exit", 3]])");
  ASSERT_TRUE(RunUntil([&] { return EndOf("t0").outcome() == "preempted"; })) << EndOf("t0").ShortDebugString();
  EXPECT_THAT(EndOf("t0").failure_message(), testing::HasSubstr("no space is left in " + folder_));
  io_.run_for(std::chrono::milliseconds(50));
  EXPECT_EQ(supervisor_->offered_slots(), 0);
  room_ = 400 << 20;
  EXPECT_TRUE(RunUntil([&] { return supervisor_->offered_slots() == 1; }));
  Start("t1", R"([["exit", 3]])");
  ASSERT_TRUE(RunUntil([&] { return EndOf("t1").outcome() == "preempted"; })) << EndOf("t1").ShortDebugString();
  io_.run_for(std::chrono::milliseconds(50));
  EXPECT_EQ(supervisor_->offered_slots(), 0) << "400 MiB were too few";
  room_ = 800 << 20;
  EXPECT_TRUE(RunUntil([&] { return supervisor_->offered_slots() == 1; }));
}

// Wherever the damage is, what lies in an outbox's header does not come into a log.
TEST(SupervisorTest, NoSecretOfADamagedOutboxIsLogged) {
  const std::string folder = testing::TempDir() + "/supervisor-secret-" + std::to_string(::getpid());
  std::filesystem::create_directories(folder + "/outbox");
  std::ostringstream log;
  const auto logger = spdlog::default_logger();
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log)));
  const std::string header = HeaderLine({.name = {"t1", 1}, .secret = std::string(32, 's')});
  for (std::size_t damaged = 0; damaged < header.size(); damaged += 3) {
    std::string text = header;
    text[damaged] = static_cast<char>(text[damaged] ^ 1);
    std::ofstream(folder + "/outbox/t1.1.jsonl") << text << "\n{\"event\": no such line}\n";
    const AgentOptions options{.data_dir = folder, .slots = 1};
    boost::asio::io_context io;
    const auto nothing = [] {};
    WorkerMetrics metrics({});
    Supervisor supervisor(io, options, {}, metrics, {.on_points = nothing, .on_change = nothing, .on_let_go = nothing});
    ASSERT_TRUE(supervisor.Open().ok());
    supervisor.Close();
  }
  spdlog::set_default_logger(logger);
  EXPECT_THAT(log.str(), testing::HasSubstr("does not say whose it is"));
  EXPECT_THAT(log.str(), testing::Not(testing::HasSubstr("7373737373")));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace ofsweep
