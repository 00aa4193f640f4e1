#include "nonsense.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "winnow/core/error.h"
#include "winnow/core/printable.h"
#include "winnow/core/revision.h"
#include "winnow/core/settings.h"

namespace winnow::fleet {

namespace {

using Kind = Message::Kind;

constexpr double kMostSlots = 65536;

bool comes_from_an_agent(Kind kind) {
  switch (kind) {
    case Kind::welcome:
    case Kind::assign:
    case Kind::retract:
    case Kind::cancel:
    case Kind::drain:
    case Kind::alive:
    case Kind::begin:
    case Kind::release:
    case Kind::sources: return false;
    default: return true;
  }
}

bool is_about_an_attempt(Kind kind) {
  switch (kind) {
    case Kind::started:
    case Kind::progress:
    case Kind::remark:
    case Kind::done:
    case Kind::failed:
    case Kind::returned:
    case Kind::call:
    case Kind::reserved: return true;
    default: return false;
  }
}

bool within(double number, double most) { return std::isfinite(number) && number >= 0 && number <= most; }

bool is_failure_class(const std::string& text) {
  try {
    sched::parse_failure_class(text);
    return true;
  } catch (const Error&) {
    return false;
  }
}

// Of winnow's own revision.
std::string nonsense_of_joining(const Message& message) {
  Value said = Value::parse(message.detail, nullptr, /*allow_exceptions=*/false);
  if (!said.is_object()) return "";
  auto theirs = said.find("revision");
  if (theirs != said.end() && !theirs->is_string()) return "its revision is no text";
  if (theirs == said.end() || *theirs != revision()) return "";
  auto gpus = said.find("gpus"), pid = said.find("pid");
  bool good = gpus != said.end() && gpus->is_array() && pid != said.end() && pid->is_number_integer() &&
              std::ranges::all_of(*gpus, [](const Value& gpu) { return gpu.is_object(); });
  if (!good) return "it does not say its process and its GPUs";
  constexpr std::size_t kLongestHost = 255;
  if (message.text.empty() || message.text.size() > kLongestHost || printable(message.text) != message.text)
    return fmt::format("its host is called '{}'", printable(message.text, 60));
  if (!within(message.number, kMostSlots) || message.number < 1) return fmt::format("it has {} slots", message.number);
  return "";
}

std::string nonsense_of_a_remark(const std::string& text) {
  Value event = Value::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!event.is_object()) return "a trainer's event is no JSON object";
  for (const char* key : {"event", "text"})
    if (auto found = event.find(key); found != event.end() && !found->is_string())
      return fmt::format("'{}' of a trainer's event is no text", key);
  if (auto step = event.find("step"); step != event.end() && !step->is_number_integer())
    return "'step' of a trainer's event is no whole number";
  return "";
}

}  // namespace

std::string nonsense_in(const Message& message, std::size_t stages) {
  if (!comes_from_an_agent(message.kind)) return "it speaks as a coordinator";
  if (is_about_an_attempt(message.kind) && message.attempt.stage >= stages)
    return fmt::format("it speaks of stage {} of {}", message.attempt.stage, stages);
  for (const sched::Attempt& attempt : message.attempts)
    if (attempt.stage >= stages) return fmt::format("it holds stage {} of {}", attempt.stage, stages);
  switch (message.kind) {
    case Kind::joined: return nonsense_of_joining(message);
    case Kind::started:
    case Kind::call: return within(message.number, 1e18) ? "" : fmt::format("it numbers something {}", message.number);
    case Kind::progress:
    case Kind::remark: return nonsense_of_a_remark(message.text);
    case Kind::done:
      return within(message.number, 1e12) && message.memory >= 0
                 ? ""
                 : fmt::format("a stage took {} s and {} bytes", message.number, message.memory);
    case Kind::failed: return is_failure_class(message.text) ? "" : "it does not know why a stage failed";
    case Kind::quarantined:
      return within(message.number, 1e9) ? "" : fmt::format("a device is left alone for {} s", message.number);
    case Kind::resized: return within(message.number, kMostSlots) ? "" : fmt::format("it has {} slots", message.number);
    case Kind::heartbeat: {
      if (message.detail.empty()) return "";
      Value gpus = Value::parse(message.detail, nullptr, /*allow_exceptions=*/false);
      return gpus.is_array() ? "" : "its GPUs are no list";
    }
    default: return "";
  }
}

std::string fault_of_call(sched::AgentId from, double part, const std::vector<sched::Part>& parts) {
  bool leads = !parts.empty() && parts.front().agent == from;
  return leads && part >= 1 && part < static_cast<double>(parts.size())
             ? ""
             : "it calls a process that is none of a gang that it leads";
}

}  // namespace winnow::fleet
