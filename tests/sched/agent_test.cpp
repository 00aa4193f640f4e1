#include "winnow/sched/agent.h"

#include <gmock/gmock.h>

#include <string>

namespace winnow::sched {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;

// One agent told as a story. Stages are numbers; an attempt is the first where nothing else is said.
class Node {
 public:
  explicit Node(std::uint32_t slots = 1, SharedDevices devices = {}) : agent_(slots, Timers{}, now_, devices) {}

  Node& given(StageId stage, std::uint32_t width = 1) { return on(Agent::Given{at(stage), width}); }
  Node& part(StageId stage, std::uint32_t slots) { return on(Agent::Given{at(stage), slots, {}, true}); }
  Node& reserved(StageId stage, std::uint32_t slots) {
    return part(stage, slots).prepared(stage).on(Agent::SlotsFree{0});
  }
  Node& needing(StageId stage, MemoryNeed need) { return on(Agent::Given{at(stage), 1, need}); }
  Node& prepared(StageId stage) { return on(Agent::Prepared{at(stage)}); }
  Node& ready(Slot slot = 0) { return on(Agent::TrainerReady{slot}); }
  Node& gone(Slot slot = 0) { return on(Agent::TrainerGone{slot}); }
  Node& progress(std::uint64_t mark) { return on(Agent::Progressed{0, mark}); }
  Node& drain(Time grace) { return on(Agent::Drain{grace}); }
  // The coordinator speaks often enough unless the story is about its silence.
  Node& wait(Time time) { return now_ += time, on(Agent::Heard{}), on(Agent::Tick{}); }
  Node& silence(Time time) { return now_ += time, on(Agent::Tick{}); }
  // A stage that runs in slot 0.
  Node& running(StageId stage) { return given(stage).prepared(stage).ready(); }

  Node& on(const Agent::Event& event) {
    Agent::Commands commands;
    agent_.on(event, now_, commands);
    said_.clear();
    for (const auto& command : commands) std::visit([&](const auto& c) { say(c); }, command);
    return *this;
  }
  const std::vector<std::string>& said() const { return said_; }
  const std::vector<StageId>& held() const { return held_; }
  static Attempt at(StageId stage) { return {stage, 1}; }

 private:
  void add(const std::string& verb, std::uint32_t number) { said_.push_back(verb + " " + std::to_string(number)); }
  void say(const Agent::Prepare& c) { add("prepare", c.attempt.stage); }
  void say(const Agent::StartTrainer& c) {
    said_.push_back("start " + std::to_string(c.slot) +
                    (c.slots.size() > 1 ? " wide " + std::to_string(c.slots.size()) : ""));
  }
  void say(const Agent::FreeSlots& c) {
    said_.push_back("free " + std::to_string(c.slots.size()) + " from " + std::to_string(c.slot));
  }
  void say(const Agent::StartPart& c) {
    said_.push_back("part of " + std::to_string(c.attempt.stage) + " in " + std::to_string(c.slot));
  }
  void say(const Agent::ReportReserved& c) { add("reserved", c.attempt.stage); }
  void say(const Agent::Run& c) {
    said_.push_back("run " + std::to_string(c.attempt.stage) + " in " + std::to_string(c.slot));
  }
  void say(const Agent::StopStage& c) { add("stop", c.slot); }
  void say(const Agent::KillTrainer& c) { add("kill", c.slot); }
  void say(const Agent::QuitTrainer& c) { add("quit", c.slot); }
  void say(const Agent::Commit& c) { add("commit", c.attempt.stage); }
  void say(const Agent::Exit&) { said_.push_back("exit"); }
  void say(const Agent::ReportStarted& c) { add("started", c.attempt.stage); }
  void say(const Agent::ReportDone& c) { add("done", c.attempt.stage); }
  void say(const Agent::ReportFailed& c) {
    said_.push_back("failed " + std::to_string(c.attempt.stage) + " " + std::string(to_string(c.why)));
  }
  void say(const Agent::ReportReturned& c) { add("returned", c.attempt.stage); }
  void say(const Agent::ReportSlots& c) { add("slots", c.slots); }
  void say(const Agent::SendHeartbeat& c) {
    held_.clear();
    for (const Attempt& attempt : c.held) held_.push_back(attempt.stage);
  }
  void say(const Agent::Quarantined& c) {
    std::string text = "suspend " + std::to_string(c.slot) + " for";
    for (const Attempt& attempt : c.failed) text += " " + std::to_string(attempt.stage);
    said_.push_back(text);
  }
  void say(const Agent::Readmitted& c) {
    said_.push_back(std::string(c.cleared ? "clear " : "readmit ") + std::to_string(c.slot));
  }

  Time now_ = 1h;
  Agent agent_;
  std::vector<std::string> said_;
  std::vector<StageId> held_;
};

TEST(Agent, PreparesStartsRunsCommitsTells) {
  Node n;
  EXPECT_THAT(n.given(7).said(), ElementsAre("prepare 7"));
  EXPECT_THAT(n.prepared(7).said(), ElementsAre("start 0"));
  EXPECT_THAT(n.ready().said(), ElementsAre("run 7 in 0", "started 7"));
  EXPECT_THAT(n.on(Agent::Finished{0}).said(), ElementsAre("commit 7"));
  EXPECT_THAT(n.on(Agent::Committed{n.at(7)}).said(), ElementsAre("done 7"));
}

TEST(Agent, TheNextStageStartsWhileTheLastIsCommitted) {
  Node n;
  n.running(1).given(2).prepared(2);
  EXPECT_THAT(n.on(Agent::Finished{0}).said(), ElementsAre("commit 1", "run 2 in 0", "started 2"));
}

TEST(Agent, StartsNoMoreTrainersThanItHasWork) {
  Node n(4);
  n.given(1).given(2);
  EXPECT_THAT(n.prepared(1).said(), ElementsAre("start 0"));
  EXPECT_THAT(n.prepared(2).said(), ElementsAre("start 1"));
  EXPECT_THAT(n.ready(0).said(), ElementsAre("run 1 in 0", "started 1"));
}

TEST(Agent, ADeadTrainerFailsItsStageAndIsReplaced) {
  Node n;
  n.running(1).given(2).prepared(2);
  EXPECT_THAT(n.gone().said(), ElementsAre("failed 1 transient", "start 0"));
  EXPECT_THAT(n.ready().said(), ElementsAre("run 2 in 0", "started 2"));
}

TEST(Agent, AStageGivenToATrainerThatHadEndedIsRunByTheNext) {
  Node n;
  n.running(1);
  EXPECT_THAT(n.on(Agent::NotRun{0}).said(), ElementsAre("start 0"));
  EXPECT_THAT(n.ready().said(), ElementsAre("run 1 in 0", "started 1"));
}

TEST(Agent, AfterAFailureTheTrainerIsKilledBeforeTheStageIsTold) {
  Node n;
  n.running(1);
  EXPECT_THAT(n.on(Agent::StageFailed{0, FailureClass::user}).said(), ElementsAre("kill 0"));
  EXPECT_THAT(n.gone().said(), ElementsAre("failed 1 user"));
}

TEST(Agent, AMisbehavingTrainerIsKilled) {
  Node n;
  n.running(1);
  EXPECT_THAT(n.on(Agent::Misbehaved{0}).said(), ElementsAre("kill 0"));
  EXPECT_THAT(n.gone().said(), ElementsAre("failed 1 transient"));
  n.ready().running(2);
  EXPECT_THAT(n.on(Agent::Misbehaved{0, FailureClass::protocol}).said(), ElementsAre("kill 0"));
  EXPECT_THAT(n.gone().said(), ElementsAre("failed 2 protocol"));
}

// The coordinator has cancelled the first one, in a message that was lost.
TEST(Agent, ANewerAttemptEndsAnOlderOne) {
  Node n(2);
  n.running(1);
  EXPECT_THAT(n.on(Agent::Given{{1, 2}}).said(), ElementsAre("stop 0", "prepare 1"));
  EXPECT_THAT(n.given(1).said(), IsEmpty()) << "what is late is not begun again";
}

TEST(Agent, SaysThatATrainerEndedForWantOfMemory) {
  Node n;
  n.running(1);
  EXPECT_THAT(n.on(Agent::TrainerGone{0, "killed", false, FailureClass::memory}).said(),
              ElementsAre("failed 1 memory"));
}

// What no attempt would do otherwise, and why, in words: the person sees them.
TEST(Agent, ATrainerThatGreetsTwiceOrStopsUnaskedIsKilledForGoodAndSaysWhy) {
  for (bool greets : {true, false}) {
    sched::Agent agent(1, Timers{}, 1h);
    Agent::Commands commands;
    for (const Agent::Event& event :
         std::vector<Agent::Event>{Agent::Given{{1, 1}}, Agent::Prepared{{1, 1}}, Agent::TrainerReady{0}})
      agent.on(event, 1h, commands);
    commands.clear();
    agent.on(greets ? Agent::Event(Agent::TrainerReady{0}) : Agent::Event(Agent::StageStopped{0}), 1h, commands);
    ASSERT_EQ(commands.size(), 1u);
    const auto& kill = std::get<Agent::KillTrainer>(commands[0]);
    EXPECT_EQ(kill.why, FailureClass::protocol);
    EXPECT_EQ(kill.because,
              greets ? "it said `ready` a second time" : "it said `stopped` without having been asked to stop");
    commands.clear();
    agent.on(Agent::TrainerGone{0, "killed"}, 1h, commands);
    const auto& failed = std::get<Agent::ReportFailed>(commands[0]);
    EXPECT_EQ(failed.why, FailureClass::protocol);
    EXPECT_EQ(failed.text, "killed") << "what its end looked like goes on to the coordinator";
  }
}

TEST(Agent, ATrainerThatNeverGetsReadyFailsAStageSoThatItEnds) {
  Node n;
  n.given(1).prepared(1);
  EXPECT_THAT(n.gone().said(), ElementsAre("failed 1 transient"));
  n.given(2).prepared(2);
  EXPECT_THAT(n.wait(121s).said(), ElementsAre("kill 0"));
  EXPECT_THAT(n.gone().said(), ElementsAre("failed 2 transient"));
}

TEST(Agent, NoFirstProgressIsAHangAfterItsOwnLimit) {
  Node n;
  n.running(1);
  EXPECT_THAT(n.wait(600s).said(), IsEmpty());
  EXPECT_THAT(n.wait(1s).said(), ElementsAre("kill 0"));
  EXPECT_THAT(n.gone().said(), ElementsAre("failed 1 hang"));
}

TEST(Agent, RepeatedProgressIsNone) {
  Node n;
  n.running(1).progress(1);
  n.wait(30s).progress(1);
  EXPECT_THAT(n.wait(30s).said(), IsEmpty());
  EXPECT_THAT(n.wait(1s).said(), ElementsAre("kill 0"));
}

TEST(Agent, SlowStepsGetFiveTimesTheirOwnTime) {
  Node n;
  n.running(1).progress(1);
  for (std::uint64_t step = 2; step < 6; ++step) n.wait(40s).progress(step);
  EXPECT_THAT(n.wait(200s).said(), IsEmpty());
  EXPECT_THAT(n.wait(1s).said(), ElementsAre("kill 0"));
}

TEST(Agent, RetractsOnlyWhatDoesNotRun) {
  Node n;
  n.running(1).given(2).prepared(2);
  EXPECT_THAT(n.on(Agent::Retracted{n.at(1)}).said(), IsEmpty());
  EXPECT_THAT(n.on(Agent::Retracted{n.at(2)}).said(), ElementsAre("returned 2"));
}

TEST(Agent, ACancelledStageIsStoppedAndForgotten) {
  Node n;
  n.running(1);
  EXPECT_THAT(n.on(Agent::Cancelled{n.at(1)}).said(), ElementsAre("stop 0"));
  EXPECT_THAT(n.on(Agent::StageStopped{0}).said(), IsEmpty());
  EXPECT_THAT(n.given(2).prepared(2).said(), ElementsAre("run 2 in 0", "started 2"));  // the trainer is still good
}

TEST(Agent, HoldsWhatItPreparesWaitsForRunsAndCommits) {
  Node n;
  n.running(1).on(Agent::Finished{0});
  n.given(2).prepared(2).given(3).prepared(3).given(4);
  n.wait(2s);
  EXPECT_THAT(n.held(), testing::UnorderedElementsAre(1, 2, 3, 4));
}

TEST(Agent, ADrainReturnsWhatWaitsAndLetsTheRunningFinish) {
  Node n;
  n.running(1).given(2).prepared(2);
  EXPECT_THAT(n.drain(5s).said(), ElementsAre("returned 2"));
  EXPECT_THAT(n.given(3).said(), ElementsAre("returned 3"));
  EXPECT_THAT(n.on(Agent::Finished{0}).said(), ElementsAre("commit 1"));
  EXPECT_THAT(n.on(Agent::Committed{n.at(1)}).said(), ElementsAre("done 1", "quit 0"));
  EXPECT_THAT(n.gone().said(), ElementsAre("exit"));
}

TEST(Agent, ADrainStopsAndThenKillsWhatDoesNotFinish) {
  Node n;
  n.running(1).drain(5s);
  EXPECT_THAT(n.wait(4s).said(), IsEmpty());
  EXPECT_THAT(n.wait(1s).said(), ElementsAre("stop 0"));
  n.wait(Timers{}.stop);
  EXPECT_THAT(n.wait(1ms).said(), ElementsAre("kill 0"));
  EXPECT_THAT(n.gone().said(), ElementsAre("returned 1", "exit"));
}

TEST(Agent, AStoppedStageIsReturned) {
  Node n;
  n.running(1).drain(0s);
  EXPECT_THAT(n.said(), ElementsAre("stop 0"));
  EXPECT_THAT(n.on(Agent::StageStopped{0}).said(), ElementsAre("returned 1", "quit 0"));
}

TEST(Agent, ATrainerThatDoesNotQuitIsKilled) {
  Node n;
  n.running(1).on(Agent::Finished{0}).on(Agent::Committed{n.at(1)}).drain(5s);
  EXPECT_THAT(n.said(), ElementsAre("quit 0"));
  n.wait(Timers{}.stop);
  EXPECT_THAT(n.wait(1ms).said(), ElementsAre("kill 0"));
}

TEST(Agent, StopsWhenTheCoordinatorFallsSilent) {
  Node n;
  n.running(1);
  EXPECT_THAT(n.silence(10s).said(), IsEmpty());
  EXPECT_THAT(n.silence(1ms).said(), ElementsAre("slots 0", "stop 0")) << "nothing more is to be given to it";
  n.on(Agent::StageStopped{0});
  EXPECT_THAT(n.gone().said(), ElementsAre("exit"));
}

TEST(Agent, ADrainOfAnIdleAgentEndsAtOnce) {
  Node n;
  EXPECT_THAT(n.drain(5s).said(), ElementsAre("exit"));
}

TEST(Agent, AGangTakesSeveralSlotsAndGivesThemBack) {
  Node n(3);
  EXPECT_THAT(n.given(1, 2).prepared(1).said(), ElementsAre("start 0 wide 2"));
  EXPECT_THAT(n.given(2).prepared(2).said(), ElementsAre("start 2")) << "the third slot";
  EXPECT_THAT(n.ready(0).said(), ElementsAre("run 1 in 0", "started 1"));
  n.given(3).prepared(3);
  EXPECT_THAT(n.said(), IsEmpty()) << "both slots are the gang's";
  EXPECT_THAT(n.on(Agent::Finished{0}).said(), ElementsAre("commit 1", "quit 0")) << "the next stage is narrow";
  EXPECT_THAT(n.gone(0).said(), ElementsAre("start 0")) << "one of the two slots";
  EXPECT_THAT(n.ready(2).said(), ElementsAre("run 2 in 2", "started 2"));
}

TEST(Agent, AGangServesTheNextStageOfItsWidth) {
  Node n(2);
  n.given(1, 2).prepared(1).ready(0);
  n.given(2, 2).prepared(2);
  EXPECT_THAT(n.on(Agent::Finished{0}).said(), ElementsAre("commit 1", "run 2 in 0", "started 2"));
}

TEST(Agent, AWideStageInFrontMakesIdleTrainersGoAndKeepsTheOthersWaiting) {
  Node n(2);
  n.given(1).prepared(1).ready(0);
  n.given(2).prepared(2).ready(1);
  n.given(3, 2).prepared(3);
  n.given(4).prepared(4);
  EXPECT_THAT(n.on(Agent::Finished{0}).said(), ElementsAre("commit 1", "quit 0")) << "stage 4 stands behind";
  EXPECT_THAT(n.gone(0).said(), IsEmpty());
  EXPECT_THAT(n.on(Agent::Finished{1}).said(), ElementsAre("commit 2", "quit 1"));
  EXPECT_THAT(n.gone(1).said(), ElementsAre("start 0 wide 2"));
  EXPECT_THAT(n.ready(0).said(), ElementsAre("run 3 in 0", "started 3"));
}

TEST(Agent, ADeadGangFailsItsStageOnce) {
  Node n(2);
  n.given(1, 2).prepared(1).ready(0);
  EXPECT_THAT(n.gone(0).said(), ElementsAre("failed 1 transient"));
  EXPECT_THAT(n.given(2).prepared(2).said(), ElementsAre("start 0"));
  EXPECT_THAT(n.given(3).prepared(3).said(), ElementsAre("start 1")) << "the lent slot is free again";
}

TEST(Agent, AGangWithoutWorkIsEnded) {
  Node n(2);
  n.given(1, 2).prepared(1).ready(0).given(2, 2);
  EXPECT_THAT(n.on(Agent::Finished{0}).said(), ElementsAre("commit 1")) << "its next stage is being prepared";
  EXPECT_THAT(n.prepared(2).said(), ElementsAre("run 2 in 0", "started 2"));
  EXPECT_THAT(n.on(Agent::Finished{0}).said(), ElementsAre("commit 2", "quit 0"));
  n.gone(0).given(3, 2).prepared(3);
  EXPECT_THAT(n.said(), ElementsAre("start 0 wide 2"));
}

TEST(Agent, AGangThatHadEndedRunsItsStageInTheNext) {
  Node n(2);
  n.given(1, 2).prepared(1).ready(0);
  EXPECT_THAT(n.on(Agent::NotRun{0}).said(), ElementsAre("start 0 wide 2")) << "as wide as before";
  EXPECT_THAT(n.ready(0).said(), ElementsAre("run 1 in 0", "started 1"));
}

TEST(Agent, AGangThatDiesBeforeItsFirstWordFailsAStageOfItsWidth) {
  Node n(3);
  n.given(1).prepared(1);
  n.given(2, 2).prepared(2);
  EXPECT_THAT(n.gone(1).said(), ElementsAre("failed 2 transient"));
  EXPECT_THAT(n.ready(0).said(), ElementsAre("run 1 in 0", "started 1"));
}

TEST(Agent, AGangThatIsDrainedGivesItsStageBack) {
  Node n(2);
  n.given(1, 2).prepared(1).ready(0).given(2, 2).prepared(2);
  EXPECT_THAT(n.drain(0s).said(), ElementsAre("returned 2", "stop 0"));
  EXPECT_THAT(n.on(Agent::StageStopped{0}).said(), ElementsAre("returned 1", "quit 0"));
  EXPECT_THAT(n.gone(0).said(), ElementsAre("exit"));
}

TEST(Agent, ACancelledGangMakesRoomForWhatIsNarrow) {
  Node n(2);
  n.given(1, 2).prepared(1).ready(0).given(2).prepared(2);
  EXPECT_THAT(n.on(Agent::Cancelled{n.at(1)}).said(), ElementsAre("stop 0"));
  EXPECT_THAT(n.on(Agent::StageStopped{0}).said(), ElementsAre("quit 0"));
  EXPECT_THAT(n.gone(0).said(), ElementsAre("start 0"));
}

TEST(Agent, AHungGangIsKilledOnceAndFreesAllItsSlots) {
  Node n(2);
  n.given(1, 2).prepared(1).ready(0).given(2).prepared(2);
  EXPECT_THAT(n.wait(601s).said(), ElementsAre("kill 0"));
  EXPECT_THAT(n.gone(0).said(), ElementsAre("failed 1 hang", "start 0"));
  EXPECT_THAT(n.given(3).prepared(3).said(), ElementsAre("start 1"));
}

TEST(Agent, AFailedPreparationIsTold) {
  Node n;
  n.given(1);
  EXPECT_THAT(n.on(Agent::Unprepared{n.at(1), FailureClass::user}).said(), ElementsAre("failed 1 user"));
}

TEST(Agent, ALostDeviceTakesItsStageWithItAndNothingStartsThereAgain) {
  Node n(2);
  n.running(1).given(2).prepared(2);
  EXPECT_THAT(n.on(Agent::Closed{0, "lost"}).said(), ElementsAre("kill 0", "slots 1"));
  EXPECT_THAT(n.gone(0).said(), ElementsAre("failed 1 transient"));
  EXPECT_THAT(n.ready(1).said(), ElementsAre("run 2 in 1", "started 2"));
  EXPECT_THAT(n.on(Agent::Closed{0, "lost"}).said(), IsEmpty()) << "it is known";
}

TEST(Agent, ALostDeviceReturnsWhatIsTooWideForTheOthers) {
  Node n(2);
  n.given(1, 2).given(2, 2).prepared(1);  // a gang is starting
  EXPECT_THAT(n.on(Agent::Closed{1, "lost"}).said(), ElementsAre("quit 0", "slots 1", "returned 1"));
  EXPECT_THAT(n.prepared(2).said(), ElementsAre("returned 2"));
  EXPECT_THAT(n.given(3, 2).said(), ElementsAre("returned 3"));
  EXPECT_THAT(n.gone(0).given(4).prepared(4).said(), ElementsAre("start 0"));
}

TEST(Agent, WithoutADeviceLeftItReturnsEverythingAndEnds) {
  Node n;
  n.running(1).given(2).prepared(2);
  EXPECT_THAT(n.on(Agent::Closed{0, "lost"}).said(), ElementsAre("kill 0", "slots 0", "returned 2"));
  EXPECT_THAT(n.given(3).said(), ElementsAre("returned 3"));
  EXPECT_THAT(n.gone(0).said(), ElementsAre("failed 1 transient", "exit"));
}

TEST(Agent, AProcessThatDoesNotEndHoldsItsStageNoLonger) {
  Node n(2);
  n.running(1);
  EXPECT_THAT(n.on(Agent::Closed{0, "lost"}).said(), ElementsAre("kill 0", "slots 1"));
  n.wait(Timers{}.stop / 2);
  EXPECT_THAT(n.held(), ElementsAre(1)) << "it may be dying";
  EXPECT_THAT(n.wait(Timers{}.stop).said(), Contains("failed 1 transient"));
  EXPECT_THAT(n.wait(Timers{}.beat).held(), IsEmpty());
  EXPECT_THAT(n.given(2).prepared(2).said(), ElementsAre("start 1"));
  EXPECT_THAT(n.gone(0).said(), IsEmpty()) << "it has ended after all: its device is still lost";
}

TEST(Agent, AProcessThatDoesNotEndLosesItsSlotAndDoesNotKeepTheAgent) {
  Node n;
  n.running(1).on(Agent::Misbehaved{0});
  EXPECT_THAT(n.wait(Timers{}.stop + 1s).said(), IsSupersetOf({"failed 1 transient", "slots 0", "exit"}));
}

// Two GPUs of 100 bytes, with two trainers each: slots 0 and 2 on the first.
SharedDevices two_gpus() { return {{0, 1, 0, 1}, {100, 100}}; }

TEST(SharingAgent, StagesRunBesideEachOtherAsFarAsTheyFit) {
  Node n(3, {{0, 0, 0}, {100}});
  for (StageId stage : {1u, 2u, 3u}) n.needing(stage, {40}).prepared(stage);
  n.ready(0);
  EXPECT_THAT(n.ready(1).said(), ElementsAre("run 2 in 1", "started 2"));
  EXPECT_THAT(n.ready(2).said(), IsEmpty()) << "80 of 100 are taken";
  EXPECT_THAT(n.on(Agent::Finished{0}).said(), ElementsAre("commit 1", "run 3 in 0", "started 3"));
}

TEST(SharingAgent, AStageGoesWhereThereIsRoom) {
  Node n(4, two_gpus());
  n.needing(1, {90}).prepared(1).ready(0);
  EXPECT_THAT(n.needing(2, {90}).prepared(2).said(), ElementsAre("start 1")) << "not on the GPU of the first";
  EXPECT_THAT(n.ready(1).said(), ElementsAre("run 2 in 1", "started 2"));
  EXPECT_THAT(n.needing(3, {90}).prepared(3).said(), IsEmpty());
  EXPECT_THAT(n.needing(4, {5}).prepared(4).said(), IsEmpty()) << "nothing overtakes";
  EXPECT_THAT(n.on(Agent::Finished{1}).said(), ElementsAre("commit 2", "run 3 in 1", "started 3", "start 2"));
}

TEST(SharingAgent, WhatIsNotKnownCountsAsAnEqualShare) {
  Node n(2, {{0, 0}, {100}});
  n.needing(1, {}).prepared(1).needing(2, {}).prepared(2).ready(0);
  EXPECT_THAT(n.ready(1).said(), ElementsAre("run 2 in 1", "started 2"));
  n.needing(3, {60}).prepared(3).on(Agent::Finished{0});
  EXPECT_THAT(n.said(), ElementsAre("commit 1")) << "60 beside a half";
  EXPECT_THAT(n.on(Agent::Finished{1}).said(), ElementsAre("commit 2", "run 3 in 0", "started 3"));
}

TEST(SharingAgent, WhatRanOutOfMemoryAndWhatIsTooLargeIsAlone) {
  for (MemoryNeed need : {MemoryNeed{10, true}, MemoryNeed{5000, false}}) {
    Node n(2, {{0, 0}, {100}});
    n.needing(1, {10}).prepared(1).ready(0);
    EXPECT_THAT(n.needing(2, need).prepared(2).said(), IsEmpty());
    EXPECT_THAT(n.on(Agent::Finished{0}).said(), ElementsAre("commit 1", "run 2 in 0", "started 2"));
    EXPECT_THAT(n.needing(3, {10}).prepared(3).said(), IsEmpty());
    EXPECT_THAT(n.on(Agent::Finished{0}).said(), ElementsAre("commit 2", "run 3 in 0", "started 3"));
  }
}

TEST(SharingAgent, MemoryIsFreeWhenTheProcessIsGone) {
  Node n(2, {{0, 0}, {100}});
  n.needing(1, {80}).prepared(1).ready(0).needing(2, {80}).prepared(2);
  EXPECT_THAT(n.on(Agent::Misbehaved{0}).said(), ElementsAre("kill 0"));
  EXPECT_THAT(n.gone(0).said(), ElementsAre("failed 1 transient", "start 0"));
  EXPECT_THAT(n.ready(0).said(), ElementsAre("run 2 in 0", "started 2"));
}

TEST(SharingAgent, AProcessThatDoesNotEndStarvesNobody) {
  Node n(2, {{0, 0}, {100}});
  n.needing(1, {80}).prepared(1).ready(0).needing(2, {80}).prepared(2).on(Agent::Misbehaved{0});
  EXPECT_THAT(n.wait(Timers{}.stop + 1s).said(), IsSupersetOf({"failed 1 transient", "slots 1", "start 1"}));
}

// Of a gang over several agents.
TEST(AgentsPart, KeepsItsSlotsUntilTheGangBegins) {
  Node n(2);
  n.part(7, 2);
  EXPECT_THAT(n.prepared(7).said(), ElementsAre("free 2 from 0"));
  EXPECT_THAT(n.on(Agent::SlotsFree{0}).said(), ElementsAre("reserved 7"));
  EXPECT_THAT(n.given(1).prepared(1).said(), IsEmpty()) << "the slots are kept";
  EXPECT_THAT(n.on(Agent::Begin{n.at(7)}).said(), ElementsAre("start 0 wide 2"));
  EXPECT_THAT(n.ready().said(), ElementsAre("run 7 in 0", "started 7"));
  EXPECT_THAT(n.on(Agent::Finished{0}).said(), ElementsAre("commit 7", "quit 0")) << "it serves one stage";
  EXPECT_THAT(n.gone().said(), ElementsAre("start 0"));
  EXPECT_THAT(n.on(Agent::Committed{n.at(7)}).said(), ElementsAre("done 7"));
}

TEST(AgentsPart, AnIdleTrainerMakesRoom) {
  Node n;
  n.running(1).on(Agent::Finished{0}).on(Agent::Committed{n.at(1)});
  EXPECT_THAT(n.part(7, 1).prepared(7).said(), ElementsAre("quit 0"));
  EXPECT_THAT(n.gone().said(), ElementsAre("free 1 from 0"));
}

TEST(AgentsPart, HostsProcessesThatAreCalledUntilTheGangIsOver) {
  Node n;
  n.reserved(7, 1);
  EXPECT_THAT(n.on(Agent::Called{n.at(7)}).said(), ElementsAre("part of 7 in 0"));
  n.wait(2s);
  EXPECT_THAT(n.held(), ElementsAre(7u));
  EXPECT_THAT(n.on(Agent::TrainerGone{0, "", true}).said(), IsEmpty()) << "who answers for the gang says how it ended";
  EXPECT_THAT(n.given(1).prepared(1).said(), IsEmpty());
  EXPECT_THAT(n.on(Agent::Released{n.at(7)}).said(), ElementsAre("start 0"));
}

TEST(AgentsPart, ProcessesThatDieFailTheGang) {
  Node n;
  n.reserved(7, 1).on(Agent::Called{n.at(7)});
  EXPECT_THAT(n.gone().said(), ElementsAre("failed 7 transient"));
  EXPECT_THAT(n.on(Agent::Called{n.at(7)}).said(), IsEmpty()) << "said twice";
}

TEST(AgentsPart, ACancelledGangIsKilledAtOnce) {
  Node member, leader;
  member.reserved(7, 1).on(Agent::Called{member.at(7)});
  EXPECT_THAT(member.on(Agent::Cancelled{member.at(7)}).said(), ElementsAre("kill 0"));
  EXPECT_THAT(member.gone().said(), IsEmpty());
  leader.reserved(7, 1).on(Agent::Begin{leader.at(7)}).ready();
  EXPECT_THAT(leader.on(Agent::Cancelled{leader.at(7)}).said(), ElementsAre("kill 0")) << "it may wait for a lost one";
  EXPECT_THAT(leader.gone().said(), IsEmpty());
}

TEST(AgentsPart, ACancelledReservationFreesItsSlots) {
  Node n;
  n.part(7, 1).prepared(7);
  EXPECT_THAT(n.given(1).prepared(1).said(), IsEmpty());
  EXPECT_THAT(n.on(Agent::Cancelled{n.at(7)}).said(), ElementsAre("start 0"));
  EXPECT_THAT(n.on(Agent::SlotsFree{0}).said(), IsEmpty()) << "late";
  EXPECT_THAT(n.on(Agent::Begin{n.at(7)}).said(), IsEmpty()) << "late";
}

TEST(AgentsPart, AGangThatDoesNotComeUpFails) {
  Node n;
  n.reserved(7, 1).on(Agent::Begin{n.at(7)});
  EXPECT_THAT(n.gone().said(), ElementsAre("failed 7 transient"));
}

TEST(AgentsPart, SlotsAreNotKeptForOthersThatNeverCome) {
  Node n;
  n.reserved(7, 1);
  EXPECT_THAT(n.wait(Timers{}.trainer_start + 1s).said(), ElementsAre("returned 7"));
}

TEST(AgentsPart, ADrainGivesBackWhatIsKeptAndLeavesWhatRunsToItsLeader) {
  Node kept, hosting;
  kept.reserved(7, 1);
  EXPECT_THAT(kept.drain(5s).said(), ElementsAre("returned 7", "exit"));
  hosting.reserved(7, 1).on(Agent::Called{hosting.at(7)});
  EXPECT_THAT(hosting.drain(5s).said(), IsEmpty());
  EXPECT_THAT(hosting.wait(6s).said(), IsEmpty()) << "the leader stops the stage";
  EXPECT_THAT(hosting.wait(Timers{}.stop).said(), ElementsAre("returned 7")) << "it did not";
  EXPECT_THAT(hosting.on(Agent::TrainerGone{0, "", true}).said(), ElementsAre("exit"));
}

TEST(AgentsPart, ALostDeviceEndsItsGang) {
  Node n(2);
  n.reserved(7, 2).on(Agent::Called{n.at(7)});
  EXPECT_THAT(n.on(Agent::Closed{1, "gone"}).said(), ElementsAre("kill 0", "slots 1"));
  EXPECT_THAT(n.gone().said(), ElementsAre("failed 7 transient"));
}

// Two slots or more, each with its GPU.
class Sick : public testing::Test {
 protected:
  Node n{2};
  void SetUp() override {
    n.given(1).given(2).prepared(1).prepared(2).ready(0).ready(1);
    ASSERT_THAT(n.said(), ElementsAre("run 2 in 1", "started 2"));
  }
  // Runs the stage in the slot, which is the only one that is free, until its trainer dies.
  const std::vector<std::string>& fails(StageId stage, Slot slot) {
    n.given(stage).prepared(stage).ready(slot);
    return n.gone(slot).said();
  }
  void works(Slot slot, StageId then) {
    n.given(then).prepared(then).on(Agent::Finished{slot});
    EXPECT_THAT(n.said(), Contains("run " + std::to_string(then) + " in " + std::to_string(slot)));
  }
};

TEST_F(Sick, ASlotThatFailsEverythingWhileOthersWorkIsSuspended) {
  n.gone(0);
  works(1, 3);
  EXPECT_THAT(fails(4, 0), ElementsAre("failed 4 transient"));
  EXPECT_THAT(fails(5, 0), ElementsAre("failed 5 transient", "suspend 0 for 1 4 5", "slots 1"));
  n.given(6);
  EXPECT_THAT(n.prepared(6).said(), IsEmpty()) << "the other slot is busy";
  EXPECT_THAT(n.on(Agent::Finished{1}).said(), Contains("run 6 in 1"));
}

TEST_F(Sick, ASlotThatHasFailedEverythingBeforeAnotherHasAResultIsSuspendedThen) {
  n.gone(0);
  fails(4, 0), fails(5, 0), fails(6, 0);
  EXPECT_THAT(n.on(Agent::Finished{1}).said(), ElementsAre("suspend 0 for 1 4 5 6", "slots 1", "commit 2"));
}

TEST_F(Sick, ASlotThatRunsAStageIsJudgedByItsEnd) {
  n.gone(0);
  fails(4, 0), fails(5, 0);
  n.given(6).prepared(6).ready(0);
  EXPECT_THAT(n.on(Agent::Finished{1}).said(), ElementsAre("commit 2"));
  EXPECT_THAT(n.gone(0).said(), ElementsAre("failed 6 transient", "suspend 0 for 1 4 5 6", "slots 1"));
}

TEST_F(Sick, ItIsReadmittedAfterAWhileAndTheNextTimeItTakesLonger) {
  n.gone(0);
  works(1, 3);
  fails(4, 0), fails(5, 0);
  n.on(Agent::Finished{1});
  EXPECT_THAT(n.wait(599s).said(), IsEmpty());
  EXPECT_THAT(n.wait(1s).said(), ElementsAre("readmit 0", "slots 2"));
  n.given(10).prepared(10);
  ASSERT_THAT(n.said(), Contains("run 10 in 1"));
  fails(6, 0);
  works(1, 7);
  fails(8, 0);
  EXPECT_THAT(fails(9, 0), Contains("suspend 0 for 6 8 9"));
  n.on(Agent::Finished{1});
  EXPECT_THAT(n.wait(601s).said(), IsEmpty());
  EXPECT_THAT(n.wait(600s).said(), ElementsAre("readmit 0", "slots 2"));
}

TEST_F(Sick, AResultClearsIt) {
  n.gone(0);
  works(1, 3);
  fails(4, 0);
  n.given(5).prepared(5).ready(0).on(Agent::Finished{0}).gone(0);
  works(1, 6);
  fails(7, 0);
  EXPECT_THAT(fails(8, 0), ElementsAre("failed 8 transient"));
}

TEST_F(Sick, WhereNothingWorksItIsTheStagesFault) {
  n.gone(0);
  fails(4, 0);
  EXPECT_THAT(fails(5, 0), ElementsAre("failed 5 transient"));
}

TEST_F(Sick, WhatAStageSaysOfItselfIsNoDevicesFault) {
  works(1, 3);
  for (StageId stage : {1, 4, 5, 6}) {
    if (stage != 1) n.given(stage).prepared(stage).ready(0);
    n.on(Agent::StageFailed{0, FailureClass::user});
    EXPECT_THAT(n.gone(0).said(), ElementsAre("failed " + std::to_string(stage) + " user"));
  }
}

TEST_F(Sick, AStageThatFailedIsTriedInAnotherSlot) {
  n.gone(0);
  n.given(1).given(4).prepared(1);
  EXPECT_THAT(n.said(), IsEmpty()) << "slot 0 is free, and not for it";
  EXPECT_THAT(n.prepared(4).said(), ElementsAre("start 0")) << "what comes later may have it";
  EXPECT_THAT(n.ready(0).said(), ElementsAre("run 4 in 0", "started 4"));
  EXPECT_THAT(n.on(Agent::Finished{1}).said(), ElementsAre("commit 2", "run 1 in 1", "started 1"));
}

TEST_F(Sick, ItWaitsForThatOneAWhileOnly) {
  n.gone(0);
  n.given(1).prepared(1);
  EXPECT_THAT(n.wait(59s).said(), IsEmpty());
  EXPECT_THAT(n.wait(1s).said(), ElementsAre("start 0")) << "no slot idles for long";
}

TEST_F(Sick, AnotherSlotThatIsEmptyGetsATrainerForIt) {
  n.gone(0).on(Agent::Finished{1}).gone(1);
  n.given(1);
  EXPECT_THAT(n.prepared(1).said(), ElementsAre("start 1"));
}

TEST_F(Sick, AStageThatFailsEverywhereClearsThoseThatItAccused) {
  n.gone(0);
  works(1, 3);
  fails(4, 0), fails(5, 0);
  n.given(4).prepared(4).on(Agent::Finished{1});
  ASSERT_THAT(n.said(), Contains("run 4 in 1"));
  EXPECT_THAT(n.gone(1).said(), ElementsAre("failed 4 transient", "clear 0", "slots 2"));
}

TEST_F(Sick, AnAgentOfOneSlotIsTheSchedulersConcern) {
  Node one;
  for (StageId stage : {1, 2, 3, 4})
    EXPECT_THAT(one.running(stage).gone().said(), ElementsAre("failed " + std::to_string(stage) + " transient"));
}

TEST_F(Sick, ASuspendedSlotWhoseDeviceIsLostStaysClosed) {
  n.gone(0);
  works(1, 3);
  fails(4, 0), fails(5, 0);
  n.on(Agent::Finished{1});
  EXPECT_THAT(n.on(Agent::Closed{0, "its GPU was lost"}).said(), IsEmpty()) << "it is no slot already";
  EXPECT_THAT(n.wait(3600s).said(), IsEmpty());
  EXPECT_THAT(n.on(Agent::Closed{1, "its GPU was lost"}).said(), IsSupersetOf({"slots 0"}));
}

}  // namespace
}  // namespace winnow::sched
