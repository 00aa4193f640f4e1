// Whole stages on the stand-in have the CPU's bits: their results' digests, parameters, first gradients and everything
// logged. So a tensor that was left on the host, or came from it late, would show.
#include "../train/graph.h"
#include "generated_stages.h"
#include "standin.h"
#include "winnow/data/masks.h"

namespace winnow::train {
namespace {

// Features of frozen towers are kept on the stand-in: what reads any is executed again, now that they are there.
Execution executed_there(const Stage& stage, Context context, const Path& machine, comm::Collective& alone,
                         Observer& quiet) {
  std::filesystem::remove_all(machine / "features");
  ::setenv("WINNOW_CACHE", machine.c_str(), 1);
  context.device = standin::device();
  context.keep_features = std::int64_t{64} << 20;
  Execution first = execute(stage, context, alone, quiet);
  if (!std::filesystem::exists(machine / "features")) return first;
  Execution second = execute(stage, context, alone, quiet);
  EXPECT_GT(second.features_read, first.features_read);
  EXPECT_EQ(first.content.result_digest().hex(), second.content.result_digest().hex());
  return second;
}

class SameBits : public GeneratedStages {
 protected:
  static bool lower(const std::string& precision) { return precision == "bf16" || precision == "fp16"; }

  static double largest_difference(const at::Tensor& a, const at::Tensor& b) {
    return a.numel() == 0 ? 0 : (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
  }

  void compare(const std::string& shown, const Stage& stage, Context context) {
    SCOPED_TRACE(shown);
    context.device = at::kCPU;
    Execution here = execute(stage, context, *alone_, quiet_);
    Execution there = executed_there(stage, context, folder_.path(), *alone_, quiet_);
    // Autocast puts other operations into fp32 on CUDA than on the CPU.
    bool autocast = stage.settings.has("train.precision") && lower(stage.settings.text("train.precision"));
    double tolerance = autocast ? 0.05 : 0;
    if (!autocast) {
      EXPECT_EQ(here.content.result_digest().hex(), there.content.result_digest().hex());
    }
    auto expect_equal = [&](const char* what, const auto& all, const auto& others) {
      ASSERT_EQ(all.size(), others.size()) << what;
      for (const auto& [name, tensor] : all)
        EXPECT_LE(largest_difference(tensor, others.at(name)), tolerance) << what << " " << name;
    };
    expect_equal("logged", here.trace.logged, there.trace.logged);
    expect_equal("parameter", here.trace.parameters, there.trace.parameters);
    expect_equal("predictions", here.trace.predictions, there.trace.predictions);
    if (!autocast) expect_equal("first gradients of", here.trace.first_gradients, there.trace.first_gradients);
    ++compared_;
  }
  void compare(const std::vector<Generated>& all) {
    for (const Generated& each : all) compare(each.shown, each.stage, context_of(each));
  }

  int compared_ = 0;
};

TEST_F(SameBits, OfEveryMethod) {
  compare(every_method());
  EXPECT_GE(compared_, 17);
}

TEST_F(SameBits, OfEveryValueOfMethods) { compare(every_value_of_methods()); }

TEST_F(SameBits, OfEveryAdaptationAndHead) { compare(every_adaptation_and_head()); }

TEST_F(SameBits, OfEveryPrecision) { compare(every_precision()); }

TEST_F(SameBits, OfPureFp16) { compare(every_adaptation_in_pure_fp16()); }

TEST_F(SameBits, OfEveryView) { compare(every_view()); }

TEST_F(SameBits, OfEveryScorer) { compare(every_scorer()); }

TEST_F(SameBits, OfEveryFamily) { compare(every_family()); }

TEST_F(SameBits, OfChunks) {
  Context context = this->context();
  context.chunk = 3;
  compare("in chunks", small("pico"), context);
}

TEST_F(SameBits, OfEveryKindOfStage) {
  compare("pretrain", pretrain(), context());

  Stage score;
  score.kind = StageKind::score;
  score.settings = Settings(std::map<std::string, Value>{});
  Stage reference = small("cc");
  for (const auto& [key, value] : reference.settings.all())
    if (key.starts_with("data.") || key == "dataset" || key == "template" || key == "model")
      score.settings.set(key, value);
  score.version = catalogue_.kind_versions.at(StageKind::score);
  score.fingerprints["data"] = "f";
  score.outputs = {Output::metrics, Output::scores};
  compare("score", score, context());

  // A recorded mask is of this machine, so no plan of the miniature knows one.
  ::setenv("WINNOW_CACHE", folder_.path().c_str(), 1);
  data::Record dataset;
  dataset.name = "mini";
  dataset.fingerprint = "f";
  dataset.train = 60;
  std::vector<double> values(60, 1);
  values[3] = 0;
  const std::vector<std::size_t> shape{60};
  Stage file = small("ce");
  file.kind = StageKind::detect;
  file.settings.set("method", "file");
  file.outputs = {Output::metrics, Output::labels, Output::selection};
  file.fingerprints["mask"] = data::record_mask("theirs", dataset, values, shape).fingerprint;
  compare("file", file, context());
}

// Of every recipe that is more than one stage, and of every detector: score, select, embed, narrow, detect,
// cross-filter, ensemble and evaluate stages, and training on what they hand over.
class SameBitsOfRecipes : public Graph {
 protected:
  void compare(const std::string& shown, const std::string& text) {
    SCOPED_TRACE(shown);
    std::vector<Done> here = graph(text, at::kCPU), there = graph(text, standin::device());
    ASSERT_EQ(here.size(), there.size());
    for (std::size_t i = 0; i < here.size(); ++i)
      EXPECT_EQ(here[i].content().result_digest().hex(), there[i].content().result_digest().hex())
          << to_string(here[i].stage.kind);
  }
  Execution execute_one(const Stage& stage, const Context& own) override {
    if (own.device.is_cpu()) return Graph::execute_one(stage, own);
    return executed_there(stage, own, folder_.path(), *alone_, quiet_);
  }
};

TEST_F(SameBitsOfRecipes, OfEveryStage) {
  execute_each_once();
  for (const auto& [shown, text] : graphs()) EXPECT_NO_THROW(compare(shown, text)) << shown;
}

}  // namespace
}  // namespace winnow::train
