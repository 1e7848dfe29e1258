#include "coordinator/rpc_status.h"

#include <exception>

#include "coordinator/message_bounds.h"
#include "experiment/quoted.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace ofsweep {
namespace {

// Both travel in the trailing metadata: the message may triple by percent-encoding, the details grow by a third in
// base64.
constexpr std::size_t kMaxMessageBytes = 500;
constexpr std::size_t kMaxDetailsBytes = 4000;
constexpr std::size_t kMaxDescriptionBytes = 1000;

void AddViolation(const std::string& field, const std::string& description, google::rpc::BadRequest& request) {
  auto* violation = request.add_field_violations();
  violation->set_field(field);
  violation->set_description(description);
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()), Shortened(std::string(status.message()), 2 * kMaxMessageBytes)};
}

grpc::Status StorageStatus(const absl::Status& status) {
  if (status.code() != absl::StatusCode::kResourceExhausted) return ToGrpcStatus(status);
  return ToGrpcStatus(absl::InternalError(status.message()));
}

grpc::Status Guarded(const std::function<grpc::Status()>& handle) {
  try {
    return handle();
  } catch (const std::exception& error) {
    return ToGrpcStatus(absl::InternalError(std::string("internal error: ") + error.what()));
  }
}

grpc::Status Guarded(const google::protobuf::Message& request, const std::function<grpc::Status()>& handle) {
  return Guarded([&]() -> grpc::Status {
    std::vector<Problem> problems;
    CheckBounds(request, problems);
    return problems.empty() ? handle() : BadRequest(problems);
  });
}

grpc::Status BadRequest(const std::vector<Problem>& problems, absl::StatusCode code) {
  google::rpc::BadRequest request;
  for (std::size_t i = 0; i < problems.size(); ++i) {
    AddViolation(Printable(problems[i].key), Shortened(ToText(problems[i]), kMaxDescriptionBytes), request);
    if (request.ByteSizeLong() > kMaxDetailsBytes && i + 1 < problems.size()) {
      request.mutable_field_violations()->RemoveLast();
      AddViolation("", "and " + std::to_string(problems.size() - i) + " more mistakes", request);
      break;
    }
  }
  std::string message = problems.empty() ? "invalid request" : ToText(problems.front());
  if (problems.size() > 1) message += " (and " + std::to_string(problems.size() - 1) + " more)";
  message = Shortened(message, kMaxMessageBytes);

  google::rpc::Status details;
  details.set_code(static_cast<int>(code));
  details.set_message(message);
  details.add_details()->PackFrom(request);
  return {static_cast<grpc::StatusCode>(code), message, details.SerializeAsString()};
}

std::vector<FieldViolation> ReadFieldViolations(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return {};
  std::vector<FieldViolation> violations;
  for (const auto& detail : details.details()) {
    google::rpc::BadRequest request;
    if (!detail.UnpackTo(&request)) continue;
    for (const auto& violation : request.field_violations()) {
      violations.push_back({violation.field(), violation.description()});
    }
  }
  return violations;
}

}  // namespace ofsweep
