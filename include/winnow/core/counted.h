// Numbers of things in messages.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace winnow {

std::string counted(std::size_t n, std::string_view thing);  // "1 stage", "2 stages"

}  // namespace winnow
