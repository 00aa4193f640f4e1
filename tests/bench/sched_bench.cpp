// What one stage costs in the scheduler alone: assigned, started, done, its dependents released. No I/O.
//   bench-sched [stages...]       default: 10000 100000 1000000
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <string>
#include <vector>

#include "winnow/sched/scheduler.h"

namespace {

using namespace winnow::sched;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * 4096;
}

// Every tenth stage is an input of the nine that follow; 300 classes. With gangs a tenth of the classes is 4 wide, a
// fifth 2.
Graph make_graph(std::size_t stages, bool gangs) {
  Graph graph;
  graph.inputs.resize(stages);
  for (StageId stage = 0; stage < stages; ++stage) {
    if (stage % 10) graph.inputs[stage] = {stage / 10 * 10};
    graph.classes.push_back(stage % 300);
    graph.done.push_back(false);
  }
  for (ClassId id = 0; gangs && id < 300; ++id) graph.widths.push_back(id % 10 == 3 ? 4 : id % 5 == 1 ? 2 : 1);
  return graph;
}

void measure(std::size_t stages, bool gangs) {
  std::size_t before = resident_bytes();
  Graph graph = make_graph(stages, gangs);
  auto start = Clock::now();
  Scheduler scheduler(std::move(graph), Policy{}, Timers{});
  double built = seconds_since(start);
  std::size_t bytes = resident_bytes() - before;

  start = Clock::now();
  Scheduler::Commands out;
  std::deque<Scheduler::Assign> given;
  auto event = [&](const Scheduler::Event& e) {
    out.clear();
    scheduler.on(e, Time(0), out);
    for (const auto& command : out)
      if (auto* assign = std::get_if<Scheduler::Assign>(&command)) given.push_back(*assign);
  };
  for (AgentId agent = 0; agent < 128; ++agent) event(Scheduler::Joined{agent, 8});
  while (!given.empty()) {
    Scheduler::Assign next = given.front();
    given.pop_front();
    event(Scheduler::Started{next.agent, next.attempt});
    event(Scheduler::Done{next.agent, next.attempt, 900.0 + next.attempt.stage % 300});
  }
  if (!scheduler.finished()) std::abort();
  double ran = seconds_since(start);
  fmt::print("{:>9} stages  {:6.2f} us a stage (128 agents of 8{})  built in {:.2f} s  {:.0f} B a stage\n", stages,
             ran / static_cast<double>(stages) * 1e6, gangs ? ", gangs" : "", built,
             static_cast<double>(bytes) / static_cast<double>(stages));
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::size_t> sizes{10'000, 100'000, 1'000'000};
  if (argc > 1) sizes.clear();
  for (int i = 1; i < argc; ++i) sizes.push_back(std::stoul(argv[i]));
  for (bool gangs : {false, true})
    for (std::size_t stages : sizes) measure(stages, gangs);
}
