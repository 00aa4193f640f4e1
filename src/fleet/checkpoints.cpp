#include "checkpoints.h"

#include "winnow/core/error.h"

namespace winnow::fleet {

Path checkpoint_folder(const Path& store, const Identity& identity) { return store / "checkpoints" / identity.hex(); }

void remove_checkpoint(const Path& store, const Identity& identity) {
  std::error_code ignored;
  std::filesystem::remove_all(checkpoint_folder(store, identity), ignored);
}

std::size_t remove_finished_checkpoints(const store::Store& store) {
  std::size_t removed = 0;
  std::vector<Identity> finished;
  std::error_code absent;
  for (const auto& entry : std::filesystem::directory_iterator(store.root() / "checkpoints", absent)) try {
      Identity identity = Identity::parse(entry.path().filename().string());
      if (store.find(identity)) finished.push_back(identity);
    } catch (const DataError&) {                           // somebody else's file
    }
  for (const Identity& identity : finished) remove_checkpoint(store.root(), identity), ++removed;
  return removed;
}

}  // namespace winnow::fleet
