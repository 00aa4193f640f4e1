// Candidate sets on their way to training: long-tailed, instance-dependent, narrowed.
#include "../../src/train/arrays.h"
#include "../../src/train/open_images.h"
#include "miniature.h"
#include "winnow/data/scores.h"
#include "winnow/label/candidates.h"
#include "winnow/label/long_tail.h"
#include "winnow/sweep/plan.h"

namespace winnow::train {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CandidateSetsTest : public Miniature {
 protected:
  void SetUp() override {
    Miniature::SetUp();
    store::write_run_file(folder_ / "backbone.h5", run(pretrain()).content);
    catalogue_.fingerprints = {{"fashion-mnist", "f"}};
  }
  at::Tensor array(const store::RunContent& content, const std::string& name) {
    return tensor_of(content.arrays.at(name));
  }

  // Runs all stages of a sweep of one experiment; what each stage wrote, by label. Every setting must have been read.
  std::map<std::string, store::RunContent> run_sweep(const std::string& rest) {
    std::string text =
        "name = \"s\"\n[base]\ndataset = \"fashion-mnist\"\nmodel = \"nano-clip\"\ntrain.epochs = 1\ntrain.batch = "
        "4\ndata.first = 0\n" +
        rest;
    write_file_atomically(folder_ / "s.toml", text);
    sweep::Plan plan = sweep::Plan::read(folder_ / "s.toml", catalogue_);
    Context context = this->context();
    context.data["fashion-mnist"] = folder_ / "cache";
    std::map<Identity, Path> files{{plan.nodes()[0].identity, folder_ / "backbone.h5"}};
    std::map<std::string, store::RunContent> done;
    for (std::uint32_t i = 1; i < plan.nodes().size(); ++i) {
      Stage stage = plan.stage(i);
      std::string label(plan.nodes()[i].label);
      for (const auto& [name, input] : stage.inputs) context.inputs[name] = files.at(input.stage);
      done[label] = execute(stage, context, *alone_, quiet_).content;
      std::set<std::string> read = stage.settings.read();
      for (const auto& [key, value] : stage.settings.all())
        EXPECT_TRUE(read.count(key) || key == "model" || (key == "seed" && label == "narrow"))
            << label << " never reads " << key;
      Path file = folder_ / (stage.identity().hex() + ".h5");
      store::write_run_file(file, done[label]);
      files[stage.identity()] = file;
    }
    return done;
  }
};

TEST_F(CandidateSetsTest, ALongTailHasItsCounts) {
  auto done = run_sweep("method = \"cc\"\nlabels = { kind = \"flip\", rate = 0.3 }\ndata.long_tail = 0.5");
  at::Tensor samples = array(done.at("train"), "labels/samples"), counts = at::bincount(samples.remainder(10), {}, 10);
  EXPECT_THAT(
      std::vector<std::int64_t>(counts.const_data_ptr<std::int64_t>(), counts.const_data_ptr<std::int64_t>() + 10),
      testing::ElementsAreArray(label::long_tail_counts(60, 10, 0.5)));
}

// docs/methods/partial-labels.md#1.6: the shuffles of the long tail, and flips from where they left the generator.
TEST_F(CandidateSetsTest, ALegacyLongTailAndItsFlipsComeFromOneGenerator) {
  auto done = run_sweep(
      "method = \"cc\"\nlabels = { kind = \"flip\", rate = 0.3, law = \"numpy-legacy\" }\ndata.long_tail = "
      "0.5\ndata.law = \"numpy-legacy\"");
  std::vector<std::int64_t> truth, own;
  for (std::int64_t i = 0; i < 60; ++i) truth.push_back(i % 10);
  label::NumpyLegacy random(0);
  std::vector<std::int64_t> kept = label::long_tail(truth, 10, 0.5, random);
  for (std::int64_t i : kept) own.push_back(i % 10);
  label::Candidates sets = label::flip(own, 10, 0.3, random);
  EXPECT_TRUE(at::equal(array(done.at("train"), "labels/samples"), at::tensor(kept, at::kLong)));
  at::Tensor mask = array(done.at("train"), "labels/candidates").contiguous();
  EXPECT_TRUE(std::equal(sets.mask.begin(), sets.mask.end(), mask.const_data_ptr<std::uint8_t>()));

  Stage other = train("cc");
  other.settings.set("data.long_tail", 0.5);
  other.settings.set("data.law", "numpy-legacy");
  other.settings.set("labels.law", "numpy-legacy");
  other.settings.set("labels.seed", 1);
  EXPECT_THAT(refusal(other), HasSubstr("labels.seed = 1 and data.seed = 0"));
}

TEST_F(CandidateSetsTest, InstanceDependentOnesFollowTheScores) {
  auto done = run_sweep("method = \"proden\"\nlabels = { kind = \"instance-candidates\", rate = 0.4 }");
  at::Tensor sets = array(done.at("train"), "labels/candidates").to(at::kDouble),
             samples = array(done.at("train"), "labels/samples");
  EXPECT_TRUE(at::equal(array(done.at("score"), "scores/samples"), samples));
  EXPECT_EQ(sets.gather(1, samples.remainder(10).unsqueeze(1)).min().item<double>(), 1)
      << "the true label always is one";
  at::Tensor scores = array(done.at("score"), "scores/logits"),
             wrong = at::ones_like(scores).scatter_(1, samples.remainder(10).unsqueeze(1), 0);
  at::Tensor joined = (scores * sets * wrong).sum() / (sets * wrong).sum(),
             left = (scores * (1 - sets)).sum() / (1 - sets).sum();
  EXPECT_GT(joined.item<double>(), left.item<double>()) << "what looks alike joins";
}

// Of all samples of the data set, in its order; a stage takes the rows of its own.
TEST_F(CandidateSetsTest, RecordedScoresAreThoseOfTheChosenSamples) {
  ::setenv("WINNOW_CACHE", folder_.path().c_str(), 1);
  data::Record dataset;
  dataset.name = "fashion-mnist";
  dataset.fingerprint = "f";
  dataset.train = 60;
  dataset.classes.assign(10, "c");
  std::vector<double> values(600);
  for (std::size_t i = 0; i < 60; ++i) values[i * 10 + (i + 1) % 10] = 1000;  // sure of the next class
  std::vector<std::size_t> shape{60, 10};
  catalogue_.fingerprints["scores/teacher"] = data::record_scores("teacher", dataset, values, shape).fingerprint;
  auto done = run_sweep(
      "method = \"cc\"\nlabels = { kind = \"instance-candidates\", rate = 0.1, scores = \"teacher\" }\ndata.samples = "
      "30");
  at::Tensor samples = array(done.at("train"), "labels/samples"), sets = array(done.at("train"), "labels/candidates");
  EXPECT_EQ(samples.size(0), 30);
  at::Tensor y = samples.remainder(10), want = at::one_hot(y, 10) + at::one_hot((y + 1).remainder(10), 10);
  EXPECT_TRUE(at::equal(sets.to(at::kLong), want)) << "probability 1 for the class it is sure of, 0 for the others";
  catalogue_.fingerprints["scores/teacher"] = "0123";
  EXPECT_THROW(
      run_sweep("method = \"cc\"\nlabels = { kind = \"instance-candidates\", rate = 0.1, scores = \"teacher\" }"),
      DataError);
}

TEST_F(CandidateSetsTest, NarrowedOnesAreTrainedOn) {
  auto done = run_sweep("method = \"lws\"\nlabels = { kind = \"flip\", rate = 0.6, keep_fraction = 0.5 }");
  at::Tensor samples = array(done.at("narrow"), "labels/samples"), sets = array(done.at("narrow"), "labels/candidates");
  EXPECT_TRUE(at::equal(array(done.at("train"), "labels/samples"), samples));
  EXPECT_TRUE(at::equal(array(done.at("train"), "labels/candidates"), sets));
  EXPECT_LE(sets.sum(1).max().item<std::int64_t>(), 5);
  EXPECT_GE(sets.sum(1).min().item<std::int64_t>(), 1);
  std::map<std::string, double> figures;
  for (const store::Column& column : done.at("narrow").tables.at("metrics/final"))
    figures[column.name] = std::get<std::vector<double>>(column.values).at(0);
  EXPECT_NEAR(figures.at("set_size_before"), 1 + 0.6 * 9, 0.6);
  EXPECT_NEAR(figures.at("empty_sets"), 1 - static_cast<double>(samples.size(0)) / 60, 1e-12);
  EXPECT_NEAR(figures.at("set_size_kept"), sets.to(at::kDouble).sum(1).mean().item<double>(), 1e-12);
  EXPECT_EQ(figures.at("covering_before"), 1);
}

TEST_F(CandidateSetsTest, BadInputsAreNamed) {
  Stage instance = train("cc");
  instance.settings.set("labels.kind", "instance-candidates");
  EXPECT_THAT(refusal(instance), HasSubstr("needs the scores of an earlier stage"));
  instance.inputs["scores"] = {};
  auto refused = [&](const char* input) {
    Context own = context();
    own.inputs[input] = folder_ / "backbone.h5";
    try {
      execute(instance, own, *alone_, quiet_);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_THAT(refused("scores"), HasSubstr("backbone.h5 holds no scores"));
  instance.inputs = {{"labels", {}}};
  EXPECT_THAT(refused("labels"), HasSubstr("backbone.h5 holds no candidate sets"));
}

}  // namespace
}  // namespace winnow::train
