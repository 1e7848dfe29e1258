#include "cli/figure_files.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "tests/storage/store_fixture.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;

Scene Picture(double width) {
  return {.width = width, .height = 50, .marks = {TextMark{.at = {0, 20}, .text = "kurtosis"}}};
}

std::string Refusal(const std::string& out) {
  return std::string(ParseFigureTarget(out).status().message());
}

TEST(FigureTarget, IsAFileByItsEndingAndElseAFolder) {
  EXPECT_EQ(ParseFigureTarget("a/b.pdf")->format, FigureFormat::kPdf);
  EXPECT_FALSE(ParseFigureTarget("b.png")->is_folder);
  EXPECT_TRUE(ParseFigureTarget("figures")->is_folder);
  EXPECT_TRUE(ParseFigureTarget("figures.v2/")->is_folder);
  const TemporaryFolder folder;
  fs::create_directory(folder.File("old.svg"));
  EXPECT_TRUE(ParseFigureTarget(folder.File("old.svg"))->is_folder);
  EXPECT_THAT(Refusal("figure.eps"), HasSubstr(".svg, .pdf or .png"));
  EXPECT_THAT(Refusal(""), HasSubstr("--out"));
}

TEST(WriteFigures, OnAFullDiskTheOldOnesStay) {
  const TemporaryFolder folder;
  const FigureTarget target = *ParseFigureTarget(folder.path().string());
  const auto written = WriteFigures(target, {{"a", Picture(50)}, {"b", Picture(50)}});
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ(written->size(), 4u);
  const std::string before = ReadFile(folder.File("a.svg"));
  absl::Status status;
  {
    const FileSizeLimit full(100);
    status = WriteFigures(target, {{"a", Picture(60)}, {"b", Picture(60)}}).status();
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("a.svg"));
  EXPECT_EQ(ReadFile(folder.File("a.svg")), before);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 4) << "and no drafts";
}

TEST(WriteFigures, WritesThroughNobodysLink) {
  const TemporaryFolder folder;
  folder.Write("thesis.tex", "mine");
  fs::create_symlink(folder.File("thesis.tex"), folder.File(".a.svg.ofsweep-draft"));
  const auto written = WriteFigures(*ParseFigureTarget(folder.path().string()), {{"a", Picture(50)}});
  EXPECT_EQ(written.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReadFile(folder.File("thesis.tex")), "mine");
}

}  // namespace
}  // namespace ofsweep
