// The waiting times of a run's protocol.
#pragma once

#include "winnow/sched/attempt.h"

namespace winnow::sched {

struct Timers {
  Time beat = std::chrono::seconds(1);                  // how often agents and coordinator show that they live
  Time agent_silence = std::chrono::seconds(5);         // five missed beats: the agent is dead, its leases end
  Time coordinator_silence = std::chrono::seconds(10);  // then agents stop: no split brain
  Time lease_silence = std::chrono::seconds(30);  // an untouched lease of another host is stale: disks may be slow
  // What a network file system remembers of the names in a folder (nfs(5): 60 s, unless acdirmax says more).
  Time stale_names = std::chrono::seconds(65);
  Time join = std::chrono::seconds(30);  // then no further agent is waited for before stages are refused as too wide
  Time trainer_start = std::chrono::seconds(120);   // until a trainer says that it is ready
  Time first_progress = std::chrono::seconds(600);  // loading weights and data
  Time least_hang = std::chrono::seconds(60);       // a stage without progress for this long ...
  int hang_steps = 5;                               // ... and for this many of its own slow (p99) steps is hung
  Time grace = std::chrono::seconds(5);             // running stages may still finish after a drain was asked for
  Time stop = std::chrono::seconds(20);             // from "stop" to kill: a checkpoint must fit in
  Time avoid = std::chrono::seconds(60);            // a stage that failed in a slot waits so long for another one
  Time backoff = std::chrono::seconds(1);           // before the second attempt; doubles each time
  Time longest_backoff = std::chrono::minutes(10);
  Time quarantine = std::chrono::minutes(10);  // an agent on which stage after stage fails; doubles each time
  // A slot that comes free this soon has its next stage ahead, and short ones for as long as `prefetch` at least.
  Time ahead = std::chrono::seconds(15);
  Time prefetch = std::chrono::milliseconds(100);

  Timers scaled(double factor) const;  // all but ahead and prefetch; for tests
};

}  // namespace winnow::sched
