#include "loss_watch.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>

namespace winnow::comm {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr LossWatch::Time kNever = 1h, kOften = 1ms;

struct Told {
  std::promise<std::string> promise;
  std::future<std::string> said = promise.get_future();
  LossWatch::Functions functions(std::function<std::string()> fault = [] { return std::string(); }) {
    return {std::move(fault), [this](const std::string& what) { promise.set_value(what); }};
  }
};

TEST(LossWatch, ACallThatDoesNotEndIsALoss) {
  Told told;
  LossWatch watch(20ms, kOften, told.functions());
  watch.accepted("sum", [] { return true; });
  watch.accepted("gather_rows", [] { return false; });
  EXPECT_THAT(told.said.get(), HasSubstr("gather_rows was accepted and did not come to its end"));
}

TEST(LossWatch, WhatTheTransportSaysIsToldAtOnce) {
  Told told;
  std::atomic<bool> broken = false;
  LossWatch watch(kNever, kOften, told.functions([&] { return broken ? std::string("a peer has left") : ""; }));
  broken = true;
  EXPECT_EQ(told.said.get(), "a peer has left");
}

// Many calls, each of which ends; a thread that never waits long enough must not tell of a loss while they do.
TEST(LossWatch, CallsThatEndAreNone) {
  Told told;
  std::atomic<int> ended = 0;
  {
    LossWatch watch(kNever, kOften, told.functions());
    for (int i = 0; i < 100; ++i) watch.accepted("sum", [&] { return ++ended, true; });
    while (ended < 100) std::this_thread::yield();
  }
  EXPECT_EQ(ended, 100) << "none is asked again";
  EXPECT_EQ(told.said.wait_for(0s), std::future_status::timeout);
}

TEST(LossWatch, ItsEndEndsItWhateverIsOpen) {
  Told told;
  { LossWatch watch(kNever, kNever, told.functions()); }
  LossWatch watch(kNever, kNever, told.functions());
  watch.accepted("sum", [] { return false; });
}

TEST(LossWatch, ALossIsToldOnce) {
  std::atomic<int> told = 0;
  {
    LossWatch watch(0ms, kOften, {[] { return std::string(); }, [&](const std::string&) { ++told; }});
    watch.accepted("sum", [] { return false; });
    while (told == 0) std::this_thread::yield();
  }
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace winnow::comm
