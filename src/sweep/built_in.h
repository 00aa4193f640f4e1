// The preset files as texts; generated (cmake/Embedded.cmake).
#pragma once

#include <string_view>
#include <vector>

namespace winnow::sweep {

struct BuiltIn {
  std::string_view path;  // "sweeps/presets/methods/proden.toml"
  std::string_view text;
};

const std::vector<BuiltIn>& built_in_presets();

}  // namespace winnow::sweep
