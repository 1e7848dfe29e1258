#include "coordinator/scrape_targets.h"

#include <optional>
#include <string_view>

#include <nlohmann/json.hpp>

#include "absl/strings/str_replace.h"
#include "monitoring/host_port.h"

namespace ofsweep {
namespace {

// Of a call over TCP; nothing for one inside a process or over a Unix socket, which come from this machine.
std::optional<std::string> PeerHost(std::string peer) {
  if (!peer.starts_with("ipv4:") && !peer.starts_with("ipv6:")) return std::nullopt;
  peer = absl::StrReplaceAll(peer.substr(5), {{"%5B", "["}, {"%5D", "]"}, {"%25", "%"}});
  const std::optional<HostPort> parsed = ParseHostPort(peer);
  if (!parsed) return std::nullopt;
  return parsed->host;
}

}  // namespace

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
