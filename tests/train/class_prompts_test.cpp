#include "../../src/train/class_prompts.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "../refusal.h"
#include "miniature.h"
#include "winnow/store/run_file.h"
#include "winnow/train/run_snapshot.h"

namespace winnow::train {
namespace {

using testing::HasSubstr;

class ClassPromptsTest : public Miniature {
 protected:
  void SetUp() override {
    Miniature::SetUp();
    store::write_run_file(folder_ / "clip.h5", run(pretrain()).content);
    clip_ = snapshot_at(folder_ / "clip.h5");
  }
  at::Tensor rows(const at::Tensor& ids) const { return ClassPrompts(settings_, clip_, {"coat", "bag"}).rows(ids); }

  Settings settings_{{{"context_length", 3}, {"context_of", "all"}, {"name_place", "end"}, {"period", true}}};
  model::Snapshot clip_;
};

TEST_F(ClassPromptsTest, EveryContextHasItsOwnVectorsAndEveryClassItsName) {
  at::Tensor all = rows(at::arange(4));
  for (std::int64_t i = 0; i < 4; ++i)
    for (std::int64_t j = 0; j < 3; ++j)
      EXPECT_EQ(all[i][1 + j].item<std::int64_t>(), -1 - (i / 2 * 3 + j)) << "row " << i << ", vector " << j;
  auto name = [&](std::int64_t row) { return all[row].narrow(0, 4, all.size(1) - 4); };
  EXPECT_TRUE(at::equal(name(0), name(2))) << "the same class";
  EXPECT_FALSE(at::equal(name(0), name(1)));
  EXPECT_TRUE(at::equal(rows(at::tensor({3, 0}, at::kLong)), all.index_select(0, at::tensor({3, 0}, at::kLong))));
  EXPECT_LT(all.size(1), 16) << "columns that no text reaches are left out";
}

TEST_F(ClassPromptsTest, ClassesMayHaveVectorsOfTheirOwn) {
  settings_.set("context_of", "class");
  EXPECT_EQ(context_vectors(settings_, clip_, 2), 6);
  EXPECT_EQ(rows(at::arange(4))[3][1].item<std::int64_t>(), -1 - (6 + 3));
}

TEST_F(ClassPromptsTest, AContextOfNoLengthIsWhatFits) {
  settings_.set("context_length", 0);
  EXPECT_EQ(context_vectors(settings_, clip_, 2), 4) << "a quarter of 16 tokens";
}

TEST_F(ClassPromptsTest, RefusesWhatDoesNotFitAndModelsWithoutSuchTexts) {
  settings_.set("context_length", 15);
  EXPECT_THAT(winnow::refusal([&] { rows(at::arange(1)); }),
              HasSubstr("class 'coat' with context_length = 15 makes a text of"));
  settings_.set("context_length", 3);
  model::Snapshot other = clip_;
  other.config["model_type"] = "resnet";
  EXPECT_THAT(winnow::refusal([&] { ClassPrompts(settings_, other, {"coat"}); }),
              HasSubstr("this model has no text tower"));
}

}  // namespace
}  // namespace winnow::train
