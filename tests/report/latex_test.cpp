// What render_latex writes is LaTeX: pdflatex says so.
#include <gmock/gmock.h>

#include <cmath>
#include <cstdlib>

#include "fixture.h"
#include "winnow/report/render.h"

namespace winnow::report {
namespace {

using testing::HasSubstr;

TEST_F(ReportTest, LatexCompiles) {
  if (std::system("pdflatex --version > /dev/null 2>&1 && kpsewhich booktabs.sty > /dev/null") != 0)
    GTEST_SKIP() << "needs pdflatex with booktabs: apt-get install texlive-latex-recommended";
  sweep::Plan p = plan(kAmbiguity);
  const double accuracy[] = {0.8, 0.81, 0.5, -1, 0.85, std::nan(""), -1, -1};  // by experiment; -1: not done
  for (std::size_t i = 0; i < 8; ++i)
    if (!(accuracy[i] < 0)) finish(p, i, {{"accuracy", accuracy[i]}});
  write_file_atomically(folder_ / "t.toml",
                        "[[table]]\nname = \"t\"\ntitle = 'All of \\ { } $ & # ^ _ ~ % < > | \" [x] ± é at once'\n"
                        "labels = { cc = '50 % \\alpha_1 & more', proden = '[in brackets]', \"0.1\" = '#1 ^~' }\n"
                        "[[table.published]]\nwhere = { method = \"cc\", \"labels.rate\" = 0.1 }\nvalue = "
                        "79.2\ndeviation = 0.3\nn = 5\nsource = 'A & B_2'\n"
                        "[[table.published]]\nwhere = { method = \"proden\", \"labels.rate\" = 0.1 }\nvalue = \"not "
                        "available\"\nsource = 'A & B_2'\n");
  Definition definition = read_definitions(folder_ / "t.toml").at(0);
  std::string text = render_latex(build_table(p, read_results(p, store(), definition.metric), definition));
  write_file_atomically(folder_ / "t.tex", "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n" +
                                               text + "\\end{document}\n");
  int status = std::system(
      ("cd " + folder_.string() + " && pdflatex -interaction=nonstopmode -halt-on-error t.tex > out 2>&1").c_str());
  std::string out = read_file(folder_ / "out");
  EXPECT_EQ(status, 0) << out << text;
  EXPECT_THAT(out, HasSubstr("(1 page")) << "and the table is on it";
}

}  // namespace
}  // namespace winnow::report
