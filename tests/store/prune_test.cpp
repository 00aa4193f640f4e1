// What a store holds, and removing what nobody plans: nothing outside the store, nothing that cannot be read.
#include "winnow/store/prune.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "fixture.h"

namespace winnow::store {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class Prune : public testing::Test {
 protected:
  Identity commit(std::int64_t seed) {
    RunContent run = small_run(seed);
    run.arrays["weights/a"] = array_of<float>(DType::f32, {3000}, std::vector<float>(3000, static_cast<float>(seed)));
    Identity identity = run.stage.identity();
    Path part = store_.temporary_path(identity, 1);
    write_run_file(part, run);
    store_.commit(part, identity);
    return identity;
  }
  Path checkpoint(const Identity& identity, std::size_t bytes = 100) {
    Path path = store_.checkpoint_path(identity);
    fs::create_directories(path / "inner");
    overwrite(path / "inner/state", std::string(bytes, 'x'));
    return path;
  }
  void remove(const Pruning& pruning) {
    for (const auto& entry : pruning.checkpoints) remove_checkpoint(root_, entry.identity);
    for (const auto& run : pruning.runs) remove_run(root_, run.identity);
  }
  static std::vector<Identity> of(const std::vector<Inventory::Run>& runs) {
    std::vector<Identity> result;
    for (const auto& run : runs) result.push_back(run.identity);
    return result;
  }
  std::string refusal(const std::function<void()>& action) {
    try {
      action();
    } catch (const DeviceError& error) {
      return error.what();
    }
    return "accepted";
  }

  Folder folder_;
  Path root_ = folder_ / "store";
  Store store_{root_};
  void SetUp() override { fs::create_directory(root_); }
};

TEST_F(Prune, AnInventoryHasEveryFileOnce) {
  Identity one = commit(1), two = commit(2);
  checkpoint(hash_of("open"), 300);
  for (const char* name : {"damaged/x.h5.damaged.0", "journal/00000001.log", "reports/a/index.html", "table.h5",
                           "exit.json", "sweeps/a.txt", "runs/readme", "checkpoints/mine"}) {
    fs::create_directories((root_ / name).parent_path());
    overwrite(root_ / name, std::string(10, 'x'));
  }
  overwrite(store_.temporary_path(one, 2), "half");  // its writer lives: it is this test
  Inventory all = take_inventory(root_);
  EXPECT_THAT(of(all.runs), UnorderedElementsAre(one, two));
  EXPECT_EQ(all.runs[0].kind, "train");
  EXPECT_EQ(all.runs[0].fault, "");
  EXPECT_EQ(all.runs[0].bytes, fs::file_size(store_.run_path(all.runs[0].identity)));
  EXPECT_GE(all.runs[0].arrays["weights"], 12000u);
  EXPECT_FALSE(all.runs[0].arrays.count("metrics"));
  ASSERT_EQ(all.checkpoints.size(), 1u);
  EXPECT_EQ(all.checkpoints[0].amount.bytes, 300u);
  for (const Amount& amount : {all.table, all.damaged, all.journal, all.reports, all.being_written})
    EXPECT_EQ(amount.files, 1u);
  EXPECT_EQ(all.others.files, 4u);
  std::uint64_t bytes = 0;
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(root_))
    if (entry.is_regular_file()) bytes += entry.file_size(), ++files;
  EXPECT_EQ(all.total().bytes, bytes);
  EXPECT_EQ(all.total().files, files);
}

TEST_F(Prune, OfAnAbsentStoreIsRefused) { EXPECT_THROW(take_inventory(folder_ / "gone"), DataError); }

TEST_F(Prune, WhatNobodyPlansGoesAndNothingElse) {
  Identity kept = commit(1), gone = commit(2), open = hash_of("open"), planned = hash_of("planned");
  checkpoint(open), checkpoint(planned), checkpoint(kept);
  Pruning pruning = pruning_of(take_inventory(root_), {kept, planned});
  EXPECT_THAT(of(pruning.runs), ElementsAre(gone));
  ASSERT_EQ(pruning.checkpoints.size(), 1u);
  EXPECT_EQ(pruning.kept, 1u);
  EXPECT_EQ(pruning.bytes, fs::file_size(store_.run_path(gone)) + 100);
  remove(pruning);
  EXPECT_FALSE(fs::exists(store_.run_path(gone)));
  EXPECT_FALSE(fs::exists(store_.checkpoint_path(open)));
  EXPECT_TRUE(fs::exists(store_.checkpoint_path(planned)));
  EXPECT_TRUE(store_.find(kept));
  EXPECT_FALSE(remove_run(root_, gone)) << "it is gone already";
  EXPECT_FALSE(remove_checkpoint(root_, open));
  EXPECT_FALSE(remove_run(root_, hash_of("never was")));
}

// A header of every kind that this winnow does not understand: a newer schema, a flipped byte, zeros, another stage, a
// trial's, no run file at all. They may be results that took a week.
TEST_F(Prune, WhatCannotBeReadIsNeverRemoved) {
  Identity other = commit(1);
  const std::string good = read_file(store_.run_path(other));
  std::vector<std::string> bad{"", "x", std::string(5000, '\0'), good.substr(0, 400), good.substr(0, 512), good};
  for (std::size_t at : {0u, 3u, 8u, 12u, 41u, 57u, 300u, 500u}) {
    bad.push_back(good);
    bad.back()[at] = static_cast<char>(bad.back()[at] ^ 1);
  }
  for (std::size_t i = 0; i < bad.size(); ++i) {
    Identity identity = hash_of("bad " + std::to_string(i));
    fs::create_directories(store_.run_path(identity).parent_path());
    overwrite(store_.run_path(identity), bad[i]);
    checkpoint(identity);
  }
  Pruning pruning = pruning_of(take_inventory(root_), {});
  EXPECT_THAT(of(pruning.runs), ElementsAre(other));
  EXPECT_THAT(pruning.checkpoints, IsEmpty()) << "of stages whose results may be there";
  EXPECT_EQ(pruning.left_alone.size(), bad.size());
  for (const std::string& why : pruning.left_alone) EXPECT_THAT(why, HasSubstr("/runs/"));
  remove(pruning);
  for (std::size_t i = 0; i < bad.size(); ++i)
    EXPECT_EQ(read_file(store_.run_path(hash_of("bad " + std::to_string(i)))), bad[i]);
}

TEST_F(Prune, AFileOfAnotherNameOrPlaceIsNoRunFile) {
  Identity one = commit(1);
  std::string name = one.hex();
  fs::create_directories(root_ / "runs/zz/deep");
  for (const std::string& path :
       {"runs/zz/" + name + ".h5", "runs/zz/deep/" + name + ".h5", "runs/" + name + ".h5",
        "runs/" + name.substr(0, 2) + "/" + name + ".h5.bak", "runs/zz/" + std::string(32, 'A') + ".h5"})
    fs::copy_file(store_.run_path(one), root_ / path);
  Inventory all = take_inventory(root_);
  EXPECT_THAT(of(all.runs), ElementsAre(one));
  EXPECT_EQ(all.others.files, 5u);
}

class PruneLinks : public Prune {
 protected:
  // A store beside this one, whose results must survive.
  Path outside_ = folder_ / "outside";
  Identity theirs_ = small_run(9).stage.identity();
  Path their_file_ = Store(outside_).run_path(theirs_);
  void SetUp() override {
    Prune::SetUp();
    Store other(outside_);
    Path part = other.temporary_path(theirs_, 1);
    write_run_file(part, small_run(9));
    other.commit(part, theirs_);
    fs::create_directories(outside_ / "checkpoints" / theirs_.hex());
    overwrite(outside_ / "checkpoints" / theirs_.hex() / "state", "theirs");
  }
  void expect_untouched() {
    EXPECT_TRUE(Store(outside_).find(theirs_));
    EXPECT_EQ(read_file(outside_ / "checkpoints" / theirs_.hex() / "state"), "theirs");
  }
};

TEST_F(PruneLinks, AreNeitherCountedNorFollowed) {
  Identity own = commit(1);
  fs::create_symlink(outside_ / "runs" / theirs_.hex().substr(0, 2), root_ / "runs" / theirs_.hex().substr(0, 2));
  fs::create_directories(root_ / "checkpoints");
  fs::create_symlink(outside_ / "checkpoints" / theirs_.hex(), root_ / "checkpoints" / theirs_.hex());
  fs::create_symlink(their_file_, store_.run_path(own).parent_path() / "link.h5");
  fs::create_symlink(root_, root_ / "loop");
  Inventory all = take_inventory(root_);
  EXPECT_THAT(of(all.runs), ElementsAre(own));
  EXPECT_THAT(all.checkpoints, IsEmpty());
  EXPECT_EQ(all.links.size(), 4u);
  remove(pruning_of(all, {}));
  expect_untouched();
  EXPECT_FALSE(fs::exists(store_.run_path(own)));
}

// As if a folder became a link between the look and the removal.
TEST_F(PruneLinks, ThatAppearLaterLeadNowhere) {
  std::string group = theirs_.hex().substr(0, 2);
  fs::create_directories(root_ / "runs");
  fs::create_symlink(outside_ / "runs" / group, root_ / "runs" / group);
  EXPECT_THAT(refusal([&] { remove_run(root_, theirs_); }), AllOf(HasSubstr("cannot open"), HasSubstr("link")));
  fs::remove(root_ / "runs" / group);
  fs::remove(root_ / "runs");
  fs::create_symlink(outside_ / "runs", root_ / "runs");
  EXPECT_THAT(refusal([&] { remove_run(root_, theirs_); }), HasSubstr("link"));
  fs::create_symlink(outside_ / "checkpoints", root_ / "checkpoints");
  EXPECT_THAT(refusal([&] { remove_checkpoint(root_, theirs_); }), HasSubstr("link"));
  fs::remove(root_ / "checkpoints");
  fs::create_directory(root_ / "checkpoints");
  fs::create_symlink(outside_ / "checkpoints" / theirs_.hex(), root_ / "checkpoints" / theirs_.hex());
  EXPECT_THAT(refusal([&] { remove_checkpoint(root_, theirs_); }), HasSubstr("link"));
  expect_untouched();
}

TEST_F(PruneLinks, ALinkInTheFilesPlaceStays) {
  fs::create_directories(store_.run_path(theirs_).parent_path());
  fs::create_symlink(their_file_, store_.run_path(theirs_));
  EXPECT_THAT(take_inventory(root_).runs, IsEmpty());
  EXPECT_THAT(refusal([&] { remove_run(root_, theirs_); }), HasSubstr("left alone"));
  EXPECT_TRUE(fs::is_symlink(store_.run_path(theirs_)));
  expect_untouched();
}

TEST_F(PruneLinks, InsideACheckpointGoAloneWithoutWhatTheyLeadTo) {
  Identity open = hash_of("open");
  Path path = checkpoint(open);
  fs::create_directory_symlink(outside_, path / "inner/out");
  fs::create_symlink(their_file_, path / "weights");
  EXPECT_TRUE(remove_checkpoint(root_, open));
  EXPECT_FALSE(fs::exists(path));
  expect_untouched();
}

TEST_F(PruneLinks, TheStoreItselfMayBeOne) {
  Identity own = commit(1);
  fs::create_symlink(root_, folder_ / "named");
  EXPECT_THAT(of(take_inventory(folder_ / "named").runs), ElementsAre(own));
  EXPECT_TRUE(remove_run(folder_ / "named", own));
}

}  // namespace
}  // namespace winnow::store
