#include "winnow/sched/scheduler.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace winnow::sched {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::IsEmpty;
using testing::Not;

// A sweep told as a story: stages by name, agents by number, one event at a time; what came out since the last event as
// text.
class World {
 public:
  World& stage(const std::string& name, std::vector<std::string> inputs = {}, const std::string& kind = "any") {
    id_[name] = static_cast<StageId>(names_.size());
    names_.push_back(name);
    graph_.inputs.emplace_back();
    for (const std::string& input : inputs) graph_.inputs.back().push_back(id_.at(input));
    graph_.classes.push_back(classes_.try_emplace(kind, static_cast<ClassId>(classes_.size())).first->second);
    graph_.done.push_back(false);
    return *this;
  }
  World& width(const std::string& kind, std::uint32_t width) {
    graph_.widths.resize(classes_.size(), 1);
    graph_.widths[classes_.at(kind)] = width;
    return *this;
  }
  World& priority(const std::string& name, Priority priority) {
    graph_.priorities.resize(names_.size());
    graph_.priorities[id_.at(name)] = priority;
    return *this;
  }
  World& done_already(const std::string& name) { return graph_.done[id_.at(name)] = true, *this; }
  World& policy(Policy policy) { return policy_ = policy, *this; }
  World& takes(const std::string& kind, double seconds) {
    return scheduler().predict(classes_.at(kind), seconds), *this;
  }
  World& agent(AgentId id, std::uint32_t slots = 1) { return on(Scheduler::Joined{id, slots}); }

  World& starts(const std::string& name) { return on(Scheduler::Started{where_.at(name), attempt_.at(name)}); }
  World& ends(const std::string& name, double seconds = 10) {
    live_.erase(name);
    return on(Scheduler::Done{where_.at(name), attempt_.at(name), seconds});
  }
  World& fails(const std::string& name, FailureClass why) {
    live_.erase(name);
    return on(Scheduler::Failed{where_.at(name), attempt_.at(name), why});
  }
  World& returns(const std::string& name) { return on(Scheduler::Returned{where_.at(name), attempt_.at(name)}); }
  World& beats(AgentId agent, std::vector<std::string> held) {
    Scheduler::Beat beat{agent, {}};
    for (const std::string& name : held) beat.held.push_back(attempt_.at(name));
    return on(beat);
  }
  World& withdraw(const std::vector<std::string>& names) { return on(Scheduler::Withdraw{ids(names)}); }
  World& revive(const std::vector<std::string>& names) { return on(Scheduler::Revive{ids(names)}); }
  // Stages named since the last event come as further ones.
  World& extend(std::vector<std::pair<std::string, Priority>> sooner = {}, std::vector<std::uint32_t> attempts = {}) {
    Scheduler::Extend event;
    for (std::size_t stage = given_stages_; stage < names_.size(); ++stage) {
      event.more.inputs.push_back(graph_.inputs[stage]);
      event.more.classes.push_back(graph_.classes[stage]);
      event.more.done.push_back(graph_.done[stage]);
      event.more.priorities.push_back(stage < graph_.priorities.size() ? graph_.priorities[stage] : 0);
    }
    for (std::size_t id = given_classes_; id < classes_.size(); ++id) {
      event.more.widths.push_back(id < graph_.widths.size() ? graph_.widths[id] : 1);
      event.seconds.emplace_back();
    }
    attempts.resize(event.more.inputs.size());
    event.attempts = std::move(attempts);
    for (const auto& [name, priority] : sooner) event.priorities.emplace_back(id_.at(name), priority);
    note_given();
    return on(event);
  }
  World& leaves(AgentId agent) { return on(Scheduler::Left{agent}); }
  World& drain() { return on(Scheduler::Drain{}); }
  World& wait(Time time) { return now_ += time, on(Scheduler::Tick{}); }

  World& on(const Scheduler::Event& event) {
    commands_.clear();
    scheduler().on(event, now_, commands_);
    said_.clear();
    for (const auto& command : commands_) std::visit([&](const auto& c) { said_.push_back(say(c)); }, command);
    return *this;
  }
  const std::vector<std::string>& said() const { return said_; }
  std::uint32_t attempt(const std::string& name) const { return attempt_.at(name).number; }
  AgentId where(const std::string& name) const { return where_.at(name); }
  Attempt holds(const std::string& name) const { return attempt_.at(name); }
  // What an agent has been given and neither ended nor failed since, in the order of names.
  std::vector<std::string> live_on(AgentId agent) const {
    std::vector<std::string> result;
    for (const std::string& name : live_)
      if (where_.at(name) == agent) result.push_back(name);
    return result;
  }
  const std::vector<AgentId>& readmitted() const { return readmitted_; }
  Scheduler& scheduler() {
    if (!scheduler_) {
      scheduler_ = std::make_unique<Scheduler>(graph_, policy_, Timers{});
      note_given();
    }
    return *scheduler_;
  }

 private:
  void note_given() { given_stages_ = names_.size(), given_classes_ = classes_.size(); }
  std::string name(StageId stage) const { return names_[stage]; }
  std::vector<StageId> ids(const std::vector<std::string>& names) const {
    std::vector<StageId> result;
    for (const std::string& name : names) result.push_back(id_.at(name));
    return result;
  }
  std::string say(const Scheduler::Assign& c) {
    attempt_[name(c.attempt.stage)] = c.attempt;
    where_[name(c.attempt.stage)] = c.agent;
    live_.insert(name(c.attempt.stage));
    if (c.part) parts_[name(c.attempt.stage)].push_back({c.agent, c.slots});
    std::string part = c.part ? " (" + std::to_string(c.slots) + " slots)" : "";
    return name(c.attempt.stage) + " to " + std::to_string(c.agent) + part;
  }
  std::string say(const Scheduler::Begin& c) {
    return "begin " + name(c.attempt.stage) + " on " + std::to_string(c.agent);
  }
  std::string say(const Scheduler::Release& c) {
    return "release " + name(c.attempt.stage) + " from " + std::to_string(c.agent);
  }
  std::string say(const Scheduler::Retract& c) {
    return "retract " + name(c.attempt.stage) + " from " + std::to_string(c.agent);
  }
  std::string say(const Scheduler::Cancel& c) {
    return "cancel " + name(c.attempt.stage) + " on " + std::to_string(c.agent);
  }
  std::string say(const Scheduler::Accept& c) { return "accept " + name(c.attempt.stage); }
  std::string say(const Scheduler::Retry& c) { return "retry " + name(c.failed.stage); }
  std::string say(const Scheduler::Fail& c) { return "fail " + name(c.last.stage); }
  std::string say(const Scheduler::Block& c) { return "block " + name(c.stage) + " by " + name(c.because); }
  std::string say(const Scheduler::TooWide& c) { return name(c.stage) + " too wide for " + std::to_string(c.largest); }
  std::string say(const Scheduler::Withdrawn& c) { return "withdraw " + name(c.stage); }
  std::string say(const Scheduler::Revived& c) { return "revive " + name(c.stage); }
  std::string say(const Scheduler::LoseAgent& c) { return "lose " + std::to_string(c.agent); }
  std::string say(const Scheduler::Quarantine& c) { return "quarantine " + std::to_string(c.agent); }
  std::string say(const Scheduler::Readmit& c) {
    readmitted_.push_back(c.agent);
    return "readmit " + std::to_string(c.agent);
  }
  std::string say(const Scheduler::StopAll&) { return "stop"; }

  Graph graph_;
  Policy policy_;
  std::map<std::string, StageId> id_;
  std::map<std::string, ClassId> classes_;
  std::size_t given_stages_ = 0, given_classes_ = 0;
  std::vector<std::string> names_, said_;
  std::set<std::string> live_;
  std::vector<AgentId> readmitted_;
  std::map<std::string, Attempt> attempt_;
  std::map<std::string, AgentId> where_;
  std::map<std::string, std::vector<Part>> parts_;
  std::unique_ptr<Scheduler> scheduler_;
  Scheduler::Commands commands_;
  Time now_ = 1h;
};

TEST(Scheduler, GivesOneStageToRunAndOneAhead) {
  World w;
  w.stage("a").stage("b").stage("c").agent(0);
  EXPECT_THAT(w.said(), ElementsAre("a to 0", "b to 0"));
  EXPECT_THAT(w.starts("a").said(), IsEmpty());
  EXPECT_THAT(w.ends("a").said(), ElementsAre("accept a", "c to 0"));
}

TEST(Scheduler, WhatIsGivenWaitsForASlotOnlyWhereNoneIsFree) {
  World w;
  w.stage("a").stage("b").stage("c").stage("d", {"a"}).agent(0, 2);
  auto preparing_and_given = [&] {
    Scheduler::Waiting waiting = w.scheduler().waiting(1h);
    return std::pair(waiting.preparing, waiting.given);
  };
  EXPECT_EQ(preparing_and_given(), std::pair(std::size_t{2}, std::size_t{1})) << "one is given ahead";
  w.starts("a");
  EXPECT_EQ(preparing_and_given(), std::pair(std::size_t{1}, std::size_t{1}));
  w.starts("b");
  EXPECT_EQ(preparing_and_given(), std::pair(std::size_t{0}, std::size_t{1}));
  EXPECT_EQ(w.scheduler().waiting(1h).inputs, 1u);
}

TEST(Scheduler, ALongStageDoesNotWaitBehindALongOne) {
  World w;
  w.stage("a").stage("b").stage("c").takes("any", 3600).agent(0);
  EXPECT_THAT(w.said(), ElementsAre("a to 0")) << "another agent may come";
  EXPECT_THAT(w.starts("a").wait(3590s).beats(0, {"a"}).said(), IsEmpty());
  EXPECT_THAT(w.agent(1).said(), ElementsAre("b to 1"));
}

TEST(Scheduler, ASlotThatComesFreeSoonHasItsNextStageAhead) {
  World w;
  w.stage("a").stage("b").stage("c").takes("any", 60).agent(0).starts("a");
  for (int i = 0; i < 8; ++i) EXPECT_THAT(w.beats(0, {"a"}).wait(5s).said(), IsEmpty());
  EXPECT_THAT(w.beats(0, {"a"}).wait(5s).said(), ElementsAre("b to 0"));
}

TEST(Scheduler, WhatWasGivenAheadTooEarlyIsTakenBack) {
  World w;
  w.stage("a").stage("b").stage("c").stage("d").takes("any", 10).agent(0).agent(1);
  ASSERT_EQ(w.where("b"), 0u) << "behind a, which seems to be short";
  w.starts("a").starts("c").ends("c").starts("d");
  std::vector<std::string> said;
  for (int i = 0; i < 20 && said.empty(); ++i)
    for (const std::string& line : w.beats(0, {"a", "b"}).beats(1, {"d"}).wait(5s).said()) said.push_back(line);
  EXPECT_THAT(said, ElementsAre("retract b from 0"));
}

TEST(Scheduler, SpreadsOverAgentsBeforeItGivesAhead) {
  World w;
  w.stage("a").stage("b").stage("c").stage("d").stage("e").agent(0);
  w.ends("a").agent(1);
  EXPECT_THAT(w.said(), ElementsAre("d to 1", "e to 1"));
}

TEST(Scheduler, AStageWaitsForItsInputs) {
  World w;
  w.stage("backbone").stage("x", {"backbone"}).stage("y", {"backbone", "x"}).agent(0);
  EXPECT_THAT(w.said(), ElementsAre("backbone to 0"));
  EXPECT_THAT(w.ends("backbone").said(), ElementsAre("accept backbone", "x to 0"));
  EXPECT_THAT(w.ends("x").said(), ElementsAre("accept x", "y to 0"));
  w.ends("y");
  EXPECT_TRUE(w.scheduler().finished());
}

TEST(Scheduler, WhatIsDoneAlreadyIsNeverGivenOut) {
  World w;
  w.stage("backbone").stage("x", {"backbone"}).stage("y").done_already("backbone").done_already("y").agent(0);
  EXPECT_THAT(w.said(), ElementsAre("x to 0"));
}

TEST(Scheduler, NothingOpenIsFinishedAtOnce) {
  World w;
  w.stage("a").done_already("a");
  EXPECT_TRUE(w.scheduler().finished());
}

TEST(Scheduler, LongestPredictedFirstAndUnseenClassesBeforeThat) {
  World w;
  w.stage("short", {}, "s").stage("long", {}, "l").stage("unseen", {}, "u").takes("s", 10).takes("l", 1000).agent(0);
  EXPECT_THAT(w.said(), ElementsAre("unseen to 0", "long to 0"));
}

TEST(Scheduler, NearlyEqualClassesKeepTheGivenOrder) {
  World w;
  w.stage("a0", {}, "a")
      .stage("b0", {}, "b")
      .stage("a1", {}, "a")
      .stage("b1", {}, "b")
      .takes("a", 10)
      .takes("b", 10.4)
      .agent(0, 2);
  EXPECT_THAT(w.said(), ElementsAre("a0 to 0", "b0 to 0", "a1 to 0", "b1 to 0"));
}

TEST(Scheduler, WhatOthersWaitForGoesFirst) {
  World w;
  w.stage("long", {}, "l").stage("root", {}, "r").stage("leaf", {"root"}, "l").takes("l", 1000).takes("r", 1).agent(0);
  EXPECT_THAT(w.said(), ElementsAre("root to 0", "long to 0"));
}

TEST(Scheduler, AnEarlierPriorityGoesFirstHoweverLongTheOthersAre) {
  World w;
  w.stage("long", {}, "long").stage("chain", {}, "short").stage("end", {"chain"}, "short").stage("first", {}, "short");
  w.priority("long", 1).priority("chain", 1).priority("end", 1).priority("first", 0);
  w.takes("long", 1000).takes("short", 1);
  EXPECT_THAT(w.agent(0, 2).said(), ElementsAre("first to 0", "chain to 0", "long to 0"));
}

TEST(Scheduler, ALaterPriorityGetsTheSlotsThatAnEarlierOneLeaves) {
  World w;
  w.stage("input").stage("needs it", {"input"}).stage("later").priority("later", 1);
  EXPECT_THAT(w.agent(0, 2).said(), ElementsAre("input to 0", "later to 0"));
}

TEST(Scheduler, AWideStageOfALaterPriorityWaitsForNarrowOnesOfAnEarlierOne) {
  World w;
  w.stage("a").stage("b").stage("c").stage("d").stage("e").stage("wide", {}, "wide").width("wide", 2);
  w.priority("wide", 1);
  EXPECT_THAT(w.agent(0, 2).said(), ElementsAre("a to 0", "b to 0", "c to 0", "d to 0"));
  w.starts("a").starts("b");
  EXPECT_THAT(w.ends("a").said(), ElementsAre("accept a", "e to 0"));
  w.starts("c").ends("b");
  EXPECT_THAT(w.said(), ElementsAre("accept b"));  // one slot is free to be given ahead, the wide one needs two
  EXPECT_THAT(w.starts("d").ends("c").said(), ElementsAre("accept c", "wide to 0"));
}

// The room that a wide stage of the first priority waits for is not given to the second one.
TEST(Scheduler, NoLaterPriorityTakesTheRoomThatAnEarlierOneWaitsFor) {
  World w;
  w.stage("a").stage("b").stage("c").stage("wide", {"a"}, "wide").stage("later").stage("latest").width("wide", 2);
  w.priority("later", 1).priority("latest", 1);
  EXPECT_THAT(w.agent(0, 2).said(), ElementsAre("a to 0", "b to 0", "c to 0", "later to 0"));
  w.starts("a").starts("b");
  EXPECT_THAT(w.ends("a").said(), ElementsAre("accept a"));
  EXPECT_THAT(w.starts("c").ends("b").said(), ElementsAre("accept b", "wide to 0"));
}

TEST(Scheduler, LearnsDurationsAndGivesMoreOfShortStagesAhead) {
  World w;
  for (int i = 0; i < 20; ++i) w.stage(std::string("s").append(std::to_string(i)));
  w.agent(0);
  EXPECT_EQ(w.said().size(), 2u);
  w.ends("s0", 0.02);  // five of these are a prefetch of 0.1 s
  EXPECT_THAT(w.said(), ElementsAre("accept s0", "s2 to 0", "s3 to 0", "s4 to 0", "s5 to 0", "s6 to 0"));
}

TEST(Scheduler, AnIdleAgentTakesWhatAnotherHasNotStarted) {
  World w;
  w.stage("a").stage("b").agent(0).starts("a").agent(1);
  EXPECT_THAT(w.said(), ElementsAre("retract b from 0"));
  EXPECT_THAT(w.wait(100ms).said(), IsEmpty());  // asked once
  EXPECT_THAT(w.returns("b").said(), ElementsAre("b to 1"));
  EXPECT_EQ(w.attempt("b"), 2u);
}

TEST(Scheduler, ACrashIsTriedAgainAfterABackoffAndThenFails) {
  World w;
  w.stage("a").agent(0);
  for (Time backoff : {Time(1s), Time(2s)}) {
    EXPECT_THAT(w.starts("a").fails("a", FailureClass::transient).said(), ElementsAre("retry a"));
    EXPECT_THAT(w.wait(backoff - 1ms).said(), IsEmpty());
    EXPECT_THAT(w.wait(backoff / 2 + 1ms).said(), ElementsAre("a to 0")) << "half as long again at most";
  }
  EXPECT_EQ(w.attempt("a"), 3u);
  EXPECT_THAT(w.fails("a", FailureClass::hang).said(), ElementsAre("fail a"));
  EXPECT_TRUE(w.scheduler().finished());
}

TEST(Scheduler, AUserErrorIsTriedTwiceWithoutWaiting) {
  World w;
  w.stage("a").agent(0);
  EXPECT_THAT(w.fails("a", FailureClass::user).said(), ElementsAre("retry a"));
  EXPECT_THAT(w.wait(0s).said(), ElementsAre("a to 0"));
  EXPECT_THAT(w.fails("a", FailureClass::user).said(), ElementsAre("fail a"));
}

TEST(Scheduler, ABrokenProtocolIsNotTriedAgain) {
  World w;
  w.stage("a").agent(0);
  EXPECT_THAT(w.fails("a", FailureClass::protocol).said(), ElementsAre("fail a"));
  EXPECT_TRUE(w.scheduler().finished());
}

TEST(Scheduler, AFailedStageBlocksItsDependentsAndNothingElse) {
  World w;
  w.policy({.user_failures = 1}).stage("a").stage("b", {"a"}).stage("c", {"b"}).stage("other").agent(0);
  EXPECT_THAT(w.fails("a", FailureClass::user).said(), ElementsAre("fail a", "block b by a", "block c by a"));
  w.ends("other");
  EXPECT_TRUE(w.scheduler().finished());
  auto counts = w.scheduler().counts();
  EXPECT_EQ(counts.done, 1u);
  EXPECT_EQ(counts.failed, 1u);
  EXPECT_EQ(counts.blocked, 2u);
}

TEST(Scheduler, LostAgentRequeuesItsStagesOnce) {
  World w;
  w.stage("a").stage("b").agent(0).starts("a");
  EXPECT_THAT(w.leaves(0).said(), ElementsAre("lose 0", "retry a"));
  EXPECT_THAT(w.leaves(0).said(), IsEmpty());
  EXPECT_THAT(w.agent(1).said(), ElementsAre("b to 1"));  // it had not started: no failure, no backoff
  EXPECT_THAT(w.wait(1s).said(), ElementsAre("a to 1"));
  EXPECT_EQ(w.attempt("a"), 2u);
}

TEST(Scheduler, ASilentAgentIsLostAfterFiveBeats) {
  World w;
  w.stage("a").agent(0).agent(1).starts("a");
  for (int i = 0; i < 4; ++i) w.wait(1s).beats(1, {});
  EXPECT_THAT(w.wait(1s).said(), IsEmpty());
  w.beats(1, {});
  EXPECT_THAT(w.wait(1ms).said(), ElementsAre("lose 0", "retry a"));
}

TEST(Scheduler, ALeaseThatIsNotRenewedEnds) {
  World w;
  w.stage("a").agent(0).starts("a");
  for (int i = 0; i < 6; ++i) w.wait(1s).beats(0, {"a"});
  for (int i = 0; i < 5; ++i) w.wait(1s).beats(0, {});  // it lives, but holds nothing
  EXPECT_THAT(w.wait(1ms).said(), ElementsAre("cancel a on 0", "retry a"));
}

TEST(Scheduler, ALateResultCountsIfTheStageIsOpen) {
  World w;
  w.stage("a").agent(0).starts("a").leaves(0);
  Attempt late = w.holds("a");
  w.agent(1).wait(1s);
  EXPECT_EQ(w.where("a"), 1u);
  EXPECT_THAT(w.on(Scheduler::Done{0, late, 5}).said(), ElementsAre("cancel a on 1", "accept a"));
  EXPECT_THAT(w.ends("a").said(), IsEmpty());  // the second one is dropped
  EXPECT_TRUE(w.scheduler().finished());
}

TEST(Scheduler, ALateResultOfAStageThatWaitsForItsNextTry) {
  World w;
  w.stage("a").agent(0).agent(1).starts("a").leaves(0);
  EXPECT_THAT(w.on(Scheduler::Done{0, w.holds("a"), 5}).said(), ElementsAre("accept a"));
  EXPECT_THAT(w.wait(1h).said(), testing::Not(testing::Contains("a to 1")));
}

TEST(Scheduler, MessagesThatComeTwiceChangeNothing) {
  World w;
  w.stage("a").stage("b").agent(0).agent(0).starts("a").starts("a").ends("a");
  EXPECT_THAT(w.ends("a").said(), IsEmpty());
  EXPECT_THAT(w.fails("a", FailureClass::transient).said(), IsEmpty());
  EXPECT_THAT(w.returns("a").said(), IsEmpty());
  EXPECT_EQ(w.scheduler().counts().done, 1u);
}

TEST(Scheduler, ADrainStartsNothingAndEndsWithTheRunning) {
  World w;
  w.stage("a").stage("b").stage("c").agent(0).starts("a");
  EXPECT_THAT(w.drain().said(), ElementsAre("stop"));
  EXPECT_THAT(w.returns("b").said(), IsEmpty());
  EXPECT_FALSE(w.scheduler().finished());
  EXPECT_THAT(w.ends("a").said(), ElementsAre("accept a"));
  EXPECT_TRUE(w.scheduler().finished());
  EXPECT_EQ(w.scheduler().counts().open, 2u);
}

TEST(Scheduler, MaxFailuresEndsTheSweep) {
  World w;
  w.policy({.user_failures = 1, .max_failures = 2}).stage("a").stage("b").stage("c").stage("d").agent(0);
  w.fails("a", FailureClass::user);
  EXPECT_THAT(w.fails("b", FailureClass::user).said(), ElementsAre("fail b", "stop"));
}

TEST(Scheduler, AttemptNumbersGoOnFromEarlierRuns) {
  World w;
  w.stage("a");
  w.scheduler().attempted(0, 4);
  w.agent(0);
  EXPECT_EQ(w.attempt("a"), 5u);
}

TEST(Scheduler, AGangTakesItsSlotsOfOneAgent) {
  World w;
  w.stage("a", {}, "gang").stage("b", {}, "gang").width("gang", 2).agent(0, 1);
  EXPECT_THAT(w.said(), IsEmpty()) << "one slot is too few";
  EXPECT_THAT(w.agent(1, 3).said(), ElementsAre("a to 1", "b to 1")) << "one runs, one ahead";
}

TEST(Scheduler, AWideStageThatWaitsKeepsNarrowOnesOffTheAgentsThatCouldTakeIt) {
  World w;
  w.stage("n1")
      .stage("n2")
      .stage("n3")
      .stage("w1", {}, "gang")
      .stage("w2", {}, "gang")
      .stage("w3", {}, "gang")
      .width("gang", 2);
  EXPECT_THAT(w.agent(0, 2).said(), ElementsAre("w1 to 0", "w2 to 0"));
  EXPECT_THAT(w.agent(1, 1).said(), ElementsAre("n1 to 1", "n2 to 1")) << "too small for w3: it works on";
  EXPECT_THAT(w.starts("w1").ends("w1").said(), ElementsAre("accept w1", "w3 to 0"));
  EXPECT_THAT(w.starts("w2").ends("w2").said(), ElementsAre("accept w2", "n3 to 0"));
}

TEST(Scheduler, WhatALargeAgentHoldsIsStolenBySmallOnesWhileAWideStageWaitsForIt) {
  World w;
  w.stage("first")
      .stage("n1")
      .stage("n2")
      .stage("n3")
      .stage("n4")
      .stage("n5")
      .stage("wide", {"first"}, "gang")
      .width("gang", 3)
      .agent(0, 3);
  w.starts("first").starts("n1").starts("n2");
  EXPECT_THAT(w.ends("first").said(), ElementsAre("accept first")) << "it holds 5 of 6: no room for 3";
  EXPECT_THAT(w.agent(1, 2).said(), ElementsAre(EndsWith(" from 0"), EndsWith(" from 0")));
  w.starts("n3");
  EXPECT_THAT(w.returns("n4").said(), ElementsAre("n4 to 1"));
  EXPECT_THAT(w.returns("n5").said(), ElementsAre("wide to 0", "n5 to 1"));
}

// 128 agents do not wait for one wide stage.
TEST(Reservation, KeepsTheSlotsThatComeFreeFirstAndNoOthers) {
  World w;
  w.stage("first", {}, "first").stage("a", {}, "long").stage("b", {}, "long").stage("c", {}, "shorter");
  w.stage("wide", {"first"}, "gang").stage("d", {"first"}, "last").stage("e", {"first"}, "last").width("gang", 2);
  w.takes("long", 3000).takes("shorter", 2000).takes("last", 3500).takes("first", 1000).takes("gang", 100);
  EXPECT_THAT(w.agent(0, 2).said(), ElementsAre("first to 0", "a to 0"));
  EXPECT_THAT(w.agent(1, 2).said(), ElementsAre("b to 1", "c to 1"));
  for (const char* name : {"first", "a", "b", "c"}) w.starts(name);
  EXPECT_THAT(w.ends("first", 1000).said(), ElementsAre("accept first")) << "its slot is kept for `wide`";
  EXPECT_THAT(w.ends("c", 2000).said(), ElementsAre("accept c", "d to 1")) << "the other agent works on";
  EXPECT_THAT(w.ends("a", 3000).said(), ElementsAre("accept a", "wide to 0"));
}

TEST(Reservation, IsMadeElsewhereWhenItsAgentIsLost) {
  World w;
  w.stage("first", {}, "first").stage("a", {}, "long").stage("b", {}, "long").stage("c", {}, "long");
  w.stage("wide", {"first"}, "gang").width("gang", 2).takes("long", 3000).takes("first", 1000).takes("gang", 100);
  w.agent(0, 2).agent(1, 2);
  for (const char* name : {"first", "a", "b", "c"}) w.starts(name);
  w.ends("first", 1000).leaves(0);
  EXPECT_THAT(w.ends("b", 3000).said(), ElementsAre("accept b")) << "kept";
  EXPECT_THAT(w.ends("c", 3000).said(), ElementsAre("accept c", "wide to 1"));
}

class WideInFront : public testing::Test {
 protected:
  // Agent 0 runs `long`, which takes 1,000 s, in one of its two slots; `wide` waits for both.
  WideInFront() {
    w.stage("long", {}, "long").stage("first", {}, "first").stage("wide", {"first"}, "gang").width("gang", 2);
    w.stage("shorter", {"first"}, "shorter").stage("longer", {"first"}, "longer");
    w.takes("long", 1000).takes("first", 500).takes("gang", 100).takes("shorter", 900).takes("longer", 1100);
    w.agent(0, 2).starts("long").starts("first");
  }
  World w;
};

TEST_F(WideInFront, AStageThatEndsInTimeFillsTheGap) {
  EXPECT_THAT(w.ends("first").said(), ElementsAre("accept first", "shorter to 0"));
  w.starts("shorter");
  EXPECT_THAT(w.ends("shorter").said(), ElementsAre("accept shorter")) << "`longer` would keep `wide` waiting";
  EXPECT_THAT(w.ends("long").said(), ElementsAre("accept long", "wide to 0"));
}

TEST_F(WideInFront, WhatTakesLongerThanIsLeftDoesNot) {
  for (int i = 0; i < 60; ++i) w.wait(5s).beats(0, {"long", "first"});
  EXPECT_THAT(w.ends("first").said(), ElementsAre("accept first")) << "700 s are left";
  EXPECT_THAT(w.ends("long").said(), ElementsAre("accept long", "wide to 0"));
}

TEST_F(WideInFront, AnEarlierPriorityTakesWhatIsReserved) {
  World v;
  v.stage("long", {}, "long").stage("a", {}, "long").stage("b", {}, "long").stage("wide", {"a"}, "gang");
  v.stage("urgent", {"b"}, "long").width("gang", 3).priority("wide", 1).takes("long", 1000).takes("gang", 100);
  v.agent(0, 3).starts("long").starts("a").starts("b");
  EXPECT_THAT(v.ends("a", 1000).said(), ElementsAre("accept a"));
  EXPECT_THAT(v.ends("b", 1000).said(), ElementsAre("accept b", "urgent to 0"));
}

TEST(Reservation, IsMadeOnAnotherAgentForWhatFailedHere) {
  World w;
  w.stage("wide", {}, "gang").width("gang", 2);
  for (const char* name : {"a", "b", "c", "d", "e"}) w.stage(name, {}, "long");
  w.takes("gang", 5000).takes("long", 1000);
  EXPECT_THAT(w.agent(0, 2).said(), ElementsAre("wide to 0"));
  EXPECT_THAT(w.agent(1, 2).said(), ElementsAre("a to 1", "b to 1"));
  w.starts("wide").starts("a").starts("b");
  EXPECT_THAT(w.fails("wide", FailureClass::user).said(), ElementsAre("retry wide", "c to 0", "d to 0"));
  EXPECT_THAT(w.wait(2s).said(), IsEmpty()) << "not where it failed";
  EXPECT_THAT(w.ends("a", 1000).said(), ElementsAre("accept a")) << "kept for it";
  EXPECT_THAT(w.ends("b", 1000).said(), ElementsAre("accept b", "wide to 1"));
}

TEST(Reservation, OfAStageWithALateResultKeepsNothing) {
  World w;
  w.stage("a", {}, "long").stage("b", {}, "long").stage("wide", {}, "gang").stage("n", {"wide"}, "long");
  w.width("gang", 2).takes("long", 1000).takes("gang", 10);
  w.agent(0, 2).starts("wide").wait(500s);
  Attempt lost = w.holds("wide");
  EXPECT_THAT(w.agent(1, 2).said(), ElementsAre("a to 1", "b to 1")) << "the first agent was silent, and lost";
  w.starts("a").starts("b").wait(2s).beats(1, {"a", "b"});
  EXPECT_THAT(w.said(), IsEmpty()) << "`wide` waits for both slots";
  EXPECT_THAT(w.on(Scheduler::Done{0, lost, {}}).said(), ElementsAre("accept wide"));
  EXPECT_THAT(w.ends("a", 1000).said(), ElementsAre("accept a", "n to 1"));
}

TEST_F(WideInFront, ANewAgentTakesIt) {
  w.ends("first");
  EXPECT_THAT(w.agent(1, 2).said(), ElementsAre("wide to 1"));
}

TEST(GangOverAgents, TakesSlotsOfSeveralAllOrNone) {
  World w;
  w.stage("gang", {}, "gang").width("gang", 5).agent(0, 2).agent(1, 4);
  EXPECT_THAT(w.said(), IsEmpty()) << "a larger agent may still come";
  EXPECT_THAT(w.on(Scheduler::Complete{}).said(), ElementsAre("gang to 1 (4 slots)", "gang to 0 (1 slots)"));
}

class Spread : public testing::Test {
 protected:
  Spread() {
    w.stage("gang", {}, "gang").stage("n", {}, "narrow").width("gang", 3).agent(0, 2).agent(1, 2);
    w.ends("n").on(Scheduler::Complete{});
  }
  World& reserved(AgentId agent) { return w.on(Scheduler::Reserved{agent, w.holds("gang")}); }
  World& begun() { return reserved(0), reserved(1); }
  World w;
};

TEST_F(Spread, BeginsWhenAllPartsAreFree) {
  EXPECT_THAT(w.said(), ElementsAre("gang to 0 (2 slots)", "gang to 1 (1 slots)"));
  EXPECT_THAT(reserved(1).said(), IsEmpty());
  EXPECT_THAT(reserved(0).said(), ElementsAre("begin gang on 0"));
  EXPECT_THAT(reserved(0).said(), IsEmpty()) << "said twice";
}

TEST_F(Spread, ItsEndFreesAllParts) {
  begun().on(Scheduler::Started{0, w.holds("gang")});
  EXPECT_THAT(w.on(Scheduler::Done{0, w.holds("gang"), {}}).said(), ElementsAre("release gang from 1", "accept gang"));
}

TEST_F(Spread, WhatBecomesOfAPartBecomesOfTheWhole) {
  begun();
  EXPECT_THAT(w.on(Scheduler::Failed{1, w.holds("gang"), FailureClass::transient, ""}).said(),
              ElementsAre("cancel gang on 0", "retry gang"));
}

TEST_F(Spread, AMemberThatIsLostEndsItEverywhere) {
  begun().on(Scheduler::Started{0, w.holds("gang")});
  EXPECT_THAT(w.leaves(1).said(), Contains("cancel gang on 0"));
}

TEST_F(Spread, AReturnedPartReturnsTheWhole) {
  EXPECT_THAT(w.on(Scheduler::Returned{1, w.holds("gang")}).said(), ElementsAre("cancel gang on 0"));
  EXPECT_THAT(w.beats(1, {}).said(), ElementsAre("gang to 0 (2 slots)", "gang to 1 (1 slots)"));
}

TEST_F(Spread, AMemberThatForgotItsPartEndsIt) {
  begun().on(Scheduler::Started{0, w.holds("gang")});
  std::vector<std::string> said;
  for (int i = 0; i < 4 && said.empty(); ++i) said = w.beats(0, {"gang"}).beats(1, {}).wait(2s).said();
  EXPECT_THAT(said, ElementsAre("cancel gang on 0", "cancel gang on 1", "retry gang"));
}

TEST_F(Spread, WhatIsHeldWithoutALeaseIsCancelled) {
  begun().on(Scheduler::Started{0, w.holds("gang")}).on(Scheduler::Done{0, w.holds("gang"), {}});
  EXPECT_THAT(w.beats(1, {"gang"}).said(), ElementsAre("cancel gang on 1"));
}

TEST(Scheduler, WhatWasTooWideDoesNotKeepOthersFromStealing) {
  World w;
  w.stage("a", {}, "gang").stage("b").stage("c").width("gang", 4).agent(0, 1).on(Scheduler::Complete{});
  w.starts("b");
  EXPECT_THAT(w.agent(1, 1).said(), ElementsAre("retract c from 0"));
}

TEST(Scheduler, TellsWhatIsStillOpenOfEachClass) {
  World w;
  w.stage("a")
      .stage("b")
      .stage("g", {"a"}, "gang")
      .stage("h", {"g"}, "last")
      .width("gang", 2)
      .done_already("b")
      .agent(0, 2);
  auto open = [&] {
    std::vector<std::size_t> result;
    for (const auto& entry : w.scheduler().outlook()) result.push_back(entry.open);
    return result;
  };
  EXPECT_THAT(open(), ElementsAre(1, 1, 1));
  EXPECT_EQ(w.scheduler().outlook()[1].width, 2u);
  EXPECT_FALSE(w.scheduler().outlook()[0].seconds);
  w.starts("a").ends("a", 7);
  EXPECT_THAT(open(), ElementsAre(0, 1, 1));
  EXPECT_EQ(w.scheduler().outlook()[0].seconds, 7);
  w.starts("g").fails("g", FailureClass::user).wait(1s).fails("g", FailureClass::user);
  EXPECT_THAT(open(), ElementsAre(0, 0, 0)) << "failed, and what waited for it is blocked";
}

TEST(Scheduler, WhatIsWiderThanEveryAgentFailsOnceAllAreHere) {
  World w;
  w.stage("a", {}, "gang").stage("b", {"a"}).stage("c").width("gang", 4).agent(0, 2);
  EXPECT_THAT(w.said(), ElementsAre("c to 0")) << "another agent may come";
  EXPECT_THAT(w.on(Scheduler::Complete{}).said(), ElementsAre("a too wide for 2", "block b by a"));
  w.starts("c").ends("c");
  EXPECT_TRUE(w.scheduler().finished());
}

TEST(Scheduler, WhatFitsNowhereKeepsNobodyWaiting) {
  World w;
  w.stage("a", {}, "gang").stage("b").stage("c").width("gang", 4).agent(0).starts("b").agent(1);
  EXPECT_THAT(w.said(), ElementsAre("retract c from 0")) << "before all are here";
  w.returns("c").on(Scheduler::Complete{});
  w.starts("c").ends("c").starts("b").ends("b");
  EXPECT_TRUE(w.scheduler().finished());
}

TEST(Scheduler, WhatFitsNowhereKeepsNobodyWaitingAfterItHasFailed) {
  World w;
  w.stage("a", {}, "gang")
      .stage("b")
      .stage("c")
      .width("gang", 4)
      .agent(0)
      .on(Scheduler::Complete{})
      .starts("b")
      .agent(1);
  EXPECT_THAT(w.said(), ElementsAre("retract c from 0"));
}

TEST(Scheduler, AnIdleAgentTakesAGangOnlyIfItHasTheSlots) {
  World w;
  w.stage("w1", {}, "gang").stage("w2", {}, "gang").width("gang", 2).agent(0, 2).starts("w1").agent(1, 1);
  EXPECT_THAT(w.said(), IsEmpty());
  EXPECT_THAT(w.agent(2, 2).said(), ElementsAre("retract w2 from 0"));
  EXPECT_THAT(w.returns("w2").said(), ElementsAre("w2 to 2"));
}

TEST(Scheduler, ALostGangIsOneFailedAttempt) {
  World w;
  w.stage("w1", {}, "gang").width("gang", 2).agent(0, 2).agent(1, 2).starts("w1");
  EXPECT_THAT(w.leaves(0).said(), ElementsAre("lose 0", "retry w1"));
  EXPECT_THAT(w.wait(1s).said(), ElementsAre("w1 to 1"));
  EXPECT_EQ(w.attempt("w1"), 2u);
}

TEST(Scheduler, WhatFitsNoMoreIsStrandedOnceAllElseIsDone) {
  World w;
  w.stage("a", {}, "gang").stage("after", {"a"}).stage("b").width("gang", 2).agent(0, 1).agent(1, 2);
  w.on(Scheduler::Complete{}).starts("a").leaves(1);
  EXPECT_FALSE(w.scheduler().stranded()) << "b runs";
  w.starts("b").ends("b").wait(2s);
  EXPECT_TRUE(w.scheduler().stranded()) << "nothing failed: with all agents it can be computed";
  EXPECT_EQ(w.scheduler().counts().open, 2u);
  EXPECT_EQ(w.scheduler().counts().failed, 0u);
  EXPECT_THAT(w.agent(2, 2).said(), ElementsAre("a to 2"));
  EXPECT_FALSE(w.scheduler().stranded());
}

TEST(Scheduler, AnAgentThatLosesSlotsMayLeaveAGangStranded) {
  World w;
  w.stage("a", {}, "gang").width("gang", 2).agent(0, 2).on(Scheduler::Complete{}).on(Scheduler::Resized{0, 1});
  EXPECT_FALSE(w.scheduler().stranded()) << "it still holds the gang";
  EXPECT_TRUE(w.returns("a").scheduler().stranded());
}

TEST(Scheduler, AnAgentInQuarantineStrandsNothing) {
  World w;
  w.stage("a", {}, "gang").width("gang", 2).agent(0, 2).agent(1, 1).on(Scheduler::Complete{}).starts("a");
  EXPECT_FALSE(w.fails("a", FailureClass::transient).scheduler().stranded()) << "it is tried again in a moment";
}

TEST(Scheduler, AWideStageThatIsTriedAgainIsStillTooWide) {
  World w;
  w.stage("a", {}, "gang").width("gang", 4).agent(0, 2).on(Scheduler::Complete{});
  EXPECT_THAT(w.on(Scheduler::Revive{{0}}).said(), ElementsAre("revive a", "a too wide for 2"));
  EXPECT_TRUE(w.scheduler().finished());
}

TEST(Scheduler, AResultOfAnAttemptThatNobodyWasGivenDoesNotCount) {
  World w;
  w.stage("a").stage("b", {"a"}).agent(0);
  EXPECT_THAT(w.on(Scheduler::Done{0, {1, 1}, {}}).said(), IsEmpty()) << "its input is not even there";
  EXPECT_THAT(w.on(Scheduler::Done{0, {0, 2}, {}}).said(), IsEmpty());
  EXPECT_EQ(w.scheduler().counts().done, 0u);
}

TEST(Scheduler, AnAgentWithoutSlotsGetsNothing) {
  World w;
  w.stage("a");
  w.agent(1).on(Scheduler::Resized{1, 0}).returns("a");
  EXPECT_THAT(w.said(), IsEmpty());
  EXPECT_THAT(w.agent(2).said(), ElementsAre("a to 2"));
}

TEST(Words, FailureClassesRoundTrip) {
  for (FailureClass c : {FailureClass::user, FailureClass::memory, FailureClass::transient, FailureClass::hang,
                         FailureClass::lost, FailureClass::protocol})
    EXPECT_EQ(parse_failure_class(to_string(c)), c);
  EXPECT_ANY_THROW(parse_failure_class("bad luck"));
}

// What it does not read it passes on.
TEST(Scheduler, OutcomesTravelWithEventsAndCommands) {
  Scheduler scheduler({{{}, {}}, {0, 0}, {}, {false, false}}, {.max_attempts = 1}, Timers{});
  Scheduler::Commands commands;
  scheduler.on(Scheduler::Joined{0, 2}, Time{1}, commands);
  commands.clear();
  scheduler.on(Scheduler::Done{0, {0, 1}, {2.5, "committed", "ab"}}, Time{2}, commands);
  const auto& accepted = std::get<Scheduler::Accept>(commands.at(0));
  EXPECT_EQ(accepted.outcome.seconds, 2.5);
  EXPECT_EQ(accepted.outcome.word, "committed");
  EXPECT_EQ(accepted.outcome.digest, "ab");
  commands.clear();
  scheduler.on(Scheduler::Failed{0, {1, 1}, FailureClass::transient, "it crashed"}, Time{3}, commands);
  EXPECT_EQ(std::get<Scheduler::Fail>(commands.at(0)).text, "it crashed");
}

TEST(Scheduler, AStageThatFailsByItsOwnFaultIsTriedOnAnotherAgent) {
  World w;
  w.stage("wrong").stage("b").stage("c").stage("d").stage("e").stage("f").agent(0).agent(1);
  ASSERT_EQ(w.where("wrong"), 0u);
  w.starts("wrong").fails("wrong", FailureClass::user).wait(1ms);
  EXPECT_EQ(w.attempt("wrong"), 1u) << "agent 0 has room, agent 1 has none";
  w.ends(w.where("b") == 1 ? "b" : "c");
  EXPECT_EQ(w.attempt("wrong"), 2u);
  EXPECT_EQ(w.where("wrong"), 1u);
  EXPECT_THAT(w.fails("wrong", FailureClass::user).said(), Contains("fail wrong"));
}

TEST(Scheduler, WithOneAgentItIsTriedThereAgain) {
  World w;
  w.stage("wrong").agent(0);
  w.fails("wrong", FailureClass::user).wait(1ms);
  EXPECT_THAT(w.said(), ElementsAre("wrong to 0"));
}

// Every stage that agent 0 is given fails at once; agent 1 works.
class SickNode : public testing::Test {
 protected:
  SickNode() {
    for (const char* name : {"a", "b", "c", "d", "e", "f", "g", "h"}) w_.stage(name);
    w_.agent(0).agent(1);
  }
  World& fails_on_0(FailureClass why) {
    last_ = w_.live_on(0).at(0);
    return w_.starts(last_).fails(last_, why);
  }
  // Time passes, and agent 1 works on.
  World& works_on_1() {
    if (auto names = w_.live_on(1); !names.empty()) w_.starts(names[0]).ends(names[0]);
    return w_.beats(0, {}).beats(1, w_.live_on(1)).wait(1s);
  }

  World w_;
  std::string last_;
};

TEST_F(SickNode, IsInQuarantineAfterThreeDifferentStages) {
  EXPECT_THAT(fails_on_0(FailureClass::transient).said(), Not(Contains("quarantine 0")));
  EXPECT_THAT(fails_on_0(FailureClass::hang).said(), Not(Contains("quarantine 0")));
  EXPECT_THAT(fails_on_0(FailureClass::user).said(), Contains("quarantine 0"));
  while (!w_.scheduler().finished()) works_on_1();
  EXPECT_THAT(w_.readmitted(), IsEmpty());
  EXPECT_EQ(w_.scheduler().counts().done, 8u) << "all on agent 1";
}

TEST_F(SickNode, GetsStagesAgainLater) {
  for (int i = 0; i < 3; ++i) fails_on_0(FailureClass::transient);
  for (int i = 0; i < 601; ++i) w_.beats(0, {}).beats(1, w_.live_on(1)).wait(1s);
  EXPECT_THAT(w_.readmitted(), ElementsAre(0u));
  ASSERT_FALSE(w_.live_on(0).empty());
  EXPECT_THAT(fails_on_0(FailureClass::transient).said(), Contains("quarantine 0")) << "one more is enough now";
}

TEST_F(SickNode, AResultInBetweenShowsThatItIsWell) {
  fails_on_0(FailureClass::transient);
  fails_on_0(FailureClass::transient);
  w_.ends(w_.live_on(0).at(0));
  EXPECT_THAT(fails_on_0(FailureClass::transient).said(), Not(Contains("quarantine 0")));
}

TEST_F(SickNode, WhatFailedThereIsNotCountedAgainstTheStages) {
  for (int i = 0; i < 3; ++i) fails_on_0(FailureClass::user);
  while (w_.where(last_) == 0) works_on_1();
  EXPECT_THAT(w_.fails(last_, FailureClass::user).said(), Contains("retry " + last_)) << "the first that counts";
}

TEST_F(SickNode, TheLastOneThatWorksIsNeverInQuarantine) {
  w_.leaves(1);
  for (int i = 0; i < 4; ++i) {
    while (w_.live_on(0).empty()) w_.beats(0, {}).wait(1s);
    EXPECT_THAT(fails_on_0(FailureClass::transient).said(), Not(Contains("quarantine 0")));
  }
}

TEST_F(SickNode, IsReadmittedWhenTheOtherAgentIsLost) {
  for (int i = 0; i < 3; ++i) fails_on_0(FailureClass::transient);
  EXPECT_THAT(w_.leaves(1).said(), Contains("readmit 0"));
}

TEST_F(SickNode, IsReadmittedWhenAStageFailsElsewhereToo) {
  for (int i = 0; i < 3; ++i) fails_on_0(FailureClass::user);
  while (w_.where(last_) == 0) works_on_1();
  w_.fails(last_, FailureClass::user);
  while (w_.attempt(last_) == 2) works_on_1();
  EXPECT_THAT(w_.fails(last_, FailureClass::user).said(), Contains("readmit 0"));
}

TEST(Requests, AFailedStageIsTriedAgainWithWhatItBlocked) {
  World w;
  w.policy({.max_attempts = 1}).stage("a").stage("b", {"a"}).stage("c", {"b"}).stage("d").agent(0, 2);
  w.starts("a").starts("d");
  EXPECT_THAT(w.fails("a", FailureClass::transient).said(), ElementsAre("fail a", "block b by a", "block c by a"));
  EXPECT_THAT(w.revive({"a"}).said(), ElementsAre("revive a", "revive b", "revive c", "a to 0"));
  EXPECT_EQ(w.attempt("a"), 2u) << "no number is used twice";
  EXPECT_EQ(w.scheduler().counts().failed + w.scheduler().counts().blocked, 0u);
  EXPECT_THAT(w.starts("a").ends("a").said(), ElementsAre("accept a", "b to 0"));
}

TEST(Requests, WhatAnotherFailureBlocksStaysBlocked) {
  World w;
  w.policy({.max_attempts = 1}).stage("a").stage("b").stage("c", {"a", "b"}).agent(0, 2).starts("a").starts("b");
  w.fails("a", FailureClass::transient).fails("b", FailureClass::transient);
  EXPECT_THAT(w.revive({"a", "c"}).said(), ElementsAre("revive a", "a to 0")) << "c is blocked, and has not failed";
  EXPECT_THAT(w.revive({"b"}).said(), ElementsAre("revive b", "revive c", "b to 0"));
}

TEST(Requests, WhatHasNotFailedIsNotRevived) {
  World w;
  w.stage("a").agent(0);
  EXPECT_THAT(w.revive({"a"}).said(), IsEmpty());
}

TEST(Requests, WithdrawnStagesAreStoppedAndNeverGivenOut) {
  World w;
  w.stage("a").stage("b").stage("c").stage("d", {"b"}).agent(0, 1).starts("a");
  EXPECT_THAT(w.withdraw({"a", "b", "d"}).said(),
              ElementsAre("cancel a on 0", "withdraw a", "cancel b on 0", "withdraw b", "withdraw d", "c to 0"));
  EXPECT_THAT(w.withdraw({"a"}).said(), IsEmpty()) << "said twice";
  w.starts("c").ends("c");
  EXPECT_TRUE(w.scheduler().finished());
  EXPECT_EQ(w.scheduler().counts().withdrawn, 3u);
}

TEST(Requests, ALateResultOfAWithdrawnStageIsIgnored) {
  World w;
  w.stage("a").stage("b").agent(0, 1).starts("a");
  Attempt held = w.holds("a");
  w.withdraw({"a"});
  EXPECT_THAT(w.on(Scheduler::Done{0, held, {}}).said(), IsEmpty());
}

TEST(Scheduler, WhatFailedForADevicesFaultIsNotCounted) {
  World w;
  w.stage("a").agent(0, 2);
  for (int round = 0; round < 5; ++round) {
    Attempt failed = w.holds("a");
    EXPECT_THAT(w.fails("a", FailureClass::transient).said(), ElementsAre("retry a"));
    w.on(Scheduler::Forgive{0, {failed}});
    w.wait(2s);
  }
  EXPECT_EQ(w.attempt("a"), 6u);
  w.on(Scheduler::Forgive{0, {w.holds("a")}}).on(Scheduler::Forgive{7, {w.holds("a")}});
  w.fails("a", FailureClass::transient).wait(2s).fails("a", FailureClass::transient).wait(4s);
  EXPECT_THAT(w.fails("a", FailureClass::transient).said(), ElementsAre("fail a")) << "those of no device count";
}

TEST(Scheduler, FurtherStagesBuildOnWhatIsThere) {
  World w;
  w.stage("backbone").stage("x", {"backbone"}).agent(0).ends("backbone");
  w.stage("y", {"backbone"}).stage("z", {"x", "y"}).stage("old").done_already("old");
  EXPECT_THAT(w.extend().said(), ElementsAre("y to 0"));
  EXPECT_THAT(w.ends("y").said(), ElementsAre("accept y"));
  EXPECT_THAT(w.ends("x").said(), ElementsAre("accept x", "z to 0"));
  w.ends("z");
  EXPECT_TRUE(w.scheduler().finished());
  EXPECT_EQ(w.scheduler().counts().done, 5u);
}

TEST(Scheduler, FurtherStagesOfWhatFailedAreBlocked) {
  World w;
  w.stage("a").stage("b", {"a"}).stage("c").agent(0).fails("a", FailureClass::protocol);
  w.stage("d", {"b"}).stage("e", {"d"}).stage("f");
  EXPECT_THAT(w.extend().said(), ElementsAre("block d by b", "block e by d", "f to 0"));
  EXPECT_THAT(w.revive({"a"}).said(), ElementsAre("revive a", "revive b", "revive d", "revive e"));
  for (const char* name : {"c", "f", "a", "b", "d", "e"}) w.ends(name);
  EXPECT_TRUE(w.scheduler().finished());
}

TEST(Scheduler, FurtherStagesOfWhatIsWithdrawnAreBlocked) {
  World w;
  w.stage("a").stage("b").agent(0).withdraw({"b"});
  EXPECT_THAT(w.stage("c", {"b"}).extend().said(), ElementsAre("block c by b"));
}

TEST(Scheduler, FurtherStagesCanComeFirst) {
  World w;
  w.stage("a").stage("b").stage("c").stage("d").agent(0);
  ASSERT_THAT(w.live_on(0), ElementsAre("a", "b"));
  w.stage("urgent", {}, "new").priority("urgent", -1).extend({{"d", -1}});
  EXPECT_THAT(w.ends("a").said(), ElementsAre("accept a", "urgent to 0"));
  EXPECT_THAT(w.ends("b").said(), ElementsAre("accept b", "d to 0"));
}

TEST(Scheduler, AFurtherStageKeepsTheNumbersOfItsEarlierAttempts) {
  World w;
  w.stage("a").agent(0);
  w.stage("b").extend({}, {4});
  EXPECT_EQ(w.attempt("b"), 5u);
}

TEST(Scheduler, AFurtherStageThatIsTooWideFailsAtOnce) {
  World w;
  w.stage("a").agent(0, 2).on(Scheduler::Complete{});
  EXPECT_THAT(w.stage("gang", {}, "wide").width("wide", 3).extend().said(), ElementsAre("gang too wide for 2"));
}

TEST(Scheduler, AReservationIsMadeAnewAmongFurtherStages) {
  World w;
  w.stage("a").stage("gang", {}, "wide").width("wide", 2).takes("any", 100).agent(0).agent(1, 2);
  w.stage("b").stage("c").extend();
  for (const char* name : {"a", "gang", "b", "c"}) w.ends(name);
  EXPECT_TRUE(w.scheduler().finished());
}

// What comes later changes what is known, not what is computed: whatever the moment, all is done once.
TEST(Scheduler, APartThatComesLaterIsExecutedLikeTheRest) {
  for (int moment = 0; moment <= 2; ++moment) {
    World w;
    w.stage("a").stage("b", {"a"}).stage("c", {"a"}).agent(0, 2);
    std::vector<std::string> done;
    for (int step = 0; step < 12; ++step) {
      if (step == moment) w.stage("d", {"b", "a"}).stage("e", {"d"}, "other").stage("f", {}, "third").extend();
      auto live = w.live_on(0);
      if (live.empty()) continue;
      w.ends(live.front());
      done.push_back(live.front());
    }
    std::sort(done.begin(), done.end());
    EXPECT_THAT(done, ElementsAre("a", "b", "c", "d", "e", "f")) << moment;
    EXPECT_TRUE(w.scheduler().finished()) << moment;
  }
}

TEST_F(Spread, AWithdrawnGangEndsEverywhere) {
  begun();
  EXPECT_THAT(w.withdraw({"gang"}).said(), ElementsAre("cancel gang on 0", "cancel gang on 1", "withdraw gang"));
}

}  // namespace
}  // namespace winnow::sched
