// What lies in a store and how much of the disk it takes. Nothing is changed, and no link is followed: what lies behind
// one is not the store's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "winnow/core/file.h"
#include "winnow/stage/stage.h"

namespace winnow::store {

struct Amount {
  std::size_t files = 0;
  std::uint64_t bytes = 0;
  void add(std::uint64_t size) { ++files, bytes += size; }  // of one more file
  void add(const Amount& other) { files += other.files, bytes += other.bytes; }
};

// Every file of the store is in exactly one of these.
struct Inventory {
  // A file with the name of a run file. `kind` ("train") and `arrays` are empty where `fault` says why this winnow
  // cannot read it: damaged in its header, of a newer format, of another stage than its name says, not permitted.
  struct Run {
    Identity identity;
    std::uint64_t bytes = 0;
    std::string kind, fault;
    std::map<std::string, std::uint64_t> arrays;  // bytes by the first part of their names: "weights", "selection"
  };
  struct Checkpoint {
    Identity identity;
    Amount amount;
  };
  std::vector<Run> runs;                // sorted by identity
  std::vector<Checkpoint> checkpoints;  // the same
  Amount table;                         // table.h5
  Amount damaged;                       // that fsck and commits set aside
  Amount journal, reports;
  Amount leftovers;         // temporary files of writers that are gone: `winnow fsck` removes them
  Amount being_written;     // temporary files of others
  Amount others;            // all else: the coordinator's small files, and what is not winnow's
  std::vector<Path> links;  // symbolic links

  Amount total() const;
};

// Opens every run file, but reads its header alone: 0.1 ms each. Files that vanish meanwhile are left out. DataError
// where the store cannot be listed.
Inventory take_inventory(const Path& store_root);

}  // namespace winnow::store
