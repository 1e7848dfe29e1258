#include "cli/log.h"

#include <iostream>
#include <memory>
#include <mutex>

#include <grpc/support/log.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

namespace ofsweep {
namespace {

// One sink for the life of the process, so that no thread ever logs into one that is gone.
class SwitchingSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  // nullptr: standard error.
  void Redirect(ProgressDisplay* display) {
    const std::lock_guard lock(mutex_);
    display_ = display;
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (display_ == nullptr) {
      std::cerr << std::string_view(line.data(), line.size()) << std::flush;
    } else {
      display_->Print({line.data(), line.size() - 1});  // the formatter ends a line, and so does the display
    }
  }
  void flush_() override {}

 private:
  ProgressDisplay* display_ = nullptr;
};

const std::shared_ptr<SwitchingSink>& TheSink() {
  static const auto sink = std::make_shared<SwitchingSink>();
  return sink;
}

}  // namespace

void SetUpLog(const std::string& level) {
  auto logger = std::make_shared<spdlog::logger>("ofsweep", TheSink());
  logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %l: %v");
  logger->set_level(spdlog::level::from_str(level));
  spdlog::set_default_logger(std::move(logger));
  // Quietly: what a user must know of a failed call is in its status.
  gpr_set_log_function([](gpr_log_func_args* entry) { spdlog::debug("gRPC: {}", entry->message); });
}

LogAboveDisplay::LogAboveDisplay(ProgressDisplay& display) {
  TheSink()->Redirect(&display);
}

LogAboveDisplay::~LogAboveDisplay() {
  TheSink()->Redirect(nullptr);
}

}  // namespace ofsweep
