#include "winnow/fleet/exclusive.h"

#include <unistd.h>

#include "journal.h"
#include "lease.h"
#include "own_folders.h"
#include "winnow/core/host.h"
#include "winnow/core/revision.h"
#include "winnow/sched/timers.h"

namespace winnow::fleet {

struct Exclusive::State {
  Path store;
  StoreLease lease;
  explicit State(const Path& root)
      : store((require_own_folders(root), root)),
        lease(root, Journal::last_epoch(root) + 1, sched::Timers{}.lease_silence) {}
};

Exclusive::Exclusive(const Path& store) : state_(new State(store)) {}
Exclusive::~Exclusive() = default;

void Exclusive::refresh() { state_->lease.refresh(); }

void Exclusive::note(Value record) {
  Journal journal(state_->store, state_->lease.epoch());
  record["host"] = host_name();
  record["pid"] = ::getpid();
  record["revision"] = revision();
  journal.add(std::move(record));
  journal.sync();
}

bool Exclusive::held_by_another(const Path& store) { return StoreLease::held(store); }

}  // namespace winnow::fleet
