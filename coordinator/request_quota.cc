#include "coordinator/request_quota.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace ofsweep {
namespace {

// Beyond it those are forgotten whose buckets are full: they are as good as new.
constexpr std::size_t kRemembered = 10'000;

}  // namespace

std::string LimitKey(const Caller& caller) {
  return caller.name == kAnyoneName ? caller.name + " at " + caller.peer : caller.name;
}

double RequestQuota::FilledAt(const Bucket& bucket, TimeMs now) {
  const double seconds = static_cast<double>(std::max<TimeMs>(0, now - bucket.at)) / 1000;
  return std::min(bucket.rate.at_once, bucket.filled + seconds * bucket.rate.a_second);
}

absl::Status RequestQuota::Take(const Caller& caller, TimeMs now) {
  const RequestRate& rate = Holds(caller.role, Role::kWork) ? options_.worker : options_.any;
  const std::string key = LimitKey(caller);
  absl::MutexLock lock(&mutex_);
  if (buckets_.size() >= kRemembered && !buckets_.contains(key)) {
    absl::erase_if(buckets_,
                   [&](const auto& entry) { return FilledAt(entry.second, now) >= entry.second.rate.at_once; });
  }
  Bucket& bucket = buckets_.try_emplace(key, Bucket{.rate = rate, .filled = rate.at_once, .at = now}).first->second;
  bucket.filled = FilledAt(bucket, now);
  bucket.rate = rate;
  bucket.at = std::max(bucket.at, now);
  if (bucket.filled >= 1) {
    bucket.filled -= 1;
    return absl::OkStatus();
  }
  return absl::ResourceExhaustedError(absl::StrFormat("%s makes more than %g requests a second; try again in %.1f s",
                                                      key, rate.a_second,
                                                      std::max(0.1, (1 - bucket.filled) / rate.a_second)));
}

std::size_t RequestQuota::remembered() const {
  absl::MutexLock lock(&mutex_);
  return buckets_.size();
}

}  // namespace ofsweep
