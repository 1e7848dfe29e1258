#include "experiment/trial_identity.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "experiment/data_input.h"
#include "experiment/sha256.h"
#include "experiment/trial_id.h"

namespace ofsweep {
namespace {

const std::vector<const TrialKey*>& KeysByName() {
  static const auto sorted = [] {
    std::vector<const TrialKey*> keys;
    for (const TrialKey& key : TrialKeys()) keys.push_back(&key);
    std::sort(keys.begin(), keys.end(), [](auto* a, auto* b) { return a->name < b->name; });
    return keys;
  }();
  return sorted;
}

// Where the content is known, it does not matter where it lies.
bool IsOfKnownContent(const TrialKey& path, const TrialConfig& config) {
  return std::any_of(kInputKeys.begin(), kInputKeys.end(),
                     [&](const InputKeys& keys) { return keys.path == path.name && !config.IsAuto(keys.fingerprint); });
}

// The order of a list changes nothing that is measured, so it tells no trials apart: as the key's choices stand, and
// bits from many to few, which is how defaults and sweeps write them.
Value InCanonicalOrder(const TrialKey& key, Value value) {
  auto* list = std::get_if<std::vector<std::string>>(&value);
  if (list == nullptr) return value;
  const std::string choices = absl::StrCat("|", std::string(key.choices), "|");
  const auto place = [&choices](const std::string& item) { return choices.find("|" + item + "|"); };
  std::sort(list->begin(), list->end(), [&](const std::string& a, const std::string& b) {
    return place(a) != place(b) ? place(a) < place(b) : a > b;
  });
  return value;
}

}  // namespace

bool IsPartOfIdentity(const TrialKey& key, const TrialConfig& config) {
  if (key.type == KeyType::kPath && IsOfKnownContent(key, config)) return false;
  switch (key.identity) {
    case Identity::kScience:
      return !config.IsInert(key);
    case Identity::kAddition:
      return !config.IsInert(key) && config.Get(key.name) != DefaultValue(key);
    case Identity::kShorthand:
    case Identity::kOperation:
      return false;
  }
  return false;
}

std::string CanonicalJson(const TrialConfig& config) {
  std::string json = "{";
  json.reserve(2048);
  for (const TrialKey* key : KeysByName()) {
    if (!IsPartOfIdentity(*key, config)) continue;
    if (json.size() > 1) json += ',';
    json.append("\"").append(key->name).append("\":");
    AppendJson(InCanonicalOrder(*key, config.Get(key->name)), json);
  }
  json += '}';
  return json;
}

std::string ConfigHash(const TrialConfig& config) {
  return Sha256Hex(CanonicalJson(config));
}

std::string TrialId(std::string_view config_hash) {
  return std::string(config_hash.substr(0, kTrialIdDigits));
}

}  // namespace ofsweep
