#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "coordinator/scheduler_turn.h"
#include "storage/store.h"

namespace ofsweep {

struct SweepSize {
  std::string name;
  std::size_t trials = 0;
};

// A decision from when it was made until users may be told of it.
struct PendingDecision {
  std::uint64_t number = 0;             // decisions count up in the order in which they were made
  bool settled = false;                 // its write is done, well or not
  std::optional<SweepSize> sweep_size;  // of a sweep that is new, or has more trials
  std::vector<std::pair<std::string, SweepState>> sweep_states;
  std::vector<Transition> transitions;
};

// Makes decisions durable. Each is handed to the store under the mutex, so that the order of the writes is the order of
// the decisions, and awaited without it: the mutex is never held while the disk works. When a write fails, memory is
// ahead of the disk: new decisions wait until all writes on their way have ended, and what they rest on is read anew.
class CommitLog {
 public:
  struct Owner {
    // Of a decision that is stored, with all before it: users may be told. Under the mutex.
    std::function<void(const PendingDecision&)> publish;
    // Reads anew what decisions rest on, without the mutex, and returns what takes it over, under the mutex.
    std::function<absl::StatusOr<std::function<void()>>()> reload;
  };

  // A decision on its way to the disk, or the lack of one.
  class Ticket {
   public:
    // The answer repeats what earlier decisions made, so it has to wait for their writes.
    void RepeatsEarlier() { waits_for_earlier_ = true; }
    const std::vector<Transition>& transitions() const;

   private:
    friend class CommitLog;
    std::uint64_t number_ = 0;
    std::uint64_t epoch_ = 0;
    std::shared_ptr<PendingDecision> decision_;  // none where there was nothing to decide
    std::future<absl::Status> write_;            // of the decision
    bool waits_for_earlier_ = false;
  };

  CommitLog(Store& store, Owner owner) : store_(store), owner_(std::move(owner)) {}

  // Guards everything that decisions rest on.
  absl::Mutex& mutex() const ABSL_LOCK_RETURNED(mutex_) { return mutex_; }

  // To be called before a decision, first under the mutex, which it may release for a while: reads the state anew when
  // a write has failed, or a sweep was deleted. Unavailable while the database cannot be read.
  absl::Status Refresh() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Ticket MakeTicket() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Hands the decision to the store; it is the ticket's only one. One that deletes a sweep changes more than it says:
  // the next decision waits for it, and rests on the state that is read anew.
  void Enqueue(Decision decision, TimeMs now, Ticket& ticket) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Waits until everything that the ticket's decision rests on is durable, and published. Unavailable where an earlier
  // write failed meanwhile, so that the decision is void.
  absl::Status Commit(Ticket& ticket) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void NoteFailure() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Publish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsPublishedThrough(std::uint64_t number) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::function<void()>> Reload() const ABSL_LOCKS_EXCLUDED(mutex_);

  Store& store_;
  const Owner owner_;

  mutable absl::Mutex mutex_;
  std::uint64_t next_number_ ABSL_GUARDED_BY(mutex_) = 1;
  std::deque<std::shared_ptr<PendingDecision>> pending_ ABSL_GUARDED_BY(mutex_);  // in their order
  std::uint64_t epoch_ ABSL_GUARDED_BY(mutex_) = 0;  // grows when the state was read anew after a failure
  bool stale_ ABSL_GUARDED_BY(mutex_) = false;       // no decision may rest on memory
  bool failed_ ABSL_GUARDED_BY(mutex_) = false;      // because a write failed: what is decided is not stored
  bool loading_ ABSL_GUARDED_BY(mutex_) = false;
  bool told_of_failure_ ABSL_GUARDED_BY(mutex_) = false;  // in the log, since a write succeeded
};

}  // namespace ofsweep
