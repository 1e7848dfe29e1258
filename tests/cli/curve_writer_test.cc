#include "cli/curve_writer.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <sstream>

#include <nlohmann/json.hpp>

namespace ofsweep {
namespace {

v1::Curve KurtosisCurve() {
  v1::Curve curve;
  curve.set_trial_id("a1");
  curve.set_metric("kurtosis");
  curve.set_layer(0);
  curve.set_site("block");
  curve.set_arm_keys(R"({"model.block":"op","optimizer.epsilon":1e-08})");
  curve.set_seed(2);
  for (std::uint64_t step : {0, 10, 20}) curve.add_steps(step);
  for (double value : {1.5, std::nan(""), -std::numeric_limits<double>::infinity()}) curve.add_values(value);
  return curve;
}

v1::Curve LossCurve() {
  v1::Curve curve;
  curve.set_trial_id("a1");
  curve.set_metric("train_loss");
  curve.set_arm_keys(R"({"model.block":"pre_norm","optimizer.epsilon":0.5})");
  curve.add_steps(0);
  curve.add_values(7.5);
  return curve;
}

std::string Written(CurveFormat format, const std::vector<v1::Curve>& curves) {
  std::ostringstream out;
  CurveWriter writer(format, out);
  for (const v1::Curve& curve : curves) writer.Write(curve);
  writer.Finish();
  return out.str();
}

TEST(CurveWriter, CsvHasTheColumnsOfTheViewCurvesAndTheKeysOfTheArm) {
  EXPECT_EQ(Written(CurveFormat::kCsv, {KurtosisCurve(), LossCurve()}),
            "trial_id,step,metric,layer,site,value,model.block,optimizer.epsilon,seed\n"
            "a1,0,kurtosis,0,block,1.5,op,1e-08,2\n"
            "a1,10,kurtosis,0,block,NaN,op,1e-08,2\n"
            "a1,20,kurtosis,0,block,-Infinity,op,1e-08,2\n"
            "a1,0,train_loss,,,7.5,pre_norm,0.5,0\n");
}

// As `table` and the labels of trials write the same values.
TEST(CurveWriter, CsvWritesTheArmAsAUserTypesIt) {
  v1::Curve curve = LossCurve();
  curve.set_arm_keys(R"({"model.rope_base":1000.0,"model.rope":true,"evaluate.bits":["w8a8","w4a4"]})");
  EXPECT_EQ(Written(CurveFormat::kCsv, {curve}),
            "trial_id,step,metric,layer,site,value,model.rope_base,model.rope,evaluate.bits,seed\n"
            "a1,0,train_loss,,,7.5,1000,true,\"[w8a8, w4a4]\",0\n");
}

TEST(CurveWriter, JsonSpellsWhatItHasNoNumberForAsText) {
  const auto document = nlohmann::json::parse(Written(CurveFormat::kJson, {KurtosisCurve(), LossCurve()}));
  ASSERT_EQ(document.size(), 2u);
  EXPECT_EQ(document[0]["values"], (nlohmann::json{1.5, "NaN", "-Infinity"}));
  EXPECT_EQ(document[0]["steps"], (nlohmann::json{0, 10, 20}));
  EXPECT_EQ(document[0]["layer"], 0);
  EXPECT_EQ(document[0]["arm"], (nlohmann::json{{"model.block", "op"}, {"optimizer.epsilon", 1e-8}}));
  EXPECT_EQ(document[0]["seed"], 2);
  EXPECT_TRUE(document[1]["layer"].is_null());
  EXPECT_TRUE(document[1]["site"].is_null());
}

TEST(CurveWriter, NoCurveIsStillAWholeDocument) {
  EXPECT_EQ(nlohmann::json::parse(Written(CurveFormat::kJson, {})), nlohmann::json::array());
  EXPECT_EQ(Written(CurveFormat::kCsv, {}), "trial_id,step,metric,layer,site,value,seed\n");
}

}  // namespace
}  // namespace ofsweep
