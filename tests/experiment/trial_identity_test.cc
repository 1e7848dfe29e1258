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

// `ofsweep evaluate` rounds later what its trial says nothing of now, with the trial's calibration.
TEST(ConfigHash, KnowsThatATrialWithoutRoundingMayBeRoundedLater) {
  const Overrides none = {{"evaluate.int8", false}};
  for (const char* key : {"evaluate.int8_calibration_batches", "evaluate.int8_calibration_batch_size"}) {
    Overrides calibrated = none;
    calibrated[key] = Integer(3);
    EXPECT_NE(HashOf(none), HashOf(calibrated)) << key;
  }
}

TEST(ConfigHash, IgnoresTheOrderOfAList) {
  const auto with = [](const char* key, std::vector<std::string> list) { return HashOf({{key, std::move(list)}}); };
  EXPECT_EQ(with("evaluate.bits", {"w8a4", "w8a5"}), with("evaluate.bits", {"w8a5", "w8a4"}));
  EXPECT_NE(with("evaluate.bits", {"w8a4", "w8a5"}), with("evaluate.bits", {"w8a4"}));
  EXPECT_EQ(with("measure.metrics", {"max_abs", "rms", "mmr", "kurtosis_centred", "kurtosis"}), HashOf({}));
}

// A trial of docs/reproduction's first database, which was written before evaluate.bits was a key.
TEST(ConfigHash, IsNotMovedByAKeyThatWasAdded) {
  const Overrides trial = {{"model.layers", Integer(6)},
                           {"train.steps", Integer(1200)},
                           {"optimizer.learning_rate", 3e-3},
                           {"schedule.warmup_fraction", 0.1}};
  EXPECT_EQ(HashOf(trial), "df50356025a5c44310d35b52074b629e4121c5f2bc8e75f8c8fcfc0f95198919");
  EXPECT_EQ(HashOf({}), HashOf({{"evaluate.bits", std::vector<std::string>{}}}));
  TrialConfig rounded = TrialConfig::FromOverrides({{"evaluate.bits", std::vector<std::string>{"w8a5", "w8a4"}}});
  EXPECT_NE(CanonicalJson(rounded).find(R"("evaluate.bits":["w8a5","w8a4"])"), std::string::npos)
      << "as the sweeps in sweeps/ write it";
}

bool IsScience(const TrialKey& key) {
  return key.identity == Identity::kScience || key.identity == Identity::kAddition;
}

TEST(ConfigHash, TellsEveryKeyThatMattersApart) {
  const std::string plain = HashOf({});
  for (const TrialKey& key : TrialKeys()) {
    if (!IsScience(key) || !key.applies.key.empty()) continue;
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
      case KeyType::kFingerprint:
        other = std::string(kFingerprintDigits, 'a');
        break;
      case KeyType::kText:
        other = key.choices.empty() ? Text("other") : std::string(key.choices.substr(key.choices.rfind('|') + 1));
        break;
    }
    EXPECT_NE(HashOf({{std::string(key.name), other}}), plain) << key.name;
  }
}

TEST(ConfigHash, IsOfTheContentWhereItIsKnownAndNotOfItsPlace) {
  const Value some = std::string(kFingerprintDigits, 'a'), other = std::string(kFingerprintDigits, 'b');
  const Overrides here = {{"data.source", Text("text")}, {"data.path", Text("/here.txt")}};
  Overrides there = here;
  there["data.path"] = Text("/there.txt");
  EXPECT_NE(HashOf(here), HashOf(there));
  Overrides some_here = here, some_there = there, other_here = here;
  some_here["data.fingerprint"] = some_there["data.fingerprint"] = some;
  other_here["data.fingerprint"] = other;
  EXPECT_EQ(HashOf(some_here), HashOf(some_there)) << "it was moved";
  EXPECT_NE(HashOf(some_here), HashOf(other_here)) << "it has changed";
  EXPECT_NE(HashOf(some_here), HashOf(here));
}

TEST(ConfigHash, IgnoresHowANumberIsSpelt) {
  const auto with = [](const char* text) {
    return HashOf({{"model.residual_scale", *ParseValue(*FindTrialKey("model.residual_scale"), text)}});
  };
  EXPECT_EQ(with("0"), with("-0.0"));
  EXPECT_EQ(with("1e-3"), with("0.001"));
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
