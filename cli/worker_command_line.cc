#include "cli/worker_command_line.h"

#include <string>

#include "cli/job_end.h"
#include "cli/option_values.h"
#include "cli/worker_data_roots.h"

namespace ofsweep {
namespace {

constexpr double kDaySeconds = 24 * 3600;

}  // namespace

void AddWorkerOptions(CLI::App& worker, WorkerCommandOptions& options) {
  worker.add_option("--slots", options.slots, "trials at once (0: one a GPU, else one a core)")
      ->check(Within({.maximum = 1024, .whole = true}));
  AddDataRoots(&worker, options.data_roots);
  worker.add_option("--http", options.http,
                    "HOST:PORT for its own /metrics, /healthz and /readyz; port 0 takes a free one (default: none)");
  worker
      .add_option("--exit-when-idle", options.exit_when_idle,
                  "SECONDS after which it ends when it has had nothing to do (default: never)")
      ->check(Within({.maximum = 365 * kDaySeconds}));
  worker
      .add_option("--stop-grace", options.stop_grace,
                  "SECONDS that trainers have for their checkpoints when it stops; then they are killed")
      ->check(Within({.maximum = kDaySeconds}))
      ->capture_default_str();
  worker
      .add_option("--until", options.until,
                  "when others will end it, so that it stops in time: 2026-11-28T22:14:39Z, or seconds since 1970 "
                  "(default: the end of its Slurm job)")
      ->check(CLI::Validator([](const std::string& text) { return WhyNoTime(text); }, ""));
}

}  // namespace ofsweep
