// Run files that lie in people's stores for years. The files in tests/store/frozen are never written again: whatever
// winnow reads of a run file of schema 1 comes out as it went in.
#include <gmock/gmock.h>

#include <cmath>
#include <cstring>

#include "fixture.h"
#include "winnow/store/pack.h"
#include "winnow/store/run_reader.h"

namespace winnow::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Path kFrozen = Path(WINNOW_SOURCE_DIR) / "tests" / "store" / "frozen";

std::vector<double> reals(const Table& table, const std::string& column) {
  for (const Column& found : table)
    if (found.name == column)
      return std::visit([](const auto& values) { return std::vector<double>(values.begin(), values.end()); },
                        found.values);
  ADD_FAILURE() << "no column " << column;
  return {};
}

std::vector<std::string> names(const Table& table) {
  std::vector<std::string> result;
  for (const Column& column : table) result.push_back(column.name);
  return result;
}

template <class T>
T value_at(const Array& array, std::size_t at) {
  T value;
  std::memcpy(&value, array.bytes.data() + at * sizeof value, sizeof value);
  return value;
}

// A detector's, of November 2026: before run files said which revision computed them and what their metrics are.
TEST(Frozen, ADetectorsRunFile) {
  RunHeader header = verify_run_file(kFrozen / "detect.h5");
  EXPECT_EQ(header.identity.hex(), "4a7f0854b110e46dbfe82b811919902f");
  EXPECT_EQ(header.result_digest.hex(), "e442207bd4eaf0e42d0dd4b4955ac074");
  EXPECT_EQ(header.bytes, 11776u);
  EXPECT_EQ(header.provenance.code_version, "0.1.0");

  RunContent run = read_run_file(kFrozen / "detect.h5");
  EXPECT_EQ(run.result_digest(), header.result_digest);
  EXPECT_EQ(run.stage.identity(), header.identity);
  EXPECT_EQ(run.stage.kind, StageKind::detect);
  EXPECT_EQ(run.stage.version, 1);
  EXPECT_EQ(run.stage.settings.all().size(), 49u);
  EXPECT_EQ(run.stage.defaulted.size(), 36u);
  EXPECT_EQ(run.stage.settings.text("method"), "gmm");
  EXPECT_EQ(run.stage.settings.text("adapt"), "linear-probe");
  EXPECT_EQ(run.stage.settings.integer("data.samples"), 60);
  EXPECT_EQ(run.stage.settings.real("labels.rate"), 0.4);
  EXPECT_EQ(run.stage.settings.real("train.lr"), 1e-3);
  EXPECT_EQ(run.stage.fingerprints, (std::map<std::string, std::string>{{"data", "eea37e294dd219e22f6271d6288d4c70"}}));
  EXPECT_EQ(run.stage.inputs.at("backbone").stage.hex(), "be153c6631a57a688ef7e26fd2503d90");
  EXPECT_EQ(run.stage.inputs.at("backbone").output, Output::weights);
  EXPECT_THAT(run.stage.outputs, testing::UnorderedElementsAre(Output::metrics, Output::selection, Output::labels));

  EXPECT_EQ(run.provenance.code_version, "0.1.0");
  EXPECT_EQ(run.provenance.host, "vm");
  EXPECT_EQ(run.provenance.device, "cpu");
  EXPECT_EQ(run.provenance.libraries, (std::map<std::string, std::string>{{"torch", "2.11.0"}}));
  EXPECT_EQ(run.provenance.threads, 1);
  EXPECT_EQ(run.provenance.width, 1);
  EXPECT_EQ(run.provenance.attempt, 1);
  EXPECT_EQ(run.provenance.start, 1795904034.5752635);
  EXPECT_EQ(run.provenance.end, 1795904036.4494455);
  EXPECT_EQ(run.log, "");
  EXPECT_THAT(run.metrics, IsEmpty());
  EXPECT_THAT(run.texts, IsEmpty());

  ASSERT_EQ(run.tables.size(), 4u);
  const Table &last = run.tables.at("metrics/final"), &epochs = run.tables.at("metrics/epochs"),
              &steps = run.tables.at("metrics/steps"), &classes = run.tables.at("metrics/classes");
  EXPECT_THAT(names(last),
              ElementsAre("loss", "accuracy", "accuracy_class_mean", "accuracy_geometric", "accuracy_harmonic",
                          "accuracy_worst_class", "f1_macro", "selection_f1", "selection_kept", "selection_precision",
                          "selection_recall", "accuracy_best", "epoch_best"));
  EXPECT_THAT(reals(last, "loss"), ElementsAre(0.7199356853961945));
  EXPECT_THAT(reals(last, "accuracy"), ElementsAre(0.7));
  EXPECT_THAT(reals(last, "accuracy_geometric"), ElementsAre(0.6486394834901164));
  EXPECT_THAT(reals(last, "accuracy_best"), ElementsAre(0.75));
  EXPECT_THAT(reals(last, "epoch_best"), ElementsAre(0));
  EXPECT_TRUE(std::holds_alternative<std::vector<std::int64_t>>(last.back().values)) << "whole numbers stay whole";
  EXPECT_THAT(reals(epochs, "epoch"), ElementsAre(0, 1));
  EXPECT_THAT(reals(epochs, "loss"), ElementsAre(2.8675588369369507, 0.7199356853961945));
  EXPECT_THAT(reals(epochs, "learning_rate"), ElementsAre(1e-3, 1e-3));
  EXPECT_THAT(reals(epochs, "selection_precision"), ElementsAre(0.6, 0.9714285714285714));
  EXPECT_THAT(reals(epochs, "selection_kept"), ElementsAre(1.0, 0.5833333333333334));
  EXPECT_THAT(reals(steps, "step"), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(reals(steps, "loss"),
              ElementsAre(3.187636613845825, 2.547481060028076, 0.7656254768371582, 0.6742458939552307));
  EXPECT_THAT(reals(classes, "class"), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_THAT(reals(classes, "accuracy"), ElementsAre(0.5, 1.0, 0.5, 1.0, 0.25, 0.75, 0.5, 0.75, 1.0, 0.75));
  EXPECT_THAT(reals(classes, "train_samples"), ElementsAre(6, 6, 6, 6, 6, 6, 6, 6, 6, 6));

  ASSERT_EQ(run.arrays.size(), 7u);
  auto is = [&](const char* name, DType dtype, const std::vector<std::size_t>& shape) {
    EXPECT_EQ(run.arrays.at(name).dtype, dtype) << name;
    EXPECT_EQ(run.arrays.at(name).shape, shape) << name;
    EXPECT_EQ(read_array(kFrozen / "detect.h5", name).bytes, run.arrays.at(name).bytes) << name;
  };
  is("labels/given", DType::i64, {60});
  is("labels/samples", DType::i64, {60});
  is("selection/samples", DType::i64, {60});
  is("selection/label", DType::i64, {60});
  is("selection/mask", DType::u8, {60});
  is("selection/epochs/mask", DType::u8, {2, 60});
  is("selection/score", DType::f32, {60});
  for (std::size_t i = 0; const std::int64_t sample : {20030, 20215, 20739, 21573})
    EXPECT_EQ(value_at<std::int64_t>(run.arrays.at("labels/samples"), i++), sample);
  for (std::size_t i = 0; const std::int64_t given : {0, 0, 8, 3})
    EXPECT_EQ(value_at<std::int64_t>(run.arrays.at("labels/given"), i++), given);
  for (std::size_t i = 0; const int kept : {1, 1, 0, 1})
    EXPECT_EQ(value_at<std::uint8_t>(run.arrays.at("selection/mask"), i++), kept);
  EXPECT_EQ(value_at<float>(run.arrays.at("selection/score"), 0), 0.9801010489463806f);
  EXPECT_EQ(value_at<float>(run.arrays.at("selection/score"), 2), 2.8769217563784366e-10f);
}

// What an agent wrote for a foreign trainer: metrics that say what they are, one of them without a value, and its last
// words.
TEST(Frozen, AForeignTrainersRunFile) {
  RunContent run = read_run_file(kFrozen / "foreign.h5");
  EXPECT_EQ(verify_run_file(kFrozen / "foreign.h5").identity.hex(), "4ccf93cb786b1141e3dd4712f7ca428e");
  EXPECT_EQ(run.result_digest().hex(), "c43246dd04bc013c76e1045dfe5b0a62");
  EXPECT_EQ(run.stage.kind, StageKind::train);
  EXPECT_EQ(run.provenance.code_version, "theirs-7");
  EXPECT_EQ(run.provenance.device, "abacus");
  EXPECT_THAT(run.provenance.libraries, IsEmpty());
  EXPECT_EQ(run.log, "computed by hand\n");
  EXPECT_EQ(run.metrics, (MetricKinds{{"misses", {Unit::count, Better::low}}}));
  EXPECT_THAT(names(run.tables.at("metrics/final")), ElementsAre("accuracy", "misses", "undefined"));
  EXPECT_THAT(reals(run.tables.at("metrics/final"), "accuracy"), ElementsAre(0.8125));
  EXPECT_THAT(reals(run.tables.at("metrics/final"), "misses"), ElementsAre(3));
  EXPECT_TRUE(std::isnan(reals(run.tables.at("metrics/final"), "undefined").at(0)));
  EXPECT_THAT(reals(run.tables.at("metrics/epochs"), "accuracy"), ElementsAre(0.5, 0.8125));
}

// The committed backbone: every sweep here rests on it.
TEST(Frozen, TheCommittedBackbone) {
  Store reference(Path(WINNOW_SOURCE_DIR) / "results" / "reference");
  std::optional<Path> file = reference.find(Identity::parse("be153c6631a57a688ef7e26fd2503d90"));
  ASSERT_TRUE(file);
  RunContent run = read_run_file(*file);
  EXPECT_EQ(run.result_digest().hex(), "727fdaa17ec0995e7a9ea3e461c4fe8b");
  EXPECT_EQ(run.stage.kind, StageKind::pretrain);
  EXPECT_EQ(run.provenance.code_version, "0.1.0");
  EXPECT_THAT(reals(run.tables.at("metrics/final"), "accuracy"), ElementsAre(0.6613));
  EXPECT_THAT(reals(run.tables.at("metrics/epochs"), "loss"), ElementsAre(4.708542622052706, 4.217982302873563));
  EXPECT_FALSE(run.texts.at("snapshot/config.json").empty());
}

// What reports see of them, from the files and from table.h5.
TEST(Frozen, ReportsReadThem) {
  Folder folder;
  Store store(folder / "results");
  const std::map<std::string, std::string> files{{"detect.h5", "4a7f0854b110e46dbfe82b811919902f"},
                                                 {"foreign.h5", "4ccf93cb786b1141e3dd4712f7ca428e"}};
  for (const auto& [file, identity] : files) {
    Path part = store.temporary_path(Identity::parse(identity), 1);
    std::filesystem::copy_file(kFrozen / file, part);
    ASSERT_EQ(store.commit(part, Identity::parse(identity)), Commit::committed);
  }
  for (bool packed : {false, true}) {
    if (packed) {
      EXPECT_EQ(pack(store).runs, 2u);
    }
    RunReader runs(store);
    const RunReader::Run *detect = runs.find(Identity::parse(files.at("detect.h5"))),
                         *foreign = runs.find(Identity::parse(files.at("foreign.h5")));
    ASSERT_TRUE(detect && foreign);
    EXPECT_EQ(runs.from_table(), packed ? 2u : 0u);
    EXPECT_EQ(detect->code_version(), "0.1.0");
    EXPECT_EQ(detect->final_value("selection_f1"), 0.9577464788732395);
    EXPECT_FALSE(detect->kind("selection_f1"));
    EXPECT_EQ(foreign->code_version(), "theirs-7");
    EXPECT_EQ(foreign->kind("misses"), (MetricKind{Unit::count, Better::low}));
    EXPECT_FALSE(foreign->kind("accuracy"));
    EXPECT_THAT(reals(detect->epochs(), "accuracy"), ElementsAre(0.75, 0.7));
  }
}

}  // namespace
}  // namespace winnow::store
