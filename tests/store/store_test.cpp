#include "winnow/store/store.h"

#include <gmock/gmock.h>
#include <sys/wait.h>

#include "fixture.h"
#include "winnow/core/error.h"

namespace winnow::store {
namespace {

using testing::HasSubstr;

Path stage_file(Store& store, const RunContent& run, Sync sync = Sync::now) {
  Path path = store.temporary_path(run.stage.identity(), run.provenance.attempt);
  write_run_file(path, run, sync);
  return path;
}

Commit put(Store& store, const RunContent& run) { return store.commit(stage_file(store, run), run.stage.identity()); }

std::size_t files_below(const Path& folder) {
  std::size_t n = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) n += entry.is_regular_file();
  return n;
}

TEST(Store, ACommittedRunIsFoundUnderItsIdentity) {
  Folder folder;
  Store store(folder.path());
  RunContent run = small_run();
  EXPECT_FALSE(store.find(run.stage.identity()));
  EXPECT_EQ(put(store, run), Commit::committed);
  EXPECT_EQ(store.find(run.stage.identity()), store.run_path(run.stage.identity()));
  EXPECT_EQ(store.runs(), std::vector<Path>{store.run_path(run.stage.identity())});
  EXPECT_EQ(files_below(folder.path()), 1u);
}

TEST(Store, AFolderThatCannotBeListedIsNotTakenForAnEmptyOne) {
  Folder folder;
  Store store(folder.path());
  put(store, small_run());
  std::ofstream(folder / "runs" / "a note") << "of a person";
  EXPECT_EQ(store.runs().size(), 1u);
  std::filesystem::create_symlink("zz", folder / "runs" / "zz");
  EXPECT_THROW(store.runs(), DeviceError);
}

TEST(Store, TheSameResultTwiceIsKeptOnce) {
  Folder folder;
  Store store(folder.path());
  put(store, small_run());
  RunContent again = small_run();
  again.provenance.host = "elsewhere";
  EXPECT_EQ(put(store, again), Commit::already_there);
  EXPECT_EQ(verify_run_file(store.runs().front()).provenance.host, "a-host");
  EXPECT_EQ(files_below(folder.path()), 1u);
}

TEST(Store, AnotherResultUnderTheSameIdentityIsAConflictAndNeverReplaces) {
  Folder folder;
  Store store(folder.path());
  put(store, small_run(0, 0.75));
  EXPECT_EQ(put(store, small_run(0, 0.5)), Commit::conflict);
  EXPECT_EQ(verify_run_file(store.runs().front()).result_digest, small_run(0, 0.75).result_digest());
  EXPECT_EQ(files_below(folder / "damaged"), 1u);
}

// Where bits are not promised to be equal (docs/design.md#11) the first result stays, and nothing is suspected.
TEST(Store, AnotherResultOfAnotherDeviceOrChunkSizeIsNoConflict) {
  struct Elsewhere {
    const char* why;
    void (*change)(Provenance&);
  };
  for (Elsewhere other : {Elsewhere{"device gpu here, cpu in the store", [](Provenance& p) { p.device = "gpu"; }},
                          Elsewhere{"chunks of 8 rows here, whole in the store", [](Provenance& p) { p.chunk = 8; }},
                          Elsewhere{"chunks of 8 rows then whole here, whole in the store",
                                    [](Provenance& p) { p.earlier_chunks = {8}; }},
                          Elsewhere{"width 2 here, 1 in the store", [](Provenance& p) { p.width = 2; }},
                          Elsewhere{"threads 4 here, 1 in the store", [](Provenance& p) { p.threads = 4; }}}) {
    Folder folder;
    Store store(folder.path());
    put(store, small_run(0, 0.75));
    RunContent run = small_run(0, 0.5);
    other.change(run.provenance);
    std::vector<Committed> outcomes = store.commit_group({{stage_file(store, run), run.stage.identity()}});
    ASSERT_EQ(outcomes.size(), 1u);
    EXPECT_EQ(outcomes[0].outcome, Commit::differs) << other.why;
    EXPECT_EQ(outcomes[0].why, other.why);
    EXPECT_EQ(verify_run_file(store.runs().front()).result_digest, small_run(0, 0.75).result_digest());
    EXPECT_EQ(files_below(folder.path()), 1u) << "nothing is left beside it";

    run = small_run(0, 0.75);
    other.change(run.provenance);
    EXPECT_EQ(put(store, run), Commit::already_there) << "equal all the same";
  }
}

TEST(Store, OfEqualCircumstancesEveryDifferenceIsAConflict) {
  Folder folder;
  Store store(folder.path());
  for (std::int64_t chunk : {0, 8}) {
    RunContent first = small_run(chunk, 0.75), second = small_run(chunk, 0.5);
    first.provenance.chunk = second.provenance.chunk = chunk;
    second.provenance.host = "elsewhere";  // the same kind of device there
    second.provenance.attempt = 7;
    put(store, first);
    EXPECT_EQ(put(store, second), Commit::conflict) << chunk;
  }
  EXPECT_EQ(files_below(folder / "damaged"), 2u);
}

TEST(Store, ADamagedFileCountsAsAbsentAndIsReplaced) {
  Folder folder;
  Store store(folder.path());
  put(store, small_run());
  std::string bytes = bytes_of(store.runs().front());
  bytes[1000] ^= 4;
  overwrite(store.runs().front(), bytes);
  EXPECT_FALSE(store.find(small_run().stage.identity()));
  EXPECT_EQ(put(store, small_run()), Commit::committed);
  EXPECT_TRUE(store.find(small_run().stage.identity()));
  EXPECT_EQ(files_below(folder / "damaged"), 1u);
}

TEST(Store, RefusesAFileOfAnotherStage) {
  Folder folder;
  Store store(folder.path());
  Path path = stage_file(store, small_run(1));
  EXPECT_THROW(store.commit(path, small_run(2).stage.identity()), DataError);
  EXPECT_TRUE(store.runs().empty());
}

TEST(Store, AGroupIsCommittedTogether) {
  Folder folder;
  Store store(folder.path());
  put(store, small_run(3));
  std::vector<Store::Pending> group;
  for (std::int64_t seed = 0; seed < 20; ++seed) {
    RunContent run = small_run(seed);
    group.push_back({stage_file(store, run, Sync::later), run.stage.identity()});
  }
  std::vector<Committed> outcomes = store.commit_group(group);
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    EXPECT_EQ(outcomes[i].outcome, i == 3 ? Commit::already_there : Commit::committed) << i;
  EXPECT_EQ(store.runs().size(), 20u);
}

TEST(Store, ReadsReferencesAndNeverWritesThem) {
  Folder own, other;
  Store reference(other.path());
  put(reference, small_run());
  Store store(own.path(), {other.path()});
  EXPECT_EQ(store.find(small_run().stage.identity()), reference.run_path(small_run().stage.identity()));
  EXPECT_TRUE(store.runs().empty());
  EXPECT_EQ(store.fsck().verified, 0u);
}

TEST(Fsck, SetsDamagedFilesAsideAndSaysWhy) {
  Folder folder;
  Store store(folder.path());
  for (std::int64_t seed = 0; seed < 3; ++seed) put(store, small_run(seed));
  Path victim = store.run_path(small_run(1).stage.identity());
  std::string bytes = bytes_of(victim);
  bytes[100] ^= 1;
  overwrite(victim, bytes);
  Store::Check check = store.fsck();
  EXPECT_EQ(check.verified, 2u);
  ASSERT_EQ(check.damaged.size(), 1u);
  EXPECT_EQ(check.damaged[0].file, victim);
  EXPECT_THAT(check.damaged[0].reason, HasSubstr("damaged in its header"));
  EXPECT_TRUE(std::filesystem::exists(check.damaged[0].moved_to));
  EXPECT_EQ(store.fsck().damaged.size(), 0u);
}

TEST(Fsck, FindsAFileUnderAWrongName) {
  Folder folder;
  Store store(folder.path());
  put(store, small_run(0));
  Path wrong = store.run_path(hash_of("another"));
  make_folders(wrong.parent_path());
  std::filesystem::copy_file(store.run_path(small_run(0).stage.identity()), wrong);
  EXPECT_FALSE(store.find(hash_of("another")));
  EXPECT_EQ(store.fsck().damaged.size(), 1u);
}

TEST(Fsck, RemovesWhatDeadWritersLeftAndNothingElse) {
  Folder folder;
  Store store(folder.path());
  stage_file(store, small_run(0));  // this process lives
  pid_t child = ::fork();
  if (child == 0) {
    stage_file(store, small_run(1));
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(files_below(folder.path()), 2u);
  EXPECT_EQ(store.fsck().leftovers, 1u);
  EXPECT_EQ(files_below(folder.path()), 1u);
}

TEST(Fsck, RemovesCheckpointsOfStagesThatAreDoneAndNoOthers) {
  Folder folder, other;
  Store reference(other.path());
  put(reference, small_run(2));
  Store store(folder.path(), {other.path()});
  for (std::int64_t seed : {0, 1}) put(store, small_run(seed));
  for (std::int64_t seed : {0, 1, 2, 3}) {
    make_folders(store.checkpoint_path(small_run(seed).stage.identity()));
    overwrite(store.checkpoint_path(small_run(seed).stage.identity()) / "state", "bytes");
  }
  make_folders(folder / "checkpoints" / "notes of a person");
  std::string bytes = bytes_of(store.run_path(small_run(1).stage.identity()));
  bytes[1000] ^= 4;
  overwrite(store.run_path(small_run(1).stage.identity()), bytes);
  Store::Check check = store.fsck();
  EXPECT_EQ(check.checkpoints, 2u);
  EXPECT_FALSE(std::filesystem::exists(store.checkpoint_path(small_run(0).stage.identity())));
  EXPECT_TRUE(std::filesystem::exists(store.checkpoint_path(small_run(1).stage.identity())))
      << "its run file is damaged";
  EXPECT_FALSE(std::filesystem::exists(store.checkpoint_path(small_run(2).stage.identity())))
      << "done in the reference";
  EXPECT_TRUE(std::filesystem::exists(store.checkpoint_path(small_run(3).stage.identity()))) << "not done";
  EXPECT_TRUE(std::filesystem::exists(folder / "checkpoints" / "notes of a person"));
  EXPECT_EQ(store.fsck().checkpoints, 0u);
}

TEST(Fsck, AnAbsentStoreIsEmpty) {
  Folder folder;
  Store store(folder / "nowhere");
  EXPECT_EQ(store.fsck().verified, 0u);
  EXPECT_TRUE(store.runs().empty());
}

}  // namespace
}  // namespace winnow::store
