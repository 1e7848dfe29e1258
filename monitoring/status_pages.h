#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "monitoring/http_server.h"

namespace ofsweep {

// A page, and what the page at / says of it.
struct StatusPage {
  std::string path;
  std::string help;
  HttpHandler handler;
};

// What a coordinator or a worker shows to whoever watches over it. The functions may be called by several threads at
// once.
struct StatusPages {
  std::string title;                    // "ofsweep worker 0.1.0"
  std::function<std::string()> scrape;  // /metrics: the text exposition, of kExpositionContentType
  std::function<absl::Status()> ready;  // /readyz: 503 with the message where it is not OK
  std::string ready_help;               // "it can take work"
  std::vector<StatusPage> more;         // besides /metrics, /healthz and /readyz
  // Behind them: what is at / (else a list of the pages), and what is called rather than looked at.
  HttpRoutes others = {};
};

// Errors as of HttpServer::Start.
absl::StatusOr<std::unique_ptr<HttpServer>> ServeStatusPages(const HttpServerOptions& options, StatusPages pages);

}  // namespace ofsweep
