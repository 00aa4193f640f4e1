#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../folder.h"
#include "clock.h"
#include "lease.h"
#include "status_file.h"
#include "winnow/core/error.h"
#include "winnow/core/host.h"

namespace winnow::fleet {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// Four stages of two kinds; the first is done already, the second kind is a gang of 2. Two sweeps plan three of them
// each, and share the first and the third.
Work some_work() {
  Work work;
  work.name = "a sweep";
  work.graph.inputs.resize(4);
  work.graph.classes = {0, 0, 1, 1};
  work.graph.widths = {1, 2};
  work.graph.done = {true, false, false, false};
  for (int i = 0; i < 4; ++i) work.identities.push_back(hash_of(std::to_string(i)));
  work.classes = {"narrow", "wide"};
  work.sizes = {1, 3};
  work.sweeps = {{"one", 3, {false, true, true, false}}, {"two", 3, {false, false, true, true}}};
  work.label = [](sched::StageId stage) { return "stage " + std::to_string(stage); };
  return work;
}

using Outlook = std::vector<sched::Scheduler::Outlook>;
constexpr sched::Scheduler::Counts kCounts{1, 0, 0, 3, 1, 1};

class Status : public testing::Test {
 protected:
  Value read() {
    std::optional<Value> status = read_status(folder_.path());
    EXPECT_TRUE(status);
    return status.value_or(Value::object());
  }
  std::string refusal(const std::string& content) {
    write_file_atomically(folder_ / "status.json", content);
    try {
      read_status(folder_.path());
    } catch (const DataError& error) {
      return error.what();
    }
    return "";
  }
  Folder folder_;
  Work work_ = some_work();
  SweepProgress progress_{work_.sweeps};
};

TEST_F(Status, OfNoRunIsNone) { EXPECT_FALSE(read_status(folder_.path())); }

TEST_F(Status, AGangOverTwoAgentsIsOnBothHosts) {
  StoreLease lease(folder_.path(), 1, 30s);
  StatusFile file(folder_.path(), work_, progress_);
  file.joined(0, "here", 4, Value::array());
  file.joined(1, "there", 2, Value::array());
  file.started({2, 1}, {{0, 2}, {1, 1}});
  file.write(kCounts, {}, {}, false);
  Value status = *read_status(folder_.path());
  EXPECT_EQ(status["running"][0]["host"], "here, there");
  EXPECT_EQ(status["running"][0]["width"], 3);
  EXPECT_EQ(status["agents"][0]["running"], 2);
  EXPECT_EQ(status["agents"][1]["running"], 1);
}

TEST_F(Status, TellsWhatRunsAndWhatFailed) {
  StoreLease lease(folder_.path(), 1, 30s);
  StatusFile file(folder_.path(), work_, progress_);
  file.joined(0, "here", 4, Value::array());
  file.started({1, 1}, {{0, 1}});
  file.started({2, 3}, {{0, 2}});
  file.progressed({2, 3}, {{"epoch", 1},
                           {"epochs", 2},
                           {"step", "many"},
                           {"phase", "warm-up"},
                           {"metrics", {{"loss", 0.5}, {"other", 1}}}});
  file.progressed({3, 1}, {{"epoch", 1}});  // does not run
  file.failed({1, 1}, sched::FailureClass::memory, "out of memory\nlines\nof it", false);
  file.ended({1, 1});
  file.write(kCounts, {}, {}, false);
  Value status = read();
  EXPECT_EQ(status["state"], "running");
  EXPECT_EQ(status["before"], 1);
  EXPECT_EQ(status["agents"][0]["running"], 2) << "slots";
  ASSERT_EQ(status["running"].size(), 1u);
  const Value& stage = status["running"][0];
  EXPECT_EQ(stage["label"], "stage 2");
  EXPECT_EQ(stage["identity"], work_.identities[2].hex());
  EXPECT_EQ(stage["attempt"], 3);
  EXPECT_EQ(stage["loss"], 0.5);
  EXPECT_EQ(stage["phase"], "warm-up");
  EXPECT_FALSE(stage.contains("step"));
  EXPECT_EQ(status["failures"][0]["text"], "out of memory");
  EXPECT_EQ(status["failures"][0]["class"], "memory");
  EXPECT_FALSE(status.contains("left"));
}

TEST_F(Status, CountsAResumedStagesPaceFromWhereItWentOn) {
  StatusFile file(folder_.path(), work_, progress_);
  file.joined(0, "here", 4, Value::array());
  file.started({1, 2}, {{0, 1}});
  auto rate = [&](int step) {
    file.progressed({1, 2}, {{"step", step}, {"steps", 1000000}});
    file.write(kCounts, {}, {}, true);
    return read()["running"][0].value("rate", 0.0);
  };
  EXPECT_EQ(rate(900'000), 0) << "one step is no pace";
  EXPECT_EQ(rate(900'000), 0);
  double passed = wall_seconds(), fast = rate(900'010);
  EXPECT_GT(fast, 0);
  EXPECT_LT(fast * (wall_seconds() - passed), 900'000) << "not as if it had made them all";
  EXPECT_EQ(rate(5), fast) << "a step back tells nothing";
}

TEST_F(Status, KeepsTheLastFailuresOnly) {
  StatusFile file(folder_.path(), work_, progress_);
  for (std::uint32_t i = 1; i <= 1000; ++i)
    file.failed({1, i}, sched::FailureClass::transient, std::to_string(i), false);
  file.write(kCounts, {}, {}, true);
  Value failures = read()["failures"];
  EXPECT_LE(failures.size(), 10u);
  EXPECT_EQ(failures.back()["text"], "1000");
}

TEST_F(Status, WhatFailedForGoodIsNotPushedOutByRetries) {
  StatusFile file(folder_.path(), work_, progress_);
  auto failures = [&] {
    file.write(kCounts, {}, {}, true);
    return read()["failures"];
  };
  file.failed({1, 1}, sched::FailureClass::user, "first", false);
  file.failed({1, 2}, sched::FailureClass::user, "the weights are not there", true);
  for (std::uint32_t i = 1; i <= 50; ++i) file.failed({2, i}, sched::FailureClass::transient, "again", false);
  Value found = failures();
  EXPECT_EQ(found.size(), 11u);
  EXPECT_EQ(found[0]["text"], "the weights are not there") << "the oldest, in their order";
  EXPECT_EQ(found[0]["final"], true);
  file.revived(1);
  found = failures();
  EXPECT_EQ(found.size(), 10u);
  EXPECT_EQ(std::count_if(found.begin(), found.end(), [](const Value& one) { return one["final"] == true; }), 0);
}

TEST_F(Status, OfManyThatFailedForGoodTheLastAreKeptAndTheOthersCounted) {
  constexpr std::size_t kMany = 130;
  work_.identities.resize(kMany, hash_of("many"));
  for (Wanted& sweep : work_.sweeps) sweep.needed.resize(kMany);
  StatusFile file(folder_.path(), work_, progress_);
  for (std::uint32_t stage = 0; stage < kMany; ++stage)
    file.failed({stage, 1}, sched::FailureClass::user, std::to_string(stage), true);
  file.failed({kMany - 1, 2}, sched::FailureClass::user, "once more", true);
  file.write(kCounts, {}, {}, true);
  EXPECT_EQ(read()["failures"].size(), 100u);
  EXPECT_EQ(read()["failures"].back()["text"], "once more");
  EXPECT_EQ(read()["failures_left_out"], 30);
  file.revived(0);
  file.write(kCounts, {}, {}, true);
  EXPECT_EQ(read()["failures_left_out"], 29);
}

TEST_F(Status, TellsOfDevicesInQuarantine) {
  StatusFile file(folder_.path(), work_, progress_);
  file.joined(0, "here", 2, Value::array());
  file.quarantined(0, "GPU 1", 1e10);
  file.quarantined(0, "GPU 0", 2e10);
  file.quarantined(0, "GPU 7", 3e10);  // it has two slots
  file.quarantined(9, "GPU 0", 1e10);  // nobody
  auto devices = [&] {
    file.write(kCounts, {}, {}, false);
    return read()["agents"][0]["quarantined_devices"];
  };
  EXPECT_EQ(devices(), Value::parse(R"({"GPU 0": 2e10, "GPU 1": 1e10})"));
  file.readmitted(0, "GPU 1");
  EXPECT_EQ(devices(), Value::parse(R"({"GPU 0": 2e10})"));
}

TEST_F(Status, SaysWhyWhatWaitsDoes) {
  StatusFile file(folder_.path(), work_, progress_);
  file.joined(0, "here", 4, Value::array());
  file.quarantined(0, 1e10);
  sched::Scheduler::Waiting waiting;
  waiting.inputs = 3, waiting.room = 2, waiting.given = 1, waiting.preparing = 5, waiting.pause = 4;
  waiting.next_try = std::chrono::milliseconds(1500);
  waiting.wide[2] = 1;
  file.write(kCounts, {}, waiting, false);
  EXPECT_EQ(read()["waiting"],
            Value::parse(R"({"inputs": 3, "room": 2, "given": 1, "preparing": 5, "pause": 4, "next_try": 1.5,
                                                "wide": [{"width": 2, "stages": 1}]})"));
  EXPECT_EQ(read()["agents"][0]["quarantined_until"], 1e10);
  file.readmitted(0);
  file.write(kCounts, {}, {}, false);
  EXPECT_FALSE(read()["agents"][0].contains("quarantined_until"));
}

TEST_F(Status, EstimatesFromWhatIsKnown) {
  StatusFile file(folder_.path(), work_, progress_);
  Outlook outlook{{1, 1, std::nullopt}, {2, 2, 300.0}};
  file.write(kCounts, outlook, {}, true);
  EXPECT_FALSE(read().contains("left")) << "nobody is there to do it";
  file.joined(0, "here", 4, Value::array());
  file.write(kCounts, outlook, {}, true);
  Value left = read()["left"];
  EXPECT_EQ(left["seconds"], 325) << "two gangs of 2 side by side, and a narrow stage of a third of the size";
  EXPECT_EQ(left["guessed"], 1);
  EXPECT_EQ(left["kinds"], 1);
  file.joined(1, "there", 4, Value::array());
  file.write(kCounts, outlook, {}, true);
  EXPECT_EQ(read()["left"]["seconds"], 300) << "not faster than the longest";
  file.lost(1);
  file.started({2, 1}, {{0, 2}});
  file.started({3, 1}, {{0, 2}});
  file.started({3, 2}, {{0, 2}});  // more attempts than stages
  file.write(kCounts, outlook, {}, true);
  EXPECT_NEAR(read()["left"]["seconds"].get<double>(), 325, 5);
  file.ended({2, 1}), file.ended({3, 1}), file.ended({3, 2});
  file.write(kCounts, {{1, 1, std::nullopt}, {0, 2, 300.0}}, {}, true);
  EXPECT_EQ(read()["left"]["seconds"], 100) << "what is left is of a kind that nobody has seen";
  EXPECT_EQ(file.left()->guessed, 1u);
}

TEST_F(Status, RemembersTheGpusOfAgentsThatHaveLeft) {
  StatusFile file(folder_.path(), work_, progress_);
  Value gpus = Value::array({{{"name", "H200"}, {"used", 7}}});
  file.joined(3, "there", 4, Value::array());
  file.gpus(3, gpus);
  file.write(kCounts, {}, {}, false);
  EXPECT_EQ(read()["former"], Value::array());
  file.lost(3);
  file.write(kCounts, {}, {}, true);
  EXPECT_EQ(read()["agents"], Value::array());
  EXPECT_EQ(read()["former"], Value::array({{{"host", "there"}, {"gpus", gpus}}}));
}

TEST_F(Status, OfADeadCoordinatorSaysSo) {
  pid_t child = ::fork();
  if (child == 0) {
    new StoreLease(folder_.path(), 1, 30s);
    StatusFile(folder_.path(), work_, progress_).write(kCounts, {}, {}, false);
    ::_exit(0);  // no destructor
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(read()["state"], "died");
  StoreLease next(folder_.path(), 1, 30s);
  EXPECT_EQ(read()["state"], "running");
}

TEST_F(Status, WithoutALeaseIsOfADeadCoordinatorUnlessItEnded) {
  StatusFile file(folder_.path(), work_, progress_);
  file.write(kCounts, {}, {}, false);
  EXPECT_EQ(read()["state"], "died");
  file.write(kCounts, {}, {}, true);
  EXPECT_EQ(read()["state"], "ended");
}

TEST_F(Status, ThatIsNoneIsRefusedInOneLine) {
  StatusFile(folder_.path(), work_, progress_).write(kCounts, {}, {}, true);
  const Value good = read();
  EXPECT_EQ(refusal(good.dump()), "");
  for (const char* text : {"", "null", "[]", "{", "{}", "\xff\xfe", R"({"sweep":3})"})
    EXPECT_THAT(refusal(text), HasSubstr("status.json is no status of a run")) << text;
  for (const auto& [key, value] : good.items()) {
    if (key == "host" || key == "stages" || key == "before" || key == "state" || key == "waiting" ||
        key == "failures_left_out")
      continue;
    Value bad = good;
    bad[key] = Value::array({1});
    EXPECT_THAT(refusal(bad.dump()), HasSubstr("is no status")) << key;
    if (key == "sweeps" || key == "former") continue;  // older winnows wrote none
    bad.erase(key);
    EXPECT_THAT(refusal(bad.dump()), HasSubstr("is no status")) << key;
  }
}

TEST_F(Status, OfAnOlderRunHasNoSweeps) {
  StatusFile(folder_.path(), work_, progress_).write(kCounts, {}, {}, true);
  Value old = read();
  old.erase("sweeps");
  EXPECT_EQ(refusal(old.dump()), "");
  EXPECT_EQ(read()["sweeps"], Value::array());
  old["sweeps"] = Value::array({{{"sweep", "one"}}});
  EXPECT_THAT(refusal(old.dump()), HasSubstr("is no status")) << "without counts";
}

TEST_F(Status, TellsOfEachSweepHowFarItIs) {
  StatusFile file(folder_.path(), work_, progress_);
  file.joined(0, "here", 4, Value::array());
  file.started({2, 1}, {{0, 2}});
  file.started({3, 1}, {{0, 2}});
  file.failed({3, 1}, sched::FailureClass::user, "wrong", false);
  file.write(kCounts, {}, {}, false);
  Value one = read()["sweeps"][0], two = read()["sweeps"][1];
  EXPECT_EQ(
      one,
      Value({{"sweep", "one"},
             {"stages", 3},
             {"before", 1},
             {"complete", false},
             {"counts", {{"done", 1}, {"failed", 0}, {"blocked", 0}, {"cancelled", 0}, {"open", 2}, {"running", 1}}}}));
  EXPECT_EQ(two["counts"]["running"], 2);
  EXPECT_EQ(read()["running"][0]["sweeps"], Value({"one", "two"}));
  EXPECT_EQ(read()["failures"][0]["sweeps"], Value({"two"}));
}

TEST(ShardProgress, WhatIsLeftToOthersIsNotDone) {
  std::vector<Wanted> sweeps{{"one", 3, {false, true, false}, 1}};
  SweepProgress progress(sweeps);
  EXPECT_EQ(progress.counts()[0].done, 1u);
  progress.done(1);
  EXPECT_EQ(progress.counts()[0].open, 0u);
  EXPECT_FALSE(progress.counts()[0].complete()) << "another shard's stage is not there";
}

// A shared stage counts in both sweeps; what fails in one keeps the other from nothing.
TEST_F(Status, ASweepIsCompleteWhenAllThatItNeedsIsDone) {
  progress_.done(1);
  EXPECT_FALSE(progress_.counts()[0].complete());
  progress_.done(2);
  EXPECT_TRUE(progress_.counts()[0].complete());
  progress_.failed(3);
  const SweepCounts& two = progress_.counts()[1];
  EXPECT_EQ(std::vector<std::size_t>({two.done, two.failed, two.blocked, two.open}),
            std::vector<std::size_t>({2, 1, 0, 0}));
  EXPECT_FALSE(two.complete());
  EXPECT_TRUE(progress_.counts()[0].complete());
  SweepProgress other(work_.sweeps);
  other.failed(2), other.blocked(3);
  EXPECT_EQ(other.counts()[0].failed, 1u);
  EXPECT_EQ(other.counts()[1].failed, 1u) << "it is the failure of both";
  EXPECT_EQ(other.counts()[1].blocked, 1u);
}

TEST_F(Status, SurvivesAFolderThatIsGone) {
  StatusFile file(folder_ / "gone", work_, progress_);
  file.write(kCounts, {}, {}, false);
  EXPECT_FALSE(read_status(folder_ / "gone"));
}

TEST(Lease, OfNonsenseIsHeldByNobody) {
  Folder folder;
  EXPECT_FALSE(StoreLease::held(folder.path()));
  for (const char* text :
       {"", "[]", R"({"host":3,"pid":"x"})", R"({"host":"a","pid":-1,"start":"1","epoch":"7","token":"x"})"}) {
    write_file_atomically(folder / "coordinator.json", text);
    EXPECT_FALSE(StoreLease::held(folder.path())) << text;
  }
}

}  // namespace
}  // namespace winnow::fleet
