// Content hashes: XXH3-128 (xxhash), seeded so that an all-zero file has a non-zero digest.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace winnow {

struct Hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const Hash128&) const = default;

  std::string hex() const;                     // 32 lower-case digits
  static Hash128 parse(std::string_view hex);  // throws DataError
};

Hash128 hash_of(std::string_view bytes);
Hash128 hash_of(std::span<const std::byte> bytes);

// Incremental; equal to hash_of of the concatenation.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  Hasher& add(std::span<const std::byte> bytes);
  Hasher& add(std::string_view bytes);
  Hash128 digest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace winnow

template <>
struct std::hash<winnow::Hash128> {
  std::size_t operator()(const winnow::Hash128& h) const noexcept { return h.low; }
};
