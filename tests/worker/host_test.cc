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

// A variable of the environment until the end of the test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

TEST(WorkerNameTest, IsThatOfTheJobOrThePodOrTheHost) {
  for (const char* name : {"SLURM_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_STEP_NUM_TASKS", "POD_UID"}) ::unsetenv(name);
  EXPECT_EQ(WorkerName(), WorkerHost());
  const Variable pod("POD_UID", "0a1b-22");
  EXPECT_EQ(WorkerName(), "pod-0a1b-22");
  const Variable job("SLURM_JOB_ID", "127");
  EXPECT_EQ(WorkerName(), "slurm-127");
  const Variable array("SLURM_ARRAY_JOB_ID", "120"), task("SLURM_ARRAY_TASK_ID", "7");
  EXPECT_EQ(WorkerName(), "slurm-120_7");
  const Variable tasks("SLURM_STEP_NUM_TASKS", "4"), process("SLURM_PROCID", "2");
  EXPECT_EQ(WorkerName(), "slurm-120_7-2");
}

TEST(FolderIdentityTest, SaysWhereTheFolderIsAndTellsItFromACopy) {
  const std::string folder = FreshFolder("identity");
  EXPECT_THAT(FolderIdentity(folder), testing::HasSubstr(WorkerHost() + ":"));
  EXPECT_THAT(FolderIdentity(folder), testing::HasSubstr(folder));
  const std::string copy = folder + "-copy";
  fs::remove_all(copy);
  fs::create_directories(copy);
  EXPECT_NE(FolderIdentity(folder), FolderIdentity(copy));
  const std::string deep = folder + "/" + std::string(200, 'a') + "/\xc3\xa9" + std::string(100, 'b');
  fs::create_directories(deep);
  EXPECT_LE(FolderIdentity(deep).size(), 256u);
}

}  // namespace
}  // namespace ofsweep
