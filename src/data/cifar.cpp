#include <fmt/format.h>

#include "decoded.h"
#include "winnow/core/error.h"

namespace winnow::data {

namespace {

constexpr std::int64_t kSide = 32, kPlane = kSide * kSide;

}  // namespace

Decoded read_cifar(const std::vector<Path>& files, std::int64_t label_bytes, std::int64_t label_byte) {
  Decoded result;
  auto record = static_cast<std::size_t>(label_bytes + 3 * kPlane);
  for (const Path& path : files) {
    std::string content = read_file(path);
    if (content.empty() || content.size() % record)
      throw DataError(
          fmt::format("{}: {} bytes are not a multiple of the record size {} (truncated, or another CIFAR?)",
                      path.string(), content.size(), record));
    for (std::size_t start = 0; start < content.size(); start += record) {
      auto bytes = reinterpret_cast<const std::uint8_t*>(content.data()) + start;
      result.labels.push_back(bytes[label_byte]);
      const std::uint8_t* red = bytes + label_bytes;
      for (std::int64_t i = 0; i < kPlane; ++i)
        for (int c = 0; c < 3; ++c) result.values.push_back(red[c * kPlane + i]);
    }
  }
  result.shape = {static_cast<std::int64_t>(result.labels.size()), kSide, kSide, 3};
  return result;
}

}  // namespace winnow::data
