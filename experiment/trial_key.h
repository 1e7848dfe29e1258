#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "experiment/value.h"

namespace ofsweep {

// SHA-256, cut to 128 bits.
inline constexpr std::size_t kFingerprintDigits = 32;

// kDevice is a text: cpu, cuda or cuda:N; kFingerprint one of kFingerprintDigits hexadecimal digits. kBitsList is a
// list of texts, each a name of quantisation_bits.h.
enum class KeyType { kBoolean, kInteger, kNumber, kText, kDevice, kPath, kFingerprint, kTextList, kBitsList };

// When a key has a meaning at all: only where `key` has one of `values` (separated by '|', "" meaning unset). A key
// whose condition does not hold is inert: it may be given, changes nothing, and is no part of a trial's identity.
struct AppliesWhen {
  std::string_view key;
  std::string_view values;
};

// How a key enters the canonical hash.
enum class Identity {
  kScience,    // part of the trial's identity wherever it applies
  kAddition,   // the same, but left out at its default, which is what trials had before the key was there
  kShorthand,  // expands to other keys (model.preset), which carry the identity
  kOperation,  // never changes what is learnt (train.threads, train.checkpoint_every)
};

// One row of the table of trial keys. Validation, defaults, `ofsweep spec`, the hash and docs/trial-keys.md all come
// from it.
struct TrialKey {
  std::string_view name;  // dotted: "optimizer.learning_rate"
  KeyType type;
  std::string_view default_text;  // as a user would type it; "" is unset
  bool accepts_auto = false;
  std::string_view choices = "";  // allowed texts, separated by '|'; empty: any
  double minimum = 0;             // numbers and integers; as in NumberRange
  double maximum = 0;
  bool open_minimum = false;
  AppliesWhen applies = {};
  Identity identity = Identity::kScience;
  bool costs_nothing = false;  // neither the time of a step nor a trial's memory follows from it, which `plan` is about
  std::string_view help;       // one line
};

// Every key, in the order of the documentation. `seed` is the last.
std::span<const TrialKey> TrialKeys();

// The row called `name`, or nullptr.
const TrialKey* FindTrialKey(std::string_view name);

// The position of a key in TrialKeys(). Aborts when there is none: for names written in the program, not by a user.
std::size_t TrialKeyIndex(std::string_view name);

// The known key nearest to a mistyped one by edit distance, its last component alone counting too; of a usual
// abbreviation (lr, wd, bs, eps) the key that it stands for. Empty where none is near.
std::string_view NearestTrialKey(std::string_view name);

// The default as a typed value.
const Value& DefaultValue(const TrialKey& key);

// Reads what a user typed. InvalidArgument says what the key accepts: "expected a number > 0, got \"fast\"".
absl::StatusOr<Value> ParseValue(const TrialKey& key, std::string_view text);
absl::StatusOr<Value> ParseValue(const TrialKey& key, const std::vector<std::string>& texts);

// "an integer ≥ 1, or auto": the type, range and choices in words, for errors and documentation.
std::string AcceptedValues(const TrialKey& key);

}  // namespace ofsweep
