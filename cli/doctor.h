#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "worker/channel.h"

namespace ofsweep {

enum class Verdict { kOk, kWarning, kMissing };

// One thing that ofsweep needs of a machine, or would be glad of.
struct Check {
  std::string what;
  Verdict verdict = Verdict::kOk;
  std::string found;
  std::string fix = {};  // how to mend it; empty where nothing is wrong
};

struct DoctorOptions {
  std::string data_dir;
  std::vector<std::uint16_t> ports;
  std::optional<std::string> coordinator;  // HOST:PORT, which has to answer; none where nobody named one
  CallerOptions caller = {};
  bool json = false;
  bool install_trainer = false;
};

// Fetches LibTorch for a trainer that was installed from a package, into lib/ofsweep beside its bin; with CUDA's
// libraries where there is a GPU. FailedPrecondition: this program was not installed, the folder cannot be written, or
// what fetches them has said why it could not.
absl::Status InstallTrainer();

// Looks at this machine, and calls the coordinator; changes nothing.
std::vector<Check> Examine(const DoctorOptions& options);

// Who listens on a TCP port of this machine: "" when it is free, else the process ("ofsweep, process 4711"), or "a
// process of another user".
std::string ListenerOf(std::uint16_t port);

}  // namespace ofsweep
