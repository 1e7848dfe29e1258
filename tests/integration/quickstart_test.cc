// What README.md promises of sweeps/quickstart.yaml, trained in full: the finding that ofsweep exists for.

#include <map>

#include "tests/integration/sweep_fixture.h"

namespace ofsweep {
namespace {

constexpr std::chrono::minutes kTraining{25};

class Quickstart : public SweepFixture {};

TEST_F(Quickstart, AdamGrowsOutlierFeaturesOnPreNormAndSoapAndOutlierProtectedDoNot) {
  const Finished run =
      RunToEnd({kOfsweep, "run", (OFSWEEP_SOURCE_DIR "/sweeps/quickstart.yaml"), "--data-dir", Path("data"),
                "--metrics", "kurtosis_max,eval_perplexity,w8a4_perplexity", "--format", "json"},
               {}, kTraining);
  ASSERT_EQ(run.exit_code, 0) << run.err;

  const nlohmann::json table = nlohmann::json::parse(run.out);
  std::map<std::string, double> kurtosis, lost;  // by "block/optimizer"
  for (const auto& cell : table.at("cells")) {
    const auto& keys = cell.at("keys");
    const std::string arm =
        keys.at("model.block").get<std::string>() + "/" + keys.at("optimizer.name").get<std::string>();
    const auto value = [&](const char* metric) { return cell.at("values").at(metric).at("mean").get<double>(); };
    kurtosis[arm] = value("kurtosis_max");
    lost[arm] = value("w8a4_perplexity") / value("eval_perplexity") - 1;
  }
  ASSERT_EQ(kurtosis.size(), 6u) << run.out;
  // Seen: 9 and 8. Less is asked because another processor's rounding is another draw, and so is another corpus.
  EXPECT_GE(kurtosis["pre_norm/adam"], 2 * kurtosis["pre_norm/soap"]);
  EXPECT_GE(kurtosis["pre_norm/adam"], 1.5 * kurtosis["op/adam"]);
  // Seen: 14 times as much with the sweep's own seed, more than 100 times with two others.
  EXPECT_GE(lost["pre_norm/adam"], 5 * lost["op/soap"]);
  for (const auto& [arm, part] : lost) EXPECT_GT(part, 0.02) << arm << ": 16 levels for activations cost something";
}

}  // namespace
}  // namespace ofsweep
