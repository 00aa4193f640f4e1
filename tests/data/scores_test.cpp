#include "winnow/data/scores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "../folder.h"
#include "winnow/core/error.h"
#include "winnow/core/safetensors.h"

namespace winnow::data {
namespace {

using testing::HasSubstr;

class ScoresTest : public testing::Test {
 protected:
  Folder folder_;
  Record dataset_;
  std::vector<double> values_{1, 2, 3, 4, 5, 6};
  std::vector<std::size_t> shape_{3, 2};

  void SetUp() override {
    ::setenv("WINNOW_CACHE", folder_.path().c_str(), 1);
    dataset_.name = "mini";
    dataset_.fingerprint = "f";
    dataset_.train = 3;
    dataset_.classes = {"cat", "dog"};
  }
  std::string refusal(const std::string& name) {
    try {
      record_scores(name, dataset_, values_, shape_);
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  }
};

TEST_F(ScoresTest, AreKeptByTheirContent) {
  EXPECT_TRUE(recorded_scores().empty());
  ScoreRecord one = record_scores("teacher", dataset_, values_, shape_),
              again = record_scores("same", dataset_, values_, shape_);
  EXPECT_EQ(one.fingerprint, again.fingerprint);
  SafeTensors file(scores_path(one.fingerprint));
  EXPECT_EQ(file.at("scores").shape, (std::vector<std::int64_t>{3, 2}));
  EXPECT_TRUE(std::equal(file.at("scores").bytes.begin(), file.at("scores").bytes.end(),
                         std::as_bytes(std::span(values_)).begin()));
  values_[5] = 7;
  EXPECT_NE(record_scores("teacher", dataset_, values_, shape_).fingerprint, one.fingerprint);
  dataset_.fingerprint = "g";
  std::vector<ScoreRecord> all = recorded_scores();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].name, "same");
  EXPECT_EQ(all[0].fingerprint, one.fingerprint);
  EXPECT_NE(all[1].fingerprint, one.fingerprint) << "recorded anew";
}

TEST_F(ScoresTest, OfAnotherShapeOrWithoutNumbersAreRefused) {
  shape_ = {2, 3};
  EXPECT_THAT(refusal("teacher"),
              HasSubstr("scores of mini must be 3 x 2 (training samples x classes), these are 2 x 3"));
  shape_ = {3, 2};
  values_[3] = NAN;
  EXPECT_THAT(refusal("teacher"), HasSubstr("scores of sample 1 are not finite"));
  values_[3] = 0;
  for (const char* name : {"", "../up", "a b", ".hidden", "zero-shot"})
    EXPECT_THAT(refusal(name), HasSubstr("name of scores"));
  EXPECT_EQ(refusal("resnet_50.v2"), "accepted");
}

}  // namespace
}  // namespace winnow::data
