#include "monitoring/status_pages.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "monitoring/metric_families.h"

namespace ofsweep {
namespace {

HttpResponse Healthy(const HttpRequest&) {
  return {.body = "ok\n"};
}

std::string Index(const std::string& title, const std::vector<StatusPage>& pages) {
  std::size_t width = 0;
  for (const StatusPage& page : pages) width = std::max(width, page.path.size());
  std::string text = absl::StrCat(title, "\n\n");
  for (const StatusPage& page : pages) {
    absl::StrAppend(&text, page.path, std::string(width - page.path.size() + 2, ' '), page.help, "\n");
  }
  return text;
}

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> ServeStatusPages(const HttpServerOptions& options, StatusPages pages) {
  std::vector<StatusPage> all = {{"/metrics", "for Prometheus", [scrape = std::move(pages.scrape)](const HttpRequest&) {
                                    return HttpResponse{.content_type = kExpositionContentType, .body = scrape()};
                                  }}};
  std::move(pages.more.begin(), pages.more.end(), std::back_inserter(all));
  all.push_back({"/healthz", "the process lives", Healthy});
  all.push_back({"/readyz", std::move(pages.ready_help), [ready = std::move(pages.ready)](const HttpRequest& request) {
                   const absl::Status status = ready();
                   if (status.ok()) return Healthy(request);
                   return HttpResponse{.status = 503, .body = absl::StrCat("not ready: ", status.message(), "\n")};
                 }});
  HttpRoutes routes = std::move(pages.others);
  routes.pages.try_emplace(
      "/", [index = Index(pages.title, all)](const HttpRequest&) { return HttpResponse{.body = index}; });
  for (StatusPage& page : all) routes.pages[page.path] = std::move(page.handler);
  return HttpServer::Start(options, std::move(routes));
}

}  // namespace ofsweep
