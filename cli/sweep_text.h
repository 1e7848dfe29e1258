#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/connection.h"
#include "ofsweep/v1/sweep.pb.h"

namespace ofsweep {

// "6 trials"; "6 trials (8 combinations, of which 2 are the same trial as another)" where the sweep file spans more.
std::string DescribeSize(std::uint64_t trials, std::uint64_t combinations);

// "sweep s: 18 trials, 6 of them shared with sweep t and trained once".
std::string DescribeTrials(const v1::SubmitSweepResponse& response, std::uint64_t combinations);

// What becomes of the keys in which a sweep's specification differs from the one that it had: a line each, "" for none.
std::string DescribeDifferences(const v1::SubmitSweepResponse& response);

// What `submit` says: name, number of trials, how many are shared, how to watch.
std::string DescribeSubmission(const v1::SubmitSweepResponse& response, std::uint64_t combinations, bool validate_only,
                               const ConnectionOptions& where);

// "4/6 ended (3 completed, 1 diverged), 2 running": a cancelled trial has ended, and is not done.
std::string DescribeCounts(const v1::TrialCounts& counts);

std::uint32_t CountAll(const v1::TrialCounts& counts);
// Those with a final state.
std::uint32_t CountEnded(const v1::TrialCounts& counts);

// What `ls` prints: one line a sweep.
std::string RenderSweeps(const std::vector<v1::Sweep>& sweeps);

// What `show` prints: the sweep, its counts, what it waits for, and its trials.
std::string RenderSweep(const v1::Sweep& sweep, const std::vector<v1::Trial>& trials);

// What training failed trials again cannot mean.
inline constexpr const char* kChangedIsAnother =
    "Where that takes another sweep file or other data, it is another sweep: give it another name.";

// Which trials failed and why, a cause that several share once; where `data_dir` is the worker's on this machine (else
// ""), also where their logs are.
std::string DescribeFailures(const std::vector<v1::Trial>& failed, const std::string& data_dir);

}  // namespace ofsweep
