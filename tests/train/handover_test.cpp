// What a program is handed, and what of its answers is taken: rows in an order that says nothing, and back.
#include "../../src/train/handover.h"

#include "../../src/train/open_images.h"
#include "../../src/train/program_answers.h"
#include "../../src/train/tensor_file.h"
#include "miniature.h"

namespace winnow::train {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class HandoverTest : public Miniature {
 protected:
  void SetUp() override {
    Miniature::SetUp();
    ::setenv("WINNOW_CACHE", (folder_ / "own-cache").c_str(), 1);
  }
  Handover handed(const Stage& stage, const Path& folder) {
    opened_ = open_images(stage, context(), {.labels = true});
    make_folders(folder);
    return hand_over(stage, context(), *opened_.source, folder);
  }
  static Value said(const Path& folder) { return Value::parse(read_file(folder / "stage.json")); }

  OpenedImages opened_;
};

TEST_F(HandoverTest, RowsOfASplitAreInOneOrder) {
  Stage stage = train("proden");
  Handover handover = handed(stage, folder_ / "one");
  Value json = said(folder_ / "one");
  SafeTensors images(json["images"].get<std::string>()), labels(folder_ / "one/labels.safetensors");
  at::Tensor pixels = tensor_of(images.at("train.pixels")), candidates = tensor_of(labels.at("candidates"));
  const at::Tensor& order = handover.order.at("train");
  EXPECT_FALSE(at::equal(order, at::arange(60, at::kLong))) << "that of the files may tell classes";
  EXPECT_TRUE(at::equal(std::get<0>(order.sort()), at::arange(60, at::kLong)));
  // Of the data set's fingerprint and the chosen samples alone, on every machine: answers bear the token of an order.
  Handover again = handed(stage, folder_ / "again");
  EXPECT_EQ(again.token, handover.token);
  for (const auto& [split, rows] : handover.order) EXPECT_TRUE(at::equal(again.order.at(split), rows)) << split;
  EXPECT_TRUE(at::equal(candidates, opened_.source->labels().candidates.to(at::kByte).index_select(0, order)));
  for (std::int64_t i = 0; i < 60; ++i) {  // a class is a bright row at its own height
    std::int64_t sample = order[i].item<std::int64_t>();
    EXPECT_EQ(pixels[i][2 * (sample % 10) + 4][0][0].item<std::int64_t>(), 200 + sample % 50) << i;
  }
  EXPECT_EQ(tensor_of(images.at("test.pixels")).size(0), 20);
  EXPECT_EQ(json["samples"], (Value{{"train", 60}, {"validation", 0}, {"test", 20}}));
  EXPECT_EQ(images.tensors().size(), 2u) << "images and nothing else";
  EXPECT_EQ(labels.tensors().size(), 1u);
}

TEST_F(HandoverTest, ImagesAreWrittenOnceForAllSeedsAndNoOtherSamples) {
  Stage stage = train("proden");
  std::string first = handed(stage, folder_ / "one").token;
  auto written = std::filesystem::last_write_time(said(folder_ / "one")["images"].get<std::string>());
  stage.settings.set("seed", 7);
  EXPECT_EQ(handed(stage, folder_ / "two").token, first);
  EXPECT_EQ(std::filesystem::last_write_time(said(folder_ / "two")["images"].get<std::string>()), written);
  EXPECT_EQ(said(folder_ / "two")["seed"], 7);
  stage.settings.set("data.validation", 0.2);
  EXPECT_NE(handed(stage, folder_ / "three").token, first);
  EXPECT_EQ(said(folder_ / "three")["samples"]["validation"], 12);
}

class AnswersTest : public HandoverTest {
 protected:
  void SetUp() override {
    HandoverTest::SetUp();
    handover_ = handed(train("ce"), folder_ / "in");
    make_folders(folder_ / "out");
  }
  Stage train(const std::string& method) {
    Stage stage = Miniature::train(method);
    stage.settings.set("labels.kind", "clean");
    return stage;
  }
  void answer(const std::map<std::string, at::Tensor>& tensors, std::string token = "") {
    std::filesystem::remove(folder_ / "out/a");
    write_tensors(folder_ / "out/a", tensors, {{"handover", token.empty() ? handover_.token : token}});
  }
  ProgramAnswers answers() const { return {folder_ / "out", handover_, 10}; }
  std::string refused(const std::map<std::string, at::Tensor>& tensors) {
    answer(tensors);
    return winnow::refusal([&] { answers().predictions("a"); });
  }
  std::string refused_selection(const std::map<std::string, at::Tensor>& tensors, const at::Tensor& given) {
    answer(tensors);
    return winnow::refusal([&] { answers().selection("a", given); });
  }

  Handover handover_;
};

TEST_F(AnswersTest, ComeBackInTheSourcesOrder) {
  at::Tensor truth = opened_.oracle.labels("test"), handed = truth.index_select(0, handover_.order.at("test"));
  answer({{"test", handed}});
  EXPECT_EQ(accuracy(answers().predictions("a").at("test"), truth), 1.0);
  answer({{"test", at::one_hot(handed, 10).to(at::kFloat)}});
  EXPECT_EQ(accuracy(answers().predictions("a").at("test"), truth), 1.0);
  at::Tensor mask = at::arange(60, at::kLong).remainder(3) == 0;
  answer({{"mask", mask.index_select(0, handover_.order.at("train"))}});
  SelectedSubset subset = answers().selection("a", opened_.source->labels().given);
  EXPECT_TRUE(at::equal(subset.mask.to(at::kBool), mask));
  EXPECT_TRUE(at::equal(subset.label, opened_.source->labels().given));
}

// Of another data set: images, order and file are its own.
TEST_F(AnswersTest, CoverFurtherTestSplits) {
  auto [pixels, labels] = images(30);
  for (std::int64_t& label : labels) label = (label + 5) % 10;
  SafeTensor own{"U8", {30, 28, 28, 1}, std::as_bytes(std::span(pixels))},
      truth{"I64", {30}, std::as_bytes(std::span(labels))};
  write_safetensors(
      folder_ / "other", {{"train.images", own}, {"train.labels", truth}, {"test.images", own}, {"test.labels", truth}},
      {{"version", "1"}, {"fingerprint", "g"}, {"classes", R"(["a","b","c","d","e","f","g","h","i","j"])"}});
  Stage stage = train("ce");
  stage.settings.set("evaluation.further_tests", true);
  stage.fingerprints["test.other-set"] = "g";
  stage.fingerprints["program"] = "p";
  Context both = context();
  both.data["other-set"] = folder_ / "other";
  OpenedImages opened = open_images(stage, both, {.labels = true});
  make_folders(folder_ / "further");
  handover_ = hand_over(stage, both, *opened.source, folder_ / "further");

  Value json = said(folder_ / "further");
  EXPECT_EQ(json["samples"]["test.other-set"], 30);
  SafeTensors file(json["further_images"]["other-set"].get<std::string>());
  EXPECT_EQ(file.tensors().size(), 1u) << "images and nothing else";
  at::Tensor order = handover_.order.at("test.other-set"), handed = tensor_of(file.at("test.other-set.pixels"));
  EXPECT_FALSE(at::equal(order, at::arange(30, at::kLong)));
  for (std::int64_t i = 0; i < 30; ++i) {
    std::int64_t sample = order[i].item<std::int64_t>();
    EXPECT_EQ(handed[i][2 * (sample % 10) + 4][0][0].item<std::int64_t>(), 200 + sample % 50) << i;
  }
  const at::Tensor& wanted = opened.oracle.labels("test.other-set");
  answer({{"test", at::zeros({20}, at::kLong)}, {"test.other-set", wanted.index_select(0, order)}});
  EXPECT_EQ(accuracy(answers().predictions("a").at("test.other-set"), wanted), 1.0);
  EXPECT_THAT(refused({{"test", at::zeros({20}, at::kLong)}}), HasSubstr("a: test.other-set: it is not there"));
}

TEST_F(AnswersTest, OfWeightsAreWhateverIsFinite) {
  answer({{"net.0.weight", at::ones({2, 3}).to(at::kBFloat16)}, {"steps", at::tensor({7}, at::kLong)}});
  EXPECT_EQ(answers().weights("a").at("net.0.weight").sum().item<double>(), 6);
  EXPECT_EQ(answers().weights("a").at("steps")[0].item<std::int64_t>(), 7);
  auto refused_weights = [&](const std::map<std::string, at::Tensor>& tensors) {
    answer(tensors);
    return winnow::refusal([&] { answers().weights("a"); });
  };
  EXPECT_THAT(refused_weights({{"w", at::tensor({1.0, std::nan("")})}}),
              HasSubstr("a: w: it holds a value that is not finite"));
  EXPECT_THAT(refused_weights({{"a/b", at::ones({1})}}), HasSubstr("without '/'"));
  EXPECT_THAT(refused_weights({{".", at::ones({1})}}), HasSubstr("not beginning with '.'"));
  EXPECT_THAT(refused_weights({}), HasSubstr("it holds no weights"));
  answer({{"w", at::ones({1})}}, std::string(32, '0'));
  EXPECT_THAT(winnow::refusal([&] { answers().weights("a"); }), HasSubstr("about other samples"));
}

TEST_F(AnswersTest, OfOtherShapesValuesOrSamplesAreRefused) {
  at::Tensor classes = at::zeros({20}, at::kLong), scores = at::zeros({20, 10});
  EXPECT_THAT(refused({{"train", classes}}),
              AllOf(HasSubstr("a: test: it is not there"), HasSubstr("the program's answer")));
  EXPECT_THAT(refused({{"test", at::zeros({19}, at::kLong)}}),
              HasSubstr("I64 of shape [19]: expected a class a sample, integers of shape [20]"));
  EXPECT_THAT(refused({{"test", at::zeros({20, 9})}}), HasSubstr("F32 of shape [20, 9]"));
  EXPECT_THAT(refused({{"test", at::zeros({20})}}), HasSubstr("F32 of shape [20]"));
  EXPECT_THAT(refused({{"test", classes.index_fill(0, at::tensor({4}, at::kLong), 10)}}),
              HasSubstr("row 4 is 10: classes are 0 to 9"));
  EXPECT_THAT(refused({{"test", classes.index_fill(0, at::tensor({5}, at::kLong), -1)}}), HasSubstr("row 5 is -1"));
  EXPECT_THAT(
      refused({{"test", scores.index_fill(0, at::tensor({6}, at::kLong), std::numeric_limits<double>::quiet_NaN())}}),
      HasSubstr("row 6 holds a value that is not finite"));
  answer({{"test", classes}}, std::string(32, '0'));
  EXPECT_THAT(winnow::refusal([&] { answers().predictions("a"); }), HasSubstr("about other samples"));
  for (const char* name : {"", "../in/labels.safetensors", ".a", "/etc/passwd"})
    EXPECT_THAT(winnow::refusal([&] { answers().predictions(name); }), HasSubstr("name of a file in the output folder"))
        << name;
  EXPECT_THAT(winnow::refusal([&] { answers().predictions("b"); }), HasSubstr("the program's answer b"));
  overwrite(folder_ / "out/c", "no tensors");
  EXPECT_THAT(winnow::refusal([&] { answers().predictions("c"); }), HasSubstr("the program's answer c"));

  at::Tensor mask = at::ones({60}, at::kByte), given = opened_.source->labels().given;
  EXPECT_THAT(refused_selection({{"mask", at::ones({60}, at::kLong)}}, given),
              HasSubstr("I64 of shape [60]: expected U8 or BOOL"));
  EXPECT_THAT(refused_selection({{"mask", mask}}, {}),
              HasSubstr("the samples have candidate sets instead of a given label"));
  EXPECT_THAT(refused_selection({{"mask", mask}, {"score", at::zeros({60}, at::kLong)}}, given),
              HasSubstr("score: I64 of shape [60]"));
  EXPECT_THAT(refused_selection({{"mask", mask}, {"label", at::full({60}, 10, at::kLong)}}, given),
              HasSubstr("label: row 0 is 10"));
}

}  // namespace
}  // namespace winnow::train
