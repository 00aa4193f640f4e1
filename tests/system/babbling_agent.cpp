// A rank that is no winnow: it takes part in MPI and sends the coordinator what no agent says, or nothing. Then it
// waits for its end.
//   babbling-agent nothing | bytes | length | stage | held | coordinator | event | class | seconds | slots | gpus |
//   host | call | done
#define OMPI_SKIP_MPICXX 1
#include <mpi.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <random>
#include <string>

#include "message.h"
#include "winnow/core/revision.h"
#include "winnow/core/settings.h"

namespace {

using winnow::Value;
using winnow::fleet::Message;
using Kind = Message::Kind;

void send(const std::string& bytes) {
  MPI_Send(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, 0, 1, MPI_COMM_WORLD);
}

void send(const Message& message) {
  std::string bytes;
  message.append_to(bytes);
  send(bytes);
}

void join(double slots, const Value& gpus, const std::string& host = "babel") {
  Value said = {{"pid", ::getpid()}, {"revision", winnow::revision()}, {"gpus", gpus}};
  send({.kind = Kind::joined, .number = slots, .text = host, .detail = said.dump()});
}

// Of the first stage that it is given, but the backbone, without which nothing else could be given.
void say_done_without_a_result() {
  winnow::fleet::MessageReader reader;
  for (;;) {
    MPI_Status status;
    MPI_Probe(0, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
    int length = 0;
    MPI_Get_count(&status, MPI_BYTE, &length);
    std::string bytes(static_cast<std::size_t>(length), '\0');
    MPI_Recv(bytes.data(), length, MPI_BYTE, 0, status.MPI_TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    reader.add(bytes);
    for (Message said; reader.next(said);) {
      if (said.kind != Kind::assign) continue;
      if (said.attempt.stage == 0) {
        send({.kind = Kind::returned, .attempt = said.attempt});
        send({.kind = Kind::heartbeat});  // it gets nothing before
        continue;
      }
      return send({.kind = Kind::done,
                   .attempt = said.attempt,
                   .number = 1,
                   .text = "committed",
                   .detail = std::string(32, '0')});
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  MPI_Init(&argc, &argv);
  constexpr winnow::sched::Attempt kNowhere{4'000'000'000u, 1}, kFirst{0, 1};
  if (what == "slots") join(1e300, Value::array());
  else if (what == "gpus") join(1, "many");
  else if (what == "host") join(1, Value::array(), "a\n[13/13] \x1b[31m");
  else if (what != "nothing" && what != "bytes" && what != "length") join(2, Value::array());
  if (what == "bytes") {
    std::mt19937 random(1);
    std::string bytes(4096, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    send(bytes);
  }
  if (what == "length") send(std::string("\xf0\xff\xff\xff, and not as much", 21));
  if (what == "stage") send({.kind = Kind::started, .attempt = kNowhere, .number = 1, .text = "1"});
  if (what == "held") send({.kind = Kind::heartbeat, .attempts = {kNowhere}});
  if (what == "coordinator") send({.kind = Kind::drain});
  if (what == "event") send({.kind = Kind::progress, .attempt = kFirst, .text = "{\"step\": "});
  if (what == "class") send({.kind = Kind::failed, .attempt = kFirst, .text = "because"});
  if (what == "seconds") send({.kind = Kind::done, .attempt = kFirst, .number = std::nan(""), .text = "committed"});
  for (int i = 0; what == "call" && i < 100; ++i, ::usleep(100'000))  // the stage has been given to one of us by then
    send({.kind = Kind::call, .attempt = kFirst, .number = 1, .text = "touch called", .detail = "/tmp"});
  if (what == "done") say_done_without_a_result();
  for (;;) ::pause();
}
