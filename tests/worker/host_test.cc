#include "worker/host.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

std::string FreshFolder(const std::string& name) {
  const std::string path = testing::TempDir() + "/host-" + name + "-" + std::to_string(::getpid());
  fs::remove_all(path);
  fs::create_directories(path);
  return path;
}

// A machine with two GPUs, as the driver shows them.
std::string TwoGpuMachine(const std::string& name) {
  const std::string root = FreshFolder(name);
  fs::create_directories(root + "/dev");
  for (const char* device : {"nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "null"}) {
    std::ofstream(root + "/dev/" + device);
  }
  for (const char* minor : {"0", "1"}) {
    const std::string folder = root + "/proc/driver/nvidia/gpus/0000:0" + minor + ":00.0";
    fs::create_directories(folder);
    std::ofstream(folder + "/information")
        << "Model: \t\t NVIDIA H" << minor << "00\nIRQ:   \t 7\nDevice Minor: \t " << minor << "\n";
  }
  return root;
}

TEST(FindGpusTest, CountsDevicesAndNamesTheirModels) {
  const std::vector<Gpu> gpus = FindGpus(nullptr, TwoGpuMachine("all"));
  ASSERT_EQ(gpus.size(), 2u);
  EXPECT_EQ(gpus[0].index, "0");
  EXPECT_EQ(gpus[1].index, "1");
  EXPECT_EQ(gpus[1].model, "NVIDIA H100");
}

TEST(FindGpusTest, KeepsToWhatABatchSystemHasGiven) {
  const std::string root = TwoGpuMachine("visible");
  const std::vector<Gpu> second = FindGpus("1", root);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].index, "1");
  EXPECT_EQ(second[0].model, "NVIDIA H100");
  EXPECT_TRUE(FindGpus("", root).empty());
  EXPECT_TRUE(FindGpus("-1", root).empty());
}

TEST(FindGpusTest, FindsNoneOnAMachineWithout) {
  EXPECT_TRUE(FindGpus(nullptr, FreshFolder("none")).empty());
  EXPECT_TRUE(FindGpus("0", FreshFolder("none")).empty());
}

TEST(LockDataDirTest, OneAgentAtATime) {
  const std::string folder = FreshFolder("lock");
  absl::StatusOr<UniqueFd> first = LockDataDir(folder);
  ASSERT_TRUE(first.ok()) << first.status();
  const absl::StatusOr<UniqueFd> second = LockDataDir(folder);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()), testing::HasSubstr(folder));
  *first = UniqueFd();
  EXPECT_TRUE(LockDataDir(folder).ok());
}

}  // namespace
}  // namespace ofsweep
