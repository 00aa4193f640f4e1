// Mutates what agents and coordinator say to each other and reads it again, in pieces of any size: messages come out,
// or one line of refusal; what comes out is judged without a fault, and reads the same when it is written again.
// Deterministic: the same count gives the same inputs.
//   message_fuzz [COUNT]
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <random>

#include "fault.h"
#include "message.h"
#include "mutator.h"
#include "nonsense.h"
#include "winnow/core/revision.h"
#include "winnow/core/settings.h"

namespace {

using namespace winnow;
using fleet::Message;
using Kind = Message::Kind;

constexpr std::size_t kStages = 20;

const std::vector<std::string> kPieces = {
    std::string(1, '\0'),
    std::string(8, '\0'),
    std::string(64, '\0'),
    std::string("\xff\xff\xff\xff"),
    std::string("\xff\xff\xff\x0f"),
    std::string("\x01\0\0\0", 4),
    std::string("\0\0\0\0\0\0\xf8\x7f", 8),  // not a number
    std::string("\0\0\0\0\0\0\xf0\x7f", 8),  // infinite
    std::string(1, static_cast<char>(Kind::joined)),
    std::string(1, static_cast<char>(Kind::last)),
    "\n",
    "{",
    "}",
    "null",
    "\"event\":",
    "\"step\":-1",
    "\"gpus\":[[]]",
    "\xc3",
};

std::string conversation() {
  Value gpus = {{{"name", "a GPU"}, {"uuid", "GPU-1"}, {"memory", 1 << 30}}};
  Value joining = {{"pid", 17}, {"revision", revision()}, {"gpus", gpus}};
  const std::vector<Message> messages = {
      {.kind = Kind::welcome, .text = "00ff", .detail = R"({"fashion-mnist":{"digest":"0a"}})"},
      {.kind = Kind::joined, .number = 4, .text = "a-host", .detail = joining.dump()},
      {.kind = Kind::assign,
       .attempt = {3, 1},
       .number = 1,
       .memory = 1 << 20,
       .text = R"({"kind":"train"})",
       .detail = "{}"},
      {.kind = Kind::started, .attempt = {3, 1}, .number = 4711, .text = "1"},
      {.kind = Kind::progress, .attempt = {3, 1}, .text = R"({"event":"progress","step":7,"metrics":{"loss":0.5}})"},
      {.kind = Kind::remark, .attempt = {3, 1}, .text = R"({"event":"checkpoint","step":7,"bytes":8})"},
      {.kind = Kind::heartbeat, .detail = gpus.dump(), .attempts = {{3, 1}, {4, 2}, {19, 1}}},
      {.kind = Kind::done,
       .attempt = {3, 1},
       .number = 1.5,
       .memory = 9,
       .text = "committed",
       .detail = "00ff differs"},
      {.kind = Kind::failed, .attempt = {4, 2}, .text = "user", .detail = "line\nline"},
      {.kind = Kind::call, .attempt = {4, 2}, .number = 1, .text = "orted -mca a b", .detail = "/dev/shm/winnow-gang"},
      {.kind = Kind::resized, .number = 3},
      {.kind = Kind::left},
  };
  std::string bytes;
  for (const Message& message : messages) message.append_to(bytes);
  return bytes;
}

std::string written(const Message& message) {
  std::string bytes;
  message.append_to(bytes);
  return bytes;
}

class Reading {
 public:
  explicit Reading(unsigned seed) : random_(seed) {}
  std::string fault_of(const std::string& bytes) {
    return fuzz::fault_of<Error>([&]() -> std::string {
      fleet::MessageReader reader;
      for (std::size_t at = 0; at < bytes.size();) {
        std::size_t piece = 1 + random_() % 200;
        reader.add(bytes.substr(at, piece));
        at += piece;
        Message message;
        for (;;) {
          try {
            if (!reader.next(message)) break;
          } catch (const InternalError& error) {  // its refusal
            return std::string(error.what()).find('\n') == std::string::npos ? "" : "was refused in several lines";
          }
          ++read_;
          believed_ += fleet::nonsense_in(message, kStages).empty();
          fleet::MessageReader again;
          again.add(written(message));
          Message same;
          if (!again.next(same) || written(same) != written(message)) return "reads otherwise when it is written again";
        }
      }
      return "";
    });
  }
  int read() const { return read_; }
  int believed() const { return believed_; }

 private:
  std::mt19937 random_;
  int read_ = 0, believed_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  int count = argc > 1 ? std::atoi(argv[1]) : 20000;
  if (count <= 0) return std::fprintf(stderr, "message_fuzz [COUNT]\n"), 2;
  const std::string original = conversation();
  Reading reading(1);
  if (std::string fault = reading.fault_of(original); !fault.empty() || reading.read() != 12)
    return fmt::print("the original {}\n", fault), 1;
  fuzz::Mutator mutator(original, kPieces);
  for (int i = 0; i < count; ++i)
    if (std::string fault = reading.fault_of(mutator.next()); !fault.empty())
      return fmt::print("mutation {} {}\n", i, fault), 1;
  // Most mutations leave the messages before them whole; some must have met the judge with something to find.
  bool both = reading.believed() > count && reading.read() > reading.believed() + count;
  fmt::print("{} mutations, {} messages read, {} believed\n", count, reading.read(), reading.believed());
  return both ? 0 : 1;
}
