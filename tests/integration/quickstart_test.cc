// What README.md promises of sweeps/quickstart.yaml, trained in full: the finding that ofsweep exists for.

#include <filesystem>
#include <fstream>
#include <map>

#include <gmock/gmock.h>

#include "tests/integration/sweep_fixture.h"

namespace ofsweep {
namespace {

constexpr std::chrono::minutes kTraining{25};

using testing::HasSubstr;
using testing::Not;

class Quickstart : public SweepFixture {
 protected:
  // A paper of the sweep's table and of all of its figures, as they are, set by pdflatex.
  void SetPaper() {
    const Finished table = RunToEnd({kOfsweep, "table", "quickstart", "--data-dir", Path("data"), "--format", "latex"});
    ASSERT_EQ(table.exit_code, 0) << table.err;
    const Finished plot =
        RunToEnd({kOfsweep, "plot", "quickstart", "--data-dir", Path("data"), "--out", Path("figures")});
    ASSERT_EQ(plot.exit_code, 0) << plot.err;
    std::ofstream paper(Path("paper.tex"));
    paper << "\\documentclass{article}\n\\usepackage{booktabs,graphicx}\n\\begin{document}\n" << table.out;
    int figures = 0;
    for (const auto& file : std::filesystem::directory_iterator(Path("figures"))) {
      if (file.path().extension() != ".pdf") continue;
      paper << "\n\n\\noindent\\includegraphics[width=\\linewidth]{" << file.path().string() << "}\n";
      ++figures;
    }
    paper << "\\end{document}\n";
    paper.close();
    EXPECT_GE(figures, 3) << plot.out;
#ifdef OFSWEEP_PDFLATEX
    const Finished set = RunToEnd({OFSWEEP_PDFLATEX, "-interaction=nonstopmode", "-halt-on-error", "-output-directory",
                                   Path(""), Path("paper.tex")});
    EXPECT_EQ(set.exit_code, 0) << set.out;
    EXPECT_THAT(set.out, Not(HasSubstr("Overfull")));
    EXPECT_THAT(set.out, Not(HasSubstr("LaTeX Warning")));
#endif
  }
};

TEST_F(Quickstart, AdamGrowsOutlierFeaturesOnPreNormAndSoapAndOutlierProtectedDoNot) {
  const Finished run =
      RunToEnd({kOfsweep, "run", (OFSWEEP_SOURCE_DIR "/sweeps/quickstart.yaml"), "--data-dir", Path("data"),
                "--metrics", "kurtosis_max,eval_perplexity,w8a4_perplexity", "--format", "json"},
               {}, kTraining);
  ASSERT_EQ(run.exit_code, 0) << run.err;

  const nlohmann::json table = nlohmann::json::parse(run.out);
  std::map<std::string, double> kurtosis, lost;  // by "block/optimizer"
  for (const auto& cell : table.at("cells")) {
    const auto& keys = cell.at("keys");
    const std::string arm =
        keys.at("model.block").get<std::string>() + "/" + keys.at("optimizer.name").get<std::string>();
    const auto value = [&](const char* metric) { return cell.at("values").at(metric).at("mean").get<double>(); };
    kurtosis[arm] = value("kurtosis_max");
    lost[arm] = value("w8a4_perplexity") / value("eval_perplexity") - 1;
  }
  ASSERT_EQ(kurtosis.size(), 6u) << run.out;
  // Seen: 9 and 8. Less is asked because another processor's rounding is another draw, and so is another corpus.
  EXPECT_GE(kurtosis["pre_norm/adam"], 2 * kurtosis["pre_norm/soap"]);
  EXPECT_GE(kurtosis["pre_norm/adam"], 1.5 * kurtosis["op/adam"]);
  // Seen: 14 times as much with the sweep's own seed, more than 100 times with two others.
  EXPECT_GE(lost["pre_norm/adam"], 5 * lost["op/soap"]);
  for (const auto& [arm, part] : lost) EXPECT_GT(part, 0.02) << arm << ": 16 levels for activations cost something";
  SetPaper();
}

}  // namespace
}  // namespace ofsweep
