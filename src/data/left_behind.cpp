#include "left_behind.h"

#include <algorithm>
#include <cctype>
#include <string>

namespace winnow::data {

namespace {

// In lower case: those of Windows are spelt in several ways.
constexpr std::string_view kNames[] = {
    "__macosx",   "icon\r",                                                                   // macOS
    "thumbs.db",  "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information",  // Windows
    "@eadir",     "#recycle",    "#snapshot",   "@recycle",                                   // NAS systems
    "lost+found", "__pycache__",
};

}  // namespace

bool is_left_behind(std::string_view name) {
  if (name.starts_with('.')) return true;
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(std::begin(kNames), std::end(kNames), lower) != std::end(kNames);
}

}  // namespace winnow::data
