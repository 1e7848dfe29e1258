#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "experiment/trial_config.h"

namespace ofsweep {
namespace {

std::string HashOf(const Overrides& overrides) {
  TrialConfig config = TrialConfig::FromOverrides(overrides);
  ResolveAuto(config);
  return ConfigHash(config);
}

Value Text(const char* text) {
  return std::string(text);
}
Value Integer(std::int64_t value) {
  return value;
}

TEST(ConfigHash, IgnoresInertKeys) {
  EXPECT_EQ(HashOf({}), HashOf({{"optimizer.refresh_every", Integer(5)}}));
  const Overrides soap = {{"optimizer.name", Text("soap")}};
  Overrides soap_refreshed = soap;
  soap_refreshed["optimizer.refresh_every"] = Integer(5);
  EXPECT_NE(HashOf(soap), HashOf(soap_refreshed));
}

TEST(ConfigHash, IgnoresHowAValueCameAbout) {
  EXPECT_EQ(HashOf({}), HashOf({{"model.ffn_width", Integer(768)}}));
  EXPECT_EQ(HashOf({}), HashOf({{"optimizer.beta2", 0.999}}));
  EXPECT_EQ(HashOf({{"model.preset", Text("codeparrot-130m")}}), HashOf({{"model.layers", Integer(12)},
                                                                         {"model.width", Integer(768)},
                                                                         {"model.heads", Integer(12)},
                                                                         {"model.context", Integer(128)},
                                                                         {"model.norm", Text("rms_norm")},
                                                                         {"model.bias", Text("qk")}}));
}

TEST(ConfigHash, IgnoresWhatNeverChangesWhatIsLearnt) {
  EXPECT_EQ(HashOf({}), HashOf({{"train.threads", Integer(7)}, {"train.checkpoint_every", Integer(5)}}));
}

// Calibration matters where anything is rounded, and evaluate.bits rounds without evaluate.int8 too.
TEST(ConfigHash, KnowsThatBitsNeedCalibration) {
  const Overrides none = {{"evaluate.int8", false}};
  Overrides calibrated = none;
  calibrated["evaluate.int8_calibration_batches"] = Integer(3);
  EXPECT_EQ(HashOf(none), HashOf(calibrated));
  const Value bits = std::vector<std::string>{"w8a4"};
  Overrides rounded = none;
  rounded["evaluate.bits"] = calibrated["evaluate.bits"] = bits;
  EXPECT_NE(HashOf(rounded), HashOf(calibrated));
}

// A trial of docs/reproduction's first database, which was written before evaluate.bits was a key.
TEST(ConfigHash, IsNotMovedByAKeyThatWasAdded) {
  const Overrides trial = {{"model.layers", Integer(6)},
                           {"train.steps", Integer(1200)},
                           {"optimizer.learning_rate", 3e-3},
                           {"schedule.warmup_fraction", 0.1}};
  EXPECT_EQ(HashOf(trial), "df50356025a5c44310d35b52074b629e4121c5f2bc8e75f8c8fcfc0f95198919");
  EXPECT_EQ(HashOf({}), HashOf({{"evaluate.bits", std::vector<std::string>{}}}));
}

bool IsScience(const TrialKey& key) {
  return key.identity == Identity::kScience || key.identity == Identity::kAddition;
}

TEST(ConfigHash, TellsEveryKeyThatMattersApart) {
  const std::string plain = HashOf({});
  for (const TrialKey& key : TrialKeys()) {
    if (!IsScience(key) || !key.applies.empty()) continue;
    Value other;
    switch (key.type) {
      case KeyType::kBoolean:
        other = !std::get<bool>(DefaultValue(key));
        break;
      case KeyType::kInteger:
        other = Integer(12);
        break;
      case KeyType::kNumber:
        other = 0.375;
        break;
      case KeyType::kPath:
        other = Text("/some/where");
        break;
      case KeyType::kTextList:
        other = std::vector<std::string>{"rms"};
        break;
      case KeyType::kBitsList:
        other = std::vector<std::string>{"w8a4"};
        break;
      case KeyType::kDevice:
        other = Text("cuda:1");
        break;
      case KeyType::kText:
        other = std::string(key.choices.substr(key.choices.rfind('|') + 1));
        break;
    }
    EXPECT_NE(HashOf({{std::string(key.name), other}}), plain) << key.name;
  }
}

// The identity is stored in databases and must not drift between versions unnoticed: the digest is that of the
// canonical text.
TEST(ConfigHash, IsTheSha256OfSortedDottedKeys) {
  TrialConfig config;
  ResolveAuto(config);
  const std::string canonical = CanonicalJson(config);
  const auto json = nlohmann::json::parse(canonical);  // std::map: sorted
  EXPECT_EQ(json.dump().substr(0, 60), canonical.substr(0, 60));
  EXPECT_EQ(ConfigHash(config).size(), 64u);
  EXPECT_EQ(TrialId(ConfigHash(config)), ConfigHash(config).substr(0, 16));
  EXPECT_FALSE(json.contains("optimizer.refresh_every"));
  EXPECT_EQ(json["optimizer.learning_rate"], 0.001);
}

}  // namespace
}  // namespace ofsweep
