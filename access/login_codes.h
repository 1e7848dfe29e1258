#pragma once

#include <deque>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "access/principal.h"

namespace ofsweep {

// Codes with which browsers log in: each once, within twelve hours. In memory alone: a restart ends them. May be called
// from any thread.
class LoginCodes {
 public:
  // A code for that caller. The oldest of more than a thousand is no more.
  std::string Create(const Caller& caller, TimeMs now);
  // Whose code it was; none of one that is not known, was used or is too old.
  std::optional<Caller> Redeem(const std::string& code, TimeMs now);

 private:
  struct Code {
    std::string hash;
    Caller caller;
    TimeMs created_at = 0;
  };

  absl::Mutex mutex_;
  std::deque<Code> codes_ ABSL_GUARDED_BY(mutex_);  // oldest first
};

}  // namespace ofsweep
