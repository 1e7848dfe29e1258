#include "coordinator/web_page.h"

#include <array>
#include <cstddef>
#include <string_view>

#include "absl/strings/str_cat.h"
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

HttpResponse Response(const EmbeddedFile& file) {
  const std::string_view path = file.path;
  HttpResponse response{.content_type = ContentTypeOf(path), .body = std::string(file.text())};
  // Scripts, styles and data of its own alone, and no frame around it: somebody else's page could guide a user's
  // clicks.
  response.headers = {{"Content-Security-Policy",
                       "default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'none'"},
                      {"Referrer-Policy", "no-referrer"}};
  // The names of assets have a hash of their content.
  if (path.starts_with("assets/"))
    response.headers.emplace_back("Cache-Control", "public, max-age=31536000, immutable");
  return response;
}

}  // namespace

std::map<std::string, HttpHandler> WebPage() {
  std::map<std::string, HttpHandler> pages;
  for (std::size_t i = 0; i < kWebFilesCount; ++i) {
    const EmbeddedFile& file = kWebFiles[i];
    const std::string path = file.path;
    if (ContentTypeOf(path) == std::string_view("application/octet-stream")) continue;  // hashes of the sources
    pages[path == "index.html" ? "/" : absl::StrCat("/", path)] = [&file](const HttpRequest&) {
      return Response(file);
    };
  }
  return pages;
}

}  // namespace ofsweep
