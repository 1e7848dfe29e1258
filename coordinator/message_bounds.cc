#include "coordinator/message_bounds.h"

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::size_t kMaxProblems = 20;

// Each is told in the comment of its field.
const absl::flat_hash_map<std::string, std::size_t>& Exceptions() {
  static const auto* exceptions = new absl::flat_hash_map<std::string, std::size_t>{
      // worker.proto
      {"ofsweep.v1.SynchronizeRequest.attempts", 100'000},
      {"ofsweep.v1.SynchronizeRequest.devices", 64},
      {"ofsweep.v1.Begun.config_json", std::size_t{1} << 20},
      {"ofsweep.v1.Begun.left_out", 100},
      {"ofsweep.v1.Ended.failure_message", std::size_t{1} << 20},
      {"ofsweep.v1.TrialPoints.series", 100'000},
      {"ofsweep.v1.TrialPoints.rows", 1'000'000},
      {"ofsweep.v1.StepRow.series", 100'000},
      {"ofsweep.v1.StepRow.values", 100'000},
      {"ofsweep.v1.LogChunk.text", 256 << 10},
      // sweep.proto
      {"ofsweep.v1.YamlSpec.text", std::size_t{16} << 20},
      {"ofsweep.v1.YamlSpec.file_name", 4096},
      {"ofsweep.v1.InputFingerprint.path", 4096},
      {"ofsweep.v1.SweepSpec.description", 10'000},
      {"ofsweep.v1.SweepSpec.trials", 1'000'000},
      {"ofsweep.v1.RetryTrialsRequest.trial_ids", 1'000'000},
      {"ofsweep.v1.QueryCurvesRequest.trial_ids", 1'000'000},
  };
  return *exceptions;
}

// Where a field stands in the request; made into words for a mistake alone.
struct Place {
  const Place* within = nullptr;
  const FieldDescriptor* field = nullptr;
  int index = -1;  // in a list

  std::string Text() const {
    const std::string above = within == nullptr ? "" : absl::StrCat(within->Text(), ".");
    return absl::StrCat(above, field->name(), index < 0 ? "" : absl::StrCat("[", index, "]"));
  }
};

bool IsText(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
}

// Of our own messages; what google.protobuf.Struct holds the reader of a specification bounds.
bool IsOurs(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         absl::StartsWith(field.message_type()->full_name(), "ofsweep.v1.");
}

void Check(std::size_t has, std::size_t most, const char* unit, const Place& place, std::vector<Problem>& problems) {
  if (has <= most || problems.size() >= kMaxProblems) return;
  problems.push_back(
      {.key = place.Text(), .message = absl::StrCat("has ", has, " ", unit), .fix = absl::StrCat("at most ", most)});
}

void Walk(const Message& message, const Place* within, std::vector<Problem>& problems);

void WalkList(const Message& message, const FieldDescriptor& field, const Place* within,
              std::vector<Problem>& problems) {
  const auto& reflection = *message.GetReflection();
  const int size = reflection.FieldSize(message, &field);
  const Place list{within, &field};
  const std::size_t before = problems.size();
  Check(static_cast<std::size_t>(size), MostOf(field), "entries", list, problems);
  const bool is_walked = problems.size() == before && (IsText(field) || IsOurs(field));
  for (int i = 0; is_walked && i < size; ++i) {
    const Place entry{within, &field, i};
    if (IsText(field)) {
      std::string scratch;
      Check(reflection.GetRepeatedStringReference(message, &field, i, &scratch).size(), kMaxFieldBytes, "bytes", entry,
            problems);
    } else {
      Walk(reflection.GetRepeatedMessage(message, &field, i), &entry, problems);
    }
  }
}

void Walk(const Message& message, const Place* within, std::vector<Problem>& problems) {
  const auto& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->is_repeated()) {
      WalkList(message, *field, within, problems);
      continue;
    }
    const Place place{within, field};
    if (IsText(*field)) {
      std::string scratch;
      Check(reflection.GetStringReference(message, field, &scratch).size(), MostOf(*field), "bytes", place, problems);
    } else if (IsOurs(*field)) {
      Walk(reflection.GetMessage(message, field), &place, problems);
    }
  }
}

}  // namespace

std::size_t MostOf(const FieldDescriptor& field) {
  const auto exception = Exceptions().find(field.full_name());
  if (exception != Exceptions().end()) return exception->second;
  return field.is_repeated() ? kMaxFieldEntries : kMaxFieldBytes;
}

void CheckBounds(const Message& request, std::vector<Problem>& problems) {
  Walk(request, nullptr, problems);
}

}  // namespace ofsweep
