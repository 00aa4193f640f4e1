// Golden texts of one synthetic sweep: a complete column, an incomplete cell and a missing one.
#include "fixture.h"
#include "winnow/report/render.h"

namespace winnow::report {
namespace {

class Render : public ReportTest {
 protected:
  Render() {
    sweep::Plan p = plan(kAmbiguity);
    const double accuracy[] = {0.8, 0.81, 0.5, -1, 0.85, 0.87, -1, -1};      // by experiment; -1: not done
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
  EXPECT_EQ(render_markdown(table_),
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
            "method,labels.rate,seed,identity,accuracy,file\ncc,0.1,0," + first_ + ",0.8," + file);
  EXPECT_EQ(text.substr(text.size() - 3), ",,\n");            // a missing one is there, without a value
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

}  // namespace
}  // namespace winnow::report
