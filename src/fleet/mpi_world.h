// The ranks of an mpirun as carriers of bytes. Nothing outside this file pair includes MPI.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "winnow/fleet/fleet.h"

namespace winnow::fleet {

// Initialises MPI, once in a process. Non-blocking throughout and no collectives: a lost rank must never make another
// wait. One thread calls it.
class MpiWorld {
 public:
  explicit MpiWorld(const World&);
  ~MpiWorld();
  MpiWorld(const MpiWorld&) = delete;

  void send(int rank, std::string bytes);
  // Tells a rank that it may end; see farewell().
  void dismiss(int rank);

  // Hands over everything that has arrived; `from` is a rank. True if there was anything.
  bool receive(const std::function<void(int from, std::string_view bytes)>&);
  bool dismissed() const { return dismissed_; }
  bool sending() const { return !sends_.empty(); }

  void finalize();                           // all ranks alive: orderly
  [[noreturn]] static void abort(int code);  // a rank was lost: mpirun would wait for ever

 private:
  struct Transfer;
  void forget_sent();
  void start(int rank, int tag, std::string bytes);

  std::list<std::unique_ptr<Transfer>> sends_, receives_;
  bool dismissed_ = false;
};

}  // namespace winnow::fleet
