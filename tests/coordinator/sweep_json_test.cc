// SweepService as programs see it that speak JSON: there proto3 writes integers of 64 bits as strings.
#include <set>

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/coordinator/server_fixture.h"

namespace ofsweep {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using ::testing::IsEmpty;

// "message.field" of every 64-bit integer in `message` and what it is made of. Google's own types have a JSON form of
// their own: a Timestamp is a text.
void FindWideIntegers(const Descriptor* message, std::set<const Descriptor*>& seen, std::set<std::string>& found) {
  if (message->file()->package() == "google.protobuf" || !seen.insert(message).second) return;
  for (int i = 0; i < message->field_count(); ++i) {
    const FieldDescriptor* field = message->field(i);
    const auto type = field->cpp_type();
    if (type == FieldDescriptor::CPPTYPE_INT64 || type == FieldDescriptor::CPPTYPE_UINT64) {
      found.insert(field->full_name());
    }
    if (field->message_type() != nullptr) FindWideIntegers(field->message_type(), seen, found);
  }
}

nlohmann::json ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(message, &text, options).ok());
  return nlohmann::json::parse(text);
}

class SweepJsonTest : public ServerTest {};

TEST(SweepProto, NoMessageOfSweepServiceHasAnIntegerThatJsonWritesAsText) {
  const auto* service =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName("ofsweep.v1.SweepService");
  ASSERT_NE(service, nullptr);
  std::set<const Descriptor*> seen;
  std::set<std::string> found;
  for (int i = 0; i < service->method_count(); ++i) {
    FindWideIntegers(service->method(i)->input_type(), seen, found);
    FindWideIntegers(service->method(i)->output_type(), seen, found);
  }
  EXPECT_GT(seen.size(), 20u);
  EXPECT_THAT(found, IsEmpty()) << "32 bits are enough for a count or a step; a sum is a double";
}

TEST_F(SweepJsonTest, CountsAndStepsAreNumbersInJson) {
  Submit(SmallSweep("s"));
  v1::GetSweepRequest get;
  get.set_name("s");
  v1::GetSweepResponse sweep;
  ASSERT_TRUE(sweeps_->GetSweep(Context().get(), get, &sweep).ok());
  const nlohmann::json counts = ToJson(sweep)["sweep"]["trials"];
  EXPECT_EQ(counts["pending"], 4);
  EXPECT_EQ(counts["failed"], 0);

  v1::ListTrialsRequest list;
  list.set_sweep("s");
  v1::ListTrialsResponse trials;
  ASSERT_TRUE(sweeps_->ListTrials(Context().get(), list, &trials).ok());
  EXPECT_EQ(ToJson(trials)["trials"][0]["target_steps"], 20);

  const auto context = Context();
  v1::WatchSweepRequest watch;
  watch.set_name("s");
  const auto stream = sweeps_->WatchSweep(context.get(), watch);
  v1::WatchSweepResponse progress;
  ASSERT_TRUE(stream->Read(&progress));
  EXPECT_EQ(ToJson(progress)["sweep"]["steps_total"], 80);
  context->TryCancel();
  stream->Finish();
}

}  // namespace
}  // namespace ofsweep
