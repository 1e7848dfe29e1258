#pragma once

#include <deque>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "experiment/time_ms.h"

namespace ofsweep {

// Who logs in with a code.
struct Login {
  std::string name;
  std::string token_hash;  // of the token that it had when the code was made
};

// Codes with which browsers log in: each once, within twelve hours. In memory alone: a restart ends them. May be called
// from any thread.
class LoginCodes {
 public:
  // A code for that one. The oldest of more than a thousand is no more.
  std::string Create(Login login, TimeMs now);
  // Whose code it was; none of one that is not known, was used or is too old.
  std::optional<Login> Redeem(const std::string& code, TimeMs now);

 private:
  struct Code {
    std::string hash;
    Login login;
    TimeMs created_at = 0;
  };

  absl::Mutex mutex_;
  std::deque<Code> codes_ ABSL_GUARDED_BY(mutex_);  // oldest first
};

}  // namespace ofsweep
