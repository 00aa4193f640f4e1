// A checkpoint is of the kind of device that wrote it: on another the stage starts over, and says so.
#include "../train/miniature.h"
#include "standin.h"

namespace winnow::train {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// Stops after so many steps (0: never); remembers what it was told.
class Watcher final : public Observer {
 public:
  explicit Watcher(std::int64_t stop_after = 0) : stop_after_(stop_after) {}
  std::int64_t resumed_at = -1;
  std::vector<std::string> notes;

  bool report_wanted(std::int64_t step, std::int64_t) override { return step_ = step, true; }
  bool stop_wanted() override { return stop_after_ > 0 && step_ >= stop_after_; }
  void resumed(std::int64_t, std::int64_t step) override { resumed_at = step; }
  void note(const std::string& text) override { notes.push_back(text); }

 private:
  std::int64_t stop_after_, step_ = 0;
};

TEST_F(Miniature, OfAnotherKindOfDeviceACheckpointIsOfNoUseAndTheStageSaysSo) {
  Context on_cpu = context(), there = context();
  on_cpu.device = at::kCPU;
  there.device = standin::device();
  store::write_run_file(folder_ / "backbone.h5", execute(pretrain(), on_cpu, *alone_, quiet_).content);
  Stage stage = train("proden");
  std::string want = execute(stage, on_cpu, *alone_, quiet_).content.result_digest().hex();
  on_cpu.checkpoint = there.checkpoint = folder_ / "checkpoint";

  for (bool from_cpu : {true, false}) {
    SCOPED_TRACE(from_cpu ? "from the CPU" : "to the CPU");
    const Context &first = from_cpu ? on_cpu : there, &second = from_cpu ? there : on_cpu;
    std::filesystem::remove_all(folder_ / "checkpoint");
    Watcher stopped(3), moved;
    EXPECT_THROW(execute(stage, first, *alone_, stopped), Stopped);
    EXPECT_EQ(execute(stage, second, *alone_, moved).content.result_digest().hex(), want);
    EXPECT_EQ(moved.resumed_at, -1);
    EXPECT_THAT(moved.notes, ElementsAre(AllOf(HasSubstr("it is of device "), HasSubstr(from_cpu ? "cpu: " : "standin"),
                                               HasSubstr("; the stage starts over"))));
    // Of the same kind it is resumed.
    std::filesystem::remove_all(folder_ / "checkpoint");
    Watcher again(3), resumed;
    EXPECT_THROW(execute(stage, second, *alone_, again), Stopped);
    EXPECT_EQ(execute(stage, second, *alone_, resumed).content.result_digest().hex(), want);
    EXPECT_EQ(resumed.resumed_at, 3);
    EXPECT_TRUE(resumed.notes.empty());
  }
}

}  // namespace
}  // namespace winnow::train
