// What trainers say, and what it means. The protocol is winnow/stage/trainer_protocol.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "winnow/core/settings.h"
#include "winnow/sched/attempt.h"
#include "winnow/stage/trainer_protocol.h"

namespace winnow::fleet {

struct TrainerEvent {
  using Kind = protocol::Event;
  Kind kind;
  Value content;
};

// Nothing when the line is no event: the trainer writes garbage.
std::optional<TrainerEvent> parse_event(std::string_view line);

// Why a line that its author meant as an event is none: JSON but for a NaN, a misspelt event, a missing field. Another
// attempt would write it again. Empty: garbage that got in between.
std::string mistake_of(std::string_view line);

// Changes when the stage moved on; memory and metrics do not count.
std::uint64_t mark_of(const TrainerEvent& progress);

sched::FailureClass failure_class_of(const TrainerEvent& failed);

// For messages: the beginning of something unreadable, without control characters.
std::string beginning_of(std::string_view garbage);

}  // namespace winnow::fleet
