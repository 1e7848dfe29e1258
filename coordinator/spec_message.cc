#include "coordinator/spec_message.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "experiment/number_range.h"
#include "experiment/trial_key.h"

namespace ofsweep {
namespace {

using Json = nlohmann::ordered_json;

Json JsonOf(const google::protobuf::Value& value) {
  switch (value.kind_case()) {
    case google::protobuf::Value::kBoolValue:
      return value.bool_value();
    case google::protobuf::Value::kNumberValue: {
      const double number = value.number_value();
      if (!std::isfinite(number)) return std::to_string(number);  // JSON has no such number; the parser names the key
      if (number == std::trunc(number) && std::abs(number) <= kExactIntegers) return static_cast<std::int64_t>(number);
      return number;
    }
    case google::protobuf::Value::kStringValue:
      return value.string_value();
    case google::protobuf::Value::kListValue: {
      Json list = Json::array();
      for (const auto& item : value.list_value().values()) list.push_back(JsonOf(item));
      return list;
    }
    case google::protobuf::Value::kStructValue: {
      Json object = Json::object();
      for (const auto& [name, field] : value.struct_value().fields()) object[name] = JsonOf(field);
      return object;
    }
    default:
      return nullptr;
  }
}

using Keys = std::vector<std::pair<std::string, Json>>;

void Flatten(const google::protobuf::Struct& fields, const std::string& prefix, Keys& keys) {
  for (const auto& [name, value] : fields.fields()) {
    if (value.has_struct_value()) {
      Flatten(value.struct_value(), prefix + name + ".", keys);
    } else {
      keys.emplace_back(prefix + name, JsonOf(value));
    }
  }
}

// Unknown keys stand at the end, for the parser to complain about.
std::size_t Position(const std::string& name) {
  return FindTrialKey(name) == nullptr ? TrialKeys().size() : TrialKeyIndex(name);
}

Json Mapping(const google::protobuf::Struct& fields, std::vector<Problem>& problems) {
  Keys keys;
  Flatten(fields, "", keys);
  std::stable_sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) {
    return std::pair(Position(a.first), a.first) < std::pair(Position(b.first), b.first);
  });
  Json mapping = Json::object();
  for (auto& [name, value] : keys) {
    if (mapping.contains(name)) {
      problems.push_back({.key = name, .message = "is given twice, nested and dotted", .fix = "keep one of them"});
    }
    mapping[name] = std::move(value);
  }
  return mapping;
}

void AddList(const google::protobuf::RepeatedPtrField<google::protobuf::Struct>& entries, const char* name, Json& spec,
             std::vector<Problem>& problems) {
  for (const auto& entry : entries) spec[name].push_back(Mapping(entry, problems));
}

}  // namespace

std::string SpecText(const v1::SweepSpec& message, std::vector<Problem>& problems) {
  Json spec = {{"name", message.name()}};
  if (!message.description().empty()) spec["description"] = message.description();
  for (const std::string& tag : message.tags()) spec["tags"].push_back(tag);
  if (message.priority() != 0) spec["priority"] = message.priority();
  if (message.has_keep()) spec["keep"]["checkpoints"] = message.keep().checkpoints();
  if (message.has_trial()) spec["trial"] = Mapping(message.trial(), problems);
  if (message.has_grid()) spec["grid"] = Mapping(message.grid(), problems);
  AddList(message.zip(), "zip", spec, problems);
  AddList(message.trials(), "trials", spec, problems);
  AddList(message.exclude(), "exclude", spec, problems);
  return spec.dump(2);
}

}  // namespace ofsweep
