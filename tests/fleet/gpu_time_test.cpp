#include "winnow/fleet/gpu_time.h"

#include <gtest/gtest.h>

#include "../folder.h"
#include "winnow/core/settings.h"

namespace winnow::fleet {
namespace {

class GpuHours : public testing::Test {
 public:
  static std::string name(const char* stage) { return hash_of(stage).hex(); }
  // A record at a time of the test's own.
  GpuHours& at(double time, Value record) {
    record["time"] = time;
    std::string text = record.dump();
    lines_ += hash_of(text).hex() + " " + text + "\n";
    return *this;
  }
  GpuHours& started(double time, const char* stage, double gpus) {
    Value record = {{"event", "started"}, {"identity", name(stage)}, {"attempt", 1}};
    if (gpus > 0) record["gpus"] = gpus;
    return at(time, record);
  }
  GpuHours& ended(double time, const char* event, const char* stage) {
    return at(time, {{"event", event}, {"identity", name(stage)}, {"attempt", 1}});
  }
  GpuTime time(const std::function<bool(const Hash128&)>& counts = [](const Hash128&) { return true; }) {
    std::filesystem::create_directories(folder_ / "journal");
    overwrite(folder_ / "journal/00000001.log", lines_);
    return gpu_time(folder_.path(), counts);
  }

 private:
  Folder folder_;
  std::string lines_;
};

TEST_F(GpuHours, CountGpusAndNotProcesses) {
  started(0, "gang", 4).ended(10, "done", "gang");
  started(0, "packed", 0.25).started(0, "cpu", 0).ended(100, "done", "cpu").ended(100, "done", "packed");
  GpuTime found = time();
  EXPECT_DOUBLE_EQ(found.seconds, 40 + 25);
  EXPECT_DOUBLE_EQ(found.in_vain, 0);
  EXPECT_EQ(found.attempts, 2u);
}

TEST_F(GpuHours, OfAttemptsWithoutAResultAreInVain) {
  started(0, "a", 1).ended(7, "failed", "a");
  started(8, "a", 1).ended(10, "done", "a");
  started(20, "b", 1).at(25, {{"event", "begin"}});  // the coordinator was killed
  started(30, "b", 1).at(31, {{"event", "checkpoint"}, {"identity", name("b")}});
  GpuTime found = time();
  EXPECT_DOUBLE_EQ(found.seconds, 7 + 2 + 5 + 1) << "the last one goes on";
  EXPECT_DOUBLE_EQ(found.in_vain, 7 + 5 + 1);
}

TEST_F(GpuHours, AreThoseOfTheStagesThatCount) {
  started(0, "a", 1).started(0, "b", 1).ended(3, "done", "a").ended(5, "done", "b");
  EXPECT_DOUBLE_EQ(time([&](const Hash128& stage) { return stage.hex() == name("a"); }).seconds, 3);
}

TEST_F(GpuHours, AClockThatWentBackTakesNothingAway) {
  started(10, "a", 1).ended(4, "done", "a");
  EXPECT_DOUBLE_EQ(time().seconds, 0);
}

TEST(GpuTime, OfAStoreWithoutAJournalIsNone) {
  Folder folder;
  EXPECT_EQ(gpu_time(folder.path(), [](const Hash128&) { return true; }).attempts, 0u);
}

}  // namespace
}  // namespace winnow::fleet
