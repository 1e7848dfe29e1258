#include "coordinator/connect_request.h"

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <google/protobuf/descriptor.pb.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "coordinator/connect_error.h"
#include "coordinator/gzip.h"
#include "experiment/quoted.h"

namespace ofsweep {
namespace {

namespace protobuf = google::protobuf;

constexpr std::size_t kLargestRequest = std::size_t{16} << 20;  // as gRPC's server takes them

// The protocol has no code for a content type (415) or a method (405) that is not taken.
HttpResponse HttpRefusal(int status, const std::string& why, std::pair<std::string, std::string> header) {
  const grpc::StatusCode code = status == 405 ? grpc::StatusCode::UNIMPLEMENTED : grpc::StatusCode::INVALID_ARGUMENT;
  return {.status = status,
          .content_type = "application/json",
          .body = ConnectErrorJson({code, why}),
          .headers = {std::move(header)}};
}

std::string TypeOf(ConnectEncoding encoding, bool is_stream) {
  return absl::StrCat("application/", is_stream ? "connect+" : "",
                      encoding == ConnectEncoding::kJson ? "json" : "proto");
}

// "a%20b+c" is "a b c".
std::string Decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape =
        text[i] == '%' && i + 2 < text.size() && absl::ascii_isxdigit(text[i + 1]) && absl::ascii_isxdigit(text[i + 2]);
    if (is_escape) {
      decoded += absl::HexStringToBytes(std::string(text.substr(i + 1, 2)));
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

std::map<std::string, std::string> ParseQuery(const std::string& query) {
  std::map<std::string, std::string> parameters;
  const std::vector<std::string> parts = absl::StrSplit(query, '&', absl::SkipEmpty());
  for (const std::string& part : parts) {
    const std::size_t equals = part.find('=');
    parameters[Decoded(part.substr(0, equals))] = equals == std::string::npos ? "" : Decoded(part.substr(equals + 1));
  }
  return parameters;
}

std::string AllMethods(const protobuf::ServiceDescriptor& service) {
  std::string names;
  for (int i = 0; i < service.method_count(); ++i)
    absl::StrAppend(&names, i > 0 ? ", " : "", service.method(i)->name());
  return names;
}

bool HasNoSideEffects(const protobuf::MethodDescriptor& method) {
  return method.options().idempotency_level() == protobuf::MethodOptions::NO_SIDE_EFFECTS;
}

// What `compression` packed.
absl::StatusOr<std::string> Unpacked(const std::string& compression, std::string message) {
  if (compression.empty() || compression == "identity") return message;
  if (compression == "gzip") return Gunzip(message, kLargestRequest);
  return absl::UnimplementedError(
      absl::StrCat("messages in ", compression, " are not taken here; send them as they are, or in gzip"));
}

void SetMessage(absl::StatusOr<std::string> message, ConnectRequest& request) {
  request.status.Update(message.status());
  if (message.ok()) request.message = *std::move(message);
}

absl::Status CheckVersion(const std::string& version, const char* expected) {
  if (version.empty() || version == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("version ", version, " of the Connect protocol is not spoken here: say ", expected));
}

std::optional<HttpResponse> ReadGet(const HttpRequest& http, ConnectRequest& request) {
  if (!HasNoSideEffects(*request.method) || request.is_stream()) {
    return HttpRefusal(405, absl::StrCat(request.method->name(), " is called by POST"), {"Allow", "POST"});
  }
  std::map<std::string, std::string> query = ParseQuery(http.query);
  const std::optional<ConnectEncoding> encoding = ParseConnectEncoding(query["encoding"]);
  if (!encoding) {
    return HttpRefusal(415, "Say encoding=json or encoding=proto",
                       {"Accept-Post", TypeOf(ConnectEncoding::kJson, false)});
  }
  request.encoding = *encoding;
  request.status = CheckVersion(query["connect"], "v1");
  std::string message = query["message"];
  if (query["base64"] == "1" && !absl::WebSafeBase64Unescape(query["message"], &message)) {
    request.status.Update(absl::InvalidArgumentError("the message is no base64url"));
  }
  if (request.status.ok()) SetMessage(Unpacked(query["compression"], std::move(message)), request);
  return std::nullopt;
}

std::optional<HttpResponse> ReadPost(HttpRequest http, ConnectRequest& request) {
  const bool is_stream = request.is_stream();
  const std::string header = http.Header("content-type");
  const std::string type =
      absl::AsciiStrToLower(std::string(absl::StripAsciiWhitespace(header.substr(0, header.find(';')))));
  bool is_known = false;
  for (const ConnectEncoding encoding : {ConnectEncoding::kJson, ConnectEncoding::kProto}) {
    if (type != TypeOf(encoding, is_stream)) continue;
    request.encoding = encoding;
    is_known = true;
  }
  if (!is_known) {
    const std::string types =
        absl::StrCat(TypeOf(ConnectEncoding::kJson, is_stream), ", ", TypeOf(ConnectEncoding::kProto, is_stream));
    return HttpRefusal(415, absl::StrCat(request.method->name(), " takes ", types), {"Accept-Post", types});
  }
  request.status = CheckVersion(http.Header("connect-protocol-version"), "1");
  if (!is_stream) {
    SetMessage(Unpacked(http.Header("content-encoding"), std::move(http.body)), request);
    return std::nullopt;
  }
  absl::StatusOr<ConnectRequestEnvelope> envelope = OpenConnectEnvelope(http.body);
  request.status.Update(envelope.status());
  if (!envelope.ok()) return std::nullopt;
  const std::string compression = envelope->is_compressed ? http.Header("connect-content-encoding") : "identity";
  if (compression.empty()) {
    request.status.Update(absl::InvalidArgumentError(
        "the envelope is said to be compressed, but no Connect-Content-Encoding says how: send gzip there"));
    return std::nullopt;
  }
  SetMessage(Unpacked(compression, std::move(envelope->message)), request);
  return std::nullopt;
}

}  // namespace

std::string ConnectRequest::content_type() const {
  return TypeOf(encoding, is_stream());
}

ParsedConnectRequest ParseConnectRequest(const protobuf::ServiceDescriptor& service, HttpRequest http) {
  ParsedConnectRequest parsed;
  ConnectRequest& request = parsed.request;
  const std::string name = http.path.substr(http.path.find('/', 1) + 1);
  request.method = service.FindMethodByName(name);
  if (request.method == nullptr && name.find('/') != std::string::npos) {
    request.status = absl::NotFoundError(absl::StrCat("nothing is served at ", Printable(http.path)));
    return parsed;
  }
  if (request.method == nullptr) {
    request.status = absl::UnimplementedError(
        absl::StrCat(service.full_name(), " has no method ", Printable(name), "; it has ", AllMethods(service)));
    return parsed;
  }
  if (const std::string timeout = http.Header("connect-timeout-ms"); !timeout.empty()) {
    std::int64_t milliseconds = 0;
    if (absl::SimpleAtoi(timeout, &milliseconds) && milliseconds > 0) {
      request.timeout = absl::Milliseconds(milliseconds);
    } else {
      request.status = absl::InvalidArgumentError("Connect-Timeout-Ms is no number of milliseconds");
      return parsed;
    }
  }
  if (http.method == "POST") {
    parsed.refusal = ReadPost(std::move(http), request);
  } else if (http.method == "GET" || http.method == "HEAD") {
    parsed.refusal = ReadGet(http, request);
  } else {
    parsed.refusal = HttpRefusal(405, "Methods are called by POST or GET", {"Allow", "GET, HEAD, POST"});
  }
  return parsed;
}

}  // namespace ofsweep
