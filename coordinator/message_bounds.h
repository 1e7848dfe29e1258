#pragma once

#include <cstddef>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "experiment/problem.h"

namespace ofsweep {

// How many bytes a text of a request may have, or entries a list, so that whoever reads it need not look:
// kMaxFieldBytes and kMaxFieldEntries, but where the comments of the protos say another number. A whole request is
// bounded besides (ServerOptions::max_request_bytes).
inline constexpr std::size_t kMaxFieldBytes = 1024;
inline constexpr std::size_t kMaxFieldEntries = 10'000;
std::size_t MostOf(const google::protobuf::FieldDescriptor& field);

// Adds what of a request, or of what it holds, has more: "devices", "attempts[2].begun.left_out".
void CheckBounds(const google::protobuf::Message& request, std::vector<Problem>& problems);

}  // namespace ofsweep
