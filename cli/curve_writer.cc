#include "cli/curve_writer.h"

#include <algorithm>
#include <cstdint>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "cli/format.h"
#include "experiment/value.h"

namespace ofsweep {

namespace {

nlohmann::ordered_json ArmOf(const v1::Curve& curve) {
  return nlohmann::ordered_json::parse(curve.arm_keys());
}

std::int64_t SeedOf(const v1::Curve& curve) {
  return static_cast<std::int64_t>(curve.seed());
}

std::string CsvHead(const nlohmann::ordered_json& arm) {
  std::string head = "trial_id,step,metric,layer,site,value";
  for (const auto& [key, value] : arm.items()) absl::StrAppend(&head, ",", CsvField(key));
  return head + ",seed\n";
}

}  // namespace

CurveWriter::CurveWriter(CurveFormat format, std::ostream& out) : format_(format), out_(out) {}

void CurveWriter::Write(const v1::Curve& curve) {
  format_ == CurveFormat::kJson ? WriteJson(curve) : WriteCsv(curve);
  first_ = false;
}

void CurveWriter::WriteCsv(const v1::Curve& curve) {
  const nlohmann::ordered_json arm = ArmOf(curve);
  if (first_) out_ << CsvHead(arm);
  const std::string series =
      absl::StrCat(CsvField(curve.metric()), ",", curve.has_layer() ? absl::StrCat(curve.layer()) : "", ",",
                   CsvField(curve.site()), ",");
  std::string keys;
  for (const auto& [key, value] : arm.items()) absl::StrAppend(&keys, ",", CsvField(TextOfJson(value)));
  absl::StrAppend(&keys, ",", SeedOf(curve), "\n");
  const int points = std::min(curve.steps_size(), curve.values_size());
  for (int i = 0; i < points; ++i) {
    out_ << curve.trial_id() << ',' << curve.steps(i) << ',' << series << CsvNumber(curve.values(i)) << keys;
  }
}

void CurveWriter::WriteJson(const v1::Curve& curve) {
  nlohmann::ordered_json entry = {
      {"trial_id", curve.trial_id()}, {"arm", ArmOf(curve)}, {"seed", SeedOf(curve)}, {"metric", curve.metric()}};
  entry["layer"] = curve.has_layer() ? nlohmann::ordered_json(curve.layer()) : nlohmann::ordered_json(nullptr);
  entry["site"] = curve.site().empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(curve.site());
  entry["steps"] = curve.steps();
  entry["values"] = nlohmann::ordered_json::array();
  for (double value : curve.values()) entry["values"].push_back(JsonNumber(value));
  out_ << (first_ ? "[\n" : ",\n") << entry.dump();
}

void CurveWriter::Finish() {
  if (format_ == CurveFormat::kJson) {
    out_ << (first_ ? "[]\n" : "\n]\n");
  } else if (first_) {
    out_ << CsvHead({});
  }
  out_.flush();
}

}  // namespace ofsweep
