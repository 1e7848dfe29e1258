#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "trainer/machine_share.h"

namespace ofsweep {

// The commands of ofsweep-trainer. Each prints events (`prepare`: plain text) on standard output and returns the exit
// code: 0 done (a diverged trial is a result), 1 failed (the last event says how), 2 an invalid trial.json, all of its
// mistakes at once on standard error.

struct TrainCommand {
  std::filesystem::path config;
  std::string trial_id;             // of the trial that the configuration has to be of; empty: any
  std::vector<std::string> expect;  // KEY=FINGERPRINT: what it has to find at its paths
  std::filesystem::path output;
  bool resume = false;
  bool keep_all_checkpoints = false;
  std::vector<std::string> data_roots;  // DataRoots, an empty name is none; empty: what its caller can read
  std::filesystem::path cache;
  MachineShare share;
  std::string revision;  // of this program
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
  bool int8 = false;                 // also after W8A8 quantisation: of all, of weights alone, of activations alone
  std::vector<std::string> bits;     // evaluate.bits instead of what the configuration says; empty: that
  bool sensitivity = false;          // also of each tensor alone, for each of them
  bool as_trained = false;           // refuse a checkpoint of another trial, or of other tokens; needs `checkpoint`
  std::filesystem::path cache;
  MachineShare share;
};
int RunEvaluate(const EvaluateCommand& command);

struct MeasureCommand {
  std::filesystem::path file;
};
int RunMeasure(const MeasureCommand& command);

struct TimeCommand {
  std::filesystem::path config;
  std::int64_t rows = 0;   // sequences in a pass; 0: as many as take a fraction of a second
  unsigned int limit = 0;  // seconds after which SIGALRM ends the process; 0: none
  MachineShare share;
};
// Prints one StepTiming (experiment/step_timing.h) as a line of JSON; needs no corpus.
int RunTime(const TimeCommand& command);

}  // namespace ofsweep
