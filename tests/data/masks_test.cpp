#include "winnow/data/masks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>

#include "../folder.h"
#include "winnow/core/error.h"

namespace winnow::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class MasksTest : public testing::Test {
 protected:
  Folder folder_;
  Record dataset_;
  std::vector<double> values_{1, 0, 1};
  std::vector<std::size_t> shape_{3};

  void SetUp() override {
    ::setenv("WINNOW_CACHE", folder_.path().c_str(), 1);
    dataset_.name = "mini";
    dataset_.fingerprint = "f";
    dataset_.train = 3;
    dataset_.classes = {"cat", "dog"};
  }
  template <class Act>
  static std::string refusal(Act act) {
    try {
      act();
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  }
  std::string recording(const std::string& name) {
    return refusal([&] { record_mask(name, dataset_, values_, shape_); });
  }
};

TEST_F(MasksTest, AreKeptByTheirContentAndUnderTheirDataSet) {
  EXPECT_TRUE(recorded_masks().empty());
  MaskRecord one = record_mask("promix", dataset_, values_, shape_),
             same = record_mask("same", dataset_, values_, shape_);
  EXPECT_EQ(one.fingerprint, same.fingerprint);
  EXPECT_EQ(one.kept, 2);
  EXPECT_THAT(read_mask(one.fingerprint, "f"), ElementsAre(1, 0, 1));
  Record other = dataset_;
  other.name = "nano";
  other.fingerprint = "g";
  MaskRecord theirs = record_mask("promix", other, values_, shape_);
  EXPECT_NE(theirs.fingerprint, one.fingerprint) << "of another data set";
  values_ = {0, 0, 1};
  EXPECT_NE(record_mask("promix", dataset_, values_, shape_).fingerprint, one.fingerprint);
  std::vector<MaskRecord> all = recorded_masks();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].dataset + all[0].name + all[1].name + all[2].dataset, "minipromixsamenano");
  EXPECT_EQ(all[0].kept, 1) << "recorded anew";
}

TEST_F(MasksTest, WhatIsNoMaskIsRefused) {
  EXPECT_THAT(recording("../up"), HasSubstr("name of masks: letters, digits"));
  shape_ = {3, 1};
  EXPECT_EQ(recording("a"), "a mask of mini has 3 entries, one a training sample, this one has 3 x 1");
  shape_ = {3};
  values_[2] = 0.5;
  EXPECT_EQ(recording("a"), "entry 2 (from 0) of the mask is 0.5, 0 or 1 is wanted");
  values_[2] = std::nan("");
  EXPECT_THAT(recording("a"), HasSubstr("entry 2 (from 0) of the mask is nan"));
  values_ = {0, 0, 0};
  EXPECT_THAT(recording("a"), HasSubstr("the mask keeps none of the 3 training samples of mini"));
  dataset_.train = 2;
  EXPECT_EQ(recording("a"), "a mask of mini has 2 entries, one a training sample, this one has 3");
  EXPECT_TRUE(recorded_masks().empty()) << "nothing half-written";
}

TEST_F(MasksTest, JsonIsAListOfTwoValues) {
  EXPECT_THAT(parse_mask("[true, false, 1, 0]", "m.json"), ElementsAre(1, 0, 1, 0));
  auto parsing = [](const char* text) { return refusal([&] { parse_mask(text, "m.json"); }); };
  EXPECT_THAT(parsing("{\"mask\": [1]}"),
              HasSubstr("m.json: a mask is a list of true and false, or of 1 and 0, this is"));
  EXPECT_THAT(parsing("[1, 2]"), HasSubstr("m.json: entry 1 (from 0) of a mask is true or false, 1 or 0, it is 2"));
  EXPECT_THAT(parsing("[1, \"1\"]"), HasSubstr("entry 1 (from 0)"));
  EXPECT_THAT(parsing("[1, null]"), HasSubstr("entry 1 (from 0)"));
  EXPECT_THAT(parsing("[1,"), HasSubstr("m.json"));
}

TEST_F(MasksTest, AnotherDataSetsOrADamagedOneIsNotRead) {
  std::string print = record_mask("a", dataset_, values_, shape_).fingerprint;
  auto reading = [&](const std::string& of) { return refusal([&] { read_mask(print, of); }); };
  EXPECT_THAT(reading("g"), HasSubstr("this mask is of another data set, or of another state of it"));
  Path file = folder_ / "masks" / (print + ".safetensors");
  std::string bytes = read_file(file);
  bytes.back() ^= 1;
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
  EXPECT_THAT(reading("f"), HasSubstr("is damaged: run winnow data masks again"));
  std::filesystem::remove(file);
  EXPECT_THAT(reading("f"), HasSubstr("is not on this machine: run winnow data masks here"));
  std::ofstream(folder_ / "masks/mini/a.json", std::ios::trunc) << "[]";
  EXPECT_THAT(refusal([] { recorded_masks(); }), HasSubstr("a.json is not a record of a mask"));
}

}  // namespace
}  // namespace winnow::data
