// One line of `winnow doctor`.
#pragma once

#include <cstdint>
#include <string>

namespace winnow::cmd {

struct Check {
  enum class State : std::uint8_t { good, missing, broken } state;  // missing: winnow works, some things do not
  std::string name, found, advice;
};

}  // namespace winnow::cmd
