#pragma once

#include <vector>

#include "coordinator/attempt_secrets.h"
#include "coordinator/coordinator_types.h"
#include "coordinator/log_intake.h"
#include "experiment/problem.h"
#include "ofsweep/v1/worker.pb.h"

// WorkerService's messages from and to plain values. What a worker sends is checked here, whole, before anything acts
// on it.
namespace ofsweep {

// Problems name their field: "attempts[2].ended.outcome".
WorkerReport FromMessage(const v1::SynchronizeRequest& request, std::vector<Problem>& problems);

DatabaseIdentity FromMessage(const v1::Database& message);

// With each start goes the secret of its attempt.
v1::SynchronizeResponse ToMessage(const SynchronizeAnswer& answer, const AttemptSecrets& secrets);

// Rows come out in ascending steps. Problems name their field: "trials[0].rows[3].series".
std::vector<AttemptPoints> FromMessage(const v1::PushMetricsRequest& request, std::vector<Problem>& problems);

v1::PushMetricsResponse ToMessage(const std::vector<PushOutcome>& outcomes);

// Problems name their field: "chunks[1].text".
std::vector<LogPiece> FromMessage(const v1::PushLogRequest& request, std::vector<Problem>& problems);

v1::PushLogResponse ToMessage(const std::vector<LogOutcome>& outcomes);

}  // namespace ofsweep
