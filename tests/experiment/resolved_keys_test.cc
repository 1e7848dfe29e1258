// What a worker may say of a trial's configuration, and what is kept of it.

#include "experiment/resolved_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "experiment/trial_config.h"

namespace ofsweep {
namespace {

using testing::HasSubstr;

std::string Submitted() {
  TrialConfig config = TrialConfig::FromOverrides({{"optimizer.learning_rate", 1e-3}});
  ResolveAuto(config);
  return ToFlatJson(config).dump();
}

std::string Trained(const nlohmann::json& changes) {
  nlohmann::json flat = nlohmann::json::parse(Submitted());
  flat.update(changes);
  return flat.dump();
}

TEST(ResolvedKeys, AreThoseThatWereAuto) {
  const auto resolved = ResolvedKeys(Submitted(), Trained({{"train.device", "cuda:0"}, {"train.precision", "bf16"}}));
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ(resolved->dump(), R"({"train.precision":"bf16","train.device":"cuda:0"})");
}

TEST(ResolvedKeys, AreNoneWhereNothingWasResolvedOrSpellingDiffers) {
  EXPECT_EQ(ResolvedKeys(Submitted(), Submitted())->dump(), "{}");
  EXPECT_EQ(ResolvedKeys(Submitted(), Trained({{"optimizer.learning_rate", "1e-3"}, {"train.steps", "auto"}}))
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ResolvedKeys(Submitted(), Trained({{"optimizer.learning_rate", "1e-3"}}))->dump(), "{}");
  EXPECT_EQ(ResolvedKeys(Submitted(), "{}")->dump(), "{}");
}

TEST(ResolvedKeys, MayChangeWhatNeverChangesTheTraining) {
  EXPECT_EQ(ResolvedKeys(Submitted(), Trained({{"train.threads", 3}}))->dump(), R"({"train.threads":3})");
}

TEST(ResolvedKeys, RefuseAnotherTraining) {
  const auto resolved = ResolvedKeys(Submitted(), Trained({{"optimizer.learning_rate", 2e-3}}));
  EXPECT_EQ(resolved.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(resolved.status().message()), HasSubstr("optimizer.learning_rate"));
}

TEST(ResolvedKeys, RefuseOtherTypesAndUnknownKeys) {
  for (const char* wrong : {R"({"train.steps": "many"})", R"({"train.steps": []})", R"({"train.steps": null})",
                            R"({"seed": {"a": 1}})", R"({"model.layers": 1.5})", R"({"no.such.key": 1})",
                            R"({"train.precision": 32})", R"(["train.steps"])", "", "{"}) {
    EXPECT_EQ(ResolvedKeys(Submitted(), wrong).status().code(), absl::StatusCode::kInvalidArgument) << wrong;
  }
}

}  // namespace
}  // namespace ofsweep
