// What `winnow try` writes is refused by everything that looks for results.
#include <gmock/gmock.h>

#include <fstream>

#include "fixture.h"
#include "winnow/core/error.h"
#include "winnow/store/run_reader.h"
#include "winnow/store/store.h"

namespace winnow::store {
namespace {

using testing::HasSubstr;

RunContent tried() {
  RunContent run = small_run();
  run.trial = true;
  return run;
}

template <class Action>
std::string refused(Action action) {
  try {
    action();
    return "accepted";
  } catch (const DataError& error) {
    return error.what();
  }
}

TEST(Trial, IsNoResult) {
  Folder folder;
  Store store(folder.path());
  Path path = store.temporary_path(tried().stage.identity(), 1);
  write_run_file(path, tried());
  EXPECT_THAT(refused([&] { verify_run_file(path); }), HasSubstr("was written by a trial (winnow try)"));
  EXPECT_THAT(refused([&] { read_run_file(path); }), HasSubstr("by a trial"));
  EXPECT_THAT(refused([&] { read_array(path, "labels/given"); }), HasSubstr("by a trial"));
  EXPECT_THAT(refused([&] { store.commit(path, tried().stage.identity()); }), HasSubstr("by a trial"));
  EXPECT_FALSE(store.find(tried().stage.identity()));
  EXPECT_TRUE(std::filesystem::exists(path)) << "whoever wrote it removes it";
}

TEST(Trial, IsReadByTrialsWithAllItHolds) {
  Folder folder;
  write_run_file(folder / "trial", tried());
  write_run_file(folder / "result", small_run());
  RunContent trial = read_run_file(folder / "trial", true, Accept::trials_too),
             result = read_run_file(folder / "result", true, Accept::trials_too);
  EXPECT_TRUE(trial.trial);
  EXPECT_FALSE(result.trial);
  EXPECT_EQ(trial.result_digest(), result.result_digest());
}

// Somebody copied it to where a result would lie.
TEST(Trial, InTheStoreCountsAsAbsentAndFsckSetsItAside) {
  Folder folder;
  Store store(folder.path());
  Path place = store.run_path(tried().stage.identity());
  make_folders(place.parent_path());
  write_run_file(place, tried());
  EXPECT_FALSE(store.find(tried().stage.identity()));
  EXPECT_EQ(RunReader(store).find(tried().stage.identity()), nullptr);
  Store::Check check = store.fsck();
  ASSERT_EQ(check.damaged.size(), 1u);
  EXPECT_THAT(check.damaged[0].reason, HasSubstr("by a trial"));
  EXPECT_FALSE(std::filesystem::exists(place));
}

TEST(Trial, MakesRoomForAResult) {
  Folder folder;
  Store store(folder.path());
  RunContent run = small_run();
  Path place = store.run_path(run.stage.identity()), path = store.temporary_path(run.stage.identity(), 1);
  write_run_file(place, tried());
  write_run_file(path, run);
  EXPECT_EQ(store.commit(path, run.stage.identity()), Commit::committed);
  EXPECT_EQ(verify_run_file(place).result_digest, run.result_digest());
}

TEST(Trial, ADamagedOneIsDamagedForTrials) {
  Folder folder;
  write_run_file(folder / "trial", tried());
  std::string bytes = read_file(folder / "trial");
  bytes[700] = static_cast<char>(bytes[700] ^ 1);
  std::ofstream(folder / "trial", std::ios::binary | std::ios::trunc) << bytes;
  EXPECT_THAT(refused([&] { read_run_file(folder / "trial", true, Accept::trials_too); }), HasSubstr("is damaged"));
}

}  // namespace
}  // namespace winnow::store
