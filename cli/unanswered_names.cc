#include "cli/unanswered_names.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace ofsweep {
namespace {

template <class Name>
void Append(const char* what, const std::set<Name>& names, std::vector<std::string>& parts) {
  for (const Name& name : names) parts.push_back(absl::StrCat(what, " ", name));
}

}  // namespace

UnansweredNames::UnansweredNames(const v1::QueryCurvesRequest& query)
    : metrics_(query.metrics().begin(), query.metrics().end()),
      sites_(query.sites().begin(), query.sites().end()),
      layers_(query.layers().begin(), query.layers().end()) {}

void UnansweredNames::Note(const v1::Curve& curve) {
  metrics_.erase(curve.metric());
  sites_.erase(curve.site());
  if (curve.has_layer()) layers_.erase(curve.layer());
}

std::string UnansweredNames::Text() const {
  std::vector<std::string> parts;
  Append("metric", metrics_, parts);
  Append("site", sites_, parts);
  Append("layer", layers_, parts);
  return absl::StrJoin(parts, ", ");
}

}  // namespace ofsweep
