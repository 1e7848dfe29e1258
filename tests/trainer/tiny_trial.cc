#include "tests/trainer/tiny_trial.h"

namespace ofsweep {

nlohmann::json TinyTrial() {
  return {{"model", {{"layers", 2}, {"width", 16}, {"heads", 2}, {"context", 8}, {"vocabulary", 48}, {"dropout", 0.1}}},
          {"optimizer", {{"name", "adam"}, {"learning_rate", 3e-3}}},
          {"train",
           {{"steps", 24},
            {"batch_size", 4},
            {"micro_batch_size", 2},
            {"device", "cpu"},
            {"threads", 1},
            {"checkpoint_every", 3}}},
          {"data",
           {{"source", "tokens"},
            {"path", OFSWEEP_SOURCE_DIR "/tests/reference/training/tokens.bin"},
            {"validation_fraction", 0.1}}},
          {"measure", {{"every", 1}}},
          {"evaluate", {{"every", 5}, {"int8", false}}}};
}

std::string WriteTrial(const TemporaryFolder& folder, const nlohmann::json& trial) {
  return folder.Write("trial.json", trial.dump(1)).string();
}

}  // namespace ofsweep
