#include "file_kind.h"

#include <fmt/format.h>

#include <algorithm>

#include "left_behind.h"
#include "winnow/core/error.h"

namespace winnow::data {

bool is_file(const Path& path) {
  std::error_code code;
  return std::filesystem::is_regular_file(path, code);
}

bool is_folder(const Path& path) {
  std::error_code code;
  return std::filesystem::is_directory(path, code);
}

bool is_there(const Path& path) {
  std::error_code code;
  return std::filesystem::exists(std::filesystem::symlink_status(path, code));
}

std::string why_no_file(const Path& path) {
  std::error_code code;
  auto kind = std::filesystem::status(path, code).type();
  if (code == std::errc::too_many_symbolic_link_levels) return "is a link to itself";
  if (kind == std::filesystem::file_type::not_found)
    return is_there(path) ? "is a link that leads nowhere" : "is not there";
  if (kind == std::filesystem::file_type::directory) return "is a folder";
  if (code) return fmt::format("cannot be read: {}", code.message());
  return kind == std::filesystem::file_type::regular ? "cannot be read" : "is no file";
}

Names names_in(const Path& folder) {
  std::error_code code;
  Names names;
  for (auto entry = std::filesystem::directory_iterator(folder, code);
       !code && entry != std::filesystem::directory_iterator(); entry.increment(code)) {
    std::string name = entry->path().filename().string();
    if (is_left_behind(name)) continue;
    std::error_code own;  // what the listing says already is not asked for again, but for links
    bool folder_itself = entry->is_directory(own);
    if (!folder_itself && !entry->is_regular_file(own))
      throw DataError(fmt::format("{} {}", entry->path().string(), why_no_file(entry->path())));
    (folder_itself ? names.folders : names.files).push_back(std::move(name));
  }
  if (code == std::errc::too_many_symbolic_link_levels || code == std::errc::no_such_file_or_directory)
    throw DataError(fmt::format("{} {}", folder.string(), why_no_file(folder)));
  if (code) throw DataError(fmt::format("cannot list {}: {}", folder.string(), code.message()));
  std::sort(names.folders.begin(), names.folders.end());
  std::sort(names.files.begin(), names.files.end());
  return names;
}

std::vector<std::string> names_in(const Path& folder, bool folders) {
  Names names = names_in(folder);
  return folders ? names.folders : names.files;
}

}  // namespace winnow::data
