// One coordinator per store.
#pragma once

#include <string>

#include "winnow/core/file.h"
#include "winnow/sched/attempt.h"

namespace winnow::fleet {

// The file <store>/coordinator.json, made exclusively, refreshed while its owner lives, removed at the end. No flock:
// it does not work on every network file system.
//
// A lease is stale when its process is gone (same host) or when it has not been refreshed for `silence` (other host),
// by the clock of the file system. A stale one is renamed to a name that holds its epoch, without replacing: of two
// that take over at the same time, one fails and then meets the other's fresh lease.
class StoreLease {
 public:
  // `least_epoch`: larger than any in the journal. UsageError names who holds the store.
  StoreLease(const Path& store, std::uint64_t least_epoch, sched::Time silence);
  ~StoreLease();
  StoreLease(const StoreLease&) = delete;

  void refresh();
  std::uint64_t epoch() const { return epoch_; }       // grows with every coordinator of the store
  const std::string& token() const { return token_; }  // agents that read it see this store

  // Does a coordinator that lives hold it? Changes nothing.
  static bool held(const Path& store);

  // The token that lies in a store; "" if there is none.
  static std::string token_in(const Path& store);

 private:
  bool try_create();
  Path path_;
  std::uint64_t epoch_;
  std::string token_;
};

}  // namespace winnow::fleet
