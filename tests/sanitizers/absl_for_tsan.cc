// Shows ThreadSanitizer how absl synchronizes. Debian's libraries are built without it, so that it would see neither
// our own absl::Mutex nor gRPC's, and would call everything that they guard a race.
//
// A program's definitions come before a shared library's, also where gRPC and absl call each other. So each function by
// which a thread gains or gives up a mutex, or its share of a status, is defined here once more: it tells
// ThreadSanitizer, and calls absl's own. The others (Await, MutexLock, WithTimeout) come down to these.

#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "absl/base/options.h"
#include "absl/status/status.h"
#include "absl/synchronization/internal/kernel_timeout.h"
#include "absl/synchronization/mutex.h"

namespace {

using absl::Condition;
using absl::Mutex;
using absl::synchronization_internal::KernelTimeout;

constexpr unsigned kWrite = 0;
constexpr unsigned kRead = __tsan_mutex_read_lock;

// absl's own function. `name` is the mangled one, without the namespaces.
template <class Function>
Function* Original(std::string_view name) {
  constexpr std::string_view kNamespace = ABSL_INTERNAL_TOKEN_STR(ABSL_OPTION_INLINE_NAMESPACE_NAME);
  std::string mangled = "_ZN4absl" + std::to_string(kNamespace.size());
  mangled.append(kNamespace).append(name);
  void* found = dlsym(RTLD_NEXT, mangled.c_str());
  if (found == nullptr) std::abort();
  return reinterpret_cast<Function*>(found);
}

template <class Lock>
auto Locking(Mutex* mutex, unsigned mode, const Lock& lock) {
  struct Report {
    Mutex* mutex;
    unsigned mode;
    ~Report() { __tsan_mutex_post_lock(mutex, mode, 0); }
  } const report{mutex, mode};
  __tsan_mutex_pre_lock(mutex, mode);
  return lock();
}

template <class Try>
bool Trying(Mutex* mutex, unsigned mode, const Try& attempt) {
  mode |= __tsan_mutex_try_lock;
  __tsan_mutex_pre_lock(mutex, mode);
  const bool locked = attempt();
  __tsan_mutex_post_lock(mutex, locked ? mode : mode | __tsan_mutex_try_lock_failed, 0);
  return locked;
}

template <class Unlock>
void Unlocking(Mutex* mutex, unsigned mode, const Unlock& unlock) {
  __tsan_mutex_pre_unlock(mutex, mode);
  unlock();
  __tsan_mutex_post_unlock(mutex, mode);
}

// A wait gives the mutex up and gains it again. Nothing here waits while it holds a mutex for reading.
template <class Wait>
bool Waiting(Mutex* mutex, const Wait& wait) {
  __tsan_mutex_pre_unlock(mutex, kWrite);
  const bool result = wait();
  __tsan_mutex_post_unlock(mutex, kWrite);
  __tsan_mutex_pre_lock(mutex, kWrite);
  __tsan_mutex_post_lock(mutex, kWrite, 0);
  return result;
}

// What ThreadSanitizer is told and the call that it is told of are one step, which it must not take for the program's
// own.
class UnseenLock {
 public:
  __attribute__((no_sanitize("thread"))) UnseenLock() {
    while (__atomic_test_and_set(&taken_, __ATOMIC_ACQUIRE)) {
    }
  }
  __attribute__((no_sanitize("thread"))) ~UnseenLock() { __atomic_clear(&taken_, __ATOMIC_RELEASE); }

 private:
  inline static bool taken_ = false;
};

}  // namespace

namespace absl {
ABSL_NAMESPACE_BEGIN

void Mutex::Lock() {
  static const auto original = Original<void(Mutex*)>("5Mutex4LockEv");
  Locking(this, kWrite, [&] { original(this); });
}

void Mutex::ReaderLock() {
  static const auto original = Original<void(Mutex*)>("5Mutex10ReaderLockEv");
  Locking(this, kRead, [&] { original(this); });
}

void Mutex::LockWhen(const Condition& condition) {
  static const auto original = Original<void(Mutex*, const Condition&)>("5Mutex8LockWhenERKNS0_9ConditionE");
  Locking(this, kWrite, [&] { original(this, condition); });
}

bool Mutex::LockWhenWithDeadline(const Condition& condition, Time deadline) {
  static const auto original =
      Original<bool(Mutex*, const Condition&, Time)>("5Mutex20LockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE");
  return Locking(this, kWrite, [&] { return original(this, condition, deadline); });
}

void Mutex::ReaderLockWhen(const Condition& condition) {
  static const auto original = Original<void(Mutex*, const Condition&)>("5Mutex14ReaderLockWhenERKNS0_9ConditionE");
  Locking(this, kRead, [&] { original(this, condition); });
}

bool Mutex::ReaderLockWhenWithDeadline(const Condition& condition, Time deadline) {
  static const auto original =
      Original<bool(Mutex*, const Condition&, Time)>("5Mutex26ReaderLockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE");
  return Locking(this, kRead, [&] { return original(this, condition, deadline); });
}

bool Mutex::TryLock() {
  static const auto original = Original<bool(Mutex*)>("5Mutex7TryLockEv");
  return Trying(this, kWrite, [&] { return original(this); });
}

bool Mutex::ReaderTryLock() {
  static const auto original = Original<bool(Mutex*)>("5Mutex13ReaderTryLockEv");
  return Trying(this, kRead, [&] { return original(this); });
}

void Mutex::Unlock() {
  static const auto original = Original<void(Mutex*)>("5Mutex6UnlockEv");
  Unlocking(this, kWrite, [&] { original(this); });
}

void Mutex::ReaderUnlock() {
  static const auto original = Original<void(Mutex*)>("5Mutex12ReaderUnlockEv");
  Unlocking(this, kRead, [&] { original(this); });
}

bool Mutex::AwaitCommon(const Condition& condition, KernelTimeout timeout) {
  static const auto original = Original<bool(Mutex*, const Condition&, KernelTimeout)>(
      "5Mutex11AwaitCommonERKNS0_9ConditionENS0_24synchronization_internal13KernelTimeoutE");
  return Waiting(this, [&] { return original(this, condition, timeout); });
}

bool CondVar::WaitCommon(Mutex* mutex, KernelTimeout timeout) {
  static const auto original = Original<bool(CondVar*, Mutex*, KernelTimeout)>(
      "7CondVar10WaitCommonEPNS0_5MutexENS0_24synchronization_internal13KernelTimeoutE");
  return Waiting(mutex, [&] { return original(this, mutex, timeout); });
}

// Gives up one share of what a status holds; the last one destroys it, after all that the others did with it.
void Status::UnrefNonInlined(std::uintptr_t holder) {
  static const auto original = Original<void(std::uintptr_t)>("6Status15UnrefNonInlinedEm");
  const UnseenLock lock;
  auto* shared = reinterpret_cast<void*>(holder);
  __tsan_release(shared);
  __tsan_acquire(shared);
  original(holder);
}

ABSL_NAMESPACE_END
}  // namespace absl
