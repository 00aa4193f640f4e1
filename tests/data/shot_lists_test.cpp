#include "winnow/data/shot_lists.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "../folder.h"
#include "../refusal.h"
#include "winnow/core/error.h"

namespace winnow::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ShotLists : public testing::Test {
 protected:
  Folder folder_;
  Record dataset_;

  void SetUp() override {
    ::setenv("WINNOW_CACHE", (folder_ / "cache").c_str(), 1);
    dataset_.name = "mini";
    dataset_.fingerprint = "f";
    dataset_.train = 6;
    dataset_.classes = {"cat", "dog"};
  }
  ShotListRecord record(const std::string& name, const std::string& json) {
    write_file_atomically(folder_ / "list.json", json);
    return record_shot_list(name, dataset_, folder_ / "list.json");
  }
  std::string refused(const std::string& json) {
    return refusal([&] { record("few", json); });
  }
};

// However it is written: what counts is which images are in it, and of which state of which data set.
TEST_F(ShotLists, CountByTheirImages) {
  EXPECT_TRUE(recorded_shot_lists().empty());
  ShotListRecord one = record("coop-2-1", "[5, 0,\n 3,4]");
  EXPECT_EQ(one.images, 4);
  EXPECT_THAT(read_shot_list(one.fingerprint), ElementsAre(0, 3, 4, 5));
  EXPECT_EQ(record("same", "[0,3,4,5]").fingerprint, one.fingerprint);
  EXPECT_NE(record("other", "[0,3,4,2]").fingerprint, one.fingerprint);
  ASSERT_EQ(recorded_shot_lists().size(), 3u);
  EXPECT_EQ(recorded_shot_lists()[0].name, "coop-2-1");
  EXPECT_EQ(recorded_shot_lists()[0].dataset_fingerprint, "f");
  dataset_.fingerprint = "g";
  EXPECT_NE(record("changed", "[0,3,4,5]").fingerprint, one.fingerprint) << "another state of the data set";
}

TEST_F(ShotLists, ThatAreNoneAreRefusedInOneLine) {
  EXPECT_THAT(refused("{\"a\": [1]}"), HasSubstr("list.json: a list of labelled images is a JSON list of places in the "
                                                 "training set, this is "));
  EXPECT_THAT(refused("[]"), HasSubstr("this is empty"));
  EXPECT_THAT(refused("[0, 6]"), HasSubstr("entry 1 (from 0) is 6: a place among 6 training images is wanted, 0 to 5; "
                                           "is the list of another data set?"));
  EXPECT_THAT(refused("[0, -1]"), HasSubstr("entry 1 (from 0) is -1"));
  EXPECT_THAT(refused("[0.5]"), HasSubstr("entry 0 (from 0) is 0.5"));
  EXPECT_THAT(refused("[\"a\"]"), HasSubstr("entry 0 (from 0) is \"a\""));
  EXPECT_THAT(refused("[true]"), HasSubstr("entry 0 (from 0) is true"));
  EXPECT_THAT(refused("[1e300]"), HasSubstr("entry 0 (from 0) is 1e"));
  EXPECT_THAT(refused("[18446744073709551615]"), HasSubstr("entry 0 (from 0) is 18446744073709551615"));
  EXPECT_THAT(refused("[2, 1, 2]"),
              HasSubstr("image 2 stands there twice (entry 2): a class has fewer images than shots"));
  EXPECT_THAT(refused("[0"), HasSubstr("list.json"));
  EXPECT_THAT(refusal([&] { record("../up", "[0]"); }), HasSubstr("name of shots"));
  EXPECT_TRUE(recorded_shot_lists().empty()) << "nothing of them is kept";
}

TEST_F(ShotLists, ThatAreDamagedOrElsewhereAreRefused) {
  ShotListRecord one = record("few", "[0, 1]");
  Path kept = folder_ / "cache" / "shots" / (one.fingerprint + ".json");
  write_file_atomically(kept, read_file(kept) + " ");
  EXPECT_THAT(refusal([&] { read_shot_list(one.fingerprint); }), HasSubstr("is damaged: run winnow data shots again"));
  std::filesystem::remove(kept);
  EXPECT_THAT(refusal([&] { read_shot_list(one.fingerprint); }),
              HasSubstr("is not on this machine: run winnow data shots"));
}

}  // namespace
}  // namespace winnow::data
