#include "trainer/safetensors.h"

#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace ofsweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SafetensorsTest : public testing::Test {
 protected:
  // A file from a header as text and the values behind it.
  std::filesystem::path Raw(const std::string& header, std::string_view values) {
    std::string bytes(8, '\0');
    const std::uint64_t length = header.size();
    std::memcpy(bytes.data(), &length, 8);
    return folder_.Write("raw.safetensors", bytes + header + std::string(values));
  }

  void ExpectDamaged(const std::filesystem::path& path, const std::string& what) {
    const auto file = SafetensorsFile::Open(path);
    EXPECT_TRUE(absl::IsDataLoss(file.status())) << file.status();
    EXPECT_THAT(std::string(file.status().message()), HasSubstr(what));
    EXPECT_THAT(std::string(file.status().message()), HasSubstr(path.string()));
  }

  std::filesystem::path Written() {
    const auto path = folder_.path() / "w.safetensors";
    EXPECT_TRUE(WriteSafetensors(path, {{"a", at::arange(6, at::kFloat).view({2, 3})}}, {{"step", "7"}}).ok());
    return path;
  }

  TemporaryFolder folder_;
};

TEST_F(SafetensorsTest, KeepsEveryTypeShapeAndBit) {
  std::vector<NamedTensor> tensors = {{"bytes", at::arange(5, at::kByte)},   {"f64", at::randn({3, 4}, at::kDouble)},
                                      {"f32", at::randn({2, 3, 4})},         {"bf16", at::randn({7}).to(at::kBFloat16)},
                                      {"f16", at::randn({2}).to(at::kHalf)}, {"i64", at::arange(3, at::kLong)},
                                      {"scalar", at::scalar_tensor(2.5)},    {"empty", at::empty({0, 3})},
                                      {"strided", at::randn({4, 6}).t()},    {"nan", at::full({2}, NAN)}};
  const auto path = folder_.path() / "all.safetensors";
  ASSERT_TRUE(WriteSafetensors(path, tensors, {{"quote\"d", "ü \n {\"sha256\":\"00\"}"}}).ok());
  const auto file = SafetensorsFile::Open(path);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->metadata().at("quote\"d"), "ü \n {\"sha256\":\"00\"}");
  EXPECT_EQ(file->Names().size(), tensors.size());
  for (const NamedTensor& named : tensors) {
    const at::Tensor expected = named.tensor.contiguous();
    const at::Tensor read = file->Read(named.name);
    ASSERT_EQ(read.scalar_type(), expected.scalar_type()) << named.name;
    ASSERT_EQ(read.sizes(), expected.sizes()) << named.name;
    if (expected.nbytes() == 0) continue;
    EXPECT_EQ(std::memcmp(read.data_ptr(), expected.data_ptr(), expected.nbytes()), 0) << named.name;
  }
}

TEST_F(SafetensorsTest, ReadsAFileWithoutMetadata) {
  const float value = 1.5;
  const auto path =
      Raw(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", {reinterpret_cast<const char*>(&value), 4});
  const auto file = SafetensorsFile::Open(path);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT(file->Names(), ElementsAre("x"));
  EXPECT_EQ(file->Read("x").item<float>(), 1.5);
}

TEST_F(SafetensorsTest, TensorsOfForeignTypesCanBeKeptAndTheOthersRead) {
  const std::string values = std::string("\1\2\3\4", 4) + std::string("\0\0\300\77", 4);
  const auto path = Raw(R"({"ids":{"dtype":"U16","shape":[2],"data_offsets":[0,4]},)"
                        R"("x":{"dtype":"F32","shape":[1,1],"data_offsets":[4,8]}})",
                        values);
  ExpectDamaged(path, "unknown dtype");
  const auto file = SafetensorsFile::Open(path, SafetensorsFile::ForeignTypes::kKept);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->Dtype("ids"), "U16");
  EXPECT_EQ(file->Type("ids"), std::nullopt);
  EXPECT_EQ(file->Shape("ids"), at::IntArrayRef({2}));
  EXPECT_EQ(file->Type("x"), at::kFloat);
  EXPECT_EQ(file->Read("x").item<float>(), 1.5);
  // What lies beside them still has to be whole.
  const auto cut = folder_.Write("cut.safetensors", ReadFile(path).substr(0, ReadFile(path).size() - 1));
  EXPECT_TRUE(absl::IsDataLoss(SafetensorsFile::Open(cut, SafetensorsFile::ForeignTypes::kKept).status()));
}

TEST_F(SafetensorsTest, EveryTruncationIsFound) {
  const std::string whole = ReadFile(Written());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto path = folder_.Write("cut.safetensors", whole.substr(0, size));
    EXPECT_TRUE(absl::IsDataLoss(SafetensorsFile::Open(path).status())) << size;
  }
  ExpectDamaged(folder_.Write("cut.safetensors", whole.substr(0, whole.size() - 1)), "is truncated");
}

TEST_F(SafetensorsTest, EveryChangedByteIsFound) {
  const std::string whole = ReadFile(Written());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] ^= 0x04;
    const auto file = SafetensorsFile::Open(folder_.Write("changed.safetensors", changed));
    // A flipped bit inside the word "sha256" makes the checksum an unknown key: the tensors are then read unchecked,
    // but whole.
    const bool in_key = at >= whole.find("sha256") && at < whole.find("sha256") + 6;
    EXPECT_TRUE(in_key || absl::IsDataLoss(file.status())) << at;
  }
}

// Who submits a trial may name a file that only the worker may read.
TEST_F(SafetensorsTest, AnErrorQuotesNothingOfTheFile) {
  for (const char* header :
       {R"({"secret":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}})", R"({"secret":{"dtype":"secret"}})",
        R"({"secret":{"dtype":"F32","shape":["secret"],"data_offsets":[0,4]}})", R"({"secret": "secret"})",
        R"({"__metadata__":{"secret":7171}})", R"({"secret":{"dtype":"F32","shape":[1],"data_offsets":[0,7171]}})",
        R"({"secret)", "secret"}) {
    const std::string message(SafetensorsFile::Open(Raw(header, "abcd")).status().message());
    EXPECT_THAT(message, testing::AllOf(testing::Not(HasSubstr("secret")), testing::Not(HasSubstr("7171")))) << header;
  }
  // The first eight bytes would be the header's length.
  const auto text = folder_.Write("words", std::string("abc\0\0\0\0\0 and more", 17));
  EXPECT_THAT(std::string(SafetensorsFile::Open(text).status().message()), testing::Not(HasSubstr("6513249")));
}

TEST_F(SafetensorsTest, RefusesWhatContradictsItself) {
  ExpectDamaged(folder_.Write("text", "this is no such file at all"), "is not a safetensors file");
  ExpectDamaged(Raw("[1]", ""), "no JSON object");
  ExpectDamaged(Raw(R"({"x":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}})", "abcd"), "unknown dtype");
  ExpectDamaged(Raw(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "abcd"),
                "other bytes than its dtype and shape");
  ExpectDamaged(Raw(R"({"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "abcd"), "no valid shape");
  ExpectDamaged(Raw(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", "abcd"), "ends before it begins");
  ExpectDamaged(Raw(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", "abcd"), "is truncated");
  ExpectDamaged(Raw(R"({"x":{"dtype":"F32","shape":[1]}})", "abcd"), "lacks its dtype");
  ExpectDamaged(Raw(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "abcdefgh"), "belong to no tensor");
  for (const char* shape : {"null", "{}", R"({"a":1})", "1", "\"1\""}) {
    const std::string header = std::string(R"({"x":{"dtype":"F32","shape":)") + shape + R"(,"data_offsets":[0,4]}})";
    ExpectDamaged(Raw(header, "abcd"), "no valid shape");
  }
  for (const char* offsets : {"null", R"({"0":0,"1":4})", "[0]", "[0,\"4\"]"}) {
    const std::string header = std::string(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":)") + offsets + "}}";
    ExpectDamaged(Raw(header, "abcd"), "no valid data_offsets");
  }
  const std::string overlapping = R"({"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                                  R"("y":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})";
  ExpectDamaged(Raw(overlapping, "abcdef"), "overlap");
  ExpectDamaged(Raw(R"({"x":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", ""),
                "other bytes than its dtype and shape");
  EXPECT_TRUE(absl::IsNotFound(SafetensorsFile::Open(folder_.path() / "none").status()));
}

}  // namespace
}  // namespace ofsweep
