#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "coordinator/announcer.h"
#include "coordinator/clock.h"
#include "coordinator/coordinator_state.h"
#include "coordinator/coordinator_types.h"
#include "coordinator/submission.h"
#include "experiment/problem.h"
#include "experiment/sweep_spec.h"
#include "storage/store.h"

namespace ofsweep {

// A sweep as a user sends it.
struct Submission {
  SweepSpec spec;
  std::string text;        // is kept, and must itself be readable as a sweep file (YAML, or JSON with the same keys)
  std::string file;        // names it in problems
  std::string owner = {};  // the caller who submits it
  bool validate_only = false;
  std::function<bool()> is_cancelled = [] { return false; };  // whether the caller has gone
};

// Takes sweeps in. Both calls expand the grid, and return when what they tell is durable; both may be sent again. All
// mistakes of the specification go to `problems`: InvalidArgument, or ResourceExhausted where there are too many
// trials, of it or of its owner. Cancelled, with nothing stored, where the caller goes while the grid is expanded.
class SweepIntake {
 public:
  // All must outlive it. `revision`: of the coordinator; `most_trials`: of one owner, that wait or run.
  SweepIntake(CoordinatorState& state, Store& store, const Clock& clock, Announcer& announcer, std::string revision,
              std::uint64_t most_trials)
      : state_(state),
        store_(store),
        clock_(clock),
        announcer_(announcer),
        revision_(std::move(revision)),
        most_trials_(most_trials) {}

  // AlreadyExists where the name is taken by a sweep with other trials. A text that an update took the place of is that
  // sweep's too.
  absl::StatusOr<SubmitResult> Submit(const Submission& submission, std::vector<Problem>& problems);
  // The sweep of that name gets this text with its attributes, and the trials that it does not have yet; of a text that
  // it had once, nothing where no other keys differ. Trials that are still to be trained are trained as it says. A
  // cancelled sweep stays that. NotFound where there is none; FailedPrecondition where the text leaves out trials.
  absl::StatusOr<SubmitResult> Update(const Submission& submission, std::vector<Problem>& problems);

 private:
  // The sweep was submitted or updated with it; false where there is none.
  absl::StatusOr<bool> KnowsText(const std::optional<SweepRow>& stored, const std::string& text);
  absl::StatusOr<SubmitResult> TakeIn(const Submission& submission, bool may_be_new, std::vector<Problem>& problems);
  // Of inputs that the sweep has, what its trials say: what the caller sees counts for others, and where the sweep has
  // one open its first attempt decides, for what is added too. `stored`: as it was submitted.
  absl::Status ReadInputs(const std::string& sweep, const SweepSpec& stored, SweepSpec& spec);
  // Which replica a sweep is that was submitted to be trained anew, which its text does not say.
  absl::Status ReadReplica(const std::string& sweep, SweepSpec& spec);
  SweepRow RowOf(const Submission& submission, TimeMs submitted_at, TimeMs updated_at) const;

  CoordinatorState& state_;
  Store& store_;
  const Clock& clock_;
  Announcer& announcer_;
  const std::string revision_;
  const std::uint64_t most_trials_;
  ByteRoom expansions_{kExpansionBytes};
};

}  // namespace ofsweep
