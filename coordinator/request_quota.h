#pragma once

#include <cstddef>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "access/principal.h"

namespace ofsweep {

// By which limits tell callers apart: the name, and of kAnyoneName where the call comes from too.
std::string LimitKey(const Caller& caller);

struct RequestRate {
  double a_second = 0;  // for as long as one likes
  double at_once = 0;   // after a while without any
};

struct RequestQuotaOptions {
  RequestRate any{.a_second = 200, .at_once = 2'000};
  // Of callers who may work: one token is a whole fleet's, and the local one its commands' and workers'.
  RequestRate worker{.a_second = 20'000, .at_once = 40'000};
};

// How many requests each caller makes: token buckets. May be called from any thread.
class RequestQuota {
 public:
  explicit RequestQuota(const RequestQuotaOptions& options = {}) : options_(options) {}

  // ResourceExhausted says when to try again.
  absl::Status Take(const Caller& caller, TimeMs now);
  std::size_t remembered() const;

 private:
  struct Bucket {
    RequestRate rate;
    double filled = 0;  // requests that it may make now
    TimeMs at = 0;      // when that was so
  };

  static double FilledAt(const Bucket& bucket, TimeMs now);

  const RequestQuotaOptions options_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Bucket> buckets_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ofsweep
