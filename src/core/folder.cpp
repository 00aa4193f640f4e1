#include "winnow/core/folder.h"

#include <fmt/format.h>

#include <vector>

#include "winnow/core/error.h"
#include "winnow/core/printable.h"

namespace winnow {

void require_folder(const std::string& what, const Path& folder) {
  std::error_code code;
  if (std::filesystem::is_directory(folder, code)) return;
  if (folder.empty()) throw UsageError(what + ": the name of the folder is empty");
  std::string named = printable(folder.string());
  if (std::filesystem::exists(folder, code)) throw UsageError(fmt::format("{} {} is no folder", what, named));
  Path whole = folder.has_filename() ? folder : folder.parent_path(),
       parent = whole.has_parent_path() ? whole.parent_path() : Path(".");
  std::vector<std::string> beside;
  for (std::filesystem::directory_iterator entry(parent, code), end; !code && entry != end; entry.increment(code))
    if (std::error_code own; entry->is_directory(own)) beside.push_back(entry->path().filename().string());
  throw UsageError(
      fmt::format("{} {}: there is no such folder{}", what, named, did_you_mean(whole.filename().string(), beside)));
}

}  // namespace winnow
