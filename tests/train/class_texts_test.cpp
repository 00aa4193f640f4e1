// Heads and zero-shot scores from class texts that somebody wrote for a data set.
#include "../../src/train/class_texts.h"

#include "../../src/train/arrays.h"
#include "miniature.h"
#include "winnow/data/template_file.h"
#include "winnow/text/tokenizer.h"
#include "winnow/train/run_snapshot.h"

namespace winnow::train {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;

const std::vector<std::string> kClasses = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};

class ClassTextsTest : public Miniature {
 protected:
  void SetUp() override {
    Miniature::SetUp();
    ::setenv("WINNOW_CACHE", (folder_ / "home").c_str(), 1);
    store::write_run_file(folder_ / "backbone.h5", run(pretrain()).content);
  }
  // The fingerprint of a recorded file with these entries.
  std::string record(const std::string& entries) {
    write_file_atomically(
        folder_ / "t.json",
        R"({"format": "winnow-templates/1", "dataset": "mini", "source": "by hand", )" + entries + "}");
    data::Record dataset;
    dataset.name = "mini";
    dataset.classes = kClasses;
    return data::record_templates("llm", dataset, folder_ / "t.json").fingerprint;
  }
  Stage with(Stage stage, const std::string& fingerprint) {
    stage.settings.erase("template");
    stage.fingerprints["templates"] = fingerprint;
    return stage;
  }
  Stage score() {
    Stage stage;
    stage.kind = StageKind::score;
    for (auto [key, value] : std::map<std::string, Value>{{"dataset", "mini"},
                                                          {"model", "nano-clip"},
                                                          {"template", "a {}."},
                                                          {"data.samples", 0},
                                                          {"data.test_samples", 0},
                                                          {"data.first", 0},
                                                          {"data.last", 0},
                                                          {"data.seed", 0},
                                                          {"data.long_tail", 1.0},
                                                          {"data.law", "stream"},
                                                          {"data.validation", 0.0},
                                                          {"data.validation_seed", 0}})
      stage.settings.set(key, value);
    stage.fingerprints["data"] = "f";
    stage.outputs = {Output::metrics, Output::scores};
    return stage;
  }
};

TEST_F(ClassTextsTest, ARowIsTheMeanOfItsTextsNormalisedFeatures) {
  Stage stage = with(
      train("cc"),
      record(
          R"("templates": ["a {}.", "one {}"], "classes": {"b": ["a bag"], "j": ["boots", "tall {}", "boots of wool"]})"));
  model::Snapshot snapshot = snapshot_at(folder_ / "backbone.h5");
  model::ClassTexts texts = class_texts(stage, snapshot, kClasses);
  EXPECT_THAT(texts.counts, ElementsAreArray({2, 3, 2, 2, 2, 2, 2, 2, 2, 5}));
  auto tower = model::text_tower(snapshot, at::kDouble);
  auto tokenizer = text::tokenizer_of(snapshot);
  at::Tensor rows = model::class_text_features(*tower, texts);
  auto by_hand = [&](const std::vector<std::string>& own) {
    at::Tensor sum = at::zeros({tower->width()}, at::kDouble);
    for (const std::string& text : own) {
      at::Tensor feature = tower->encode(at::tensor(tokenizer->encode(text, 16), at::kLong).unsqueeze(0)).projected[0];
      sum += feature / feature.norm();
    }
    return sum / sum.norm();
  };
  EXPECT_LT((rows[0] - by_hand({"a a.", "one a"})).abs().max().item<double>(), 1e-12);
  EXPECT_LT((rows[1] - by_hand({"a b.", "one b", "a bag"})).abs().max().item<double>(), 1e-12);
  EXPECT_LT((rows[9] - by_hand({"a j.", "one j", "boots", "tall j", "boots of wool"})).abs().max().item<double>(),
            1e-12);
  EXPECT_GT((rows[9] - by_hand({"a j.", "one j"})).abs().max().item<double>(), 1e-3);
}

TEST_F(ClassTextsTest, TemplatesAloneAreAnOrdinaryEnsemble) {
  model::Snapshot snapshot = snapshot_at(folder_ / "backbone.h5");
  auto tower = model::text_tower(snapshot, at::kDouble);
  Stage file = with(train("cc"), record(R"("templates": ["a {}."])")), prompt = train("cc");
  prompt.settings.set("template", "a {}.");
  at::Tensor of_file = model::class_text_features(*tower, class_texts(file, snapshot, kClasses)),
             of_prompt = model::class_text_features(*tower, class_texts(prompt, snapshot, kClasses));
  EXPECT_LT((of_file - of_prompt).abs().max().item<double>(), 1e-12);
}

// LaFTer's: the templates of the setting or of a file, then what the classes have of their own in another file.
TEST_F(ClassTextsTest, DescriptionsStandBesideTemplates) {
  std::string classes;
  for (const std::string& name : kClasses)
    classes += (classes.empty() ? "" : ", ") + ("\"" + name + "\": [\"some {}\", \"of " + name + "\"]");
  std::string described = record(R"("templates": ["never {}"], "classes": {)" + classes + "}");
  model::Snapshot snapshot = snapshot_at(folder_ / "backbone.h5");
  auto tokenizer = text::tokenizer_of(snapshot);
  Stage stage = train("cc");
  stage.settings.set("template", "a {}.");
  stage.fingerprints["descriptions"] = described;
  model::ClassTexts texts = class_texts(stage, snapshot, kClasses);
  EXPECT_THAT(texts.counts, testing::Each(3));
  std::vector<std::string> of_second = {"a b.", "some b", "of b"};
  for (std::int64_t i = 0; i < 3; ++i)
    EXPECT_TRUE(at::equal(texts.tokens[3 + i], at::tensor(tokenizer->encode(of_second[i], 16), at::kLong))) << i;
  stage.settings.erase("template");
  stage.fingerprints["templates"] = record(R"("templates": ["one {}", "a {}."])");
  EXPECT_THAT(class_texts(stage, snapshot, kClasses).counts, testing::Each(4));
  stage.fingerprints["descriptions"] = record(R"("templates": ["a {}."], "classes": {"b": ["a bag"]})");
  EXPECT_THAT(refusal(stage), HasSubstr("have no text"));
  stage.fingerprints["descriptions"] = record(R"("templates": ["a {}."])");
  EXPECT_THAT(refusal(stage), HasSubstr("no class has texts of its own"));
}

TEST_F(ClassTextsTest, WholeStagesTakeThem) {
  std::string some = record(R"("templates": ["a {}."], "classes": {"b": ["a bag"]})"),
              other = record(R"("templates": ["a {}."], "classes": {"b": ["a coat"]})");
  EXPECT_NE(with(train("cc"), some).identity(), with(train("cc"), other).identity());
  auto loss = [&](const std::string& file) {
    return run(with(train("cc"), file)).trace.logged.at("loss")[0].item<double>();
  };
  EXPECT_EQ(loss(some), loss(some));
  EXPECT_NE(loss(some), loss(other));
  auto logits = [&](const std::string& file) {
    return tensor_of(run(with(score(), file)).content.arrays.at("scores/logits"));
  };
  at::Tensor one = logits(some), two = logits(other);
  EXPECT_TRUE(at::equal(one.select(1, 0), two.select(1, 0))) << "only class b has another text";
  EXPECT_FALSE(at::equal(one.select(1, 1), two.select(1, 1)));
}

TEST_F(ClassTextsTest, ThatCannotBeReadAreNamed) {
  EXPECT_THAT(refusal(with(train("cc"), "0123")), HasSubstr("templates of fingerprint 0123 are not on this machine"));
  std::string far = record(
      R"("templates": ["a {}."], "classes": {"b": ["a very long text about bags and coats and many other things that nobody would ever say of a bag"]})");
  EXPECT_THAT(refusal(with(score(), far)), HasSubstr("the text 'a very long text about bags"));
  EXPECT_THAT(refusal(with(score(), far)), HasSubstr("tokens, the model takes 16"));
}

}  // namespace
}  // namespace winnow::train
