// `ofsweep plot` against a real coordinator, and against its database once that has stopped.

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sstream>

#include "cli/command_line.h"
#include "cli/sweep_figures.h"
#include "tests/coordinator/server_fixture.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::StartsWith;

struct Outcome {
  int exit_code = 0;
  std::string out, err;
};

std::size_t Count(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// As cairo writes the colours of the first two groups.
constexpr const char* kFirstColour = "rgb(0%,44.705882%,69.803922%)";
constexpr const char* kSecondColour = "rgb(83.529412%,36.862745%,0%)";

// The sweep "s": pre_norm and op, two seeds each. Train loss is 7, 3 at steps 0 and 10, kurtosis of layer 1 K / 2, K,
// where K is 12 and 16 of pre_norm and 2 of op; layer 0 has half of it.
class PlotTest : public ServerTest {
 protected:
  void Train() {
    Submit(SmallSweep("s"));
    const v1::SynchronizeResponse answer = Synchronize(HelloFrom("w", 4));
    double kurtosis = 12;
    for (const v1::Start& start : answer.start()) {
      const bool is_op = start.config_json().find("\"op\"") != std::string::npos;
      Finish(start, "w", "completed", is_op ? 2 : kurtosis);
      if (!is_op) kurtosis += 4;
    }
  }

  Outcome Plot(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"ofsweep", "plot"});
    if (std::find(arguments.begin(), arguments.end(), "--data-dir") == arguments.end()) {
      arguments.insert(arguments.end(), {"--coordinator", server_->grpc_address()});
    }
    std::vector<const char*> words;
    for (const std::string& argument : arguments) words.push_back(argument.c_str());
    std::ostringstream out, err;
    const int exit_code = CommandLine(static_cast<int>(words.size()), words.data(), {out, err});
    return {exit_code, out.str(), err.str()};
  }

  std::string Figures(const std::string& file = "") const { return figures_.File(file); }

  TemporaryFolder figures_;
};

TEST_F(PlotTest, WritesEveryFigureOfASweepAndPrintsThePaths) {
  Train();
  const std::string folder = Figures("new/folder");
  const Outcome plotted = Plot({"s", "--out", folder});
  ASSERT_EQ(plotted.exit_code, 0) << plotted.err;
  std::istringstream lines(plotted.out);
  std::vector<std::string> paths;
  for (std::string line; std::getline(lines, line);) paths.push_back(fs::path(line).filename().string());
  EXPECT_THAT(paths, ElementsAre("s-curves-train_loss.svg", "s-curves-train_loss.pdf",
                                 "s-curves-kurtosis-block-max.svg", "s-curves-kurtosis-block-max.pdf",
                                 "s-layers-kurtosis-block.svg", "s-layers-kurtosis-block.pdf",
                                 "s-scatter-train_loss-kurtosis_max.svg", "s-scatter-train_loss-kurtosis_max.pdf"));
  for (const auto& entry : fs::directory_iterator(folder)) {
    const bool is_svg = entry.path().extension() == ".svg";
    EXPECT_THAT(ReadFile(entry.path()), StartsWith(is_svg ? "<?xml" : "%PDF")) << entry.path();
  }
  const std::string curves = ReadFile(folder + "/s-curves-kurtosis-block-max.svg");
  // A line and its key in the legend; and a band.
  EXPECT_EQ(Count(curves, std::string("stroke:") + kFirstColour), 2u);
  EXPECT_EQ(Count(curves, std::string("stroke:") + kSecondColour), 2u);
  EXPECT_EQ(Count(curves, std::string("fill:") + kFirstColour), 1u);
  const std::string scatter = ReadFile(folder + "/s-scatter-train_loss-kurtosis_max.svg");
  EXPECT_EQ(Count(scatter, std::string("fill:") + kFirstColour), 3u) << "two trials and the legend";
  EXPECT_THAT(ReadFile(folder + "/s-layers-kurtosis-block.svg"), HasSubstr("<image"));
}

TEST_F(PlotTest, TheDatabaseGivesTheSameBytesAsItsCoordinator) {
  Train();
  ASSERT_EQ(Plot({"s", "--out", Figures("a")}).exit_code, 0);
  server_.reset();
  const Outcome read = Plot({"s", "--out", Figures("b"), "--data-dir", folder_.path().string()});
  ASSERT_EQ(read.exit_code, 0) << read.err;
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(Figures("a"))) {
    EXPECT_EQ(ReadFile(entry.path()), ReadFile(fs::path(Figures("b")) / entry.path().filename())) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 8u);
}

TEST_F(PlotTest, CurvesAreMeansOfWhatEachTrialsLayersCameTo) {
  Train();
  const Connection connection(channel_, server_->grpc_address());
  const auto trials = connection.ListTrials("s", {});
  ASSERT_TRUE(trials.ok()) << trials.status();
  const TrialGroups groups = *TrialGroups::Of(*trials, {});
  const auto largest = ReadCurveFigure(connection, "s", *ParsePlottedMetric("kurtosis"), groups);
  ASSERT_TRUE(largest.ok()) << largest.status();
  ASSERT_EQ(largest->panels.size(), 1u);
  ASSERT_EQ(largest->panels[0].lines.size(), 2u);
  const MeanLine& pre_norm = largest->panels[0].lines[0];
  EXPECT_EQ(largest->groups[pre_norm.group], "pre_norm");
  EXPECT_THAT(pre_norm.xs, ElementsAre(0, 10));
  EXPECT_THAT(pre_norm.means, ElementsAre(7, 14));
  EXPECT_NEAR(pre_norm.deviations[1], std::sqrt(8), 1e-12);
  EXPECT_TRUE(largest->is_log);
  const auto mean = ReadCurveFigure(connection, "s", *ParsePlottedMetric("kurtosis@block.mean"), groups);
  EXPECT_THAT(mean->panels[0].lines[0].means, ElementsAre(5.25, 10.5));
  const auto first = ReadCurveFigure(connection, "s", *ParsePlottedMetric("kurtosis@block.0"), groups);
  EXPECT_THAT(first->panels[0].lines[0].means, ElementsAre(3.5, 7));

  const auto maps = ReadLayerFigure(connection, "s", *ParsePlottedMetric("kurtosis"), groups);
  ASSERT_TRUE(maps.ok()) << maps.status();
  ASSERT_EQ(maps->panels.size(), 2u);
  EXPECT_EQ(maps->panels[0].title, "pre_norm");
  EXPECT_THAT(maps->panels[0].rows[1].values, ElementsAre(7, 14));
  EXPECT_THAT(maps->panels[1].rows[0].values, ElementsAre(0.5, 1));

  const ResultDots dots = MakeScatterFigure(*trials, *ParsePlottedResult("kurtosis_max"),
                                            *ParsePlottedResult("train_loss/kurtosis_max"), groups);
  ASSERT_EQ(dots.figure.dots.size(), 4u);
  EXPECT_EQ(dots.without_place, 0u);
  EXPECT_DOUBLE_EQ(dots.figure.dots[0].x * dots.figure.dots[0].y, 3);
}

TEST_F(PlotTest, ATrialWithoutAnOutcomeIsNoDot) {
  Train();
  std::vector<v1::Trial> trials = *Connection(channel_, server_->grpc_address()).ListTrials("s", {});
  trials[0].set_state("cancelled");
  trials[1].set_state("running");
  trials[2].set_state("diverged");
  const TrialGroups groups = *TrialGroups::Of(trials, {});
  const ResultDots dots =
      MakeScatterFigure(trials, *ParsePlottedResult("kurtosis_max"), *ParsePlottedResult("train_loss"), groups);
  EXPECT_EQ(dots.figure.dots.size(), 2u);
  EXPECT_EQ(dots.without_outcome, 2u);
}

TEST_F(PlotTest, CurvesStandWhereTheMeanClockOfTheirGroupIs) {
  Train();
  const Connection connection(channel_, server_->grpc_address());
  const auto trials = connection.ListTrials("s", {});
  ASSERT_TRUE(trials.ok()) << trials.status();
  const TrialGroups groups = *TrialGroups::Of(*trials, {});
  const auto xs_over = [&](CurveAxis axis) {
    const auto clocks = ReadClocks(connection, "s", axis, groups);
    EXPECT_TRUE(clocks.ok()) << clocks.status();
    const auto figure = ReadCurveFigure(connection, "s", *ParsePlottedMetric("kurtosis"), groups, axis, *clocks);
    EXPECT_TRUE(figure.ok()) << figure.status();
    return std::pair(figure->x_label, figure->panels.at(0).lines.at(1).xs);
  };
  EXPECT_THAT(xs_over(CurveAxis::kStep), Pair("step", ElementsAre(0, 10)));
  EXPECT_THAT(xs_over(CurveAxis::kTokens), Pair("tokens", ElementsAre(0, 10'240)));
  EXPECT_THAT(xs_over(CurveAxis::kSeconds), Pair("training time (s)", ElementsAre(0, 1)));

  // Between the points of a clock straight, and outside of them as at its ends.
  GroupClocks clocks;
  for (const FigurePlace place : {FigurePlace{0, 0}, FigurePlace{0, 1}}) {
    clocks[place] = {.steps = {5, 25}, .values = {50, 90}};
  }
  const auto figure =
      ReadCurveFigure(connection, "s", *ParsePlottedMetric("kurtosis"), groups, CurveAxis::kSeconds, clocks);
  ASSERT_TRUE(figure.ok()) << figure.status();
  EXPECT_THAT(figure->panels.at(0).lines.at(1).xs, ElementsAre(50, 60));
}

TEST_F(PlotTest, XIsOfCurvesWhereItNamesAClockElseOfTheScatter) {
  Train();
  const Outcome curves = Plot({"s", "--x", "tokens", "--out", Figures("a")});
  ASSERT_EQ(curves.exit_code, 0) << curves.err;
  EXPECT_THAT(curves.out,
              AllOf(HasSubstr("s-curves-train_loss-tokens.svg"), HasSubstr("s-scatter-train_loss-kurtosis_max.svg")));
  const Outcome scatter = Plot({"s", "--kind", "scatter", "--x", "tokens", "--out", Figures("b")});
  ASSERT_EQ(scatter.exit_code, 0) << scatter.err;
  EXPECT_THAT(scatter.out, HasSubstr("s-scatter-train_loss-tokens.svg"));
  const Outcome both = Plot({"s", "--x", "kurtosis_mean", "--out", Figures("c")});
  ASSERT_EQ(both.exit_code, 0) << both.err;
  EXPECT_THAT(both.out, AllOf(HasSubstr("s-curves-train_loss.svg"), HasSubstr("train_loss-kurtosis_mean.svg")));
}

TEST_F(PlotTest, OneFigureGoesIntoTheFileOfThatName) {
  Train();
  const Outcome png = Plot({"s", "--kind", "scatter", "--out", Figures("loss.png")});
  ASSERT_EQ(png.exit_code, 0) << png.err;
  EXPECT_EQ(png.out, Figures("loss.png") + "\n");
  EXPECT_THAT(ReadFile(Figures("loss.png")), StartsWith("\x89PNG"));
  const Outcome narrow = Plot({"s", "--kind", "curves", "--metric", "train_loss", "--panels", "model.block", "--width",
                               "100", "--out", Figures("loss.svg")});
  ASSERT_EQ(narrow.exit_code, 0) << narrow.err;
  EXPECT_THAT(ReadFile(Figures("loss.svg")), HasSubstr("width=\"283.464567pt\""));
}

TEST_F(PlotTest, MistakesAreToldAndNothingIsWritten) {
  Train();
  const std::string folder = Figures("out");
  const auto refused = [&](std::vector<std::string> arguments, int exit_code) {
    if (std::find(arguments.begin(), arguments.end(), "--out") == arguments.end()) {
      arguments.insert(arguments.end(), {"--out", folder});
    }
    const Outcome outcome = Plot(std::move(arguments));
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_FALSE(fs::exists(folder));
    return outcome.err;
  };
  EXPECT_THAT(refused({"s", "--metric", "kurtosi"}, 2), HasSubstr("did you mean kurtosis?"));
  EXPECT_THAT(refused({"s", "--metric", "mmr"}, 1), HasSubstr("no trial of sweep s has measured mmr at block"));
  EXPECT_THAT(refused({"s", "--metric", "kurtosis@block.9"}, 1), HasSubstr("layer 9"));
  EXPECT_THAT(refused({"s", "--kind", "layers", "--metric", "train_loss"}, 2), HasSubstr("layer by layer"));
  EXPECT_THAT(refused({"s", "--kind", "scatter", "--y", "eval_loss"}, 1), HasSubstr("--x and --y"));
  EXPECT_THAT(refused({"s", "--x", "kurtosis_mx"}, 2), AllOf(HasSubstr("--x"), HasSubstr("kurtosis_max")));
  EXPECT_THAT(refused({"s", "--kind", "curves", "--x", "kurtosis_max"}, 2), HasSubstr("step, tokens or seconds"));
  EXPECT_THAT(refused({"s", "--x", "second"}, 2), HasSubstr("step, tokens or seconds"));
  EXPECT_THAT(refused({"s", "--group-by", "optimizer.name"}, 2), HasSubstr("it varies model.block, seed"));
  EXPECT_THAT(refused({"s", "--kind", "pie"}, 2), HasSubstr("curves, layers, scatter"));
  EXPECT_THAT(refused({"none"}, 1), HasSubstr("none"));
  EXPECT_THAT(refused({"s", "--out", Figures("figure.jpg")}, 2), HasSubstr(".svg, .pdf or .png"));
  EXPECT_THAT(refused({"s", "--out", Figures("figure.svg")}, 2), HasSubstr("4 figures"));
  EXPECT_THAT(refused({"s", "--out", "/dev/null/figures"}, 2), HasSubstr("/dev/null/figures"));
  EXPECT_TRUE(fs::is_empty(Figures()));
}

// One such trial stretches an axis until nothing else is seen on it.
TEST_F(PlotTest, DivergedTrialsAreLeftOutWhereTheUserAsks) {
  Submit(SmallSweep("s"));
  const v1::SynchronizeResponse answer = Synchronize(HelloFrom("w", 4));
  bool is_first = true;
  for (const v1::Start& start : answer.start()) {
    Finish(start, "w", is_first ? "diverged" : "completed", is_first ? 1e9 : 2);
    is_first = false;
  }
  const Connection connection(channel_, server_->grpc_address());
  const auto trials = connection.ListTrials("s", {});
  ASSERT_TRUE(trials.ok()) << trials.status();
  const auto largest = [&](const TrialGroups& groups) {
    const auto curves = ReadCurveFigure(connection, "s", *ParsePlottedMetric("kurtosis"), groups);
    const auto maps = ReadLayerFigure(connection, "s", *ParsePlottedMetric("kurtosis"), groups);
    EXPECT_TRUE(curves.ok() && maps.ok());
    return std::pair(curves->panels[0].lines[0].means.back(), maps->panels[0].rows[1].values.back());
  };
  EXPECT_THAT(largest(*TrialGroups::Of(*trials, {})), Pair((1e9 + 2) / 2, (1e9 + 2) / 2));
  const TrialGroups dropped = *TrialGroups::Of(*trials, {}, /*drops_diverged=*/true);
  EXPECT_THAT(largest(dropped), Pair(2, 2));
  const ResultDots dots =
      MakeScatterFigure(*trials, *ParsePlottedResult("kurtosis_max"), *ParsePlottedResult("train_loss"), dropped);
  EXPECT_EQ(dots.figure.dots.size(), 3u);
  EXPECT_EQ(dots.left_out, 0u);

  const Outcome plotted = Plot({"s", "--diverged", "drop", "--out", Figures("a")});
  EXPECT_EQ(plotted.exit_code, 0) << plotted.err;
  EXPECT_THAT(plotted.err, HasSubstr("1 of 4 trials have diverged and are left out"));
}

TEST_F(PlotTest, ASweepWithoutPointsSaysSo) {
  Submit(SmallSweep("s"));
  const Outcome outcome = Plot({"s", "--out", Figures("out")});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("has no points yet"));
}

TEST_F(PlotTest, AFolderOfAFiguresNameIsLeftAlone) {
  Train();
  fs::create_directory(Figures("s-layers-kurtosis-block.pdf"));
  const Outcome outcome = Plot({"s", "--out", Figures()});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("s-layers-kurtosis-block.pdf is a folder"));
  EXPECT_EQ(std::distance(fs::directory_iterator(Figures()), fs::directory_iterator()), 1);
}

}  // namespace
}  // namespace ofsweep
