#include "kept_numbers.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "winnow/core/stream_key.h"
#include "winnow/device/transfer.h"

namespace winnow::model {

namespace {

// By tensors it is 126 operators on the device, half a millisecond; the host draws so many numbers in that time (5 ns
// each, measured).
constexpr std::int64_t kFew = 1 << 17;

std::uint64_t bound_of(double dropped) { return static_cast<std::uint64_t>(dropped * 4294967296.0); }  // of 2^32

}  // namespace

at::Tensor kept_by_host(const MaskStreams& of, std::int64_t first, std::int64_t rows, std::int64_t numbers,
                        double dropped) {
  at::Tensor mask = at::empty({rows, numbers}, at::TensorOptions(at::kByte));
  std::uint8_t* kept = mask.mutable_data_ptr<std::uint8_t>();
  Streams streams(of.seed, of.purpose, of.index);
  std::uint64_t bound = bound_of(dropped);
  for (std::int64_t row = 0; row < rows; ++row) {
    Stream stream = streams.at(0, static_cast<std::uint32_t>(first + row));
    for (std::int64_t i = 0; i < numbers; ++i) *kept++ = stream() >= bound;
  }
  return mask;
}

// philox4x32_10 of all counters at once, a word of 32 bits in an integer of 64: products wrap as unsigned ones do.
at::Tensor kept_by_tensors(const MaskStreams& of, std::int64_t first, std::int64_t rows, std::int64_t numbers,
                           double dropped, c10::Device device) {
  constexpr std::int64_t kWord = 0xFFFFFFFF;
  PhiloxKey key = stream_key(of.seed, of.purpose, of.index);
  std::int64_t blocks = (numbers + 3) / 4;
  at::TensorOptions whole = at::TensorOptions(at::kLong).device(device);
  at::Tensor zero = at::zeros({1, 1}, whole);
  at::Tensor c[] = {at::arange(blocks, whole).unsqueeze(0), zero, at::arange(first, first + rows, whole).unsqueeze(1),
                    zero};
  auto low = [&](const at::Tensor& product) { return product.bitwise_and(kWord); };
  auto high = [&](const at::Tensor& product, const at::Tensor& with, std::uint32_t part) {
    return product.bitwise_right_shift(32).bitwise_and_(kWord).bitwise_xor(with).bitwise_xor_(
        static_cast<std::int64_t>(part));
  };
  for (int round = 0; round < 10; ++round) {
    at::Tensor p0 = c[0] * std::int64_t{0xD2511F53}, p1 = c[2] * std::int64_t{0xCD9E8D57};
    at::Tensor next0 = high(p1, c[1], key[0]), next2 = high(p0, c[3], key[1]);
    c[0] = next0, c[1] = low(p1), c[2] = next2, c[3] = low(p0);
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  at::Tensor words = at::stack(at::broadcast_tensors({c[0], c[1], c[2], c[3]}), 2).view({rows, 4 * blocks});
  return words.narrow(1, 0, numbers).ge(static_cast<std::int64_t>(bound_of(dropped))).to(at::kByte);
}

at::Tensor kept_numbers(const MaskStreams& of, std::int64_t first, std::int64_t rows, std::int64_t numbers,
                        double dropped, c10::Device device) {
  if (!device.is_cpu() && rows * numbers > kFew) return kept_by_tensors(of, first, rows, numbers, dropped, device);
  return device::to_device(kept_by_host(of, first, rows, numbers, dropped), device);
}

}  // namespace winnow::model
