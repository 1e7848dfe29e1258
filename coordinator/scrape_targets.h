#pragma once

#include <string>
#include <vector>

#include "coordinator/coordinator_types.h"

namespace ofsweep {

// Where Prometheus can reach a worker that says it serves HTTP on `http_address` (HOST:PORT), seen from `peer`, the
// other end of its call as gRPC names it ("ipv4:10.0.0.5:41234"). An address of all interfaces (0.0.0.0, ::) becomes
// the peer's. "" when there is none: loopback of another machine.
std::string ScrapeTarget(const std::string& http_address, const std::string& peer);

// The connected workers that serve metrics, as Prometheus' http_sd_configs reads them: a JSON list of {targets,
// labels}.
std::string ScrapeTargetsJson(const std::vector<WorkerView>& workers);

}  // namespace ofsweep
