#include "experiment/trial_key.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <unordered_map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "experiment/choices.h"
#include "experiment/edit_distance.h"
#include "experiment/number_range.h"
#include "experiment/quantisation_bits.h"
#include "experiment/quoted.h"

namespace ofsweep {
namespace {

constexpr std::size_t kLongestText = 200;

// Too far from what they mean for an edit distance.
constexpr std::pair<std::string_view, std::string_view> kAbbreviations[] = {
    {"bs", "train.batch_size"},
    {"eps", "optimizer.epsilon"},
    {"lr", "optimizer.learning_rate"},
    {"wd", "optimizer.weight_decay"},
};

const std::unordered_map<std::string_view, std::size_t>& IndexByName() {
  static const auto index = [] {
    std::unordered_map<std::string_view, std::size_t> made;
    for (std::size_t i = 0; i < TrialKeys().size(); ++i) made[TrialKeys()[i].name] = i;
    return made;
  }();
  return index;
}

bool IsList(KeyType type) {
  return type == KeyType::kTextList || type == KeyType::kBitsList;
}

absl::Status Unacceptable(const TrialKey& key, std::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat("expected ", AcceptedValues(key), ", got ", Quoted(text)));
}

NumberRange RangeOf(const TrialKey& key) {
  return {.minimum = key.minimum,
          .maximum = key.maximum,
          .open_minimum = key.open_minimum,
          .whole = key.type == KeyType::kInteger};
}

absl::StatusOr<Value> ParseNumber(const TrialKey& key, std::string_view text) {
  if (!WhyNotIn(RangeOf(key), text).empty()) return Unacceptable(key, text);
  if (key.type == KeyType::kNumber) return Value(ReadNumber(text).value());
  return Value(ReadWhole(text).value());
}

bool IsDevice(std::string_view text) {
  if (text == "cpu" || text == "cuda") return true;
  if (!text.starts_with("cuda:") || text.size() == 5 || text.size() > 8) return false;
  return std::all_of(text.begin() + 5, text.end(), absl::ascii_isdigit);
}

bool IsFingerprint(std::string_view text) {
  return text.size() == kFingerprintDigits &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsAcceptableText(const TrialKey& key, std::string_view text) {
  switch (key.type) {
    case KeyType::kDevice:
      return IsDevice(text);
    case KeyType::kFingerprint:
      return IsFingerprint(text);
    default:
      return key.choices.empty() ? text.size() <= kLongestText : IsOneOf(text, key.choices);
  }
}

absl::StatusOr<Value> ParseText(const TrialKey& key, std::string_view text) {
  if (!IsAcceptableText(key, text)) return Unacceptable(key, text);
  return Value(std::string(text));
}

absl::StatusOr<Value> ParseBitsList(const std::vector<std::string>& texts) {
  for (auto text = texts.begin(); text != texts.end(); ++text) {
    if (const auto bits = ParseQuantisationBits(*text); !bits.ok()) return bits.status();
    if (std::find(texts.begin(), text, *text) != text) {
      return absl::InvalidArgumentError(absl::StrCat(Quoted(*text), " stands twice in the list; once is enough"));
    }
  }
  return Value(texts);
}

}  // namespace

const TrialKey* FindTrialKey(std::string_view name) {
  const auto found = IndexByName().find(name);
  return found == IndexByName().end() ? nullptr : &TrialKeys()[found->second];
}

std::size_t TrialKeyIndex(std::string_view name) {
  const auto found = IndexByName().find(name);
  if (found == IndexByName().end()) {
    std::fprintf(stderr, "no trial key is called %.*s\n", static_cast<int>(name.size()), name.data());
    std::abort();
  }
  return found->second;
}

std::string_view NearestTrialKey(std::string_view name) {
  const auto alias = std::find_if(std::begin(kAbbreviations), std::end(kAbbreviations), [&](const auto& abbreviation) {
    return abbreviation.first == name.substr(name.rfind('.') + 1);
  });
  if (alias != std::end(kAbbreviations)) return alias->second;
  std::vector<std::string_view> names;
  for (const TrialKey& key : TrialKeys()) names.push_back(key.name);
  return Nearest(name, names);
}

const Value& DefaultValue(const TrialKey& key) {
  static const std::vector<Value> defaults = [] {
    std::vector<Value> made;
    for (const TrialKey& row : TrialKeys()) {
      if (IsList(row.type)) {
        const std::string_view inner = row.default_text.substr(1, row.default_text.size() - 2);
        made.emplace_back(std::vector<std::string>(absl::StrSplit(std::string(inner), ", ", absl::SkipEmpty())));
      } else {
        made.push_back(ParseValue(row, row.default_text).value());
      }
    }
    return made;
  }();
  return defaults[TrialKeyIndex(key.name)];
}

absl::StatusOr<Value> ParseValue(const TrialKey& key, std::string_view text) {
  if (key.accepts_auto && text == "auto") return Value(std::string(text));
  switch (key.type) {
    case KeyType::kBoolean:
      if (text == "true" || text == "True") return Value(true);
      if (text == "false" || text == "False") return Value(false);
      return Unacceptable(key, text);
    case KeyType::kInteger:
    case KeyType::kNumber:
      return ParseNumber(key, text);
    case KeyType::kText:
    case KeyType::kDevice:
    case KeyType::kFingerprint:
      return ParseText(key, text);
    case KeyType::kPath:
      return Value(std::string(text));
    case KeyType::kTextList:
    case KeyType::kBitsList:
      return ParseValue(key, std::vector<std::string>{std::string(text)});
  }
  std::abort();
}

absl::StatusOr<Value> ParseValue(const TrialKey& key, const std::vector<std::string>& texts) {
  if (!IsList(key.type)) return Unacceptable(key, absl::StrCat("[", absl::StrJoin(texts, ", "), "]"));
  if (key.type == KeyType::kBitsList) return ParseBitsList(texts);
  if (texts.empty()) return Unacceptable(key, "[]");
  for (const std::string& text : texts) {
    if (!IsOneOf(text, key.choices)) return Unacceptable(key, text);
  }
  return Value(texts);
}

std::string AcceptedValues(const TrialKey& key) {
  const std::string choices = absl::StrReplaceAll(std::string(key.choices), {{"|", ", "}});
  const std::string or_auto = key.accepts_auto ? " or auto" : "";
  switch (key.type) {
    case KeyType::kBoolean:
      return "true or false";
    case KeyType::kInteger:
    case KeyType::kNumber:
      return AcceptedNumbers(RangeOf(key)) + or_auto;
    case KeyType::kText:
      if (key.choices.empty()) return absl::StrCat("a text of at most ", kLongestText, " bytes");
      return absl::StrCat("one of ", choices, key.accepts_auto ? ", auto" : "");
    case KeyType::kDevice:
      return absl::StrCat("cpu, cuda, cuda:N", or_auto);
    case KeyType::kPath:
      return "a path";
    case KeyType::kFingerprint:
      return absl::StrCat(kFingerprintDigits, " hexadecimal digits", or_auto);
    case KeyType::kTextList:
      return absl::StrCat("a list of ", choices);
    case KeyType::kBitsList:
      return absl::StrCat("a list of ", kAcceptedQuantisationBits);
  }
  std::abort();
}

}  // namespace ofsweep
