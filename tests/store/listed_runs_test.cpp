#include "winnow/store/listed_runs.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "../folder.h"
#include "fixture.h"

namespace winnow::store {
namespace {
Path commit(Store& store, const RunContent& run) {
  Path path = store.temporary_path(run.stage.identity(), run.provenance.attempt);
  write_run_file(path, run);
  store.commit(path, run.stage.identity());
  return store.run_path(run.stage.identity());
}

// Runs whose files lie in one folder, the one of the first.
std::vector<RunContent> neighbours(std::size_t count) {
  std::vector<RunContent> found{small_run(0)};
  const std::string folder = found[0].stage.identity().hex().substr(0, 2);
  for (int seed = 1; found.size() < count; ++seed)
    if (RunContent run = small_run(seed); run.stage.identity().hex().starts_with(folder)) found.push_back(run);
  return found;
}

TEST(ListedRuns, FindsWhatItsStoreAndReferencesHold) {
  Folder folder;
  Store reference(folder / "reference"), store(folder / "store", {reference.root()});
  Path there = commit(reference, small_run(0)), here = commit(store, small_run(1));
  ListedRuns listing(store);
  EXPECT_EQ(listing.find(small_run(0).stage.identity()), there);
  EXPECT_EQ(listing.find(small_run(1).stage.identity()), here);
  EXPECT_FALSE(listing.find(small_run(2).stage.identity()));
}

TEST(ListedRuns, OfNoStoreIsEmpty) {
  Folder folder;
  Store store(folder / "absent");
  EXPECT_FALSE(ListedRuns(store).find(small_run(0).stage.identity()));
}

TEST(ListedRuns, LooksAtAFolderOnce) {
  Folder folder;
  Store store(folder.path());
  std::vector<RunContent> runs = neighbours(2);
  commit(store, runs[0]);
  ListedRuns listing(store);
  EXPECT_TRUE(listing.find(runs[0].stage.identity()));
  commit(store, runs[1]);
  EXPECT_FALSE(listing.find(runs[1].stage.identity())) << "it came later";
  EXPECT_TRUE(store.find(runs[1].stage.identity()));
}

TEST(ListedRuns, AgreesWithTheStoreOnWhatIsDamagedOrGone) {
  Folder folder;
  Store store(folder.path());
  std::vector<RunContent> runs = neighbours(2);
  for (const RunContent& run : runs) commit(store, run);
  ListedRuns listing(store);
  EXPECT_TRUE(listing.find(runs[0].stage.identity()));
  std::filesystem::resize_file(store.run_path(runs[0].stage.identity()), 700);
  EXPECT_FALSE(listing.find(runs[0].stage.identity()));
  EXPECT_TRUE(listing.find(runs[0].stage.identity(), /*verify=*/false)) << "its name is there";
  std::filesystem::remove(store.run_path(runs[1].stage.identity()));
  EXPECT_FALSE(listing.find(runs[1].stage.identity(), /*verify=*/false));
}

}  // namespace
}  // namespace winnow::store
