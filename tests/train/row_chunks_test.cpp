// What ran out of memory is computed in smaller pieces when it is tried again: by every stage that has a tower, in
// every pass of it, with the same result within rounding.
#include "../../src/train/row_chunks.h"

#include <ATen/record_function.h>

#include <algorithm>
#include <atomic>

#include "miniature.h"
#include "winnow/model/untrained_tower.h"

namespace winnow::train {
namespace {

TEST(RowChunks, AreContiguousAndAsLargeAsAsked) {
  auto pairs = [](comm::Slice mine, std::int64_t chunk) {
    std::vector<std::pair<std::int64_t, std::int64_t>> all;
    for (comm::Slice piece : row_chunks(mine, chunk)) all.emplace_back(piece.first, piece.last);
    return all;
  };
  using Pairs = std::vector<std::pair<std::int64_t, std::int64_t>>;
  EXPECT_EQ(pairs({3, 10}, 3), (Pairs{{3, 6}, {6, 9}, {9, 10}}));
  EXPECT_EQ(pairs({3, 10}, 0), (Pairs{{3, 10}}));
  EXPECT_EQ(pairs({3, 10}, 100), (Pairs{{3, 10}}));
  EXPECT_EQ(pairs({4, 4}, 3), (Pairs{{4, 4}})) << "it still has the shape of its rows";
}

// The most images that a convolution computed at once, while this object lives: every tower begins with one.
class LargestBatch {
 public:
  LargestBatch() {
    most() = 0;
    handle_ =
        at::addGlobalCallback(at::RecordFunctionCallback(&begin).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
  }
  ~LargestBatch() { at::removeCallback(handle_); }
  LargestBatch(const LargestBatch&) = delete;
  static std::atomic<std::int64_t>& most() {
    static std::atomic<std::int64_t> count;
    return count;
  }

 private:
  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
    if (std::string_view(function.name()) != "aten::convolution") return nullptr;
    most() = std::max<std::int64_t>(most(), function.inputs().front().toTensor().size(0));
    return nullptr;
  }
  at::CallbackHandle handle_;
};

class InPieces : public Miniature {
 protected:
  static constexpr std::int64_t kPiece = 7;

  void SetUp() override {
    Miniature::SetUp();
    store::write_run_file(folder_ / "backbone.h5", execute(pretrain(), context(), *alone_, quiet_).content);
    model::write_snapshot(
        folder_ / "classifier",
        model::untrained_tower({{"model_type", "wide_resnet"}, {"depth", 10}, {"widen_factor", 1}, {"num_labels", 10}},
                               0));
  }

  Stage with_data_of(StageKind kind, const std::map<std::string, Value>& more) {
    Stage stage;
    stage.kind = kind;
    for (const sweep::Key& key : catalogue_.common)
      if (key.key.starts_with("data.") && key.fallback) stage.settings.set(key.key, *key.fallback);
    stage.settings.set("dataset", "mini");
    stage.settings.set("data.validation_seed", 0);
    for (const auto& [key, value] : more) stage.settings.set(key, value);
    stage.version = catalogue_.kind_versions.at(kind);
    stage.fingerprints["data"] = "f";
    return stage;
  }

  static void expect_close(const store::RunContent& one, const store::RunContent& other, double tolerance) {
    ASSERT_EQ(one.arrays.size(), other.arrays.size());
    for (const auto& [name, array] : one.arrays) {
      const store::Array& again = other.arrays.at(name);
      ASSERT_EQ(array.shape, again.shape) << name;
      if (array.dtype != store::DType::f32) continue;
      const auto* a = reinterpret_cast<const float*>(array.bytes.data());
      const auto* b = reinterpret_cast<const float*>(again.bytes.data());
      for (std::size_t i = 0; i < array.bytes.size() / sizeof(float); ++i)
        ASSERT_NEAR(a[i], b[i], tolerance * (1 + std::abs(a[i]))) << name;
    }
  }

  void same_in_pieces(const Stage& stage, Context context, double tolerance = 1e-4) {
    Execution whole, pieces;
    {
      LargestBatch largest;
      whole = execute(stage, context, *alone_, quiet_);
      EXPECT_EQ(LargestBatch::most(), 60) << "all of the training set in one pass";
    }
    context.chunk = kPiece;
    {
      LargestBatch largest;
      pieces = execute(stage, context, *alone_, quiet_);
      EXPECT_EQ(LargestBatch::most(), kPiece);
    }
    expect_close(whole.content, pieces.content, tolerance);
  }
};

TEST_F(InPieces, Embed) {
  Stage stage = with_data_of(StageKind::embed, {{"model", "nano-clip"},
                                                {"views.weak", "rrc-flip"},
                                                {"embed_epochs", 2},
                                                {"embed_splits", "all"},
                                                {"seed", 0},
                                                {"member", 0},
                                                {"round", 0}});
  stage.outputs = {Output::metrics, Output::features};
  same_in_pieces(stage, context());
}

TEST_F(InPieces, ScoresOfAClassifier) {
  Stage stage = with_data_of(StageKind::score, {{"model", "wide-resnet-10-1"},
                                                {"scorer", "classifier"},
                                                {"mode", "evaluation"},
                                                {"chunk", 60},
                                                {"view", "plain"},
                                                {"seed", 0}});
  stage.outputs = {Output::metrics, Output::scores};
  Context own = context();
  own.inputs["backbone"] = folder_ / "classifier";
  same_in_pieces(stage, own);
  stage.settings.set("mode", "batch-statistics");
  own.chunk = kPiece;
  EXPECT_THAT(refusal(stage, own),
              testing::HasSubstr("labels.scorer.mode = batch-statistics normalises whole batches of 60 images, pieces "
                                 "of 7 would change its scores"));
}

TEST_F(InPieces, HeadsThatStartFromData) {
  for (const char* init : {"class-mean", "linear-probe"}) {
    SCOPED_TRACE(init);
    Stage stage = train("ce");
    for (auto [key, value] : std::map<std::string, Value>{{"head_init", init},
                                                          {"adapt", "linear-probe"},
                                                          {"labels.kind", "clean"},
                                                          {"train.epochs", 1},
                                                          {"train.batch", 20}})
      stage.settings.set(key, value);
    stage.outputs = {Output::metrics, Output::weights};
    constexpr double kFitted = 0.02;  // a fit of few samples goes far for a little
    same_in_pieces(stage, context(), kFitted);
  }
}

}  // namespace
}  // namespace winnow::train
