// table.h5: says what the run files say, follows their changes, and is never believed against them.
#include "winnow/store/pack.h"

#include <gmock/gmock.h>

#include <chrono>
#include <cmath>

#include "fixture.h"
#include "winnow/store/run_reader.h"

namespace winnow::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PackTest : public ::testing::Test {
 protected:
  Folder folder_;
  Store store_{folder_ / "results"};

  static RunContent run(std::int64_t seed, double accuracy) {
    RunContent run = small_run(seed, accuracy);
    run.tables["metrics/epochs"] = {{"epoch", std::vector<std::int64_t>{0, 1}},
                                    {"accuracy", std::vector<double>{accuracy / 2, accuracy}}};
    return run;
  }
  static void put(Store& store, const RunContent& run) {
    Path part = store.temporary_path(run.stage.identity(), 1);
    write_run_file(part, run, Sync::later);
    ASSERT_EQ(store.commit(part, run.stage.identity()), Commit::committed);
  }
  Path path_of(std::int64_t seed) const { return store_.run_path(stage_of_seed(seed).identity()); }
  // Other content under the same identity: what a damaged disk or a person with a copy can do.
  void replace(std::int64_t seed, double accuracy) {
    std::filesystem::remove(path_of(seed));
    put(store_, run(seed, accuracy));
  }
  std::optional<double> accuracy(RunReader& runs, std::int64_t seed) {
    const RunReader::Run* run = runs.find(stage_of_seed(seed).identity());
    return run ? run->final_value("accuracy") : std::nullopt;
  }
  std::optional<double> accuracy(std::int64_t seed) {
    RunReader runs(store_);
    return accuracy(runs, seed);
  }
};

TEST_F(PackTest, TableAndFilesSayTheSame) {
  for (std::int64_t seed = 0; seed < 20; ++seed) put(store_, run(seed, 0.01 * static_cast<double>(seed)));
  RunReader files(store_);
  Packed packed = pack(store_);
  EXPECT_EQ(packed.runs, 20u);
  EXPECT_EQ(packed.read, 20u);
  RunReader table(store_);
  for (std::int64_t seed = 0; seed < 20; ++seed) {
    const RunReader::Run *a = files.find(stage_of_seed(seed).identity()),
                         *b = table.find(stage_of_seed(seed).identity());
    ASSERT_TRUE(a && b);
    EXPECT_EQ(a->file(), b->file());
    EXPECT_EQ(a->columns(), b->columns());
    EXPECT_EQ(a->result_digest(), b->result_digest());
    EXPECT_EQ(a->final_value("accuracy"), b->final_value("accuracy"));
    EXPECT_EQ(a->final_value("no such"), std::nullopt);
    Table one = a->epochs(), other = b->epochs();
    ASSERT_EQ(one.size(), 2u);
    ASSERT_EQ(other.size(), 2u);
    for (std::size_t c = 0; c < 2; ++c) EXPECT_EQ(one[c].values, other[c].values) << one[c].name;
  }
  EXPECT_EQ(files.from_files(), 20u);
  EXPECT_EQ(table.from_table(), 20u);
  EXPECT_EQ(table.from_files(), 0u);
}

TEST_F(PackTest, NanIsAValueAndAMissingColumnIsNone) {
  RunContent with = run(0, std::nan("")), without = run(1, 0.5);
  without.tables["metrics/final"] = {{"loss", std::vector<double>{1.5}}};
  without.tables.erase("metrics/epochs");
  put(store_, with);
  put(store_, without);
  pack(store_);
  RunReader runs(store_);
  EXPECT_TRUE(std::isnan(*accuracy(runs, 0)));
  EXPECT_EQ(accuracy(runs, 1), std::nullopt);
  EXPECT_THAT(runs.find(stage_of_seed(1).identity())->columns(), ElementsAre("loss"));
  EXPECT_TRUE(runs.find(stage_of_seed(1).identity())->epochs().empty());
  EXPECT_EQ(runs.from_table(), 2u);
}

TEST_F(PackTest, ReadsOnlyWhatChanged) {
  put(store_, run(0, 0.25));
  put(store_, run(1, 0.5));
  pack(store_);
  EXPECT_FALSE(pack(store_).written);
  put(store_, run(2, 0.75));
  std::filesystem::remove(path_of(0));
  Packed packed = pack(store_);
  EXPECT_TRUE(packed.written);
  EXPECT_EQ(packed.runs, 2u);
  EXPECT_EQ(packed.read, 1u);
  EXPECT_EQ(packed.gone, 1u);
  RunReader runs(store_);
  EXPECT_EQ(accuracy(runs, 0), std::nullopt);
  EXPECT_EQ(accuracy(runs, 1), 0.5);
  EXPECT_EQ(accuracy(runs, 2), 0.75);
  const RunReader::Run* kept = runs.find(stage_of_seed(1).identity());
  EXPECT_EQ(std::get<std::vector<double>>(kept->epochs().at(1).values), (std::vector<double>{0.25, 0.5}))
      << "curves of kept rows";
  EXPECT_EQ(runs.from_table(), 2u);
}

TEST_F(PackTest, AnOldTableIsNotBelieved) {
  put(store_, run(0, 0.25));
  put(store_, run(1, 0.5));
  pack(store_);
  replace(0, 0.75);
  std::filesystem::remove(path_of(1));
  EXPECT_EQ(accuracy(0), 0.75);
  EXPECT_EQ(accuracy(1), std::nullopt);
  // The same size and another time of change is another file, too.
  replace(1, 0.5);
  std::filesystem::last_write_time(path_of(1), std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  RunReader runs(store_);
  EXPECT_EQ(accuracy(runs, 1), 0.5);
  EXPECT_EQ(runs.from_files(), 1u);
}

// Many are looked for at once, and each is what find() alone would have found: current, replaced, gone, in two places.
TEST_F(PackTest, ExpectingManyChangesNothing) {
  constexpr std::int64_t kRuns = 240;
  Store reference(folder_ / "reference");
  Store both(store_.root(), {reference.root()});
  for (std::int64_t seed = 0; seed < kRuns; ++seed)
    put(seed % 10 == 3 ? reference : store_, run(seed, 0.001 * static_cast<double>(seed)));
  put(reference, run(5, 0.9));  // another result for one identity
  pack(store_);
  pack(reference);
  replace(0, 0.75);
  std::filesystem::remove(path_of(1));
  std::vector<Identity> all;
  for (std::int64_t seed = 0; seed < kRuns + 5; ++seed) all.push_back(stage_of_seed(seed).identity());
  RunReader alone(both), expected(both);
  expected.expect(all);
  EXPECT_EQ(expected.from_table(), 237u) << "of 240: one replaced, one gone, one with two results";
  for (std::int64_t seed = 0; seed < kRuns + 5; ++seed) {
    ASSERT_EQ(accuracy(alone, seed), accuracy(expected, seed)) << seed;
    const RunReader::Run *a = alone.find(all[static_cast<std::size_t>(seed)]),
                         *b = expected.find(all[static_cast<std::size_t>(seed)]);
    ASSERT_EQ(a ? a->file() : "", b ? b->file() : "") << seed;
  }
  EXPECT_EQ(alone.from_table(), expected.from_table());
  EXPECT_EQ(alone.disagreements().size(), 1u);
  EXPECT_EQ(expected.disagreements().size(), 1u);
}

TEST_F(PackTest, EveryFlippedByteIsFoundAndChangesNoNumber) {
  for (std::int64_t seed = 0; seed < 3; ++seed) put(store_, run(seed, 0.25));
  pack(store_);
  std::string good = bytes_of(table_path(store_.root()));
  for (std::size_t at = 0; at < good.size(); at += 37) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    overwrite(table_path(store_.root()), bad);
    RunReader runs(store_);
    ASSERT_EQ(runs.unused_tables().size(), 1u) << at;
    ASSERT_EQ(accuracy(runs, 2), 0.25) << at;
    ASSERT_EQ(runs.from_files(), 1u);
  }
  for (const std::string& bad :
       {std::string(), std::string("no table"), good.substr(0, 600), good + "x", bytes_of(path_of(0))}) {
    overwrite(table_path(store_.root()), bad);
    RunReader runs(store_);
    ASSERT_EQ(runs.unused_tables().size(), 1u);
    EXPECT_THAT(runs.unused_tables()[0], HasSubstr("table.h5"));
    EXPECT_EQ(accuracy(runs, 1), 0.25);
  }
  Packed packed = pack(store_);
  EXPECT_THAT(packed.replaced, HasSubstr("table.h5"));
  EXPECT_EQ(packed.read, 3u);
  EXPECT_EQ(bytes_of(table_path(store_.root())), good) << "the same runs give the same bytes";
}

TEST_F(PackTest, AReaderKeepsItsTableWhileAnotherReplacesIt) {
  put(store_, run(5, 0.5));
  pack(store_);
  RunReader runs(store_);
  const RunReader::Run* before = runs.find(stage_of_seed(5).identity());
  for (std::int64_t seed = 0; seed < 5; ++seed) put(store_, run(seed, 0.125));
  pack(store_);
  EXPECT_EQ(std::get<std::vector<double>>(before->epochs().at(1).values), (std::vector<double>{0.25, 0.5}))
      << "read after the replacement";
}

TEST_F(PackTest, DamagedRunFilesAreNamedAndLeftOut) {
  put(store_, run(0, 0.25));
  put(store_, run(1, 0.5));
  std::string bytes = bytes_of(path_of(1));
  bytes[700] = static_cast<char>(bytes[700] ^ 1);
  overwrite(path_of(1), bytes);
  Packed packed = pack(store_);
  EXPECT_EQ(packed.runs, 1u);
  ASSERT_EQ(packed.left_out.size(), 1u);
  EXPECT_THAT(packed.left_out[0], HasSubstr(path_of(1).string()));
  RunReader runs(store_);
  EXPECT_EQ(accuracy(runs, 1), std::nullopt);
  EXPECT_THAT(runs.damaged(), ElementsAre(HasSubstr("does not match its digest")));
}

TEST_F(PackTest, RunsWhoseColumnsDoNotFitAreReadFromTheirFiles) {
  RunContent odd = run(0, 0.25);
  odd.tables["metrics/final"].push_back({"identity", std::vector<double>{7}});
  put(store_, odd);
  put(store_, run(1, 0.5));
  EXPECT_THAT(pack(store_).left_out, ElementsAre(HasSubstr("called identity")));
  EXPECT_EQ(accuracy(0), 0.25);
  EXPECT_EQ(accuracy(1), 0.5);
}

TEST_F(PackTest, AnEmptyStore) {
  Packed packed = pack(store_);
  EXPECT_EQ(packed.runs, 0u);
  EXPECT_EQ(accuracy(0), std::nullopt);
  put(store_, run(0, 0.25));
  EXPECT_EQ(accuracy(0), 0.25);
}

TEST_F(PackTest, TwoResultsThatDisagreeAreBothNamed) {
  Store reference(folder_ / "reference"), both(folder_ / "results", {folder_ / "reference"});
  put(store_, run(0, 0.25));
  put(reference, run(0, 0.75));
  put(store_, run(1, 0.5));
  put(reference, run(1, 0.5));
  for (bool packed : {false, true}) {
    if (packed) pack(store_), pack(reference);
    RunReader runs(both);
    EXPECT_EQ(accuracy(runs, 0), 0.25);
    EXPECT_EQ(accuracy(runs, 1), 0.5);
    ASSERT_EQ(runs.disagreements().size(), 1u);
    EXPECT_EQ(runs.disagreements()[0].used, path_of(0));
    EXPECT_EQ(runs.disagreements()[0].other, reference.run_path(stage_of_seed(0).identity()));
  }
}

TEST_F(PackTest, ADamagedRunFileGivesWayToTheReference) {
  Store reference(folder_ / "reference"), both(folder_ / "results", {folder_ / "reference"});
  put(store_, run(0, 0.25));
  put(reference, run(0, 0.25));
  overwrite(path_of(0), "nothing");
  RunReader runs(both);
  EXPECT_EQ(accuracy(runs, 0), 0.25);
  EXPECT_EQ(runs.find(stage_of_seed(0).identity())->file(), reference.run_path(stage_of_seed(0).identity()));
  EXPECT_EQ(runs.damaged().size(), 1u);
}

// In one call each, without winnow.
TEST_F(PackTest, PandasReadsIt) {
  if (std::system(WINNOW_SOURCE_DIR "/launch/python -c 'import h5py, pandas' 2> /dev/null") != 0)
    GTEST_SKIP() << "needs python3-h5py and python3-pandas: launch/setup installs them";
  put(store_, run(0, 0.25));
  put(store_, run(1, 0.5));
  pack(store_);
  std::string program =
      "import h5py, io, pandas\n"
      "with h5py.File('" +
      table_path(store_.root()).string() +
      "') as table:\n"
      "  scalars = pandas.DataFrame(table['scalars'][:])\n"
      "  epochs = pandas.DataFrame(table['epochs'][:])\n"
      "  stages = pandas.read_json(io.BytesIO(table['stages'][:].tobytes()), lines=True)\n"
      "assert sorted(scalars.accuracy) == [0.25, 0.5], scalars\n"
      "assert len(epochs) == 4 and epochs.groupby('run').accuracy.max().sort_values().tolist() == [0.25, 0.5], epochs\n"
      "assert [s.encode() for s in stages.identity] == list(scalars.identity), stages\n";
  Path file = folder_ / "read.py";
  overwrite(file, program);
  EXPECT_EQ(std::system((WINNOW_SOURCE_DIR "/launch/python " + file.string()).c_str()), 0);
}

}  // namespace
}  // namespace winnow::store
