#include "winnow/comm/collective.h"

namespace winnow::comm {

Slice slice_of(std::int64_t count, int rank, int size) { return {count * rank / size, count * (rank + 1) / size}; }

bool agree(Collective& collective, bool value) {
  collective.broadcast(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

std::string agree(Collective& collective, std::string text) {
  std::uint64_t size = text.size();
  collective.broadcast(std::as_writable_bytes(std::span(&size, 1)));
  text.resize(size);
  collective.broadcast(std::as_writable_bytes(std::span(text)));
  return text;
}

}  // namespace winnow::comm
