#include "worker/supervisor.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>
#include <boost/asio/post.hpp>

namespace ofsweep {
namespace {

using std::chrono::seconds;

// A timer that is due when it is cancelled still fires: it must not start anew.
TEST(SupervisorTest, LeavesNothingOnTheLoopWhenClosedAtTheMomentOfADiskCheck) {
  const std::string folder = testing::TempDir() + "/supervisor-" + std::to_string(::getpid());
  std::filesystem::create_directories(folder + "/outbox");
  const AgentOptions options{.data_dir = folder, .slots = 1};
  boost::asio::io_context io;
  const auto nothing = [] {};
  WorkerMetrics metrics({});
  Supervisor supervisor(io, options, {}, metrics, {.on_points = nothing, .on_change = nothing, .on_let_go = nothing});
  ASSERT_TRUE(supervisor.Open().ok());
  boost::asio::post(io, [&] { supervisor.Close(); });
  std::this_thread::sleep_for(Supervisor::kDiskCheckEvery);  // now the check is due too, and runs right after Close
  io.run_for(seconds(10));
  EXPECT_TRUE(io.stopped()) << "the agent would never end";
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace ofsweep
