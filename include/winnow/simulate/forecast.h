// What a run would do on a cluster: how long, how busy, what is lost to failures. Nothing is executed.
#pragma once

#include <cstdint>
#include <vector>

#include "winnow/sched/scheduler.h"

namespace winnow::simulate {

// Seconds, unless said otherwise.
struct Scenario {
  sched::Graph graph;
  std::vector<double> expected;        // by class: of one of its stages, on average
  std::vector<double> told;            // by class: what the scheduler is told of that before it learns; empty: the same
  double spread = 0;                   // of a stage's duration around it: sigma of a log-normal factor whose mean is 1
  std::uint32_t nodes = 1, slots = 1;  // slots of each node
  double crash_rate = 0;               // share of executions in which the trainer dies, somewhere in the middle
  double node_life = 0;                // between losses of one node, on average (exponential); 0: none is lost
  double node_back = 600;              // until another one takes its place
  double trainer_start = 5;
  std::uint64_t seed = 0;
  bool spans = true;  // keep what every slot did
};

// One execution. `slot` is the first of a gang's, of which the others need not be its neighbours.
struct Span {
  std::uint32_t node = 0, slot = 0, width = 1;
  sched::Attempt attempt{};
  double begin = 0, end = 0;
  bool result = false;
};

struct Forecast {
  double makespan = 0;
  // No schedule of these stages on so many slots is shorter: all work spread evenly, or the longest chain.
  double bound = 0;
  // Seconds of one slot: of executions with a result, of those without, and of neither while its node was there.
  double busy = 0, in_vain = 0, idle = 0;
  std::size_t done = 0, failed = 0, blocked = 0, open = 0, lost_nodes = 0;
  std::vector<Span> spans;  // in the order of their ends
};

// The scheduler and agents of a run, in virtual time (cluster.h). The same scenario gives the same forecast. Heartbeats
// and progress become rarer where a run takes days, by which it is at most a thousandth longer. UsageError where a
// stage is wider than a node.
Forecast forecast(const Scenario&);

// How many nodes finish it in `seconds`; 0: not even a node for each stage does. Sets `scenario.nodes`, and leaves its
// forecast in `found`.
std::uint32_t nodes_for(Scenario& scenario, double seconds, Forecast& found);

}  // namespace winnow::simulate
