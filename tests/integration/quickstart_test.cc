// What README.md promises of sweeps/quickstart.yaml, trained in full: the finding that ofsweep exists for.

#include <map>

#include "tests/integration/sweep_fixture.h"

namespace ofsweep {
namespace {

constexpr std::chrono::minutes kTraining{25};

class Quickstart : public SweepFixture {};

TEST_F(Quickstart, AdamGrowsOutlierFeaturesOnPreNormAndSoapAndOutlierProtectedDoNot) {
  const Finished run = RunToEnd({kOfsweep, "run", OFSWEEP_SOURCE_DIR "/sweeps/quickstart.yaml", "--data-dir",
                                 Path("data"), "--metrics", "kurtosis_max", "--format", "json"},
                                {}, kTraining);
  ASSERT_EQ(run.exit_code, 0) << run.err;

  const nlohmann::json table = nlohmann::json::parse(run.out);
  std::map<std::string, double> kurtosis;  // by "block/optimizer"
  for (const auto& cell : table.at("cells")) {
    const auto& keys = cell.at("keys");
    const std::string arm =
        keys.at("model.block").get<std::string>() + "/" + keys.at("optimizer.name").get<std::string>();
    kurtosis[arm] = cell.at("values").at("kurtosis_max").at("mean");
  }
  ASSERT_EQ(kurtosis.size(), 6u) << run.out;
  // Usually 4 and 4; less is asked because another processor's rounding is another draw.
  EXPECT_GE(kurtosis["pre_norm/adam"], 2 * kurtosis["pre_norm/soap"]);
  EXPECT_GE(kurtosis["pre_norm/adam"], 1.5 * kurtosis["op/adam"]);
}

}  // namespace
}  // namespace ofsweep
