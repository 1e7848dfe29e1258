#include "coordinator/connect_codec.h"

#include <memory>
#include <vector>

#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>
#include <grpcpp/support/slice.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

namespace protobuf = google::protobuf;

constexpr std::string_view kTypePrefix = "type.googleapis.com";
constexpr std::size_t kEnvelopeHeader = 5;

// Protobuf reads messages 100 deep, and each list or object in a Struct, alone of ours in that it may nest, is two or
// three of them: nothing that gRPC would take is refused. Its reader of JSON, which has no such limit, takes time and
// memory by a power of the depth.
constexpr int kDeepestJson = 64;

protobuf::util::TypeResolver& Resolver() {
  static const std::unique_ptr<protobuf::util::TypeResolver> resolver(protobuf::util::NewTypeResolverForDescriptorPool(
      std::string(kTypePrefix), protobuf::DescriptorPool::generated_pool()));
  return *resolver;
}

std::string TypeUrl(const protobuf::Descriptor& message) {
  return absl::StrCat(std::string(kTypePrefix), "/", message.full_name());
}

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

std::string ToText(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!buffer.Dump(&slices).ok()) return text;
  text.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return text;
}

// Of objects and lists together. Strings may stand in either kind of quotation marks, as protobuf takes them.
bool IsDeeperThan(int deepest, std::string_view json) {
  int depth = 0;
  char quote = '\0';  // of the string that `json` is in
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (quote != '\0') {
      if (c == '\\') ++i;
      if (c == quote) quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '{' || c == '[') {
      if (++depth > deepest) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

absl::StatusOr<std::string> BytesOfJson(const protobuf::Descriptor& message, const std::string& json) {
  if (IsDeeperThan(kDeepestJson, json)) {
    return absl::InvalidArgumentError(absl::StrCat("the body nests objects and lists more than ", kDeepestJson,
                                                   " deep; ", message.full_name(), " needs fewer"));
  }
  std::string bytes;
  const auto status = protobuf::util::JsonToBinaryString(&Resolver(), TypeUrl(message), json, &bytes);
  if (status.ok()) return bytes;
  return absl::InvalidArgumentError(
      absl::StrCat("the body is no JSON of ", message.full_name(), ": ", std::string(status.message())));
}

// As gRPC's server reads it, whose own refusal is INTERNAL, without a word.
bool CanBeRead(const protobuf::Descriptor& message, const std::string& bytes) {
  const auto* prototype = protobuf::MessageFactory::generated_factory()->GetPrototype(&message);
  const std::unique_ptr<protobuf::Message> parsed(prototype->New());
  return parsed->ParseFromString(bytes);
}

}  // namespace

std::optional<ConnectEncoding> ParseConnectEncoding(std::string_view name) {
  if (name == "proto") return ConnectEncoding::kProto;
  if (name == "json") return ConnectEncoding::kJson;
  return std::nullopt;
}

absl::StatusOr<grpc::ByteBuffer> ToGrpcBytes(ConnectEncoding encoding, const protobuf::Descriptor& message,
                                             const std::string& body) {
  if (encoding == ConnectEncoding::kProto) {
    if (CanBeRead(message, body)) return ToBuffer(body);
    return absl::InvalidArgumentError(
        absl::StrCat("the body is no protobuf message of type ", message.full_name(), ": its bytes cannot be read"));
  }
  const absl::StatusOr<std::string> bytes = BytesOfJson(message, body);
  if (!bytes.ok()) return bytes.status();
  if (CanBeRead(message, *bytes)) return ToBuffer(*bytes);
  return absl::InvalidArgumentError(
      absl::StrCat("the body nests objects and lists too deep for ", message.full_name(), ", or is not UTF-8"));
}

absl::StatusOr<std::string> FromGrpcBytes(ConnectEncoding encoding, const protobuf::Descriptor& message,
                                          const grpc::ByteBuffer& bytes) {
  std::string text = ToText(bytes);
  if (encoding == ConnectEncoding::kProto) return text;
  std::string json;
  const auto status = protobuf::util::BinaryToJsonString(&Resolver(), TypeUrl(message), text, &json);
  if (status.ok()) return json;
  return absl::InternalError(
      absl::StrCat(message.full_name(), " cannot be written as JSON: ", std::string(status.message())));
}

std::string ConnectEnvelope(std::uint8_t flags, std::string_view message) {
  std::string envelope;
  envelope.reserve(kEnvelopeHeader + message.size());
  envelope.push_back(static_cast<char>(flags));
  for (int shift = 24; shift >= 0; shift -= 8) envelope.push_back(static_cast<char>(message.size() >> shift & 0xFF));
  envelope.append(message);
  return envelope;
}

absl::StatusOr<ConnectRequestEnvelope> OpenConnectEnvelope(std::string_view body) {
  std::size_t size = 0;
  for (std::size_t i = 1; i < kEnvelopeHeader && i < body.size(); ++i)
    size = size << 8 | static_cast<std::uint8_t>(body[i]);
  if (body.size() < kEnvelopeHeader || size != body.size() - kEnvelopeHeader) {
    return absl::InvalidArgumentError(
        "the body of this call is one envelope: a byte of flags, four bytes of length (big-endian), and the message");
  }
  if ((body.front() & ~kConnectCompressed) != 0) {
    return absl::InvalidArgumentError(
        "the envelope of a request has no flags but that of compression (1): its stream is over with it");
  }
  return ConnectRequestEnvelope{(body.front() & kConnectCompressed) != 0, std::string(body.substr(kEnvelopeHeader))};
}

}  // namespace ofsweep
