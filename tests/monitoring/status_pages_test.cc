#include "monitoring/status_pages.h"

#include <atomic>

#include <gmock/gmock.h>

#include "tests/monitoring/http_client.h"

namespace ofsweep {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(StatusPages, ShowWhatThereIsAndWhetherItIsReady) {
  std::atomic<bool> ready = false;
  const auto server =
      ServeStatusPages({.address = "127.0.0.1:0"},
                       {.title = "ofsweep test 1.0",
                        .scrape = [] { return std::string("a 1\n"); },
                        .ready = [&] { return ready ? absl::OkStatus() : absl::UnavailableError("it is too early"); },
                        .ready_help = "it may begin",
                        .more = {{"/other/page", "what else there is",
                                  [](const HttpRequest&) { return HttpResponse{.body = "else"}; }}}});
  ASSERT_TRUE(server.ok()) << server.status();
  const auto get = [&](const std::string& path) { return Http((*server)->address(), path); };
  EXPECT_EQ(BodyOf(get("/")),
            "ofsweep test 1.0\n\n"
            "/metrics     for Prometheus\n"
            "/other/page  what else there is\n"
            "/healthz     the process lives\n"
            "/readyz      it may begin\n");
  EXPECT_THAT(get("/metrics"), HasSubstr("Content-Type: text/plain; version=0.0.4"));
  EXPECT_EQ(BodyOf(get("/metrics")), "a 1\n");
  EXPECT_EQ(BodyOf(get("/other/page")), "else");
  EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(get("/readyz"), StartsWith("HTTP/1.1 503"));
  EXPECT_EQ(BodyOf(get("/readyz")), "not ready: it is too early\n");
  ready = true;
  EXPECT_THAT(get("/readyz"), StartsWith("HTTP/1.1 200"));
}

TEST(StatusPages, AnAddressThatIsNoneIsRefused) {
  EXPECT_EQ(ServeStatusPages({.address = "nowhere"}, {}).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace ofsweep
