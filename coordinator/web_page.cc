#include "coordinator/web_page.h"

#include <array>
#include <cstddef>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "experiment/sha256.h"
#include "monitoring/embedded_file.h"

namespace ofsweep {

extern const EmbeddedFile kWebFiles[];
extern const std::size_t kWebFilesCount;

namespace {

struct ContentType {
  std::string_view ending;
  const char* type;
};
constexpr std::array kContentTypes = {
    ContentType{".html", "text/html; charset=utf-8"},
    ContentType{".css", "text/css; charset=utf-8"},
    ContentType{".js", "text/javascript; charset=utf-8"},
    ContentType{".svg", "image/svg+xml"},
    ContentType{".json", "application/json"},
};

const char* ContentTypeOf(std::string_view path) {
  for (const ContentType& known : kContentTypes) {
    if (path.ends_with(known.ending)) return known.type;
  }
  return "application/octet-stream";
}

HttpResponse Response(const EmbeddedFile& file, const std::string& version, const HttpRequest& request) {
  HttpResponse response{.content_type = ContentTypeOf(file.path)};
  // Scripts, styles and data of its own alone, and no frame around it: somebody else's page could guide a user's
  // clicks.
  response.headers = {{"Content-Security-Policy",
                       "default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'none'"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cache-Control", "no-cache"},  // that is: ask whether it is still the same
                      {"ETag", version}};
  if (request.Header("if-none-match") == version) {
    response.status = 304;
  } else {
    response.body = file.text();
  }
  return response;
}

}  // namespace

std::map<std::string, HttpHandler> WebPage() {
  std::map<std::string, HttpHandler> pages;
  for (std::size_t i = 0; i < kWebFilesCount; ++i) {
    const EmbeddedFile& file = kWebFiles[i];
    const std::string path = file.path;
    if (ContentTypeOf(path) == std::string_view("application/octet-stream")) continue;  // hashes of the sources
    pages[path == "index.html" ? "/" : absl::StrCat("/", path)] =
        [&file, version = absl::StrCat("\"", Sha256Hex(file.text()), "\"")](const HttpRequest& request) {
          return Response(file, version, request);
        };
  }
  return pages;
}

}  // namespace ofsweep
