// Which stages have results in a store and its references, by the names in its folders: for many stages at once.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "winnow/store/store.h"

namespace winnow::store {

// Each folder is read once, when it is first asked for; what is written later is not seen. Names that are not there are
// not looked up, as Store::find would: a network file system remembers for a minute that a name was absent, and would
// hide from this node what another one then computes; and ten thousand stages would be ten thousand questions to its
// server, folders are 256.
//
// Of one thread.
class ListedRuns {
 public:
  explicit ListedRuns(const Store& store) : store_(store) {}  // refers to it

  // As Store::find. DataError for a folder that cannot be listed.
  std::optional<Path> find(const Identity&, bool verify = true);

 private:
  const Store& store_;
  std::map<std::string, std::vector<std::string>> names_;  // of folders that were read, sorted
};

}  // namespace winnow::store
