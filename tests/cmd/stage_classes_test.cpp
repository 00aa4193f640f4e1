// Which stages of a sweep are tried, and for which others each stands.
#include "stage_classes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <set>

#include "../folder.h"
#include "winnow/sweep/catalogue.h"

namespace winnow::cmd {
namespace {

class Classes : public testing::Test {
 protected:
  Folder folder_;
  Path file_ = folder_ / "s.toml";

  sweep::Plan plan(const std::string& grids) {
    write_file_atomically(file_, "name = \"s\"\n[base]\ndataset = \"fashion-mnist\"\nmodel = \"nano-clip\"\n" + grids);
    return sweep::Plan::read(file_, sweep::Catalogue::built_in({{"fashion-mnist", "f"}}));
  }
  static StageClasses classes(const sweep::Plan& plan) {
    return StageClasses(plan, std::vector<bool>(plan.nodes().size(), true));
  }
  static std::size_t classes_of_cells(const sweep::Plan& plan) {
    StageClasses all = classes(plan);
    std::set<std::uint32_t> own;
    for (std::size_t i = 0; i < plan.experiments(); ++i) own.insert(all.of(plan.cell_node(i)));
    return own.size();
  }
};

TEST_F(Classes, SeedsRatesAndEpochsMakeNone) {
  sweep::Plan all = plan(
      "[[grid]]\nmethod = [\"cc\"]\nseed = [0, 1, 2]\n\"labels.rate\" = [0.1, 0.5]\n\"train.epochs\" = [2, "
      "9]\n\"train.lr\" = [0.1, 0.2]\nlabels = { kind = \"flip\" }\n");
  EXPECT_EQ(all.experiments(), 24u);
  EXPECT_EQ(classes_of_cells(all), 1u);
  StageClasses own = classes(all);
  EXPECT_EQ(own.all()[own.of(all.cell_node(0))].members.size(), 24u);
}

TEST_F(Classes, WhatDecidesMemoryFilesPromptsAndTimeMakesSome) {
  for (const char* axis :
       {"method = [\"cc\", \"proden\"]", "method = [\"cc\"]\nadapt = [\"lora\", \"full-tuning\"]",
        "method = [\"cc\"]\n\"train.batch\" = [16, 32]",
        "method = [\"cc\"]\n\"train.precision\" = [\"fp32\", \"fp64\"]",
        "method = [\"cc\"]\ntemplate = [\"a {}.\", \"the {}.\"]", "method = [\"cc\"]\n\"data.samples\" = [100, 200]",
        "method = [\"cc\"]\n\"data.long_tail\" = [1.0, 0.1]",
        "method = [\"cc\"]\n\"views.weak\" = [\"plain\", \"flip-crop\"]",
        "method = [\"cc\"]\nwidth = [1, 2]\nseed = [0, 1]\n[[exclude]]\nseed = 0\nwidth = 2\n[[exclude]]\nseed = "
        "1\nwidth = 1",
        "method = [\"cc\"]\nhead_init = [\"text\", \"random\"]", "method = [\"pico\"]\nqueue_length = [64, 128]"}) {
    sweep::Plan all = plan(std::string("[[grid]]\n") + axis + "\n");
    EXPECT_EQ(classes_of_cells(all), 2u) << axis;
    StageClasses own = classes(all);
    std::set<std::string> names;
    for (const StageClass& one : own.all()) names.insert(one.name);
    EXPECT_EQ(names.size(), own.all().size()) << "a name of its own for each: " << axis;
  }
}

TEST_F(Classes, NamesSayWhatDiffers) {
  sweep::Plan all = plan("[[grid]]\nmethod = [\"cc\"]\n\"train.batch\" = [16, 32]\n");
  StageClasses own = classes(all);
  EXPECT_EQ(own.all()[own.of(all.cell_node(0))].name, "train: cc, train.batch 16");
}

// The detector of a stage that is tried is tried itself: other samples would not fit. It stands for its class.
TEST_F(Classes, InputsOfWhatIsTriedAreTriedFirst) {
  sweep::Plan all = plan(
      "[[grid]]\nmethod = [\"detect-train\"]\ndetect = [{ method = \"gmm\" }, { method = \"small-loss\" }]\nseed = [0, "
      "1, 2]\n"
      "labels = { kind = \"symmetric\", rate = 0.4 }\n");
  StageClasses own = classes(all);
  std::set<std::uint32_t> tried;
  for (std::uint32_t node : own.to_try()) {
    for (std::uint32_t input : all.nodes()[node].inputs) EXPECT_TRUE(tried.count(input));
    tried.insert(node);
  }
  EXPECT_EQ(own.all().size(), 5u) << "backbone, two detectors, two trainings";
  EXPECT_EQ(tried.size(), 5u);
  std::set<std::string> names;
  for (const StageClass& one : own.all()) names.insert(one.name);
  EXPECT_THAT(names, testing::IsSupersetOf({"train: ce, after gmm", "train: ce, after small-loss"}))
      << "told apart by what comes before";
  std::size_t members = 0;
  for (const StageClass& one : own.all()) {
    EXPECT_TRUE(tried.count(one.tried)) << one.name;
    members += one.members.size();
  }
  EXPECT_EQ(members, all.nodes().size());
}

// What is done is neither tried nor of a class.
TEST_F(Classes, OnlyWhatIsToRunIsTried) {
  sweep::Plan all = plan("[[grid]]\nmethod = [\"cc\", \"proden\"]\n");
  std::vector<bool> to_run(all.nodes().size());
  to_run[all.cell_node(1)] = true;
  StageClasses own(all, to_run);
  EXPECT_EQ(own.to_try(), std::vector<std::uint32_t>{all.cell_node(1)});
  EXPECT_EQ(own.of(all.cell_node(0)), StageClasses::kNone);
  EXPECT_TRUE(StageClasses(all, std::vector<bool>(all.nodes().size())).all().empty());
}

}  // namespace
}  // namespace winnow::cmd
