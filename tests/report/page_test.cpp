// The HTML page as text: everything is in it, nothing is loaded, hostile names stay text.
#include "winnow/report/page.h"

#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <set>

#include "fixture.h"

namespace winnow::report {
namespace {

using testing::Not;

// Without the page in the message of a failure.
MATCHER_P(HasSubstr, text, std::string("holds ") + text) { return arg.find(text) != std::string::npos; }

class PageTest : public ReportTest {
 protected:
  // A run file of any stage, with these last metrics.
  void commit(const Stage& stage, const std::vector<std::pair<std::string, double>>& metrics) const {
    store::RunContent run;
    run.stage = stage;
    for (const auto& [name, value] : metrics) run.tables["metrics/final"].push_back({name, std::vector<double>{value}});
    store::Store target = store();
    Path part = target.temporary_path(run.stage.identity(), 1);
    store::write_run_file(part, run);
    ASSERT_EQ(target.commit(part, run.stage.identity()), store::Commit::committed);
  }
  Page page() {
    sweep::Plan p =
        plan("labels = { kind = \"flip\", rate = 0.1 }\n[[grid]]\nmethod = [\"cc\", \"proden\"]\nseed = [0, 1]");
    for (std::size_t i = 0; i < 3; ++i) finish(p, i, {{"accuracy", 0.5 + 0.1 * static_cast<double>(i)}});
    Page page;
    page.name = p.name();
    page.question = p.question();
    page.planned = 4;
    page.done = 3;
    page.tables = {table(p)};
    add_curves(page, page.tables[0], p, store());
    return page;
  }
};

TEST_F(PageTest, IsSelfContained) {
  std::string html = render_html(page());
  EXPECT_THAT(html, testing::StartsWith("<!doctype html>"));
  for (const char* outside : {"http://", "https://", "<link", "src=", "@import", "url("})
    EXPECT_THAT(html, Not(HasSubstr(outside))) << outside;
}

TEST_F(PageTest, SaysWhichMethodsArePrograms) {
  Page made = page();
  EXPECT_THAT(render_html(made), Not(HasSubstr("<h3>Programs</h3>")));
  made.programs.push_back({"mine", "presets/methods/mine.toml", "python3 <mine>.py", "mine.py, net.py", "0123abcd"});
  std::string html = render_html(made);
  EXPECT_THAT(html, HasSubstr("<h3>Programs</h3>"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">mine</th><td><code>presets/methods/mine.toml</code>"));
  EXPECT_THAT(html, HasSubstr("python3 &lt;mine&gt;.py"));
  EXPECT_THAT(html, HasSubstr("<code>0123abcd</code>"));
}

TEST_F(PageTest, EveryPlannedCellIsThereAndAMissingOneIsShown) {
  std::string html = render_html(page());
  EXPECT_THAT(html, HasSubstr("3 of 4 experiments done"));
  EXPECT_THAT(html, HasSubstr("55.00 ± 7.07"));
  EXPECT_THAT(html, HasSubstr("70.00 <small>1/2</small>"));
  EXPECT_THAT(html, HasSubstr("winnow show "));  // the script's words
  EXPECT_THAT(html, HasSubstr("\"seed 0\",\"50.00\""));
  EXPECT_THAT(html, HasSubstr("\"seed 1\",\"\""));  // not done: still a row of the dialog
}

TEST_F(PageTest, CurvesAreMeansOverSeedsWithTheirBand) {
  Page made = page();
  ASSERT_EQ(made.learning.size(), 1u);
  ASSERT_EQ(made.learning[0].lines.size(), 2u);
  EXPECT_EQ(made.learning[0].lines[0].name, "cc");
  EXPECT_EQ(made.learning[0].lines[0].n, 2u);
  EXPECT_THAT(made.learning[0].lines[0].mean, testing::ElementsAre(10, 20, testing::DoubleEq(30)));
  EXPECT_TRUE(made.selection.empty());
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) ++found;
  return found;
}

// Eleven rows are more than the page has colours: two panels on one scale, and no row is left out.
TEST_F(PageTest, AllRowsAreDrawnInPanelsThatShareTheirScale) {
  sweep::Plan p = plan(
      "labels = { kind = \"flip\", rate = 0.1 }\n[[grid]]\nmethod = [\"cc\", \"proden\", \"lws\", \"cavl\", "
      "\"abs-mae\", "
      "\"abs-gce\", \"crdpll\", \"pop\", \"able\", \"records\", \"solar\"]");
  ASSERT_EQ(p.experiments(), 11u);
  for (std::size_t i = 0; i < 11; ++i) {
    further_curves_["selection_precision"] = {0.5, 0.6, 0.01 * static_cast<double>(60 + 3 * i)};
    finish(p, i, {{"accuracy", 0.5}});
  }
  Page made;
  made.tables = {table(p)};
  add_curves(made, made.tables[0], p, store());
  for (const std::vector<Chart>& charts : {made.learning, made.selection}) {
    ASSERT_EQ(charts.size(), 1u);
    ASSERT_EQ(charts[0].lines.size(), 11u);
    std::map<std::size_t, std::set<std::size_t>> colours;
    for (const Line& line : charts[0].lines) {
      EXPECT_LT(line.colour, 8u) << "one that the page has";
      EXPECT_TRUE(colours[line.panel].insert(line.colour).second) << line.name << " looks like another line";
    }
    ASSERT_EQ(colours.size(), 2u);
    EXPECT_EQ(colours[0].size(), 6u);
    EXPECT_EQ(colours[1].size(), 5u);
  }
  std::string html = render_html(made), selection = html.substr(html.find("<section id=\"selection\">"));
  selection = selection.substr(0, selection.find("</section>"));
  EXPECT_EQ(count(selection, "<svg class=\"chart\""), 2u);
  EXPECT_EQ(count(selection, "<polyline"), 11u);
  EXPECT_EQ(count(selection, "<li>"), 11u);
  EXPECT_THAT(selection, Not(HasSubstr("more in the table")));
  std::size_t second = selection.rfind("<svg class=\"chart\"");
  auto scale = [](const std::string& panel) { return panel.substr(0, panel.find("<polyline")); };
  std::string first = selection.substr(selection.find("<svg class=\"chart\""));
  EXPECT_EQ(scale(first), scale(selection.substr(second))) << "axes and their ticks";
}

TEST_F(PageTest, ClassesWithoutASampleAreDrawnWhereThereAreSome) {
  sweep::Plan p = plan("labels = { kind = \"flip\", rate = 0.1 }\n[[grid]]\nmethod = [\"cc\", \"proden\"]");
  auto drawn = [&](std::vector<double> empty, std::size_t experiment) {
    further_curves_["selection_empty_classes"] = std::move(empty);
    finish(p, experiment, {{"accuracy", 0.5}});
    Page made;
    made.tables = {table(p)};
    add_curves(made, made.tables[0], p, store());
    return made.selection;
  };
  EXPECT_TRUE(drawn({0, 0, 0}, 0).empty()) << "nothing to see";
  std::vector<Chart> charts = drawn({1, 0, 1}, 1);
  ASSERT_EQ(charts.size(), 1u);
  EXPECT_EQ(charts[0].unit, "classes without a selected sample");
  ASSERT_EQ(charts[0].lines.size(), 2u);
  EXPECT_THAT(charts[0].lines[1].mean, testing::ElementsAre(1, 0, 1)) << "a count, no percent";
}

TEST_F(PageTest, SectionsWithoutContentAreLeftOut) {
  std::string html = render_html(page());
  for (const char* section :
       {"id=\"cluster\"", "id=\"waiting\"", "id=\"failures\"", "id=\"selection\"", "id=\"figures\""})
    EXPECT_THAT(html, Not(HasSubstr(section)));
  EXPECT_THAT(html, HasSubstr("id=\"learning\""));
}

TEST_F(PageTest, NamesAndLogsStayText) {
  Page made = page();
  made.name = "<script>alert(1)</script>";
  made.failures.push_back({"a<b>", "identity", "user", "m & \"n\"", "</pre><script>x</script>\x01", 1, 0, false});
  made.tables[0].samples[0].file = "/tmp/</script><script>alert(2)</script>";
  std::string html = render_html(made);
  EXPECT_THAT(html, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(html, Not(HasSubstr("<script>x")));
  EXPECT_THAT(html, HasSubstr("a&lt;b&gt;"));
  EXPECT_THAT(html, HasSubstr("m &amp; &quot;n&quot;"));
}

// Precision and coverage of the labels by round: two selections side by side are averaged, what a round rests on counts
// it, and what both models confirm is the last one. docs/methods/unsupervised.md#3.7
TEST_F(PageTest, PseudoLabelsDevelopOverRounds) {
  sweep::Plan p = plan(
      "[[grid]]\nmethod = [\"coft-plus\", \"grip\", \"upl\"]\n[[override]]\nwhen = { method = "
      "[\"coft-plus\", \"grip\"] }\nset = { rounds = 3 }");
  auto of = [&](std::uint32_t cell) {
    std::set<std::uint32_t> nodes;
    std::function<void(std::uint32_t)> add = [&](std::uint32_t node) {
      if (nodes.insert(node).second)
        for (std::uint32_t input : p.nodes()[node].inputs) add(input);
    };
    add(cell);
    return nodes;
  };
  std::set<std::uint32_t> committed;  // UPL labels as CoFT+ begins
  for (std::size_t i = 0; i < p.experiments(); ++i) {
    std::string method = p.settings(i).text("method");
    double round = 0;
    for (std::uint32_t node : of(p.cell_node(i)))
      if (p.nodes()[node].label == "select" || p.nodes()[node].label == "cross-filter") {
        round += 1;
        if (!committed.insert(node).second) continue;
        commit(p.stage(node), {{"selection_precision", 0.5 + 0.01 * round}, {"selection_kept", 0.1 * round}});
      }
    EXPECT_EQ(round, method == "coft-plus" ? 1 + 2 + 2 + 2 : method == "grip" ? 3 : 1) << method;
    finish(p, i, {{"accuracy", 0.5}});
  }
  Page made;
  made.tables = {table(p)};
  add_curves(made, made.tables[0], p, store());
  ASSERT_EQ(made.rounds.size(), 2u);
  const Chart& coverage = made.rounds[0];
  EXPECT_EQ(coverage.unit, "coverage of pseudo-labels in %");
  EXPECT_EQ(coverage.over, "round");
  ASSERT_EQ(coverage.lines.size(), 2u) << "UPL labels once";
  EXPECT_EQ(coverage.lines[0].name, "coft-plus");
  EXPECT_THAT(coverage.lines[0].x, testing::ElementsAre(1, 2, 3, 4));
  EXPECT_NEAR(coverage.lines[0].mean[0], 10, 1e-9);
  for (std::size_t k = 1; k < 4; ++k)
    EXPECT_NEAR(coverage.lines[0].mean[k], coverage.lines[0].mean[k - 1] + (k == 1 ? 15 : 20), 1e-9)
        << "means of two models";
  EXPECT_THAT(coverage.lines[1].x, testing::ElementsAre(1, 2, 3));
  EXPECT_EQ(made.rounds[1].unit, "precision of pseudo-labels in %");
  std::string html = render_html(made);
  EXPECT_THAT(html, HasSubstr("<section id=\"rounds\"><h2>Pseudo-labels over rounds</h2>"));
  EXPECT_THAT(html, HasSubstr("href=\"#rounds\""));
  EXPECT_THAT(html, HasSubstr("<th scope=\"col\">round</th>"));
  EXPECT_THAT(html, HasSubstr("grip, round 3: 30.00"));
}

// A round that is missing would shift those behind it: no line rather than a wrong one.
TEST_F(PageTest, ARoundThatIsMissingLeavesNoLine) {
  sweep::Plan p = plan("method = \"grip\"\nrounds = 2");
  for (std::uint32_t node = 0; node < p.nodes().size(); ++node)
    if (p.nodes()[node].label == "select") {
      commit(p.stage(node), {{"selection_kept", 0.5}});
      break;
    }
  finish(p, 0, {{"accuracy", 0.5}});
  Page made;
  made.tables = {table(p)};
  add_curves(made, made.tables[0], p, store());
  EXPECT_TRUE(made.rounds.empty());
}

TEST_F(PageTest, SaysWhatWaitsAndWhy) {
  Page made = page();
  made.waiting = {{"3 stages", "for a free slot"}, {"1 stage", "for <cc> train, which failed"}};
  made.waiting_seen = "As the run stood at noon.";
  std::string html = render_html(made);
  EXPECT_THAT(html, HasSubstr("<a href=\"#waiting\">Waiting</a>"));
  EXPECT_THAT(html,
              HasSubstr("<section id=\"waiting\"><h2>Waiting</h2><p>As the run stood at noon.</p><ul><li><b>3 "
                        "stages</b> for a free slot</li><li><b>1 stage</b> for &lt;cc&gt; train, which failed</li>"
                        "</ul></section>"));
}

TEST_F(PageTest, GpuHoursAreSaidWhereThereAreSome) {
  Page made = page();
  made.attempts.push_back({"a", "identity", "host", "done", 1, 0, 60});
  EXPECT_THAT(render_html(made), Not(HasSubstr("GPU-hours")));
  made.gpu_seconds = 7200, made.gpu_seconds_in_vain = 720;
  EXPECT_THAT(render_html(made), HasSubstr("GPU-hours: 2.00, 0.20 of them in attempts without a result."));
}

TEST_F(PageTest, GpusAreShownWhereTheyAreKnown) {
  Page made = page();
  made.attempts.push_back({"a", "identity", "host", "done", 1, 0, 60});
  EXPECT_THAT(render_html(made), Not(HasSubstr("<h3>GPUs</h3>")));
  made.attempts.push_back({"large <b>", "other", "host", "done", 1, 0, 60, 12.3e9});
  made.gpus = {{"node-a", "H200", "", 0, 151e9, 7.3e9, 93, 77}, {"node-b", "H200", "it has fallen off the bus", 1}};
  made.gpus_seen = "2001-09-09 01:46:40 UTC";
  std::string html = render_html(made);
  EXPECT_THAT(html, HasSubstr("Of its GPU a stage held at most 12.3 GB: large &lt;b&gt;."));
  EXPECT_THAT(html, HasSubstr("As the last run of this store saw them at 2001-09-09 01:46"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">node-a</th><td>0 H200</td><td class=\"number\">7.3 GB of 151.0 GB</td>"
                              "<td class=\"number\">93 %</td><td class=\"number\">77 °C</td>"));
  EXPECT_THAT(html, HasSubstr("1 H200: lost: it has fallen off the bus"));
}

TEST_F(PageTest, TheTimelineHasALaneForWhatRanAtOnceAndCutsLongPauses) {
  Page made = page();
  made.attempts = {{"a", "1", "host", "done", 1, 0, 10},
                   {"b", "2", "host", "failed", 1, 5, 8},
                   {"c", "3", "host", "done", 1, 1e6, 1e6 + 10}};
  std::string html = render_html(made);
  EXPECT_THAT(html, HasSubstr("3 attempts on 2 slots"));
  EXPECT_THAT(html, HasSubstr("a pause is cut out"));
  EXPECT_THAT(html, HasSubstr("class=\"bar failed\""));
}

TEST_F(PageTest, AChartWithOneEpochOrNoFiniteValueIsNoChart) {
  Page made = page();
  made.learning = {{"nan", "loss", {{"x", 1, {0, 1}, {NAN, NAN}, {0, 0}}}}};
  EXPECT_THAT(render_html(made), HasSubstr("nan"));  // and does not loop for ever over ticks
}

}  // namespace
}  // namespace winnow::report
