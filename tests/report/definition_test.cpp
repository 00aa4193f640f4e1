// Table definitions: what they choose and arrange, the published numbers beside it, and what is refused in which words.
#include "winnow/report/definition.h"

#include <gmock/gmock.h>

#include "fixture.h"
#include "winnow/core/error.h"
#include "winnow/report/comparison.h"
#include "winnow/report/render.h"

namespace winnow::report {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class DefinitionTest : public ReportTest {
 protected:
  sweep::Plan both_ = plan(
      "labels.rate = 0.1\n[[grid]]\nmethod = [\"cc\", \"proden\"]\nlabels = [{ kind = \"flip\" }]\n\"labels.rate\" = "
      "[0.1, 0.7]\nseed = [0, 1]");

  std::vector<Definition> read(const std::string& text) const {
    write_file_atomically(folder_ / "t.toml", text);
    return read_definitions(folder_ / "t.toml");
  }
  Table build(const std::string& text) const {
    store::RunReader runs(store());
    return build_tables(both_, runs, {read("[[table]]\nname = \"t\"\n" + text).at(0)})[0];
  }
  std::string refusal(const std::string& text) const {
    try {
      build(text);
    } catch (const UsageError& error) {
      std::string message = error.what();
      return message.substr(message.find("t.toml"));
    }
    return "accepted";
  }
};

TEST_F(DefinitionTest, WithoutChoicesIsTheDefaultTable) {
  finish(both_, 0, {{"accuracy", 0.5}});
  Table own = build(""), whole = table(both_);
  EXPECT_EQ(own.rows, whole.rows);
  EXPECT_EQ(own.columns, whole.columns);
  EXPECT_EQ(own.planned, whole.planned);
}

TEST_F(DefinitionTest, ChoosesAndArranges) {
  Table t = build("where = { \"labels.rate\" = 0.7 }\nrows = [\"method\"]\nlabels = { cc = \"average loss\" }");
  EXPECT_EQ(t.planned, 4u);
  EXPECT_THAT(t.rows, ElementsAre(Header{"cc"}, Header{"proden"}));
  EXPECT_THAT(t.columns, ElementsAre(Header{})) << "the rate is fixed";
  EXPECT_THAT(render_markdown(t), HasSubstr("| average loss |"));
  Table turned = build("rows = [\"labels.rate\"]\ncolumns = [\"method\"]");
  EXPECT_THAT(turned.rows, ElementsAre(Header{"0.1"}, Header{"0.7"}));
  EXPECT_THAT(turned.columns, ElementsAre(Header{"cc"}, Header{"proden"}));
}

TEST_F(DefinitionTest, PublishedNumbersStandBesideTheirCells) {
  finish(both_, 0, {{"accuracy", 0.70}});
  finish(both_, 1, {{"accuracy", 0.72}});
  Table t = build(
      "[[table.published]]\nwhere = { method = \"cc\", \"labels.rate\" = 0.1 }\nvalue = 70.5\ndeviation = 0.6\nn = "
      "4\nsource = \"A\"\n"
      "[[table.published]]\nwhere = { method = \"proden\", labels = { rate = 0.7 } }\nvalue = \"not "
      "available\"\nsource = \"B\"");
  ASSERT_TRUE(t.cells[0][0].published);
  Cell::Difference difference = *t.cells[0][0].difference(t.metric);
  EXPECT_NEAR(difference.value, 0.5, 1e-12);
  EXPECT_NEAR(*difference.error, std::sqrt(2.0 / 2 + 0.36 / 4), 1e-9);  // sample deviation of 70 and 72 is sqrt(2)
  EXPECT_FALSE(t.cells[1][1].difference(t.metric));
  std::string text = render_terminal(t, 200, false);
  EXPECT_THAT(text, HasSubstr("[70.50 ± 0.60, +0.50 ± 1.04]"));
  EXPECT_THAT(text, HasSubstr("[not available]"));
  EXPECT_THAT(text, HasSubstr("A; B"));
  EXPECT_EQ(Value::parse(render_json(t))["cells"][0]["published"]["n"], 4);
}

TEST_F(DefinitionTest, ALineOfAPrintedTable) {
  finish(both_, 0, {{"accuracy", 0.70}});
  Table t = build(
      "digits = 1\n[[table.published]]\nwhere = { method = \"cc\" }\nover = { labels = { rate = [0.1, 0.7] } }\nvalues "
      "= [70.5, \"not available\"]\n"
      "source = \"A\"\n[[table.published]]\nwhere = { method = \"proden\" }\nvalue = \"not available\"\nsource = "
      "\"B\"");
  EXPECT_EQ(t.cells[0][0].published->value, 70.5);
  EXPECT_FALSE(t.cells[0][1].published->value);
  EXPECT_TRUE(t.cells[1][0].published && t.cells[1][1].published)
      << "what is not available may be so for several cells";
  EXPECT_THAT(render_terminal(t, 200, false), HasSubstr("70.0 "));
}

// Best and last epoch, precision and recall.
TEST_F(DefinitionTest, ASecondNumberInEachCell) {
  finish(both_, 0, {{"accuracy", 0.70}, {"accuracy_best", 0.75}});
  finish(both_, 1, {{"accuracy", 0.72}, {"accuracy_best", 0.75}});
  finish(both_, 4, {{"accuracy", 0.74}, {"accuracy_best", 0.74}});
  finish(both_, 5, {{"accuracy", 0.74}, {"accuracy_best", 0.74}});
  Table t = build(
      "rule = \"best\"\nbeside = { rule = \"last\" }\n[[table.published]]\nwhere = { method = \"cc\" }\nover = { "
      "\"labels.rate\" = [0.1, 0.7] }\nvalues = [74.5, 70.5]\nbeside = [72.5, \"not available\"]\nsource = \"A\"");
  const Cell& cell = t.cells[0][0];
  EXPECT_THAT(cell.values, ElementsAre(0.75, 0.75));
  EXPECT_THAT(cell.beside->values, ElementsAre(0.70, 0.72));
  EXPECT_EQ(cell.mark, Mark::best);
  EXPECT_EQ(cell.beside->mark, Mark::second) << "each number is ranked among its own";
  EXPECT_THAT(
      render_markdown(t),
      HasSubstr("**75.00 ± 0.00** / <u>71.00 ± 1.41</u> (2/2) [74.50 / 72.50, +0.50 ± ≥ 0.00 / -1.50 ± ≥ 1.00]"));
  std::string text = render_terminal(t, 200, false);
  EXPECT_THAT(text, HasSubstr("*75.00 ± 0.00 / +71.00 ± 1.41"));
  EXPECT_THAT(text, HasSubstr("accuracy in %, best epoch, chosen on the test set / accuracy in %, last epoch;"));
  EXPECT_THAT(text, HasSubstr("(≥: of our seeds alone, as the published deviation is not known); A"));
  EXPECT_THAT(render_latex(t), HasSubstr("\\textbf{75.00 $\\pm$ 0.00} / \\underline{71.00 $\\pm$ 1.41}"));
  EXPECT_THAT(render_csv(t), HasSubstr("accuracy_best,accuracy,digest,file"));
  Value json = Value::parse(render_json(t));
  EXPECT_EQ(json["beside"]["rule"], "last");
  EXPECT_EQ(json["cells"][0]["beside"]["published"]["value"], 72.5);
  EXPECT_EQ(json["experiments"][1]["beside"], 0.72);
}

TEST_F(DefinitionTest, ACellIsDoneWhereBothNumbersAre) {
  finish(both_, 0, {{"accuracy", 0.70}, {"accuracy_best", 0.75}});
  finish(both_, 1, {{"accuracy", 0.72}});
  Table t = build("beside = { rule = \"best\" }");
  EXPECT_EQ(t.cells[0][0].done(), 1u);
  EXPECT_EQ(t.cells[0][0].values.size(), 2u);
  EXPECT_THAT(render_terminal(t, 200, false), HasSubstr("71.00 ± 1.41 /  75.00  1/2"));
}

// Seed by seed; what lacks a member is missing, and is no mean of the others.
TEST_F(DefinitionTest, AnAverageOverAnAxis) {
  const double accuracy[] = {0.70, 0.72, 0.60, 0.64};
  for (std::size_t i = 0; i < 4; ++i) finish(both_, i, {{"accuracy", accuracy[i]}});
  finish(both_, 4, {{"accuracy", 0.99}});
  finish(both_, 5, {{"accuracy", 0.99}});
  finish(both_, 6, {{"accuracy", 0.97}});
  const std::string published =
      "\n[[table.published]]\nwhere = { method = \"cc\" }\nover = { \"labels.rate\" = [0.1, 0.7] }\nvalues = [70, "
      "60]\nsource = \"A\"";
  Table t = build("average = [\"labels.rate\"]" + published);
  ASSERT_THAT(t.columns, ElementsAre(Header{"0.1"}, Header{"0.7"}, Header{"average"}));
  const Cell &cc = t.cells[0][2], &proden = t.cells[1][2];
  ASSERT_EQ(cc.values.size(), 2u);
  EXPECT_NEAR(cc.values[0], 0.65, 1e-12);
  EXPECT_NEAR(cc.values[1], 0.68, 1e-12);
  EXPECT_EQ(cc.published->value, 65) << "the mean of the published ones";
  EXPECT_NEAR(cc.difference(t.metric)->value, 1.5, 1e-9);
  EXPECT_EQ(proden.planned, 2u);
  ASSERT_EQ(proden.values.size(), 1u) << "its second seed lacks a member";
  EXPECT_NEAR(proden.values[0], 0.98, 1e-12);
  EXPECT_EQ(proden.mark, Mark::none);
  EXPECT_FALSE(proden.published);
  EXPECT_EQ(t.planned, 8u) << "an average is no experiment";
  EXPECT_THAT(render_terminal(t, 200, false), HasSubstr("an average is taken seed by seed"));
  EXPECT_EQ(Value::parse(render_json(t))["cells"][2]["average"], true);

  Table turned = build(
      "rows = [\"labels.rate\"]\ncolumns = [\"method\"]\naverage = [\"labels.rate\"]" + published +
      "\n[[table.published]]\nwhere = { method = \"cc\", \"labels.rate\" = \"average\" }\nvalue = 65.25\nsource = "
      "\"B\"");
  ASSERT_THAT(turned.rows, ElementsAre(Header{"0.1"}, Header{"0.7"}, Header{"average"}));
  EXPECT_EQ(turned.cells[2][0].published->value, 65.25) << "the printed one, where there is one";
  EXPECT_EQ(turned.cells[2][0].mark, Mark::none) << "it does not compete with its members";
  EXPECT_FALSE(rank(turned)) << "one of two rows is incomplete";
  EXPECT_THAT(refusal("where = { \"labels.rate\" = 0.1 }\nrows = [\"method\"]\naverage = [\"labels.rate\"]"),
              HasSubstr("average: labels.rate is neither an axis of the rows nor of the columns of table t"));
}

TEST_F(DefinitionTest, BelongsToItsSweeps) {
  EXPECT_EQ(build("sweeps = [\"other\", \"ambiguity\"]").planned, 8u);
  EXPECT_THAT(refusal("sweeps = [\"other\"]"),
              HasSubstr("t.toml:1: table t belongs to the sweep other, and this is ambiguity"));
}

TEST_F(DefinitionTest, AnUnknownMetricIsNamedWithItsPlace) {
  finish(both_, 0, {{"accuracy", 0.70}, {"accuracy_validation", 0.68}});
  store::RunReader runs(store());
  std::vector<Definition> definitions =
      read("[[table]]\nname = \"a\"\nrule = \"validation\"\n[[table]]\nname = \"b\"\nmetric = \"acuracy\"");
  EXPECT_EQ(build_tables(both_, runs, {definitions[0]})[0].cells[0][0].values, std::vector<double>{0.68});
  try {
    build_tables(both_, runs, definitions);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("t.toml:4: no run file has the metric 'acuracy' (did you mean 'accuracy'?)"));
  }
}

TEST_F(DefinitionTest, AMetricOfAnEarlierStage) {
  sweep::Plan p = plan(
      "labels = { kind = \"symmetric\", rate = 0.4 }\n[[grid]]\nmethod = [\"detect-train\"]\ndetect = [{ method = "
      "\"gmm\" }]\nseed = [0, 1]");
  store::RunContent run;
  for (std::uint32_t i = 0; i < p.nodes().size(); ++i)
    if (p.nodes()[i].label == "detect") run.stage = p.stage(i);
  run.tables["metrics/final"] = {{"selection_f1", std::vector<double>{0.875}}};
  store::Store target = store();
  Path part = target.temporary_path(run.stage.identity(), 1);
  store::write_run_file(part, run);
  target.commit(part, run.stage.identity());
  Metric metric = Metric::named("detect.selection_f1");
  Table t = build_table(p, read_results(p, target, metric), metric);
  EXPECT_EQ(t.done, 1u);
  EXPECT_THAT(render_terminal(t, 100, false), HasSubstr("selection_f1 of stage detect in %"));
  EXPECT_THROW(read_results(p, target, Metric::named("detct.selection_f1")), UsageError);
}

TEST_F(DefinitionTest, Refusals) {
  for (const auto& [text, words] : std::vector<std::pair<std::string, std::string>>{
           {"wher = {}", "t.toml:3: unknown key 'wher' (did you mean 'where'?)"},
           {"rows = \"method\"", "t.toml:3: rows: expected an array of texts"},
           {"rule = \"bst\"", "t.toml:3: rule: unknown rule 'bst'"},
           {"where = { \"labels.rat\" = 0.1 }",
            "t.toml:1: labels.rat is no axis of the sweep ambiguity (did you mean 'labels.rate'?)"},
           {"where = { \"labels.rate\" = 0.2 }", "t.toml:1: no experiment has labels.rate = 0.2"},
           {"where = { \"labels.rate\" = [] }", "t.toml:3: labels.rate: no value to compare with"},
           {"rows = [\"methd\"]", "t.toml:1: methd is no axis"},
           {"rows = [\"method\"]\ncolumns = [\"seed\"]",
            "t.toml:1: labels.rate differs among the experiments of one cell"},
           {"[[table.published]]\nwhere = { method = \"cc\" }\nvalue = 1\nsource = \"A\"",
            "t.toml:3: the published number fits 2 cells of table t"},
           {"[[table.published]]\nwhere = { method = \"cc\" }\nvalue = 1",
            "t.toml:3: a published number needs a source"},
           {"[[table.published]]\nwhere = { method = \"cc\" }\nsource = \"A\"",
            "t.toml:3: a published number needs a value"},
           {"[[table.published]]\nwhere = { method = \"cc\" }\nvalue = \"?\"\nsource = \"A\"",
            "t.toml:5: value: expected a number or \"not available\""},
           {"labels = 3", "t.toml:3: labels: expected a table"},
           {"digits = 0.5", "t.toml:3: digits: expected a whole number from 0 to 12"},
           {"[[table.published]]\nwhere = { method = \"cc\" }\nvalue = nan\nsource = \"A\"",
            "t.toml:5: value: expected a number"},
           {"[[table.published]]\nwhere = { method = \"cc\" }\nvalue = 1\nn = 0\nsource = \"A\"",
            "t.toml:6: n: expected a whole number from 1"},
           {"[[table.published]]\nwhere = { method = \"cc\" }\nvalue = 1\ndeviation = -1\nsource = \"A\"",
            "t.toml:3: a deviation is a number from 0"},
           {"[[table.published]]\nwhere = { method = \"cc\" }\nvalues = [1]\nsource = \"A\"",
            "t.toml:3: `value`, `deviation` and a number `beside` are for one cell"},
           {"[[table.published]]\nover = { method = [\"cc\", \"proden\"] }\nvalues = [1]\nsource = \"A\"",
            "t.toml:3: 1 values for 2 values of method"},
           {"beside = {}", "t.toml:3: beside: the second number is the first one"},
           {"beside = { rule = \"bst\" }", "t.toml:3: rule: unknown rule 'bst'"},
           {"beside = { digits = 1 }", "t.toml:3: unknown key 'digits': known are metric, rule"},
           {"average = [\"labels.rat\"]", "t.toml:1: labels.rat is no axis of the sweep ambiguity"},
           {"[[table.published]]\nwhere = { method = \"cc\", \"labels.rate\" = 0.1 }\nvalue = 1\nbeside = 2\nsource = "
            "\"A\"",
            "t.toml:3: the table has no second number (`beside`) that this could be of"},
           {"beside = { rule = \"best\" }\n[[table.published]]\nover = { method = [\"cc\", \"proden\"] }\nvalues = [1, "
            "2]\nbeside = [1]\nsource = \"A\"",
            "t.toml:4: 2 values and 1 beside them for 2 values of method"},
           {"[[table.published]]\nwhere = { method = \"cd\" }\nvalue = 1\nsource = \"A\"",
            "t.toml:3: no experiment has method = cd (did you mean 'cc'?)"},
           {"[[table.published]]\nwhere = { method = \"cc\", \"labels.rate\" = 0.1, seed = 0 }\nvalue = 1\nsource = "
            "\"A\"",
            "t.toml:3: `where` names 1 of the 2 experiments of a cell, whose number is their mean"}})
    EXPECT_THAT(refusal(text), HasSubstr(words)) << text;
  EXPECT_THROW(read(""), UsageError);
  EXPECT_THROW(read("[[table]]\ntitle = \"no name\""), UsageError);
  EXPECT_THROW(read("[[table]]\nname = \"a\"\n[[table]]\nname = \"a\""), UsageError);
  EXPECT_THROW(read("[[table]"), UsageError);
}

TEST_F(DefinitionTest, LatexEscapesAndMarks) {
  for (std::size_t i = 0; i < 8; ++i) finish(both_, i, {{"accuracy", i < 4 ? 0.8 : 0.6}});
  std::string text = render_latex(build("title = \"50 % of {this} & _that_\""));
  EXPECT_THAT(text, HasSubstr("\\begin{tabular}{lrr}"));
  EXPECT_THAT(text, HasSubstr("\\textbf{80.00 $\\pm$ 0.00}"));
  EXPECT_THAT(text, HasSubstr("50 \\% of \\{this\\} \\& \\_that\\_"));
  EXPECT_THAT(text, HasSubstr("\\bottomrule"));
}

TEST_F(DefinitionTest, WhatOnlyOneMethodHasHidesNothing) {
  sweep::Plan p = plan(
      "labels = { kind = \"flip\", rate = 0.3 }\n[[grid]]\nmethod = [\"cc\", \"pop\"]\nseed = [0, 1]\n"
      "[[override]]\nwhen = { method = \"pop\" }\nset = { warmup_epochs = 1 }");
  Definition definition = read("[[table]]\nname = \"t\"\nrows = [\"method\"]").at(0);
  Table t = build_table(p, read_results(p, store(), definition.metric), definition);
  EXPECT_EQ(t.planned, 4u);
  EXPECT_THAT(t.columns, ElementsAre(Header{})) << "one for both methods";
  definition.columns = {"labels.rate"};
  EXPECT_THROW(build_table(p, read_results(p, store(), definition.metric), definition), UsageError)
      << "no axis: one rate";
}

TEST_F(DefinitionTest, TheDefinitionsHereFitTheirSweeps) {
  for (const auto& [name, planned] :
       std::map<std::string, std::size_t>{{"quickstart", 18 + 9 + 6}, {"gallery", 42 + 6 + 3 + 6}}) {
    std::string root = WINNOW_SOURCE_DIR;
    sweep::Plan p =
        sweep::Plan::read(root + "/sweeps/" + name + ".toml",
                          sweep::Catalogue::built_in({{"fashion-mnist", "0123456789abcdef0123456789abcdef"}}));
    std::size_t found = 0;
    for (const Definition& definition : read_definitions(root + "/analysis/" + name + ".toml"))
      found += build_table(p, read_results(p, store(), definition.metric), definition).planned;
    EXPECT_EQ(found, planned) << name;
  }
}

}  // namespace
}  // namespace winnow::report
