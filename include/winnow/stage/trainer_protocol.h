// How an agent and a trainer speak, one JSON object a line: what both sides are made of. src/fleet/README.md describes
// it for authors of trainers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "winnow/core/settings.h"
#include "winnow/core/words.h"

namespace winnow::protocol {

inline constexpr int kVersion = 1;  // of `ready`
inline constexpr std::string_view kOwnTrainer =
    "winnow-train";  // `program` of `ready`: a trainer that must be of winnow's own revision

// What a trainer says.
enum class Event { ready, progress, resumed, checkpoint, note, done, failed, stopped };
const Words<Event>& events();
// {"event":...,"identity":...}, to which the caller adds the rest. Without an identity: `ready`.
Value event(Event, const std::string& identity = "");

// What it is given.
enum class Order { run, stop, quit };
const Words<Order>& orders();

// What a stage is executed with and what is no part of its identity: `context` of a `run`.
struct Context {
  std::map<std::string, std::string> data;    // data set -> decoded cache
  std::map<std::string, std::string> inputs;  // input's name -> run file, or a folder of weights
  int threads = 1;
  int loaders = -1;             // threads that make images ahead of the step; below 0: as many as the trainer likes
  int width = 1;                // processes
  double checkpoint_every = 0;  // seconds; 0: only on `stop`
  bool keep_images = false;
  std::int64_t device_images = -1;  // bytes of images that may stay on a device; below 0: as many as the trainer likes
  std::int64_t keep_features = 0;   // bytes of the machine's cache for features of frozen towers; 0: none are kept
  int out_of_memory = 0;            // attempts before this one that ran out of it: compute in smaller pieces
  bool trial = false;
};
Value to_json(const Context&);
Context context_from_json(const Value&);  // what is left out is as above; UsageError for a field of another type

struct Run {
  std::string identity;
  std::uint32_t attempt = 1;
  std::string stage, context;  // JSON texts
  std::string output;          // path
  std::string checkpoint;      // folder
};
std::string line_of(const Run&);  // without the line feed, like the two below
std::string line_of(Order);       // `stop` or `quit`

}  // namespace winnow::protocol
