#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/database_connection.h"
#include "storage/store.h"

namespace ofsweep {

// Reads of sweeps and trials on a reader's connection; contracts are those of Store. SQLite's errors are thrown.
absl::StatusOr<std::int64_t> SweepId(DatabaseConnection& connection, const std::string& sweep);  // or NotFound
std::optional<SweepRow> FindSweep(DatabaseConnection& connection, const std::string& name);
absl::StatusOr<Fingerprints> SubmittedInputs(DatabaseConnection& connection, const std::string& sweep);
absl::StatusOr<std::vector<std::string>> Replicas(DatabaseConnection& connection, const std::string& sweep);
absl::StatusOr<bool> HadSpec(DatabaseConnection& connection, const std::string& sweep, const std::string& spec);
std::vector<SweepRow> ListSweeps(DatabaseConnection& connection, std::uint64_t limit, std::int64_t before,
                                 std::span<const std::string> tags);
absl::StatusOr<std::map<TrialState, std::uint64_t>> CountTrials(DatabaseConnection& connection,
                                                                const std::string& sweep);
absl::Status VisitResults(DatabaseConnection& connection, const std::string& sweep,
                          const std::vector<std::string>& numbers, const std::function<void(const ResultRow&)>& visit);
absl::StatusOr<std::vector<ResultRow>> ListResults(DatabaseConnection& connection, const std::string& sweep,
                                                   std::span<const TrialState> states, std::uint64_t limit,
                                                   std::uint64_t position);
absl::StatusOr<std::optional<ResultRow>> FindResult(DatabaseConnection& connection, const std::string& sweep,
                                                    const std::string& trial_id);
absl::StatusOr<std::vector<TrialRow>> LoadTrials(DatabaseConnection& connection, const std::string& sweep);
std::optional<TrialRow> FindTrial(DatabaseConnection& connection, const std::string& trial_id);
std::vector<std::string> TrialIdsBeginningWith(DatabaseConnection& connection, const std::string& beginning,
                                               const std::string& sweep, std::uint64_t limit);
std::vector<std::pair<std::string, Arm>> ListArms(DatabaseConnection& connection, const std::string& trial_id);
std::vector<AttemptRow> ListAttempts(DatabaseConnection& connection, const std::string& trial_id);
absl::StatusOr<Fingerprints> FixedInputs(DatabaseConnection& connection, const std::string& sweep);

}  // namespace ofsweep
