#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/integration/process.h"

namespace ofsweep {

// The programs as they were built.
inline const std::string kOfsweep = OFSWEEP_BIN_DIR "/ofsweep";

// What a tiny sweep varies and how long its trials are.
struct TinySweep {
  std::string name = "tiny";
  int steps = 30;
  int measure_every = 2;
  int checkpoint_every = 10;
  std::string grid = "{model.block: [pre_norm, op], optimizer.name: [adam, soap]}";
  std::string corpus = "data.path: tokens.bin";  // a line of `trial:`; empty where the grid has it
};

// A folder with a tiny corpus, where the real programs work on models of two layers of 32 neurons. Everything that a
// test started is killed at its end.
class SweepFixture : public testing::Test {
 protected:
  SweepFixture();
  ~SweepFixture() override;

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  // Writes NAME.yaml and returns its path.
  std::string WriteSpec(const TinySweep& sweep) const;

  // `ofsweep ARGUMENTS…`, to its end.
  Finished Ofsweep(std::vector<std::string> arguments) const;

  // Starts `ofsweep coordinator` on the data folder "data", on the ports it had before if it had any, and waits until
  // it answers.
  void StartCoordinator();
  // Starts `ofsweep worker` with two slots on the data folder "worker", and metrics on a free port. Its trials may read
  // what the fixture writes; "" lets them read no file.
  void StartWorker() { StartWorker(folder_.string()); }
  void StartWorker(const std::string& data_root);

  // `ofsweep COMMAND ARGUMENTS… --coordinator …` with the one that was started.
  Finished Command(std::vector<std::string> arguments) const;

  // `ofsweep show NAME --json`, the part `sweep`.
  nlohmann::json Show(const std::string& sweep) const;

  std::filesystem::path folder_;
  std::unique_ptr<Process> coordinator_;
  std::unique_ptr<Process> worker_;
  std::string grpc_ = "127.0.0.1:0";
  std::string http_ = "127.0.0.1:0";
};

// The view `curves` of a database without what depends on the clock, in a fixed order; values bit for bit.
std::vector<std::string> StoredCurves(const std::string& database);

// How many points the view holds; 0 while there is no database yet.
long CountPoints(const std::string& database);

}  // namespace ofsweep
