// bench_control_client MODE --key value …: one load or ceiling a process; its last line is a JSON object.
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include "bench/control_plane/arguments.h"
#include "bench/control_plane/echo.h"
#include "bench/control_plane/raw_sqlite.h"
#include "bench/control_plane/users.h"
#include "bench/control_plane/workers.h"

int main(int argc, char** argv) {
  using namespace ofsweep;
  const std::map<std::string, std::function<nlohmann::json(const Arguments&)>> modes = {
      {"submit", SubmitSweep},
      {"curves", QueryCurves},
      {"table", GetTable},
      {"watch", WatchSweep},
      {"lifecycles", RunLifecycles},
      {"push", PushSteps},
      {"hold", HoldTrials},
      {"false-attempts", ReportFalseAttempts},
      {"grow", Grow},
      {"heartbeats", Heartbeats},
      {"serve-echo", ServeEcho},
      {"echo", CallEcho},
      {"raw-write", WriteRaw},
      {"raw-read", ReadRaw},
  };
  const auto mode = argc < 2 ? modes.end() : modes.find(argv[1]);
  if (mode == modes.end()) {
    std::fprintf(stderr, "bench_control_client: the first argument is none of its modes\n");
    return 2;
  }
  try {
    std::puts(mode->second(Arguments(argc - 2, argv + 2)).dump().c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_control_client %s: %s\n", argv[1], error.what());
    return 1;
  }
  return 0;
}
