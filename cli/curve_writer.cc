#include "cli/curve_writer.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "cli/format.h"

namespace ofsweep {

CurveWriter::CurveWriter(CurveFormat format, std::ostream& out) : format_(format), out_(out) {
  if (format_ == CurveFormat::kCsv) out_ << "trial_id,step,metric,layer,site,value\n";
}

void CurveWriter::Write(const v1::Curve& curve) {
  if (format_ == CurveFormat::kJson) return WriteJson(curve);
  const std::string series =
      absl::StrCat(CsvField(curve.metric()), ",", curve.has_layer() ? absl::StrCat(curve.layer()) : "", ",",
                   CsvField(curve.site()), ",");
  const int points = std::min(curve.steps_size(), curve.values_size());
  for (int i = 0; i < points; ++i) {
    out_ << curve.trial_id() << ',' << curve.steps(i) << ',' << series << CsvNumber(curve.values(i)) << '\n';
  }
}

void CurveWriter::WriteJson(const v1::Curve& curve) {
  nlohmann::ordered_json entry = {{"trial_id", curve.trial_id()}, {"metric", curve.metric()}};
  entry["layer"] = curve.has_layer() ? nlohmann::ordered_json(curve.layer()) : nlohmann::ordered_json(nullptr);
  entry["site"] = curve.site().empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(curve.site());
  entry["steps"] = curve.steps();
  entry["values"] = nlohmann::ordered_json::array();
  for (double value : curve.values()) entry["values"].push_back(JsonNumber(value));
  out_ << (first_ ? "[\n" : ",\n") << entry.dump();
  first_ = false;
}

void CurveWriter::Finish() {
  if (format_ == CurveFormat::kJson) out_ << (first_ ? "[]\n" : "\n]\n");
  out_.flush();
}

}  // namespace ofsweep
