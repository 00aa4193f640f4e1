#include "found_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "winnow/core/error.h"

namespace winnow::cmd {

Path found_run(const std::string& word, const StoreOptions& stores, const char* command) {
  if (std::filesystem::is_regular_file(word)) return word;
  stores.open_to_read();
  std::vector<Path> found;
  std::string looked = stores.store;
  std::vector<Path> roots = stores.read_only();
  for (const Path& root : roots) looked += ", " + root.string();
  roots.insert(roots.begin(), stores.store);
  for (const Path& root : roots)
    for (const Path& run : store::Store(root).runs())
      if (run.stem().string().rfind(word, 0) == 0 &&  // the store's own comes before a reference's of the same stage
          std::none_of(found.begin(), found.end(), [&](const Path& other) { return other.stem() == run.stem(); }))
        found.push_back(run);
  if (found.empty())
    throw UsageError(
        fmt::format("{}: {} is neither a file nor the beginning of an identity in {}", command, word, looked));
  if (found.size() > 1)
    throw UsageError(fmt::format("{}: {} identities begin with {}: {}, {}, ...", command, found.size(), word,
                                 found[0].stem().string(), found[1].stem().string()));
  return found[0];
}

}  // namespace winnow::cmd
