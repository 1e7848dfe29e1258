#include "worker/supervisor.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/post.hpp>

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

}  // namespace
}  // namespace ofsweep
