#include "names_in.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "winnow/core/error.h"

namespace winnow::store {

std::vector<std::string> names_in(const Path& folder) {
  std::vector<std::string> names;
  std::error_code code;
  std::filesystem::directory_iterator at(folder, code), end;
  for (; !code && at != end; at.increment(code)) names.push_back(at->path().filename().string());
  int reason = code.value();
  if (reason != 0 && reason != ENOENT && reason != ENOTDIR && reason != ESTALE)
    throw DataError(fmt::format("cannot list {}: {}", folder.string(), code.message()));
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace winnow::store
