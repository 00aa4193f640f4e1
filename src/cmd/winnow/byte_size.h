// A number of bytes for people.
#pragma once

#include <cstdint>
#include <string>

namespace winnow::cmd {

// "812 B", "1.2 GB": steps of 1000.
std::string byte_size(std::uint64_t bytes);

}  // namespace winnow::cmd
