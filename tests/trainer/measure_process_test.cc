// `ofsweep-trainer measure` on files of others.

#include <cstring>
#include <set>

#include <gmock/gmock.h>

#include "tests/temporary_folder.h"
#include "tests/trainer/trainer_process.h"

namespace ofsweep {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct Tensor {
  std::string name;
  std::string dtype;
  std::vector<int> shape;
  std::string bytes;
};

class MeasureFile : public testing::Test {
 protected:
  std::filesystem::path Write(const std::vector<Tensor>& tensors) {
    nlohmann::ordered_json header;
    std::string values;
    for (const Tensor& tensor : tensors) {
      const std::size_t begin = values.size();
      values += tensor.bytes;
      header[tensor.name] = {
          {"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {begin, values.size()}}};
    }
    const std::string text = header.dump();
    std::string length(8, '\0');
    const std::uint64_t size = text.size();
    std::memcpy(length.data(), &size, 8);
    return folder_.Write("activations.safetensors", length + text + values);
  }

  static Tensor Hidden() {
    const float values[] = {1, 2, 3, 4, 5, 6, 7, 8};
    return {"hidden", "F32", {2, 4}, {reinterpret_cast<const char*>(values), sizeof values}};
  }

  TemporaryFolder folder_;
};

TEST_F(MeasureFile, MeasuresWhatItCanAndNamesTheRest) {
  const auto path = Write({{"ids", "U16", {8}, std::string(16, '\1')},
                           {"codes", "F8_E4M3", {2, 4}, std::string(8, '\1')},
                           {"none", "F32", {0, 16}, ""},
                           {"bias", "F32", {2}, std::string(8, '\1')},
                           Hidden()});
  const TrainerResult result = RunTrainer({"measure", path});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  std::set<std::string> sites;
  const auto points = std::get<PointsEvent>(result.Events().at(0)).points.points;
  for (const MetricPoint& point : points) {
    sites.insert(point.series.site);
  }
  EXPECT_THAT(sites, ElementsAre("hidden"));
  EXPECT_THAT(result.errors,
              AllOf(HasSubstr("not measured: "), HasSubstr("ids (U16 is not"), HasSubstr("codes (F8_E4M3 is not"),
                    HasSubstr("none (empty)"), HasSubstr("bias ([2] is no matrix)"), Not(HasSubstr("hidden"))));
}

TEST_F(MeasureFile, WhatItPassesOverIsALineThatCanBeRead) {
  std::vector<Tensor> tensors = {Hidden(), {"\x1b[2J" + std::string(100'000, 'n'), "U16", {2}, std::string(4, '\1')}};
  for (int i = 0; i < 20'000; ++i) tensors.push_back({"t" + std::to_string(i), "U16", {1}, std::string(2, '\1')});
  const TrainerResult result = RunTrainer({"measure", Write(tensors)});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_LT(result.errors.size(), 2000u);
  EXPECT_THAT(result.errors, AllOf(HasSubstr("and 19981 more"), HasSubstr("\\x1b[2Jnnn"), Not(HasSubstr("\x1b"))));
}

TEST_F(MeasureFile, AFileWithNothingToMeasureIsBadData) {
  const TrainerResult result = RunTrainer({"measure", Write({{"none", "F32", {0, 16}, ""}})});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.Failure().failure, FailureClass::kBadData);
  EXPECT_THAT(result.errors, HasSubstr("none (empty)"));
}

}  // namespace
}  // namespace ofsweep
