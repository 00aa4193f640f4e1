// The words that scheduler and agent share.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace winnow::sched {

using Time = std::chrono::nanoseconds;  // from an arbitrary epoch; the state machines have no clock of their own
using StageId = std::uint32_t;          // index of a stage in the sweep
using AgentId = std::uint32_t;          // MPI rank
using Slot = std::uint32_t;             // place of a trainer in its agent

// One execution of a stage.
struct Attempt {
  StageId stage = 0;
  std::uint32_t number = 0;  // 1 for the first
  auto operator<=>(const Attempt&) const = default;
};

// So many slots of an agent.
struct Part {
  AgentId agent = 0;
  std::uint32_t slots = 1;
  bool operator==(const Part&) const = default;
};

// What became of a result: passed on by the state machines, not read.
struct CommitOutcome {
  double seconds = 0;  // that the stage ran
  // "committed", "already there", "differs" or "conflict"; the result digest, of one that differs with why behind it
  std::string word, digest;
  std::int64_t memory = 0;  // bytes of a device that it held at most; 0: not known
};

// user: the stage itself is wrong, so it fails everywhere. memory: too little of it. transient: crash, I/O, signal.
// hang: no progress. lost: its agent stopped sending heartbeats. protocol: its trainer says what no agent can read, and
// would say it again.
enum class FailureClass { user, memory, transient, hang, lost, protocol };

std::string_view to_string(FailureClass);
FailureClass parse_failure_class(std::string_view);  // UsageError listing the legal words

}  // namespace winnow::sched
