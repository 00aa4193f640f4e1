#include "names_in.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "winnow/core/error.h"

namespace winnow::store {

std::vector<std::string> names_in(const Path& folder) {
  constexpr int kTries = 5;
  std::error_code code;
  for (int tried = 0; tried < kTries; ++tried) {
    std::vector<std::string> names;
    std::filesystem::directory_iterator at(folder, code), end;
    for (; !code && at != end; at.increment(code)) names.push_back(at->path().filename().string());
    if (code.value() == ENOENT || code.value() == ENOTDIR || code.value() == ENAMETOOLONG) return {};  // nor can be
    if (!code) return std::sort(names.begin(), names.end()), names;
    if (code.value() != ESTALE) break;  // another node has made the folder anew
  }
  throw DeviceError(fmt::format("cannot list {}: {}", folder.string(), code.message()));
}

}  // namespace winnow::store
