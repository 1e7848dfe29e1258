#include "trainer/batches.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace ofsweep {
namespace {

using testing::ElementsAre;

std::vector<std::int64_t> All(const EpochPermutation& permutation, std::int64_t count) {
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(permutation.At(i));
  return values;
}

TEST(EpochPermutation, IsAPermutationOfEverySize) {
  for (std::int64_t count = 1; count <= 300; ++count) {
    std::vector<std::int64_t> sorted = All(EpochPermutation(count, 7, 3), count);
    std::sort(sorted.begin(), sorted.end());
    std::vector<std::int64_t> expected(static_cast<std::size_t>(count));
    std::iota(expected.begin(), expected.end(), 0);
    ASSERT_EQ(sorted, expected) << count;
  }
}

TEST(EpochPermutation, DependsOnSeedAndEpoch) {
  const auto first = All(EpochPermutation(1000, 1, 0), 1000);
  EXPECT_EQ(All(EpochPermutation(1000, 1, 0), 1000), first);
  EXPECT_NE(All(EpochPermutation(1000, 1, 1), 1000), first);
  EXPECT_NE(All(EpochPermutation(1000, 2, 0), 1000), first);
}

// Over many seeds every element visits every place about equally often: 4,000 seeds, 16 places, 250 expected, standard
// deviation 15.3; five of them is 77.
TEST(EpochPermutation, HasNoFavouritePlaces) {
  constexpr std::int64_t kCount = 16;
  std::vector<std::vector<int>> visits(kCount, std::vector<int>(kCount, 0));
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    const EpochPermutation permutation(kCount, seed, 0);
    for (std::int64_t i = 0; i < kCount; ++i) ++visits[i][permutation.At(i)];
  }
  for (const auto& row : visits) {
    for (const int count : row) EXPECT_NEAR(count, 250, 77);
  }
}

class BatchesTest : public testing::Test {
 protected:
  // Token i of the file is i.
  TokenRange Tokens(std::int64_t begin, std::int64_t size) {
    std::vector<std::uint16_t> tokens(static_cast<std::size_t>(begin + size));
    std::iota(tokens.begin(), tokens.end(), 0);
    const auto path = folder_.Write(
        "tokens.bin", {reinterpret_cast<const char*>(tokens.data()), tokens.size() * sizeof(std::uint16_t)});
    return {std::make_shared<const TokenFile>(*TokenFile::Open(path, {.vocabulary = 65536})), begin, size};
  }

  static std::vector<std::int64_t> Values(const at::Tensor& tensor) {
    const at::Tensor flat = tensor.flatten();
    return {flat.data_ptr<std::int64_t>(), flat.data_ptr<std::int64_t>() + flat.numel()};
  }

  TemporaryFolder folder_;
};

TEST_F(BatchesTest, SequentialRowsAreConsecutiveWindowsAndWrapAround) {
  // 10 tokens, T = 3: windows 0, 1, 2.
  const Batches batches(Tokens(0, 10), 3, 2, WindowOrder::kSequential, 0);
  EXPECT_EQ(batches.Windows(), 3);
  EXPECT_THAT(Values(batches.At(0).inputs), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(Values(batches.At(0).targets), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(Values(batches.At(1).inputs), ElementsAre(6, 7, 8, 0, 1, 2));
}

TEST_F(BatchesTest, ARangeStartsWhereItBegins) {
  const Batches batches(Tokens(5, 4), 3, 1, WindowOrder::kSequential, 0);
  EXPECT_EQ(batches.Windows(), 1);
  EXPECT_THAT(Values(batches.At(0).inputs), ElementsAre(5, 6, 7));
  EXPECT_THAT(Values(batches.At(0).targets), ElementsAre(6, 7, 8));
}

TEST_F(BatchesTest, ShuffledEpochsHoldEveryWindowOnce) {
  const Batches batches(Tokens(0, 41), 2, 5, WindowOrder::kShuffled, 3);  // 20 windows, 4 steps an epoch
  std::vector<std::vector<std::int64_t>> epochs;
  for (int epoch = 0; epoch < 2; ++epoch) {
    std::vector<std::int64_t> starts;
    for (int step = 0; step < 4; ++step) {
      const at::Tensor inputs = batches.At(epoch * 4 + step).inputs;
      for (int row = 0; row < 5; ++row) starts.push_back(inputs[row][0].item<std::int64_t>());
    }
    epochs.push_back(starts);
    std::sort(starts.begin(), starts.end());
    for (std::size_t i = 0; i < starts.size(); ++i) EXPECT_EQ(starts[i], static_cast<std::int64_t>(2 * i));
  }
  EXPECT_NE(epochs[0], epochs[1]);
  EXPECT_FALSE(std::is_sorted(epochs[0].begin(), epochs[0].end()));
}

TEST_F(BatchesTest, RowsCutABatchWithoutChangingIt) {
  const Batches batches(Tokens(0, 100), 4, 6, WindowOrder::kShuffled, 1);
  const at::Tensor whole = batches.At(3).inputs;
  const at::Tensor cut = at::cat({batches.Rows(3, 0, 4).inputs, batches.Rows(3, 4, 2).inputs});
  EXPECT_TRUE(at::equal(whole, cut));
}

}  // namespace
}  // namespace ofsweep
