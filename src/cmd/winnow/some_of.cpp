#include "some_of.h"

namespace winnow::cmd {

std::vector<std::uint32_t> some_of(const std::vector<std::uint32_t>& all) {
  constexpr std::size_t kMost = 300;
  if (all.size() <= kMost) return all;
  std::vector<std::uint32_t> some;
  for (std::size_t i = 0; i < kMost; ++i) some.push_back(all[i * all.size() / kMost]);
  return some;
}

}  // namespace winnow::cmd
