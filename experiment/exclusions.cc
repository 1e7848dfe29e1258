#include "experiment/exclusions.h"

#include <algorithm>
#include <functional>
#include <string>

namespace ofsweep {
namespace {

bool Names(const Overrides& entry, const TrialConfig& written, const TrialConfig& resolved) {
  return std::all_of(entry.begin(), entry.end(), [&](const auto& assigned) {
    const auto& [key, value] = assigned;
    return written.Get(key) == value || resolved.Get(key) == value;
  });
}

}  // namespace

std::size_t Exclusions::HashOf::operator()(const Overrides& values) const {
  std::string text;
  for (const auto& [key, value] : values) AppendJson(value, text);  // all of a group have the same keys
  return std::hash<std::string>()(text);
}

Exclusions::Exclusions(const std::vector<Exclusion>& entries) : entries_(entries) {
  for (const Exclusion& entry : entries) {
    Keys keys;
    for (const auto& [key, value] : entry.keys) keys.push_back(key);
    has_matched_.push_back(&groups_[std::move(keys)].try_emplace(entry.keys, false).first->second);
  }
}

bool Exclusions::Match(const TrialConfig& written, const TrialConfig& resolved) {
  bool has_matched = false;
  for (auto& [keys, group] : groups_) has_matched |= MatchIn(keys, group, written, resolved);
  return has_matched;
}

bool Exclusions::MatchIn(const Keys& keys, Group& group, const TrialConfig& written, const TrialConfig& resolved) {
  Overrides wanted;
  Keys differing;  // between the two: an entry may name either value
  for (const std::string_view key : keys) {
    wanted.emplace(key, written.Get(key));
    if (written.Get(key) != resolved.Get(key)) differing.push_back(key);
  }
  bool has_matched = false;
  if (differing.size() >= 64 || std::size_t{1} << differing.size() > group.size()) {
    for (auto& [entry, matched] : group) {
      if (Names(entry, written, resolved)) matched = has_matched = true;
    }
    return has_matched;
  }
  for (std::size_t choice = 0; choice < std::size_t{1} << differing.size(); ++choice) {
    for (std::size_t i = 0; i < differing.size(); ++i) {
      wanted.find(differing[i])->second = (choice >> i & 1 ? resolved : written).Get(differing[i]);
    }
    const auto found = group.find(wanted);
    if (found != group.end()) found->second = has_matched = true;
  }
  return has_matched;
}

std::vector<const Exclusion*> Exclusions::Unmatched() const {
  std::vector<const Exclusion*> unmatched;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (!*has_matched_[i]) unmatched.push_back(&entries_[i]);
  }
  return unmatched;
}

}  // namespace ofsweep
