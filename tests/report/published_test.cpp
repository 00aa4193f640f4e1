// The definitions of published tables fit their sweeps.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "fixture.h"
#include "winnow/core/error.h"
#include "winnow/report/render.h"

namespace winnow::report {
namespace {

using testing::HasSubstr;

class PublishedTest : public ReportTest {
 protected:
  // Presets of this program under further names.
  static sweep::Catalogue catalogue() {
    sweep::Fingerprints fingerprints{{"fashion-mnist", std::string(32, 'f')}};
    for (const char* name : {"cifar-10", "cifar-100"}) fingerprints[name] = std::string(32, 'a');
    sweep::Catalogue result = sweep::Catalogue::built_in(fingerprints);
    for (const auto& [name, fingerprint] : fingerprints) copy(result.datasets, "fashion-mnist", name);
    for (const char* name : {"cavl", "lws", "abs-mae", "abs-gce"}) copy(result.methods, "cc", name);
    for (sweep::Key& key : result.common) {
      if (key.key == "method")
        for (const auto& [name, method] : result.methods)
          if (!has(key.words, name)) key.words.push_back(name);
      if (key.key == "dataset")
        for (const auto& [name, dataset] : result.datasets)
          if (!has(key.words, name)) key.words.push_back(name);
    }
    return result;
  }
  template <class Presets>
  static void copy(Presets& presets, const std::string& from, const std::string& to) {
    auto preset = presets.at(from);
    preset.name = to;
    presets.emplace(to, std::move(preset));
  }
  template <class T, class U>
  static bool has(const std::vector<T>& all, const U& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  }

  sweep::Plan planned(const std::string& text) const {
    write_file_atomically(folder_ / "s.toml", "[base]\nmodel = \"nano-clip\"\n" + text);
    return sweep::Plan::read(folder_ / "s.toml", catalogue());
  }
  // All presets, as if every data set and every model's weights lay here.
  static sweep::Plan published_table(const char* system, int table) {
    return published_sweep(system, fmt::format("table-{}", table));
  }
  static sweep::Plan published_sweep(const char* system, const std::string& name) {
    sweep::Catalogue all = sweep::Catalogue::built_in({});
    for (const auto& [name, dataset] : all.datasets) all.fingerprints[name] = std::string(32, 'a');
    for (const auto& [name, model] : all.models) all.fingerprints[name] = std::string(32, 'a');
    all.labels["cifar-100n"] = {{"noisy", {"l", false, 0}}};
    return sweep::Plan::read(fmt::format(WINNOW_SOURCE_DIR "/sweeps/{}/{}.toml", system, name), all);
  }
  static sweep::Plan deft(int table) { return published_table("deft", table); }
  static std::vector<Definition> definitions(const std::string& name) {
    return read_definitions(WINNOW_SOURCE_DIR "/analysis/" + name);
  }
  Table build(const sweep::Plan& plan, const Definition& definition) const {
    Results beside;
    if (definition.beside) beside = read_results(plan, store(), *definition.beside);
    return build_table(plan, read_results(plan, store(), definition.metric), definition, &beside);
  }
  static std::size_t published(const Table& table) {
    std::size_t count = 0;
    for (const auto& row : table.cells)
      for (const Cell& cell : row) count += cell.published.has_value();
    return count;
  }
  static const Cell& cell(const Table& table, const Header& row, const Header& column) {
    auto r = std::find(table.rows.begin(), table.rows.end(), row) - table.rows.begin();
    auto c = std::find(table.columns.begin(), table.columns.end(), column) - table.columns.begin();
    return table.cells.at(static_cast<std::size_t>(r)).at(static_cast<std::size_t>(c));
  }

  static constexpr const char* kPartialClip = R"([[grid]]
method  = ["cc", "cavl", "lws", "crdpll", "proden", "abs-mae", "abs-gce"]
dataset = ["cifar-10"]
labels  = [{ kind = "flip", rate = 0.1 }, { kind = "flip", rate = 0.3 }, { kind = "flip", rate = 0.5 }, { kind = "flip", rate = 0.7 }]
seed    = [0, 1]

[[grid]]
method  = ["cc", "cavl", "lws", "crdpll", "proden", "abs-mae", "abs-gce"]
dataset = ["cifar-100"]
labels  = [{ kind = "flip", rate = 0.01 }, { kind = "flip", rate = 0.05 }, { kind = "flip", rate = 0.1 }, { kind = "flip", rate = 0.2 }]
seed    = [0, 1]
)";
};

TEST_F(PublishedTest, PartialClipsNumbersAreNotAvailableInEveryCell) {
  sweep::Plan p = planned(kPartialClip);
  finish(p, 0, {{"accuracy", 0.91}});
  Table t = build(p, definitions("partialclip.toml").at(0));
  EXPECT_EQ(t.rows.size(), 7u);
  EXPECT_EQ(t.columns.size(), 8u);
  EXPECT_EQ(t.planned, 112u);
  EXPECT_EQ(published(t), 56u) << "none of the paper's cells is forgotten";
  EXPECT_FALSE(cell(t, {"cc"}, {"cifar-10", "0.1"}).difference(t.metric)) << "nothing to compare with";
  EXPECT_THAT(render_markdown(t), HasSubstr("not available"));
}

// The sweeps are committed with their tables; each cell of DeFT's that a sweep has holds the paper's number.
TEST_F(PublishedTest, DeftsNumbersStandInTheirCells) {
  const std::map<int, std::vector<std::size_t>> want = {{1, {72}},      {2, {120}},    {3, {27}}, {4, {20}},
                                                        {5, {72}},      {6, {24, 24}}, {7, {72}}, {8, {8, 8}},
                                                        {9, {4, 4, 4}}, {10, {144}}};
  for (const auto& [number, counts] : want) {
    sweep::Plan p = deft(number);
    std::vector<Definition> tables = definitions(fmt::format("deft/table-{}.toml", number));
    ASSERT_EQ(tables.size(), counts.size()) << number;
    for (std::size_t i = 0; i < tables.size(); ++i) {
      Table t = build(p, tables[i]);
      EXPECT_EQ(published(t), counts[i]) << t.name;
      bool pairs = i == 0 && (number == 1 || number == 2 || number == 5 || number == 6 || number == 8 || number == 10);
      EXPECT_EQ(t.beside.has_value(), pairs) << t.name;
      for (const auto& row : t.cells)
        for (const Cell& own : row)
          if (pairs && own.planned) {
            EXPECT_TRUE(own.beside->published && own.beside->published->value) << t.name;
          }
      EXPECT_EQ(t.planned, number == 9 ? 8u : counts[i]) << t.name << ": table 9 has cells at two rates";
    }
  }
}

TEST_F(PublishedTest, CoftsNumbersStandInTheirCells) {
  const std::map<int, std::size_t> want = {{1, 8 * 10}, {2, 11}, {3, 4 * 10}, {4, 7 * 12}, {5, 64}};
  for (const auto& [number, count] : want) {
    sweep::Plan p = published_table("coft", number);
    std::vector<Definition> tables = definitions(fmt::format("coft/table-{}.toml", number));
    ASSERT_EQ(tables.size(), 2u) << number << ": and that of single models";
    Table t = build(p, tables[0]);
    EXPECT_EQ(published(t), count) << t.name;
    EXPECT_EQ(t.planned, p.experiments()) << t.name;
    if (number != 1) continue;  // the printed averages of nine (docs/results/unsupervised.md)
    const std::map<std::string, double> averages = {{"zero-shot", 64.93}, {"coft-plus", 76.75}, {"coft", 75.51},
                                                    {"upl", 68.40},       {"ifpl", 63.13},      {"lafter", 64.17}};
    for (const auto& [method, value] : averages)
      EXPECT_NEAR(*cell(t, {"average"}, {method}).published->value, value, 0.005) << method;
  }
}

TEST_F(PublishedTest, CoftsFigureHasNoNumbersAndEveryCell) {
  sweep::Plan p = published_sweep("coft", "figure-2");
  Table t = build(p, definitions("coft/figure-2.toml").at(0));
  EXPECT_EQ(t.planned, p.experiments());
  EXPECT_EQ(t.rows.size(), 8u) << "two methods at four numbers of shots";
  EXPECT_EQ(t.columns.size(), 10u) << "nine data sets and their average";
  EXPECT_EQ(published(t), 0u);
}

TEST_F(PublishedTest, DeftsDifferencesAreThoseOfTheRule) {
  sweep::Plan p = deft(2);
  std::size_t first = 0;  // DeFT on Cars under instance-dependent noise
  Settings settings;
  for (; first < p.experiments(); ++first) {
    settings = p.settings(first);
    if (settings.at("method") == "deft" && settings.at("dataset") == "stanford-cars-folders" &&
        settings.at("labels.kind") == "instance" && settings.at("labels.rate") == 0.4)
      break;
  }
  ASSERT_LT(first, p.experiments());
  finish(p, first, {{"accuracy", 0.90}, {"accuracy_best", 0.91}});
  std::vector<Definition> tables = definitions("deft/table-2.toml");
  Table t = build(p, tables[0]);
  const Cell& found = cell(t, {"deft"}, {"stanford-cars-folders", "instance", "0.4"});
  auto expect = [](const Number& number, const Metric& metric, double own, double theirs) {
    EXPECT_EQ(number.published->value, theirs);
    Number::Difference difference = *number.difference(metric);
    EXPECT_NEAR(difference.value, own - theirs, 1e-9);
    EXPECT_FALSE(difference.error) << "one seed of ours and of theirs have no deviation";
  };
  expect(found, t.metric, 91, 89.74);
  expect(*found.beside, *t.beside, 90, 89.68);
  EXPECT_THAT(render_markdown(t), HasSubstr("91.00 / 90.00 (1/1) [89.74 / 89.68, +1.26 / +0.32]"));
}

// F1 = 2PR / (P + R) of the printed pairs: tables 6 and 8 print it beside them, table 7 that of table 1's DeFT
// (docs/methods/noisy-labels.md#12, 10).
TEST_F(PublishedTest, PublishedF1IsThatOfPublishedPrecisionAndRecall) {
  auto f1 = [](const Cell& pair) {
    double precision = *pair.published->value, recall = *pair.beside->published->value;
    return 2 * precision * recall / (precision + recall);
  };
  std::size_t compared = 0;
  for (int number : {6, 8}) {
    sweep::Plan p = deft(number);
    std::vector<Definition> tables = definitions(fmt::format("deft/table-{}.toml", number));
    Table pairs = build(p, tables[0]), f1s = build(p, tables[1]);
    for (std::size_t r = 0; r < pairs.rows.size(); ++r)
      for (std::size_t c = 0; c < pairs.columns.size(); ++c) {
        if (pairs.cells[r][c].planned == 0) continue;
        ++compared;
        EXPECT_NEAR(f1(pairs.cells[r][c]), *cell(f1s, pairs.rows[r], pairs.columns[c]).published->value, 0.0101)
            << number << " " << r << " " << c;
      }
  }
  Table pairs = build(deft(1), definitions("deft/table-1.toml")[0]),
        f1s = build(deft(7), definitions("deft/table-7.toml")[0]);
  auto detector = std::find(pairs.rows.begin(), pairs.rows.end(), Header{"dual-prompts"}) - pairs.rows.begin();
  for (std::size_t c = 0; c < pairs.columns.size(); ++c)
    for (std::size_t r = 0; r < f1s.rows.size(); ++r)
      if (has(f1s.rows[r], "dual-prompts") || has(f1s.rows[r], "deft")) {
        ++compared;
        EXPECT_NEAR(f1(pairs.cells[static_cast<std::size_t>(detector)][c]),
                    *cell(f1s, f1s.rows[r], pairs.columns[c]).published->value, 0.0101);
      }
  EXPECT_EQ(compared, 24u + 8 + 24);
}

TEST_F(PublishedTest, FiguresPrintNoNumbers) {
  for (int figure : {1, 3, 4}) {
    sweep::Plan p = published_sweep("deft", fmt::format("figure-{}", figure));
    for (const Definition& definition : definitions(fmt::format("deft/figure-{}.toml", figure))) {
      Table t = build(p, definition);
      EXPECT_EQ(published(t), t.planned) << t.name;
      EXPECT_THAT(render_markdown(t), HasSubstr("not available"));
    }
  }
}

// A sweep with a part of the published grid is refused with the line of the number that fits nothing.
TEST_F(PublishedTest, NumbersOutsideTheGridAreRefused) {
  sweep::Plan p = planned(
      "[[grid]]\nmethod = [\"cc\", \"proden\"]\ndataset = [\"cifar-10\", \"cifar-100\"]\nlabels = [{ kind = \"flip\", "
      "rate = 0.1 }, { kind = \"flip\", rate = 0.3 }]\n");
  try {
    build(p, definitions("partialclip.toml").at(0));
    FAIL() << "accepted";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("analysis/partialclip.toml:"));
    EXPECT_THAT(error.what(), HasSubstr("no experiment has labels.rate = 0.5"));
  }
}

// Best-test-epoch figures are kept, never shown as results: docs/methods/unsupervised.md#8.
TEST_F(PublishedTest, NoTableWithoutLabelsShowsAnOracle) {
  std::size_t seen = 0, with_members = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(Path(WINNOW_SOURCE_DIR) / "analysis")) {
    std::string path = entry.path().string();
    if (!path.ends_with(".toml") ||
        (path.find("/coft/") == std::string::npos && path.find("unsupervised") == std::string::npos))
      continue;
    for (const Definition& definition : read_definitions(path)) {
      ++seen;
      auto check = [&](const Metric& metric) {
        EXPECT_EQ(metric.rule, Rule::last) << path << ": " << definition.name;
        EXPECT_FALSE(metric.name.starts_with("oracle_") || metric.name.ends_with("_best")) << path;
      };
      check(definition.metric);
      if (definition.beside) check(*definition.beside);
      with_members += definition.beside && definition.beside->name == "accuracy_members";
    }
  }
  EXPECT_EQ(seen, 6u * 2 + 3 + 1);
  EXPECT_EQ(with_members, 7u)
      << "the sweeps of CoFT's tables and the gallery show the mean of the models beside the headline";
}

TEST_F(PublishedTest, AnOracleIsRefusedAsAMetric) {
  sweep::Plan p = plan("method = \"cc\"\nlabels = { kind = \"flip\", rate = 0.1 }");
  finish(p, 0, {{"accuracy", 0.5}, {"oracle_accuracy", 0.9}});
  EXPECT_EQ(read_results(p, store(), Metric::named("accuracy")).experiments[0].value, 0.5);
  for (const char* name : {"oracle_accuracy", "train.oracle_accuracy"}) try {
      read_results(p, store(), Metric::named(name));
      ADD_FAILURE() << name;
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr("oracle_accuracy is no result: it was chosen on the test split"));
    }
}

// Each headline with the mean of its models, seed by seed.
TEST_F(PublishedTest, MembersStandBesideTheirEnsemble) {
  sweep::Plan p = published_table("coft", 2);
  std::vector<Definition> definitions = read_definitions(WINNOW_SOURCE_DIR "/analysis/coft/table-2.toml");
  for (std::size_t i = 0; i < p.experiments(); ++i)
    if (p.settings(i).text("method").starts_with("coft")) finish(p, i, {{"accuracy", 0.75}, {"accuracy_members", 0.5}});
  store::RunReader runs(store());
  std::vector<Table> tables = build_tables(p, runs, definitions);
  ASSERT_EQ(tables.size(), 2u);
  std::string text = render_markdown(tables[1]);
  EXPECT_THAT(text, HasSubstr("75.00 ± 0.00"));
  EXPECT_THAT(text, HasSubstr("50.00 ± 0.00"));
  EXPECT_THAT(text, HasSubstr("accuracy_members"));
  for (const char* name : {"table-1", "table-3", "table-4", "table-5", "figure-2"}) {
    sweep::Plan other = published_sweep("coft", name);
    std::vector<Table> built =
        build_tables(other, runs, read_definitions(fmt::format(WINNOW_SOURCE_DIR "/analysis/coft/{}.toml", name)));
    ASSERT_EQ(built.size(), 2u) << name;
    EXPECT_GT(built[1].planned, 0u) << name;
    ASSERT_TRUE(built[1].beside) << name;
  }
  EXPECT_THAT(text, HasSubstr("coft-plus on cifar-100n: class texts by hand ('clip-cifar'), not a language model's"));
}

}  // namespace
}  // namespace winnow::report
