#include "own_folders.h"

#include <fmt/format.h>

#include "winnow/core/error.h"

namespace winnow::fleet {

void require_own_folders(const Path& store) {
  std::error_code absent;
  for (const auto& entry : std::filesystem::directory_iterator(store, absent)) {
    Path name = entry.path().filename();
    if (name != "requests" && name != "journal") continue;
    std::error_code unknown;
    bool link = entry.is_symlink(unknown);
    if (link || !entry.is_directory(unknown))
      throw UsageError(
          fmt::format("{} is {}: winnow removes and cuts files there, and only in a folder of the store's own; remove "
                      "it, or choose another store with --store",
                      entry.path().string(), link ? "a link" : "no folder"));
  }
}

}  // namespace winnow::fleet
