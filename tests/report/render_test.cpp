// Golden texts of one synthetic sweep: a complete column, an incomplete cell and a missing one.
#include "winnow/report/render.h"

#include <map>

#include "fixture.h"
#include "winnow/report/page.h"

namespace winnow::report {
namespace {

class Render : public ReportTest {
 protected:
  Render() {
    sweep::Plan p = plan(kAmbiguity);
    const double accuracy[] = {0.8, 0.81, 0.5, -1, 0.85, 0.87, -1, -1};  // by experiment; -1: not done
    for (std::size_t i = 0; i < 8; ++i)
      if (accuracy[i] >= 0) finish(p, i, {{"accuracy", accuracy[i]}});
    table_ = table(p);
    first_ = p.nodes()[p.cell_node(0)].identity.hex();
  }
  Table table_;
  std::string first_;
};

TEST_F(Render, Terminal) {
  EXPECT_EQ(render_terminal(table_, 100, false),
            "ambiguity: Which one?\n"
            "\n"
            "labels.rate    0.1                  0.7\n"
            "method\n"
            "cc            +80.50 ± 0.71  2/2    50.00    1/2\n"
            "proden        *86.00 ± 1.41  2/2    missing  0/2\n"
            "\n"
            "accuracy in %, last epoch; mean ± sample standard deviation over n = 2 seeds; done/planned\n"
            "3 of 8 experiments are missing; a mean is over those that are done, and incomplete cells are not ranked\n"
            "* best, + second best of a column\n");
}

TEST_F(Render, NarrowTerminalsGetTheColumnsBelowEachOther) {
  std::string text = render_terminal(table_, 40, true);
  EXPECT_EQ(text.substr(0, text.find("accuracy in")),
            "ambiguity: Which one?\n"
            "\n"
            "labels.rate    0.1\n"
            "method\n"
            "cc            \033[4m+80.50 ± 0.71\033[0m  2/2\n"
            "proden        \033[1m*86.00 ± 1.41\033[0m  2/2\n"
            "\n"
            "labels.rate    0.7\n"
            "method\n"
            "cc             50.00    1/2\n"
            "proden         missing  0/2\n"
            "\n");
}

TEST_F(Render, Markdown) {
  EXPECT_EQ(
      render_markdown(table_),
      "**ambiguity**: Which one?\n"
      "\n"
      "| method | labels.rate 0.1 | labels.rate 0.7 |\n"
      "|---|---:|---:|\n"
      "| cc | <u>80.50 ± 0.71</u> (2/2) | 50.00 (1/2) |\n"
      "| proden | **86.00 ± 1.41** (2/2) | missing (0/2) |\n"
      "\n"
      "accuracy in %, last epoch; mean ± sample standard deviation over n = 2 seeds; done/planned.  \n"
      "3 of 8 experiments are missing; a mean is over those that are done, and incomplete cells are not ranked.  \n"
      "Bold: best of a column; underlined: second best.\n");
}

TEST_F(Render, CsvHoldsEverySample) {
  std::string text = render_csv(table_);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 9);
  std::string file = (folder_ / "results" / "runs" / first_.substr(0, 2) / (first_ + ".h5")).string();
  EXPECT_EQ(text.substr(0, text.find("\ncc,0.1,1")),
            "method,labels.rate,seed,identity,accuracy,digest,file\ncc,0.1,0," + first_ + ",0.8," +
                store::verify_run_file(file).result_digest.hex() + "," + file);
  EXPECT_EQ(text.substr(text.size() - 4), ",,,\n");  // a missing one is there, without a value
}

TEST_F(Render, JsonHoldsCellsAndSamples) {
  Value json = Value::parse(render_json(table_));
  EXPECT_EQ(json["done"], 5);
  EXPECT_EQ(json["cells"].size(), 4u);
  EXPECT_EQ(json["cells"][2]["mark"], "best");
  EXPECT_EQ(json["cells"][3]["mean"], nullptr);
  EXPECT_EQ(json["cells"][3]["planned"], 2);
  EXPECT_EQ(json["experiments"].size(), 8u);
  EXPECT_EQ(json["experiments"][0]["value"], 0.8);
}

// Names are other people's. Whatever they hold, a row is a line, and a terminal obeys nothing that a name says.
TEST_F(ReportTest, ControlCharactersAreWrittenOutInEveryRenderer) {
  sweep::Plan p = plan(
      "method = \"cc\"\n[[grid]]\ntemplate = [\"a\\nphoto of {}\", \"a\\u001b[31mphoto of {}\", \"a\\u0085\\u2028photo "
      "of {}\"]\n");
  for (std::size_t i = 0; i < 3; ++i) finish(p, i, {{"accuracy", 0.5}});
  Table made = table(p);
  made.name = "a\nname";
  made.question = "why\r\x1b[2J?";
  made.notes = {"a note\nof two lines"};
  made.labels["cc"] =
      "\x9b"
      "c\ac";
  std::map<std::string, std::string> texts{{"terminal", render_terminal(made, 200, false)},
                                           {"markdown", render_markdown(made)},
                                           {"latex", render_latex(made)},
                                           {"csv", render_csv(made)},
                                           {"json", render_json(made)}};
  Page page;
  page.name = made.name;
  page.question = made.question;
  page.tables = {made};
  texts["html"] = render_html(page);
  for (const auto& [renderer, text] : texts) {
    for (const char* raw : {"\x1b", "\r", "\a", "\u0085", "\u2028", "a\nphoto", "a\nname", "note\nof"})
      EXPECT_EQ(text.find(raw), std::string::npos) << renderer << " holds " << Value(raw).dump();
    std::string backslash = renderer == "latex" ? "\\textbackslash{}" : "\\";
    EXPECT_NE(text.find("a" + backslash + "nphoto of"), std::string::npos) << renderer << ":\n" << text.substr(0, 2000);
    EXPECT_NE(text.find(backslash + "u001b" + (renderer == "latex" ? "{[}" : "[") + "31mphoto of"), std::string::npos)
        << renderer;
  }
  EXPECT_EQ(std::count(texts["csv"].begin(), texts["csv"].end(), '\n'), 4) << "one line an experiment";
}

// 0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1 to a computer; a table of the same three numbers has two best rows.
TEST_F(ReportTest, TiesAreTiesInEveryRendererWhateverTheOrderOfSeeds) {
  sweep::Plan p = plan("[[grid]]\nmethod = [\"cc\", \"proden\", \"lws\"]\nseed = [0, 1, 2]\n");
  const double accuracy[] = {0.1, 0.2, 0.3, 0.3, 0.2, 0.1, 0.05, 0.2, 0.3};
  for (std::size_t i = 0; i < 9; ++i) finish(p, i, {{"accuracy", accuracy[i]}});
  Table made = table(p);
  std::string terminal = render_terminal(made, 100, false), markdown = render_markdown(made),
              latex = render_latex(made);
  EXPECT_NE(terminal.find("cc       *20.00"), std::string::npos) << terminal;
  EXPECT_NE(terminal.find("proden   *20.00"), std::string::npos) << terminal;
  EXPECT_NE(terminal.find("lws      +18.33"), std::string::npos) << terminal;
  EXPECT_NE(markdown.find("| cc | **20.00"), std::string::npos) << markdown;
  EXPECT_NE(markdown.find("| proden | **20.00"), std::string::npos) << markdown;
  EXPECT_NE(latex.find("cc & \\textbf{20.00"), std::string::npos) << latex;
  EXPECT_NE(latex.find("proden & \\textbf{20.00"), std::string::npos) << latex;
  Value cells = Value::parse(render_json(made))["cells"];
  EXPECT_EQ(cells[0]["mark"], "best");
  EXPECT_EQ(cells[1]["mark"], "best");
  EXPECT_EQ(cells[0]["mean"], cells[1]["mean"]);
  EXPECT_EQ(cells[0]["deviation"], cells[1]["deviation"]);
  EXPECT_EQ(cells[2]["mark"], "second");
  Page page;
  page.tables = {made};
  std::string html = render_html(page);
  std::size_t best = 0;
  for (std::size_t at = 0; (at = html.find("class=\"cell best\"", at)) != std::string::npos; ++at) ++best;
  EXPECT_EQ(best, 2u);
}

}  // namespace
}  // namespace winnow::report
