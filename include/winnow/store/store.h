// The store: the folder of all run files, shared by all sweeps that name it. The truth about what is done.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "winnow/store/run_file.h"

namespace winnow::store {

// Of another result digest under this identity: `differs` where the provenances say why (reasons_to_differ), else
// `conflict`.
enum class Commit { committed, already_there, differs, conflict };
struct Committed {
  Commit outcome;
  std::string why;  // of `differs`
};

// One thread at a time; several processes may work on one store, on network file systems too: a commit is a rename that
// never replaces, whose lost reply (NFS) counts as done. DeviceError for the disk, DataError for a run file.
class Store {
 public:
  // `references`: further stores that are read and never written (results/reference).
  explicit Store(Path root, std::vector<Path> references = {});

  const Path& root() const { return root_; }
  const std::vector<Path>& references() const { return references_; }
  Path run_path(const Identity&) const;  // <root>/runs/<ab>/<identity>.h5, whether or not it exists
  // A name in the same folder (made if absent) that no other attempt, process or call gets.
  Path temporary_path(const Identity&, int attempt) const;

  // The verified run file of a stage, in the store or in a reference; none if absent. A damaged one counts as absent
  // (fsck sets it aside). `verify` false trusts the name: for listings.
  std::optional<Path> find(const Identity&, bool verify = true) const;

  // Verifies `temporary`, renames it without replacing and syncs the folder. What is in the store stays: on
  // `already_there` and `differs` the temporary is removed, on `conflict` kept beside, under damaged/.
  Commit commit(const Path& temporary, const Identity&);

  // The same for many (small) files written with Sync::later: all are durable when it returns, for the price of a few
  // syncs.
  struct Pending {
    Path temporary;
    Identity identity;
  };
  std::vector<Committed> commit_group(const std::vector<Pending>&);

  // Every run file of the store itself, sorted by identity. DeviceError for a folder that cannot be listed.
  std::vector<Path> runs() const;

  struct Damage {
    Path file;
    std::string reason;
    Path moved_to;
  };
  struct Check {
    std::size_t verified = 0;
    std::vector<Damage> damaged;
    std::size_t leftovers = 0, checkpoints = 0;
  };
  // Verifies every run file, moves damaged ones to damaged/, removes temporary files whose writers are gone and
  // checkpoints that will not be read.
  Check fsck();

  Path checkpoint_path(const Identity&) const;  // <root>/checkpoints/<identity>, a folder; whether or not it exists
  // Removes the checkpoints of stages that are done here or in a reference; how many there were. Those of other stages
  // stay, and so does what cannot be removed.
  std::size_t remove_finished_checkpoints() const;

 private:
  Committed place(const Pending&);
  Path set_aside(const Path& file, std::string_view reason) const;

  Path root_;
  std::vector<Path> references_;
};

}  // namespace winnow::store
