#include "trainer/failure.h"

#include <new>
#include <string>
#include <string_view>

#include <c10/util/Exception.h>

namespace ofsweep {
namespace {

// The host's allocator reports exhaustion as a plain c10::Error.
bool IsOutOfMemory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return true;
  const std::string_view message = error.what();
  return message.find("DefaultCPUAllocator: can't allocate memory") != std::string_view::npos ||
         message.find("DefaultCPUAllocator: not enough memory") != std::string_view::npos;
}

// What LibTorch says, without its C++ backtrace.
std::string MessageOf(const std::exception& error) {
  if (const auto* torch_error = dynamic_cast<const c10::Error*>(&error)) return torch_error->what_without_backtrace();
  return error.what();
}

}  // namespace

AttemptEnd FailureOf(const absl::Status& status) {
  const std::string message(status.message());
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return Failed(FailureClass::kBadConfig, message);
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kDataLoss:
      return Failed(FailureClass::kBadData, message);
    case absl::StatusCode::kAborted:
      return Failed(FailureClass::kOtherData, message);
    case absl::StatusCode::kOutOfRange:
      return Failed(FailureClass::kOom, message);
    default:
      return Failed(FailureClass::kCrash, message);
  }
}

AttemptEnd FailureOf(const std::exception& error) {
  if (IsOutOfMemory(error)) {
    return Failed(FailureClass::kOom,
                  MessageOf(error) + "; lower train.micro_batch_size or the model, or give the trial more memory");
  }
  return Failed(FailureClass::kCrash, MessageOf(error));
}

}  // namespace ofsweep
