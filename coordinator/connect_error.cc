#include "coordinator/connect_error.h"

#include <array>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "google/rpc/status.pb.h"

namespace ofsweep {
namespace {

struct ConnectCode {
  const char* name;
  int http_status;
};

// By gRPC's numbers.
constexpr std::array<ConnectCode, 17> kCodes = {{{"ok", 200},
                                                 {"canceled", 499},
                                                 {"unknown", 500},
                                                 {"invalid_argument", 400},
                                                 {"deadline_exceeded", 504},
                                                 {"not_found", 404},
                                                 {"already_exists", 409},
                                                 {"permission_denied", 403},
                                                 {"resource_exhausted", 429},
                                                 {"failed_precondition", 400},
                                                 {"aborted", 409},
                                                 {"out_of_range", 400},
                                                 {"unimplemented", 501},
                                                 {"internal", 500},
                                                 {"unavailable", 503},
                                                 {"data_loss", 500},
                                                 {"unauthenticated", 401}}};

const ConnectCode& Find(grpc::StatusCode code) {
  const auto index = static_cast<std::size_t>(code);
  return index < kCodes.size() ? kCodes[index] : kCodes[grpc::StatusCode::UNKNOWN];
}

// "google.rpc.BadRequest" of "type.googleapis.com/google.rpc.BadRequest".
std::string TypeName(const std::string& url) {
  return url.substr(url.rfind('/') + 1);
}

std::string Base64WithoutPadding(const std::string& bytes) {
  std::string text = absl::Base64Escape(bytes);
  while (text.ends_with('=')) text.pop_back();
  return text;
}

}  // namespace

int ConnectHttpStatus(grpc::StatusCode code) {
  return Find(code).http_status;
}

std::string ConnectErrorJson(const grpc::Status& status) {
  nlohmann::json error = {{"code", Find(status.error_code()).name}, {"message", status.error_message()}};
  google::rpc::Status rich;
  if (!status.error_details().empty() && rich.ParseFromString(status.error_details())) {
    for (const auto& detail : rich.details()) {
      error["details"].push_back(
          {{"type", TypeName(detail.type_url())}, {"value", Base64WithoutPadding(detail.value())}});
    }
  }
  return error.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

HttpResponse ConnectErrorResponse(const grpc::Status& status) {
  return {.status = ConnectHttpStatus(status.error_code()),
          .content_type = "application/json",
          .body = ConnectErrorJson(status)};
}

}  // namespace ofsweep
