#pragma once

#include <string>
#include <vector>

#include "coordinator/ablation_table.h"
#include "coordinator/coordinator_types.h"
#include "experiment/problem.h"
#include "ofsweep/v1/sweep.pb.h"
#include "storage/store.h"

// SweepService's messages from and to plain values. What decides sees no protobuf; what reads (SweepReader, the hub)
// answers in messages.
namespace ofsweep {

// A message stays below this: gRPC clients refuse more than 4 MiB unless told otherwise.
inline constexpr std::size_t kMaxResponseBytes = 3 * 1024 * 1024;

void SetTime(TimeMs time, google::protobuf::Timestamp& timestamp);

// Without what its specification says.
v1::Sweep ToMessage(const SweepSummary& sweep);
// `row`: as it is stored, or would be. `varied`: see SweepSettings.
v1::Sweep ToMessage(const SweepSummary& sweep, const SweepRow& row, const std::vector<std::string>& varied);

// Without config.
v1::Trial ToMessage(const ResultRow& row, const std::string& label);

// Every key of a trial: as submitted, what was `auto` as it was resolved.
google::protobuf::Struct ConfigMessage(const ResultRow& row);

v1::Attempt ToMessage(const AttemptRow& attempt);

v1::Worker ToMessage(const WorkerView& worker);

// `series`: what was measured, ordered by metric.
v1::ListSeriesResponse ToMessage(const std::vector<Series>& series);

v1::WatchSweepResponse ToMessage(const SweepProgress& progress);

v1::AblationCell ToMessage(const AblationCell& cell);

// The curve, in pieces of at most this many points.
inline constexpr std::size_t kMaxCurvePoints = 100'000;
std::vector<v1::Curve> ToMessages(const Curve& curve);

// A problem for an empty list of metrics, and for each field that cannot be meant.
CurveQuery FromMessage(const v1::QueryCurvesRequest& request, std::vector<Problem>& problems);

// A problem for each entry that cannot be meant.
std::vector<TrialEvaluation> FromMessage(const v1::AddEvaluationsRequest& request, std::vector<Problem>& problems);

AblationQuery FromMessage(const v1::GetAblationTableRequest& request);

}  // namespace ofsweep
