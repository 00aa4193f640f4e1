// Some stages that stand for many.
#pragma once

#include <cstdint>
#include <vector>

namespace winnow::cmd {

// At most 300 of them, evenly spaced: a plan regenerates a stage in 0.1 ms.
std::vector<std::uint32_t> some_of(const std::vector<std::uint32_t>& all);

}  // namespace winnow::cmd
