// A machine whose states and events are known by numbers, and whose answer to an event in a state is computed once:
// millions of worlds differ in what their machines are at the same time, and hardly in what these are.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "state_bytes.h"
#include "winnow/core/hash.h"
#include "winnow/sched/attempt.h"

namespace winnow::sched {

template <class Machine>
class Remembered {
 public:
  using EventId = std::uint16_t;
  struct State {
    Machine machine;
    Hash128 print;  // equal: it does the same from now on
  };
  struct Answer {
    const State* then;
    typename Machine::Commands commands;
  };

  // It lives as long as this.
  const State* state(Machine machine, Time now) {
    Hash128 print = hash_of(machine.state(now));
    auto& known = states_[{print, now}];
    if (!known) known = std::make_unique<State>(State{std::move(machine), print});
    return known.get();
  }

  EventId number_of(const typename Machine::Event& event) {
    auto [known, first] = numbers_.try_emplace(bytes_of(event), static_cast<EventId>(events_.size()));
    if (first) events_.push_back(event);
    return known->second;
  }

  const Answer& answer(const State* state, EventId event, Time now) {
    auto [known, first] = answers_.try_emplace({state, event, now});
    if (first) {
      Machine changed = state->machine;
      changed.on(events_[event], now, known->second.commands);
      known->second.then = this->state(std::move(changed), now);
    }
    return known->second;
  }

 private:
  // All that those of the exploration differ in.
  static std::string bytes_of(const typename Machine::Event& event) {
    StateBytes bytes(Time{}, Timers{});
    bytes.add(event.index());
    std::visit(
        [&](const auto& e) {
          if constexpr (requires { e.agent; }) bytes.add(e.agent);
          if constexpr (requires { e.attempt; }) bytes.add(e.attempt);
          if constexpr (requires { e.slot; }) bytes.add(e.slot);
          if constexpr (requires { e.slots; }) bytes.add(e.slots);
          if constexpr (requires { e.width; }) bytes.add(e.width);
          if constexpr (requires { e.part; }) bytes.add(e.part);
          if constexpr (requires { static_cast<int>(e.why); }) bytes.add(static_cast<int>(e.why));
          if constexpr (requires { e.well; }) bytes.add(e.well);
          if constexpr (requires { e.held; }) bytes.add_all(e.held);
          if constexpr (requires { e.failed; }) bytes.add_all(e.failed);
        },
        event);
    return bytes.take();
  }

  struct Question {
    const State* state;
    EventId event;
    Time now;
    bool operator==(const Question&) const = default;
  };
  struct HashOfQuestion {
    std::size_t operator()(const Question& q) const {
      return (q.state->print.low ^ static_cast<std::size_t>(q.now.count())) * 0x9e3779b97f4a7c15 + q.event;
    }
  };
  std::map<std::pair<Hash128, Time>, std::unique_ptr<State>> states_;
  std::map<std::string, EventId> numbers_;
  std::vector<typename Machine::Event> events_;
  std::unordered_map<Question, Answer, HashOfQuestion> answers_;
};

}  // namespace winnow::sched
