#pragma once

#include <filesystem>

namespace ofsweep {

// The commands of ofsweep-trainer. Each prints events (`prepare`: plain text) on standard output and returns the exit
// code: 0 done (a diverged trial is a result), 1 failed (the last event says how), 2 an invalid trial.json, all of its
// mistakes at once on standard error.

struct TrainCommand {
  std::filesystem::path config;
  std::filesystem::path output;
  bool resume = false;
  std::filesystem::path cache;
};
int RunTrain(const TrainCommand& command);

struct PrepareCommand {
  std::filesystem::path config;
  std::filesystem::path cache;
};
int RunPrepare(const PrepareCommand& command);

struct EvaluateCommand {
  std::filesystem::path config;
  std::filesystem::path checkpoint;  // empty: the initial weights
  bool int8 = false;                 // also after W8A8 quantisation
  std::filesystem::path cache;
};
int RunEvaluate(const EvaluateCommand& command);

struct MeasureCommand {
  std::filesystem::path file;
};
int RunMeasure(const MeasureCommand& command);

}  // namespace ofsweep
