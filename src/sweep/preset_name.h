// What a preset may be called.
#pragma once

#include <string>
#include <string_view>

namespace winnow::sweep {

inline constexpr std::string_view kPresetNames =
    "a name is made of letters, digits, '-', '_' and '.', and begins with a letter or digit";
bool is_preset_name(const std::string&);

}  // namespace winnow::sweep
