// What coordinator and agents say to each other: the same bytes over a socket pair and over MPI.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "winnow/sched/attempt.h"

namespace winnow::fleet {

struct Message {
  enum class Kind : std::uint8_t {
    // coordinator to agent
    welcome,  // text: token of the store; detail: data sources, JSON
    assign,  // attempt; text: stage, JSON; number: slots; memory; detail, JSON: how many attempts ran out of memory; of
             // a gang over several agents: width, of the whole
    retract,  // attempt
    cancel,   // attempt
    drain,    // number: seconds of grace
    alive,
    // agent to coordinator
    joined,     // number: slots; text: host; detail: process id, revision of the code and GPUs, JSON
    refused,    // text: why this agent cannot work
    started,    // attempt; number: process id of the trainer; text: its version
    progress,   // attempt; text: the trainer's event
    remark,     // attempt; text: a trainer's resumed, checkpoint or note event
    done,       // attempt; number: seconds; text: what became of the commit; detail: result digest, and why it differs;
                // memory
    failed,     // attempt; text: class; detail: what happened, and the trainer's last lines
    returned,   // attempt
    resized,    // number: slots that are left
    heartbeat,  // attempts: all that it holds; detail: its GPUs, JSON, or nothing
    note,       // text: for the person who watches
    left,       // the agent's process has ended
    // Later ones come last: what an agent of another revision says first must be understood, to refuse it.
    // coordinator to agent; `call` is both
    begin,    // attempt; text, JSON: slots and host of each part of the gang, this agent's first
    call,     // attempt; text: command of its daemon; detail: the caller's folder. To the coordinator: number: the part
    release,  // attempt: the gang has ended well
    // agent to coordinator
    reserved,  // attempt
    // coordinator to agent
    sources,  // detail: further data sources, JSON
    // agent to coordinator
    quarantined,  // text: which slot or GPU is used no more; attempts: that failed there; number: seconds
    readmitted,   // text: which; number: 1 where it was no fault of it
    last = readmitted,
  };
  Kind kind{};
  sched::Attempt attempt{};
  double number = 0;
  std::int64_t memory = 0;  // bytes of a device that the stage held at most, or one of its class; 0: not known
  std::string text, detail;
  std::vector<sched::Attempt> attempts;

  void append_to(std::string& bytes) const;  // one frame
};

// Cuts a stream of bytes into messages. Bytes come from our own processes: nonsense is an InternalError, whatever it
// is, and nothing more can be read then. It takes no more memory than the bytes themselves.
class MessageReader {
 public:
  static constexpr std::size_t kLongest = 256 << 20;  // bytes of a message

  void add(std::string_view bytes) { bytes_.append(bytes); }
  bool next(Message&);

 private:
  std::string bytes_;
  std::size_t used_ = 0;
};

}  // namespace winnow::fleet
