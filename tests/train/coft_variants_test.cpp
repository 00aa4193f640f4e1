// Variants of CoFT's exchange, executed: what each selects follows from the two models' scores by its definition.
// docs/methods/unsupervised.md#3.4, #5, #9 (A10, A11, A15) and #10 (4).
#include "../../src/train/arrays.h"
#include "graph.h"
#include "winnow/method/ensemble.h"
#include "winnow/method/top_k.h"
#include "winnow/store/labelled_samples.h"

namespace winnow::train {
namespace {

class CoFTVariants : public Graph {
 protected:
  // The first phase learns just enough that each model confirms some of the other's labels, and not all.
  static constexpr const char* kFirst =
      "k = 2\np1.context_length = 2\np1.vpt_len = 2\n"
      "p1.train = { epochs = 6, batch = 4, schedule = \"constant\", lr = 0.03 }\n";
  static constexpr const char* kSecond = "train = { epochs = 1, min_steps = 0, batch = 16 }\n";

  std::vector<Done> coft(const std::string& variant, const std::string& second = kSecond) {
    return graph("method = \"coft\"\n" + (kFirst + second + variant));
  }

  // Stages of a kind, in their order; of trainings those of a method.
  static std::vector<const Done*> of(const std::vector<Done>& all, StageKind kind, const std::string& method = "") {
    std::vector<const Done*> result;
    for (const Done& done : all)
      if (done.stage.kind == kind && (method.empty() || done.stage.settings.text("method") == method))
        result.push_back(&done);
    return result;
  }
  static std::vector<const Done*> filters(const std::vector<Done>& all) { return of(all, StageKind::cross_filter); }
  static std::vector<const Done*> second(const std::vector<Done>& all) { return of(all, StageKind::train, "ce"); }
  static at::Tensor array(const Done& done, const std::string& name) {
    return tensor_of(done.content().arrays.at(name));
  }
  static at::Tensor clean(const Done& filter) { return array(filter, "selection/mask").to(at::kBool); }
  static std::int64_t count(const at::Tensor& mask) { return mask.sum().item<std::int64_t>(); }

  struct Model {
    at::Tensor positive, negative, label;
    at::Tensor confirms(const at::Tensor& labels) const {
      at::Tensor at_label = labels.unsqueeze(1);
      return (positive.gather(1, at_label) > negative.gather(1, at_label)).squeeze(1);
    }
  };
  // Of the first phase's last round.
  static std::vector<Model> models(const std::vector<Done>& all) {
    std::vector<Model> result;
    for (const Done* done : of(all, StageKind::train, "coft-prompts")) {
      at::Tensor positive = array(*done, "scores/logits").to(at::kDouble);
      result.push_back({positive, array(*done, "scores/logits_neg").to(at::kDouble), positive.argmax(1)});
    }
    return result;
  }

  Context inputs_of(const Stage& stage, const std::vector<Done>& all) {
    Context own = context();
    for (const auto& [name, input] : stage.inputs)
      for (const Done& earlier : all)
        if (earlier.planned == input.stage.hex()) own.inputs[name] = earlier.file;
    return own;
  }
};

TEST_F(CoFTVariants, ValidationIsByTheModelThatItNames) {
  std::vector<Done> by_other = coft(""), by_own = coft("validation = \"own\"\n"),
                    by_both = coft("validation = \"both\"\n");
  std::vector<Model> two = models(by_other);
  ASSERT_EQ(two.size(), 2u);
  std::vector<at::Tensor> crossed, alone;
  for (std::size_t m : {0, 1}) {
    crossed.push_back(two[1 - m].confirms(two[m].label));
    alone.push_back(two[m].confirms(two[m].label));
  }
  at::Tensor intersection = crossed[0].logical_and(crossed[1]);
  for (const std::vector<Done>* all : {&by_other, &by_own, &by_both}) {
    std::vector<const Done*> found = filters(*all);
    ASSERT_EQ(found.size(), 2u);
    for (std::size_t m : {0, 1}) {
      const at::Tensor& want = all == &by_other ? crossed[m] : all == &by_own ? alone[m] : intersection;
      EXPECT_TRUE(at::equal(clean(*found[m]), want)) << "model " << m + 1;
      EXPECT_TRUE(at::equal(array(*found[m], "selection/label"), two[m].label)) << "labels are the model's own";
    }
  }
  EXPECT_FALSE(at::equal(crossed[0], crossed[1])) << "else this test shows less than it says";
  EXPECT_LT(count(intersection), std::min(count(crossed[0]), count(crossed[1])));
  EXPECT_GT(count(intersection), 0);
  EXPECT_FALSE(at::equal(crossed[0], alone[0]));
}

// Swapped: the other's clean images with the other's labels, in this model's own draws.
TEST_F(CoFTVariants, AModelMayLearnWhatTheOtherOneIsSureOf) {
  std::vector<Done> own = coft(""), swapped = coft("train_on = \"other\"\n");
  ASSERT_EQ(second(swapped).size(), 2u);
  for (std::size_t m : {0, 1}) {
    EXPECT_TRUE(at::equal(clean(*filters(own)[m]), clean(*filters(swapped)[m]))) << "the exchange is the same";
    const Done &mine = *second(own)[m], &theirs = *second(swapped)[m];
    EXPECT_EQ(theirs.stage.settings.integer("member"), mine.stage.settings.integer("member"));
    Context other = inputs_of(mine.stage, own);
    other.inputs["selection"] = filters(own)[1 - m]->file;
    Execution wanted = execute(mine.stage, other, *alone_, quiet_);
    EXPECT_TRUE(at::equal(theirs.execution.trace.predictions.at("logits"), wanted.trace.predictions.at("logits")));
    EXPECT_FALSE(
        at::equal(theirs.execution.trace.predictions.at("logits"), mine.execution.trace.predictions.at("logits")));
  }
}

TEST_F(CoFTVariants, ASingleModelJudgesItself) {
  std::vector<Done> one = coft("models = 1\n"), two = coft("validation = \"own\"\n");
  ASSERT_EQ(models(one).size(), 1u);
  ASSERT_EQ(filters(one).size(), 1u);
  ASSERT_EQ(second(one).size(), 1u);
  Model alone = models(one)[0];
  EXPECT_TRUE(at::equal(clean(*filters(one)[0]), alone.confirms(alone.label)));
  EXPECT_TRUE(at::equal(clean(*filters(one)[0]), clean(*filters(two)[0])))
      << "as the first of two that judge themselves";
  at::Tensor logits = array(*second(one)[0], "predictions/logits").to(at::kDouble);
  EXPECT_TRUE(at::allclose(one.back().execution.trace.predictions.at("logits"), at::softmax(logits, 1)));
  EXPECT_FALSE(at::allclose(two.back().execution.trace.predictions.at("logits"), at::softmax(logits, 1)));
  auto figure = [&](const std::string& name) {
    for (const store::Column& column : one.back().content().tables.at("metrics/final"))
      if (column.name == name) return std::get<std::vector<double>>(column.values).at(0);
    ADD_FAILURE() << "no " << name;
    return -1.0;
  };
  EXPECT_EQ(figure("accuracy"), figure("accuracy_members"));
}

// #10, check 4.
TEST_F(CoFTVariants, TheExchangeIsSymmetricAndIndifferentToHowScoresWereComputed) {
  std::vector<Done> all = coft("");
  Context swapped = inputs_of(filters(all)[0]->stage, all);
  std::swap(swapped.inputs.at("labelling"), swapped.inputs.at("judging"));
  store::RunContent other = execute(filters(all)[0]->stage, swapped, *alone_, quiet_).content;
  for (const auto& [name, values] : filters(all)[1]->content().arrays)
    EXPECT_EQ(other.arrays.at(name).bytes, values.bytes) << name;

  const Done& score = *of(all, StageKind::score).at(0);
  Context pieces = inputs_of(score.stage, all);
  pieces.inputs["backbone"] = folder_ / "backbone.h5";
  pieces.chunk = 7;
  at::Tensor whole = array(score, "scores/logits"),
             in_pieces = tensor_of(execute(score.stage, pieces, *alone_, quiet_).content.arrays.at("scores/logits"));
  EXPECT_TRUE(at::allclose(in_pieces, whole, 1e-4, 1e-4));
  EXPECT_TRUE(at::equal(in_pieces.argmax(1), whole.argmax(1)));
}

// A9. With a rate of 0 a second phase whose head starts at the fixed model's texts is the fixed model, but for the
// lengths of features and, where the head reads features before the projection, of what the projection makes of texts:
// its rows are of length 1.
TEST_F(CoFTVariants, AHeadMayStartAtTheFixedModelsTexts) {
  at::Tensor zero_shot =
      graph("method = \"zero-shot\"\n").back().execution.trace.predictions.at("logits").to(at::kDouble);
  for (const char* input : {"hidden", "proj"})
    for (const char* init : {"text", "random"}) {
      SCOPED_TRACE(std::string(input) + " " + init);
      bool text = std::string(init) == "text", projected = std::string(input) == "proj";
      std::vector<Done> all =
          coft(fmt::format("keep_weights = true\nhead_input = \"{}\"\nhead_init = \"{}\"\n", input, init),
               "train = { epochs = 1, min_steps = 0, batch = 16, lr = 0.0 }\n");
      for (const Done* done : second(all)) {
        at::Tensor weight = array(*done, "weights/head.weight").to(at::kDouble);
        EXPECT_EQ(weight.size(1), projected ? 64 : 96);
        EXPECT_EQ(at::allclose(weight.norm(2, {1}), at::ones({10}, at::kDouble), 1e-4), text);
        at::Tensor factor = done->execution.trace.predictions.at("logits").to(at::kDouble) / zero_shot;
        factor = factor / factor.narrow(1, 0, 1);  // of classes; the same for all images
        EXPECT_EQ(at::allclose(factor, factor.narrow(0, 0, 1).expand_as(factor), 1e-2), text);
        if (text && projected) {
          EXPECT_TRUE(at::allclose(factor, at::ones_like(factor), 1e-2));
        }
      }
    }
}

// CoFT+: from the second round on a model learns the images that the other one's last round was surest of.
TEST_F(CoFTVariants, RoundsMaySelectForEachOther) {
  for (bool crossed : {false, true}) {
    std::vector<Done> all = graph("method = \"coft-plus\"\nrounds = 2\nprompt = \"a {}.\"\nqueue_length = 16\n" +
                                  (kFirst + std::string(kSecond) + (crossed ? "cross_select = true\n" : "")));
    std::vector<const Done*> selections = of(all, StageKind::select);
    ASSERT_EQ(selections.size(), 3u) << "one of the zero-shot round, one of each model";
    std::vector<Model> trained = models(all);
    ASSERT_EQ(trained.size(), 4u);
    auto probability = [](const Model& model) { return at::softmax(model.positive, 1); };
    ASSERT_FALSE(at::allclose(probability(trained[0]), probability(trained[1]), 1e-4));
    for (std::size_t m : {0, 1}) {
      const Model& from = trained[crossed ? 1 - m : m];
      method::TopK want = method::top_k_argmax(probability(from), 2);
      EXPECT_TRUE(at::equal(array(*selections[1 + m], "selection/mask").to(at::kBool), want.mask)) << "model " << m + 1;
      EXPECT_TRUE(at::equal(array(*selections[1 + m], "selection/label"), want.label));
      EXPECT_TRUE(at::allclose(array(*selections[1 + m], "selection/score"), want.score, 1e-9, 1e-12));
    }
  }
}

TEST_F(CoFTVariants, LabelledImagesMayBeKnownToTheSecondPhaseAlone) {
  std::vector<Done> late = coft("labelled_shots = 2\nlabelled_phases = \"second\"\n"), none = coft("");
  const Done &select = *of(late, StageKind::select).at(0), &plain = *of(none, StageKind::select).at(0);
  EXPECT_EQ(select.content().result_digest(), plain.content().result_digest()) << "the first phase knows nothing";
  at::Tensor truth = at::arange(60).remainder(10);
  for (const Done* filter : filters(late)) {
    at::Tensor known = array(*filter, store::kLabelledSamples);
    EXPECT_EQ(known.size(0), 20);
    EXPECT_TRUE(clean(*filter).index_select(0, known).all().item<bool>());
    EXPECT_TRUE(at::equal(array(*filter, "selection/label").index_select(0, known), truth.index_select(0, known)));
  }
  at::Tensor before = clean(*filters(none)[0]), after = clean(*filters(late)[0]);
  at::Tensor unknown = at::ones({60}, at::kBool).index_fill(0, array(*filters(late)[0], store::kLabelledSamples), 0);
  EXPECT_TRUE(at::equal(before.masked_select(unknown), after.masked_select(unknown)))
      << "of all others nothing changes";
}

}  // namespace
}  // namespace winnow::train
