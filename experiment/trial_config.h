#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "experiment/problem.h"
#include "experiment/trial_key.h"
#include "experiment/value.h"

namespace ofsweep {

// Keys a user has given, dotted name to value.
using Overrides = std::map<std::string, Value, std::less<>>;

// A complete trial: one value for every row of TrialKeys().
class TrialConfig {
 public:
  // Every key at its default.
  TrialConfig();

  // Defaults, then the shape of the preset that `overrides` (or the default) names, then `overrides`.
  // Keys must be known and of their row's type: ParseOverrides and ParseSweepSpec see to that.
  static TrialConfig FromOverrides(const Overrides& overrides);

  const Value& Get(std::string_view key) const;
  void Set(std::string_view key, Value value);

  // Typed reads. The key must exist and must not be `auto`: both are errors of the program and throw std::logic_error.
  bool Boolean(std::string_view key) const;
  std::int64_t Integer(std::string_view key) const;
  double Number(std::string_view key) const;
  const std::string& Text(std::string_view key) const;
  const std::vector<std::string>& List(std::string_view key) const;

  bool IsAuto(std::string_view key) const;

  // True where the key's condition does not hold (SOAP's refresh under Adam).
  bool IsInert(const TrialKey& key) const;

  bool operator==(const TrialConfig&) const = default;

 private:
  std::vector<Value> values_;  // by TrialKeyIndex
};

// Replaces each `auto` that follows from other keys (ffn_width, final_norm, residual_scale, betas, …). What depends on
// the machine or the data stays `auto` for the trainer to decide and report: train.device, precision, threads,
// micro_batch_size, and model.vocabulary of prepared tokens. train.checkpoint_every and evaluate.batches stay `auto`
// for good: by time, and by tokens.
void ResolveAuto(TrialConfig& config);

// Mistakes that involve several keys: width not divisible by heads, a text source without a path, …
// `file` and line 0 stand in each problem. Call after ResolveAuto.
std::vector<Problem> CheckTrial(const TrialConfig& config, const std::string& file);

// The configuration without inert, shorthand and operational keys, and without additions at their default, as JSON with
// sorted dotted keys and no spaces. Lists that differ in their order alone are written alike.
std::string CanonicalJson(const TrialConfig& config);

// SHA-256 of CanonicalJson, 64 hexadecimal digits. Equal trials have equal hashes on every machine.
std::string ConfigHash(const TrialConfig& config);

// The first 16 digits of the hash: how users name a trial.
std::string TrialId(std::string_view config_hash);

// Every key, as one flat JSON object of dotted keys in table order; and as the nested object of trial.json.
nlohmann::ordered_json ToFlatJson(const TrialConfig& config);
nlohmann::ordered_json ToNestedJson(const TrialConfig& config);

// Reads the keys that an object of JSON gives, nested or dotted. Relative paths are resolved against the folder of
// `file`, and are a mistake where it is empty. All mistakes at once go to `problems`.
Overrides ParseOverrides(std::string_view json, const std::string& file, std::vector<Problem>& problems);

// Reads trial.json, nested or dotted. Relative paths are resolved against the folder of `file`. All mistakes at once go
// to `problems`; the result is usable only when none was added.
TrialConfig ParseTrialJson(std::string_view text, const std::string& file, std::vector<Problem>& problems);

}  // namespace ofsweep
