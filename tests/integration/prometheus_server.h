#pragma once

#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "tests/integration/process.h"

namespace ofsweep {

// A real Prometheus on a free port, which ends with the object.
class PrometheusServer {
 public:
  // Answers when it returns; throws std::runtime_error with its log where it does not start. Keeps its data in
  // `folder`.
  PrometheusServer(const std::string& config_file, const std::string& folder);

  // The body of GET `path`; "" when it does not answer.
  std::string Ask(const std::string& path) const;
  // The result of an instant query; empty until there is one.
  nlohmann::json Query(const std::string& expression) const;
  // The value of a query that gives one series, once it does: a scrape that took too long hides them for a moment.
  std::string Value(const std::string& expression) const;

  std::string Log() const { return process_->Err(); }

 private:
  std::string address_;
  std::unique_ptr<Process> process_;
};

}  // namespace ofsweep
