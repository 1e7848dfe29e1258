// Checkpoints as Python's safetensors sees them, and weights that Python wrote. What it checks is in
// python_checkpoint.py.
#include <gtest/gtest.h>

#include "tests/integration/process.h"

namespace ofsweep {
namespace {

TEST(PythonCheckpoint, LoadsByItsDocumentedNamesAndWeightsFromPythonAreEvaluated) {
  const std::string source = OFSWEEP_SOURCE_DIR;
  const Finished environment = RunToEnd({source + "/deploy/setup/python_env.sh"});
  ASSERT_EQ(environment.exit_code, 0) << environment.err;
  const std::string folder = environment.out.substr(0, environment.out.find('\n'));
  const Finished reader =
      RunToEnd({folder + "/bin/python", source + "/tests/integration/python_checkpoint.py", "--trainer",
                (OFSWEEP_BIN_DIR "/ofsweep-trainer"), "--tokens", source + "/tests/reference/training/tokens.bin"},
               {}, std::chrono::minutes(8));
  EXPECT_EQ(reader.exit_code, 0) << reader.out << reader.err;
}

}  // namespace
}  // namespace ofsweep
