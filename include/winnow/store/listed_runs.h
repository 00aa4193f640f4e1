// Which stages have results in a store and its references, by the names in its folders: for many stages at once.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "winnow/store/store.h"

namespace winnow::store {

// Each folder is read once, when it is first asked for; what is written later is not seen. No name is looked up that is
// not there, as Store::find does: a network file system remembers for a minute that it was absent, and would hide from
// this node what another one then computes; and ten thousand stages would be ten thousand questions to its server,
// folders are 256.
//
// Of one thread.
class ListedRuns {
 public:
  explicit ListedRuns(const Store&);

  // As Store::find. DeviceError for a folder that cannot be listed.
  std::optional<Path> find(const Identity&, bool verify = true);

 private:
  struct Root {
    Path folder;  // of all runs
    std::vector<std::string> folders;
    std::map<std::string, std::vector<std::string>> names;  // of folders that were read; all sorted
    bool lists(const std::string& folder, const std::string& name);
  };
  std::vector<Root> roots_;  // the store's own first
};

}  // namespace winnow::store
