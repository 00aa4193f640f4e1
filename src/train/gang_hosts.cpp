#include "gang_hosts.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "winnow/core/host.h"

namespace winnow::train {

std::string gang_hosts(comm::Collective& collective, c10::Device device) {
  constexpr std::int64_t kLongest = 256;  // HOST_NAME_MAX and a zero, more than any system allows
  const std::string own = host_name().substr(0, kLongest - 1);
  at::Tensor mine = at::zeros({1, kLongest}, at::kByte);
  std::memcpy(mine.data_ptr(), own.data(), own.size());
  const at::Tensor all = collective.gather_rows(mine.to(device), collective.size()).cpu();
  std::vector<std::string> hosts;
  for (int rank = 0; rank < collective.size(); ++rank) {
    const auto* name = static_cast<const char*>(all.data_ptr()) + rank * kLongest;
    if (std::find(hosts.begin(), hosts.end(), name) == hosts.end()) hosts.emplace_back(name);
  }
  return fmt::format("{}", fmt::join(hosts, ", "));
}

}  // namespace winnow::train
