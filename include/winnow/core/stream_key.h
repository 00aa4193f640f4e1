// The key of a purpose's streams, for who computes many blocks of Philox at once: on a device, say.
#pragma once

#include <cstdint>
#include <string_view>

#include "winnow/core/stream.h"

namespace winnow {

// Of Streams(seed, purpose, index). Its stream (epoch, item) is philox4x32_10({low, high, item, epoch}, key) with
// (low, high) = 0, 1, ..., four words each.
PhiloxKey stream_key(std::uint64_t seed, std::string_view purpose, std::uint64_t index = 0);

}  // namespace winnow
