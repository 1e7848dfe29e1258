#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "experiment/attempt.h"

namespace ofsweep {

// Each attempt has a secret, which its worker is told with its start: who presents it was told to run the attempt, and
// nobody else may report it, push its points or its log. Derived from a key and never stored, so that neither SQL nor a
// copy of the database gives any away. May be used from any thread.
class AttemptSecrets {
 public:
  explicit AttemptSecrets(std::string key) : key_(std::move(key)) {}
  // Of the data folder's attempt-key, which is made where there is none. Errors: LoadOrMakeKey.
  static absl::StatusOr<AttemptSecrets> Open(const std::string& data_dir);

  // 32 bytes; the same after a restart.
  std::string For(const AttemptName& attempt) const;
  bool Fits(const AttemptName& attempt, std::string_view secret) const;

 private:
  std::string key_;
};

}  // namespace ofsweep
