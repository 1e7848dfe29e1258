#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <google/protobuf/descriptor.h>
#include <grpcpp/support/byte_buffer.h>

#include "absl/status/statusor.h"

namespace ofsweep {

// How a message is written in a body of the Connect protocol.
enum class ConnectEncoding { kProto, kJson };

// "proto" or "json", as GET requests and content types say it.
std::optional<ConnectEncoding> ParseConnectEncoding(std::string_view name);

// A body as gRPC's bytes. InvalidArgument where it is not that message, or nested deeper than gRPC reads. What JSON has
// too much is an error, for it is a typing mistake more often than a newer client.
absl::StatusOr<grpc::ByteBuffer> ToGrpcBytes(ConnectEncoding encoding, const google::protobuf::Descriptor& message,
                                             const std::string& body);
// The other way.
absl::StatusOr<std::string> FromGrpcBytes(ConnectEncoding encoding, const google::protobuf::Descriptor& message,
                                          const grpc::ByteBuffer& bytes);

// A message of a stream: a byte of flags, its length in four bytes (big-endian), and itself.
inline constexpr std::uint8_t kConnectCompressed = 1;
inline constexpr std::uint8_t kConnectEndOfStream = 2;
std::string ConnectEnvelope(std::uint8_t flags, std::string_view message);

// The only envelope of a request. InvalidArgument for a body that is none.
struct ConnectRequestEnvelope {
  bool is_compressed = false;
  std::string message;
};
absl::StatusOr<ConnectRequestEnvelope> OpenConnectEnvelope(std::string_view body);

}  // namespace ofsweep
