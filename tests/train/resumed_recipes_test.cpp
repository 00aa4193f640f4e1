// Of every recipe of several stages each stage is stopped halfway and goes on from its checkpoint, to the result of one
// that was not: whatever a method keeps between steps (momentum, queues, key encoders, averages, projectors, tokens of
// an earlier phase) is in the checkpoint.
#include "graph.h"

namespace winnow::train {
namespace {

class Halfway final : public Observer {
 public:
  std::int64_t stop_after = 0, steps = 0, resumed_at = -1;  // 0: never

  bool report_wanted(std::int64_t step, std::int64_t) override {
    steps = step;
    return false;
  }
  bool stop_wanted() override { return stop_after > 0 && steps >= stop_after; }
  void resumed(std::int64_t, std::int64_t step) override { resumed_at = step; }
};

class ResumedRecipes : public Graph {
 protected:
  Execution execute_one(const Stage& stage, const Context& own) override {
    Halfway whole;
    Execution undisturbed = execute(stage, own, *alone_, whole);
    if (whole.steps < 2) return undisturbed;  // nothing between its start and its end
    SCOPED_TRACE(fmt::format("{} of {}", to_string(stage.kind), stage.settings.text("method")));
    Context kept = own;
    kept.checkpoint = folder_ / "checkpoint";
    std::filesystem::remove_all(kept.checkpoint);
    Halfway stopped, again;
    stopped.stop_after = whole.steps / 2;
    EXPECT_THROW(execute(stage, kept, *alone_, stopped), Stopped);
    Execution resumed = execute(stage, kept, *alone_, again);
    EXPECT_EQ(again.resumed_at, stopped.stop_after);
    EXPECT_EQ(resumed.content.result_digest().hex(), undisturbed.content.result_digest().hex());
    ++resumed_;
    return undisturbed;
  }
  int resumed_ = 0;
};

TEST_F(ResumedRecipes, GiveTheResultOfUndisturbedOnes) {
  execute_each_once();
  for (const auto& [shown, text] : graphs()) {
    SCOPED_TRACE(shown);
    EXPECT_NO_THROW(graph(text));
  }
  EXPECT_GT(resumed_, 50);
}

}  // namespace
}  // namespace winnow::train
