// Files and folders that systems and programs leave in the folders of people, and that are no part of a data set.
#pragma once

#include <string_view>

namespace winnow::data {

// Hidden ones (.DS_Store, ._picture.jpg, .ipynb_checkpoints), and those of macOS, Windows, NAS systems and file systems
// that are not.
bool is_left_behind(std::string_view name);

}  // namespace winnow::data
