// The list of few labelled images that `winnow show --shots` writes: of a run that was told them, and of what builds
// on it.
#include <gmock/gmock.h>

#include <cstring>

#include "../folder.h"
#include "../refusal.h"
#include "shot_list.h"
#include "winnow/store/labelled_samples.h"
#include "winnow/store/store.h"

namespace winnow::cmd {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ShotList : public testing::Test {
 protected:
  Folder folder_;
  int lists_ = 0;

  static store::Array array(const std::vector<std::int64_t>& values) {
    store::Array result{store::DType::i64, {values.size()}, std::vector<std::byte>(values.size() * 8)};
    std::memcpy(result.bytes.data(), values.data(), result.bytes.size());
    return result;
  }
  static Stage stage(StageKind kind, std::map<std::string, Value> settings, const std::vector<Stage>& inputs = {}) {
    Stage result;
    result.kind = kind;
    settings.emplace("dataset", "mini");
    result.settings = Settings(settings);
    for (const Stage& input : inputs) {
      std::string name = "input." + std::to_string(result.inputs.size());
      result.inputs[name] = {input.identity(), Output::selection};
    }
    return result;
  }
  Path keep(const Stage& stage, const std::map<std::string, store::Array>& arrays = {}, const char* root = "store") {
    store::RunContent content;
    content.stage = stage;
    content.tables["metrics/final"] = {{"accuracy", std::vector<double>{0.5}}};
    content.arrays = arrays;
    Path path = store::Store(folder_ / root).run_path(stage.identity());
    make_folders(path.parent_path());
    store::write_run_file(path, content);
    return path;
  }
  std::string list_of(const Path& run, const std::vector<Path>& stores = {}) {
    Path list = folder_ / (std::to_string(++lists_) + ".json");
    write_shot_list(run, stores, list);
    return read_file(list);
  }
  std::string refused(const Path& run) {
    return refusal([&] { list_of(run); });
  }

  const std::map<std::string, store::Array> told_ = {{store::kLabelledSamples, array({7, 3, 40})}};
};

TEST_F(ShotList, IsOfTheSamplesOfARunWithFewOfEachClass) {
  Path run = keep(stage(StageKind::train, {{"data.shots", 1}}), {{"labels/samples", array({5, 2})}});
  EXPECT_EQ(list_of(run), "[2,5]\n");
  EXPECT_THAT(refused(keep(stage(StageKind::train, {{"data.shots", 0}}), {{"labels/samples", array({5, 2})}})),
              HasSubstr("was told the labels of few images (data.shots, labelled_shots)"))
      << "all images are no list of few";
}

TEST_F(ShotList, IsOfWhatStagesWithoutLabelsWereTold) {
  for (StageKind kind : {StageKind::select, StageKind::cross_filter})
    EXPECT_EQ(list_of(keep(stage(kind, {{"labelled_shots", 1}}), told_)), "[3,7,40]\n");
}

TEST_F(ShotList, IsThatOfWhatARunBuildsOn) {
  Stage select = stage(StageKind::select, {{"labelled_shots", 1}}), first = stage(StageKind::train, {}, {select}),
        filter = stage(StageKind::cross_filter, {{"labelled_shots", 1}}, {first}),
        cell = stage(StageKind::ensemble, {}, {filter, first});
  keep(select, told_, "other");
  Path trained = keep(first);
  keep(filter, told_);
  EXPECT_EQ(list_of(keep(cell)), "[3,7,40]\n");
  EXPECT_THAT(refused(trained), AllOf(HasSubstr("neither "), HasSubstr("; 1 of them lie in no store here")));
  EXPECT_EQ(list_of(trained, {folder_ / "other"}), "[3,7,40]\n");
}

TEST_F(ShotList, IsNotThatOfATeachersDataSet) {
  Stage teacher = stage(StageKind::train, {{"dataset", "source"}, {"data.shots", 1}}),
        student = stage(StageKind::train, {}, {teacher});
  keep(teacher, {{"labels/samples", array({5, 2})}});
  EXPECT_THAT(refused(keep(student)), HasSubstr("was told the labels of few images"));
}

TEST_F(ShotList, DifferentOnesAreNamed) {
  Stage one = stage(StageKind::select, {{"labelled_shots", 1}, {"k", 1}}),
        other = stage(StageKind::select, {{"labelled_shots", 1}, {"k", 2}});
  keep(one, told_);
  keep(other, {{store::kLabelledSamples, array({7, 3, 41})}});
  EXPECT_THAT(refused(keep(stage(StageKind::train, {}, {one, other}))),
              AllOf(HasSubstr("told the labels of different images"), HasSubstr(one.identity().hex()),
                    HasSubstr(other.identity().hex())));
}

TEST_F(ShotList, WhatIsNoListIsRefused) {
  EXPECT_THAT(refused(keep(stage(StageKind::select, {{"labelled_shots", 1}}))),
              HasSubstr("was computed before winnow recorded which images it was told of (labelled_shots)"));
  Path run = keep(stage(StageKind::cross_filter, {{"labelled_shots", 1}}), told_), list = folder_ / "mine.json";
  write_file_atomically(list, "mine");
  EXPECT_THAT(refusal([&] { write_shot_list(run, {}, list); }), HasSubstr("mine.json is there already"));
  EXPECT_EQ(read_file(list), "mine");
}

}  // namespace
}  // namespace winnow::cmd
