#include "trainer/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace ofsweep {
namespace {

constexpr auto kPace = std::chrono::seconds(2);

spdlog::logger& Logger() {
  static const auto logger = [] {
    auto made = std::make_shared<spdlog::logger>("trainer", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
    return made;
  }();
  return *logger;
}

}  // namespace

void LogInfo(std::string_view message) {
  Logger().info("{}", message);
}

void LogWarning(std::string_view message) {
  Logger().warn("{}", message);
}

void LogError(std::string_view message) {
  Logger().error("{}", message);
}

bool LogPace::IsDue() {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < kPace) return false;
  last_ = now;
  return true;
}

}  // namespace ofsweep
