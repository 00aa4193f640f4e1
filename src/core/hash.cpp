#include "winnow/core/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdio>
#include <new>

#include "winnow/core/error.h"

namespace winnow {

namespace {

// Any fixed number but 0: blocks of zeros must not verify as empty content.
constexpr XXH64_hash_t kSeed = 0x77696e6e6f770001ULL;

Hash128 convert(XXH128_hash_t h) { return {h.high64, h.low64}; }

}  // namespace

std::string Hash128::hex() const {
  std::string text(32, '0');
  for (int i = 0; i < 16; ++i) {
    text[static_cast<std::size_t>(15 - i)] = "0123456789abcdef"[high >> (4 * i) & 15];
    text[static_cast<std::size_t>(31 - i)] = "0123456789abcdef"[low >> (4 * i) & 15];
  }
  return text;
}

Hash128 Hash128::parse(std::string_view hex) {
  auto fail = [&] { return DataError("expected 32 hexadecimal digits, got '" + std::string(hex.substr(0, 64)) + "'"); };
  if (hex.size() != 32) throw fail();
  Hash128 result;
  for (int i = 0; i < 32; ++i) {
    char c = hex[i];
    int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) throw fail();
    std::uint64_t& half = i < 16 ? result.high : result.low;
    half = half << 4 | static_cast<std::uint64_t>(digit);
  }
  return result;
}

Hash128 hash_of(std::string_view bytes) { return convert(XXH3_128bits_withSeed(bytes.data(), bytes.size(), kSeed)); }

Hash128 hash_of(std::span<const std::byte> bytes) {
  return convert(XXH3_128bits_withSeed(bytes.data(), bytes.size(), kSeed));
}

struct Hasher::State {
  XXH3_state_t state;
  // XXH3's state wants 64-byte alignment, which plain new gives to over-aligned types since C++17.
};

// Zeroed first: the reset keeps a secret that it believes to be there when the seed in recycled memory happens to
// match.
Hasher::Hasher() : state_(new State()) { XXH3_128bits_reset_withSeed(&state_->state, kSeed); }
Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

Hasher& Hasher::add(std::span<const std::byte> bytes) {
  if (!bytes.empty()) XXH3_128bits_update(&state_->state, bytes.data(), bytes.size());
  return *this;
}

Hasher& Hasher::add(std::string_view bytes) { return add(std::as_bytes(std::span(bytes))); }

Hash128 Hasher::digest() const { return convert(XXH3_128bits_digest(&state_->state)); }

}  // namespace winnow
