#include "cli/trial_key_reference.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "experiment/sweep_spec.h"
#include "experiment/trial_key.h"

namespace ofsweep {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(TrialKeyReference, EveryFormatNamesEveryKey) {
  for (ReferenceFormat format : {ReferenceFormat::kText, ReferenceFormat::kMarkdown, ReferenceFormat::kJson}) {
    const std::string text = RenderTrialKeys(format);
    for (const TrialKey& key : TrialKeys()) EXPECT_THAT(text, HasSubstr(std::string(key.name)));
  }
}

TEST(TrialKeyReference, TheYamlIsAReadableTrialWithAllDefaults) {
  std::vector<Problem> problems;
  const SweepSpec spec = ParseSweepSpec("name: x\n" + RenderTrialKeys(ReferenceFormat::kYaml), "x.yaml", problems);
  EXPECT_THAT(ToText(problems), IsEmpty());
  EXPECT_EQ(spec.trial.size(), TrialKeys().size());
  EXPECT_EQ(TrialConfig::FromOverrides(spec.trial), TrialConfig());
}

TEST(TrialKeyReference, JsonSaysWhenAKeyApplies) {
  for (const auto& key : nlohmann::json::parse(RenderTrialKeys(ReferenceFormat::kJson))) {
    if (key["name"] != "optimizer.refresh_every") continue;
    EXPECT_EQ(key["applies_when"]["key"], "optimizer.name");
    EXPECT_EQ(key["applies_when"]["values"], nlohmann::json{"soap"});
    EXPECT_EQ(key["default"], 10);
    return;
  }
  FAIL() << "optimizer.refresh_every is missing";
}

TEST(TrialKeyReference, TheCommittedPageIsUpToDate) {
  std::ifstream page(OFSWEEP_SOURCE_DIR "/docs/trial-keys.md");
  std::stringstream text;
  text << page.rdbuf();
  EXPECT_TRUE(text.str() == RenderTrialKeys(ReferenceFormat::kMarkdown))
      << "mend with: ofsweep spec --format markdown > docs/trial-keys.md";
}

}  // namespace
}  // namespace ofsweep
