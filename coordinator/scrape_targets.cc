#include "coordinator/scrape_targets.h"

#include <optional>
#include <string_view>

#include <nlohmann/json.hpp>

#include "coordinator/peer_host.h"
#include "monitoring/host_port.h"

namespace ofsweep {

std::string ScrapeTarget(const std::string& http_address, const std::string& peer) {
  std::optional<HostPort> address = ParseHostPort(http_address);
  if (!address) return "";
  const std::string from = PeerHost(peer).value_or("127.0.0.1");
  if (address->host == "0.0.0.0" || address->host == "::") address->host = from;
  if (IsLoopback(address->host) && !IsLoopback(from)) return "";
  return ToText(*address);
}

std::string ScrapeTargetsJson(const std::vector<WorkerView>& workers) {
  nlohmann::ordered_json groups = nlohmann::ordered_json::array();
  for (const WorkerView& worker : workers) {
    if (!worker.connected || worker.scrape_target.empty()) continue;
    groups.push_back({{"targets", {worker.scrape_target}},
                      {"labels", {{"__meta_ofsweep_worker", worker.worker_id}, {"__meta_ofsweep_host", worker.host}}}});
  }
  return groups.dump(2) + "\n";
}

}  // namespace ofsweep
