// What `winnow show` says of a run's given labels, and the list that it writes.
#include <gmock/gmock.h>

#include <cstring>

#include "../folder.h"
#include "../refusal.h"
#include "label_list.h"
#include "label_noise.h"
#include "winnow/core/settings.h"

namespace winnow::cmd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(LabelNoise, IsCountedFromThePairs) {
  store::Table confusion = {{"true", std::vector<std::int64_t>{0, 0, 1, 2, 2}},
                            {"given", std::vector<std::int64_t>{0, 1, 1, 0, 1}},
                            {"count", std::vector<std::int64_t>{50, 10, 25, 5, 10}}};
  LabelNoise noise = noise_of(confusion);
  EXPECT_EQ(noise.samples, 100);
  EXPECT_EQ(noise.wrong, 25);
  EXPECT_EQ(noise.rate(), 0.25);
  EXPECT_EQ(noise.classes, 3);
  EXPECT_EQ(noise.count(2, 0), 5);
  EXPECT_EQ(noise.count(1, 0), 0);
  EXPECT_EQ(noise.wrong_pairs(), 3u);
  std::vector<LabelNoise::Pair> most = noise.most_frequent_wrong(2);
  ASSERT_EQ(most.size(), 2u);
  EXPECT_EQ(most[0].truth, 0);
  EXPECT_EQ(most[1].truth, 2);
  EXPECT_EQ(most[1].given, 1);
  EXPECT_EQ(noise_of({}).samples, 0);
  confusion.pop_back();
  EXPECT_THAT(refusal([&] { noise_of(confusion); }), HasSubstr("lacks a column of whole numbers 'count'"));
}

class LabelList : public testing::Test {
 protected:
  Folder folder_;

  static store::Array array(const std::vector<std::int64_t>& values) {
    store::Array result{store::DType::i64, {values.size()}, std::vector<std::byte>(values.size() * 8)};
    std::memcpy(result.bytes.data(), values.data(), result.bytes.size());
    return result;
  }
  Path run(const std::map<std::string, store::Array>& arrays) {
    store::RunContent content;
    content.tables["metrics/final"] = {{"accuracy", std::vector<double>{0.5}}};
    content.arrays = arrays;
    Path path = folder_ / (std::to_string(++runs_) + ".h5");
    store::write_run_file(path, content);
    return path;
  }
  int runs_ = 0;
};

TEST_F(LabelList, AnImagesPlaceIsItsIndex) {
  write_label_list(run({{"labels/given", array({3, 1, 2})}, {"labels/samples", array({2, 0, 1})}}), folder_ / "l.json");
  EXPECT_EQ(read_file(folder_ / "l.json"), "[1,2,3]\n");
}

TEST_F(LabelList, WhatIsNoListIsRefused) {
  Path list = folder_ / "l.json";
  EXPECT_THAT(refusal([&] {
                write_label_list(run({{"labels/given", array({3, 1})}, {"labels/samples", array({0, 4})}}), list);
              }),
              HasSubstr("trained on a part of the training images (2 labels, one of image 4)"));
  EXPECT_THAT(refusal([&] { write_label_list(run({}), list); }), HasSubstr("holds no given labels"));
  EXPECT_THAT(refusal([&] {
                write_label_list(run({{"labels/candidates", array({1, 0})}}), list);
              }),
              HasSubstr("holds no given labels, but candidate sets"));
  write_file_atomically(list, "mine");
  EXPECT_THAT(refusal([&] {
                write_label_list(run({{"labels/given", array({3})}, {"labels/samples", array({0})}}), list);
              }),
              HasSubstr("l.json is there already"));
  EXPECT_EQ(read_file(list), "mine");
}

}  // namespace
}  // namespace winnow::cmd
