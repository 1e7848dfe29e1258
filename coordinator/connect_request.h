#pragma once

#include <optional>
#include <string>

#include <google/protobuf/descriptor.h>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "coordinator/connect_codec.h"
#include "monitoring/http_server.h"

namespace ofsweep {

// What an HTTP request of the Connect protocol asks for.
struct ConnectRequest {
  const google::protobuf::MethodDescriptor* method = nullptr;
  ConnectEncoding encoding = ConnectEncoding::kJson;
  std::string message;  // as it is encoded
  std::optional<absl::Duration> timeout;
  // Not OK: the caller is told so in the protocol's words; `method` may be missing.
  absl::Status status;

  bool is_stream() const { return method != nullptr && method->server_streaming(); }
  // "application/json", "application/connect+proto"
  std::string content_type() const;
};

// Either a request, or the HTTP answer to what is none, in Connect's JSON: another content type (415) or method (405).
struct ParsedConnectRequest {
  ConnectRequest request;
  std::optional<HttpResponse> refusal;
};

// A method of `service` is what the path "/SERVICE/METHOD" names.
ParsedConnectRequest ParseConnectRequest(const google::protobuf::ServiceDescriptor& service, HttpRequest http);

}  // namespace ofsweep
